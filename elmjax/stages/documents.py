"""What a diff model learns from edited programs: each program once with many edits, some whole."""

import random
from collections.abc import Sequence
from dataclasses import replace

from elmjax.corpus import EditedProgram
from elmjax.diffs import numbered, prompts
from elmjax.lm.packing import Document
from elmjax.lm.places import place
from elmjax.lm.tokenizer import Tokenizer

WHOLE_PROGRAM_SHARE = 0.15  # of the parents, read once more as a whole program without numbers


def documents(
    parents: Sequence[EditedProgram],
    tokenizer: Tokenizer,
    *,
    program_weight: float,
    row_length: int,
    line_positions: bool,
    seed: int,
    weights: Sequence[Sequence[float]] | None = None,
    whole_share: float = WHOLE_PROGRAM_SHARE,
) -> list[Document]:
    """Parents with their edits, and a share of the parents once more as whole programs.

    Args:
        parents: programs and their edits.
        tokenizer: of the model to be trained.
        program_weight: weight of the loss on the parent itself; 0 gives edits only.
        row_length: tokens that a document may take; a parent that has more edits comes again.
        line_positions: whether edits stand at the lines that they name (`elmjax.lm.places`).
        seed: chooses the parents that are read as whole programs.
        weights: of the loss on each edit of each parent; None: 1 each.
        whole_share: of the parents that are read as whole programs; 0 where they are none.
    """
    rng = random.Random(seed)
    made = []
    if weights is None:
        weights = [[1.0] * len(parent.edits) for parent in parents]
    for parent, of_parent in zip(parents, weights, strict=True):
        for document in _edits(parent, of_parent, tokenizer, program_weight, row_length):
            made.append(_placed(document, tokenizer) if line_positions else document)
        if program_weight > 0 and rng.random() < whole_share:
            made.append(_whole(parent.program, tokenizer))
    return made


def _edits(
    parent: EditedProgram,
    weights: Sequence[float],
    tokenizer: Tokenizer,
    program_weight: float,
    row_length: int,
) -> list[Document]:
    prompt = tokenizer.encode(str(prompts.numbered_program(parent.program)))
    asked = [tokenizer.encode(prompts.request(message)) for message, _ in parent.edits]
    written = tokenizer.encode_batch([edit for _, edit in parent.edits])
    continuations = [request + edit for request, edit in zip(asked, written, strict=True)]
    return [
        Document(
            prompt=prompt,
            continuations=continuations[some],
            given=[len(request) for request in asked[some]],
            # The program is learned once, however often it is read.
            prompt_weight=program_weight if some.start == 0 else 0.0,
            continuation_weight=weights[some],
        )
        for some in _shares([len(c) for c in continuations], row_length - len(prompt) + 1)
    ]


def _placed(document: Document, tokenizer: Tokenizer) -> Document:
    prompt = document.prompt
    positions = [place(tokenizer, prompt, written) for written in document.continuations]
    return replace(document, positions=positions)


def _shares(lengths: Sequence[int], room: int) -> list[slice]:
    """Cuts a sequence into runs whose lengths sum to at most `room`; a longer one stands alone."""
    starts, used = [0], 0
    for i, length in enumerate(lengths):
        if used + length > room and i > starts[-1]:
            starts.append(i)
            used = 0
        used += length
    return [
        slice(start, end) for start, end in zip(starts, [*starts[1:], len(lengths)], strict=True)
    ]


def _whole(program: str, tokenizer: Tokenizer) -> Document:
    return Document(
        prompt=tokenizer.encode(prompts.WHOLE_PROGRAM),
        continuations=[tokenizer.encode(f"{program}{numbered.END}")],
        prompt_weight=0.0,
    )
