import numpy as np
import pytest

from elmjax.corpus import EditedProgram
from elmjax.diffs import Edit, numbered, prompts
from elmjax.lm.packing import pack
from elmjax.lm.tokenizer import Tokenizer
from elmjax.programs import SEEDS
from elmjax.stages.documents import documents

PARENT = EditedProgram(
    program="a = 1\nb = 2",
    edits=tuple((f"Message {i}.", f"<|0|><|1|><|add|>a = {i}\n<|end|>") for i in range(9)),
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(list(SEEDS.values()), entries=300)


def make(tokenizer: Tokenizer, row_length: int, *, parents=(PARENT,), line_positions=True):
    return documents(
        parents,
        tokenizer,
        program_weight=0.2,
        row_length=row_length,
        line_positions=line_positions,
        seed=0,
    )


@pytest.mark.parametrize("row_length", [100, 150, 1000])
def test_every_edit_is_there_once_and_every_document_fits_a_row(tokenizer, row_length) -> None:
    made = [d for d in make(tokenizer, row_length) if len(d.continuations) > 0]
    edits = [d for d in made if d.given]
    written = [tokenizer.decode(c) for d in edits for c in d.continuations]
    assert written == [prompts.request(message) + edit for message, edit in PARENT.edits]
    assert not pack(made, row_length).too_long
    assert [d.prompt_weight for d in edits] == [0.2] + [0.0] * (len(edits) - 1)


def test_only_the_edit_is_learned_and_not_the_message(tokenizer) -> None:
    document = make(tokenizer, 1000)[0]
    batch = pack([document], 1000).batch
    learned = batch.targets[0][batch.weights[0] == 1.0]
    text = tokenizer.decode(learned.tolist())
    assert text == "".join(edit for _, edit in PARENT.edits)
    assert "Message" not in text


def test_training_asks_as_the_mutator_will(tokenizer) -> None:
    # What stands before the first learned token must be the prompt that sampling uses.
    document = make(tokenizer, 1000)[0]
    assert document.given is not None
    asked = [*document.prompt, *document.continuations[0][: document.given[0]]]
    lines = prompts.numbered_program(PARENT.program)
    assert asked == tokenizer.encode(lines + prompts.request(PARENT.edits[0][0]))


def test_written_edits_parse_back(tokenizer) -> None:
    document = make(tokenizer, 1000)[0]
    assert document.given is not None
    for ids, known in zip(document.continuations, document.given, strict=True):
        assert isinstance(numbered.parse(tokenizer.decode(ids[known:])), Edit)


def test_a_share_of_the_programs_is_read_whole(tokenizer) -> None:
    parents = [EditedProgram(program=f"a = {i}", edits=PARENT.edits[:1]) for i in range(400)]
    made = make(tokenizer, 200, parents=parents)
    whole = [d for d in made if not d.given]
    assert np.isclose(len(whole) / 400, 0.15, atol=0.06)
    assert tokenizer.decode([*whole[0].prompt, *whole[0].continuations[0]]).startswith(
        prompts.WHOLE_PROGRAM
    )


def test_edits_stand_at_the_lines_that_they_name_if_asked(tokenizer) -> None:
    placed, plain = (make(tokenizer, 1000, line_positions=asked)[0] for asked in (True, False))
    line = tokenizer.line_token(0)
    for written, positions in zip(placed.continuations, placed.positions, strict=True):
        assert positions[written.index(line)] == placed.prompt.index(line)
    assert plain.positions is None
    assert plain.continuations == placed.continuations


@pytest.mark.parametrize("row_length", [100, 1000])
def test_every_edit_has_the_weight_that_it_was_given(tokenizer, row_length) -> None:
    weights = [float(i) for i in range(9)]
    made = documents(
        [PARENT],
        tokenizer,
        program_weight=0.0,
        row_length=row_length,
        line_positions=False,
        seed=0,
        weights=[weights],
    )
    given = {
        tokenizer.decode(written): weight
        for document in made
        for written, weight in zip(
            document.continuations, document.continuation_weight, strict=True
        )
    }
    wanted = {
        prompts.request(message) + edit: weight
        for (message, edit), weight in zip(PARENT.edits, weights, strict=True)
    }
    assert given == wanted
