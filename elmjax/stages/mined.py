"""What a diff model learns from mined commits: numbered edits, or the form of CarperAI's models."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from elmjax import diffs
from elmjax.commits import Triple, read_triples
from elmjax.config import ConfigError, Pretrain
from elmjax.corpus import EditedProgram
from elmjax.diffs import DiffVerdict, carper, numbered, prompts
from elmjax.lm.packing import Document
from elmjax.lm.vocabulary import Vocabulary


@dataclass(frozen=True, kw_only=True)
class Commits:
    """Mined commits by split."""

    train: list[Triple]
    test: list[Triple]  # may be empty


def read(config: Pretrain) -> Commits:
    """The configured corpus.

    Raises:
        ConfigError: there is none, or what is configured does not go with it.
    """
    folder = Path(config.corpus)
    try:
        found = Commits(
            train=list(read_triples(folder, "train")), test=list(read_triples(folder, "test"))
        )
    except (ValueError, OSError) as error:
        raise ConfigError(f"pretrain.corpus: {error}") from None
    if not found.train:
        raise ConfigError(
            f"pretrain.corpus: got {config.corpus!r}, wanted a folder that elmjax corpus git has "
            "written, with commits to learn from"
        )
    if config.format == "carper" and config.rejection.rounds > 0:
        raise ConfigError(
            "pretrain.rejection.rounds: got rounds with pretrain.format 'carper', wanted 0: they "
            "are for numbered edits"
        )
    return found


def edited(triples: Iterable[Triple], lines: int, seed: int) -> list[EditedProgram]:
    """Commits as numbered edits of some lines of their files, without those that cannot be.

    Args:
        triples: What was mined.
        lines: Of a file that are shown around its edit; a wider edit is left out.
        seed: Chooses where in these the edit stands.
    """
    rng, made = random.Random(seed), []
    for triple in triples:
        message = triple.message.split("\n", 1)[0]
        shown = _window(triple, lines, rng)
        if shown is None or numbered.TOKEN_OPENING in message:
            continue
        before, after = shown
        written = numbered.render(diffs.between(before, after))
        readable = not isinstance(prompts.numbered_program(before), DiffVerdict)
        if readable and not isinstance(written, DiffVerdict):
            made.append(EditedProgram(program=before, edits=((message, written),)))
    return made


def _window(triple: Triple, lines: int, rng: random.Random) -> tuple[str, str] | None:
    """Some lines of a file, with its edit among them, before and after; None where it is wider."""
    before, after = triple.before.split("\n")[:-1], triple.after.split("\n")[:-1]
    hunks = diffs.between(triple.before, triple.after).hunks
    first, last = hunks[0].start, min(hunks[-1].stop, len(before))
    if last - first > lines:
        return None
    longest = min(lines, len(before))
    start = rng.randint(max(0, last - longest), min(first, len(before) - longest))
    stop = start + longest
    below = len(before) - stop  # lines that both files end with
    return _joined(before[start:stop]), _joined(after[start : len(after) - below])


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def carper_documents(
    triples: Iterable[Triple], tokenizer: Vocabulary, program_weight: float
) -> list[Document]:
    """Commits as CarperAI's diff models read and write them, without those that cannot be.

    Args:
        triples: What was mined.
        tokenizer: Of the model to be trained.
        program_weight: Weight of the loss on file and message.
    """
    kept, asked = [], []
    for triple in triples:
        prompt = carper.prompt(triple.path, triple.before, triple.message)
        # It opens the tokens of our own models, which a text must not forge.
        if isinstance(prompt, DiffVerdict) or numbered.TOKEN_OPENING in prompt + triple.diff:
            continue
        kept.append(triple)
        asked.append(prompt)
    answers = tokenizer.encode_batch([f" {triple.diff}" for triple in kept])
    return [
        Document(
            prompt=prompt,
            continuations=[[*answer, tokenizer.end]],
            prompt_weight=program_weight,
        )
        for prompt, answer in zip(tokenizer.encode_batch(asked), answers, strict=True)
    ]


def texts(triples: Sequence[Triple], most: int) -> list[str]:
    """Files and messages of some commits, on which a tokenizer is trained."""
    some = triples[:: max(1, len(triples) // most)]
    return [text for triple in some for text in (triple.before, triple.message)]
