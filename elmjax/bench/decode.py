"""`elmjax bench decode`: how fast this machine samples from language models."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from elmjax.bench import decoding, mutation
from elmjax.bench.display import Columns, show_rows
from elmjax.bench.options import choose, command_line, is_count
from elmjax.bench.peaks import measure_peaks
from elmjax.bench.record import circumstances, default_folder, write_record
from elmjax.config import ConfigError
from elmjax.lm.store import LanguageModel

_TOKENS: Columns = {
    "model": lambda row: row.model,
    "batch": lambda row: f"{row.batch:,}",
    "children": lambda row: f"{row.children:,}",
    "compile s": lambda row: f"{row.compile_seconds:.2f}",
    "tokens/s": lambda row: f"{row.tokens_per_second:,.0f}",
    "quartiles": lambda row: " ".join(f"{rate:,.0f}" for rate in row.quartiles),
    "separate": lambda row: f"{row.separate_tokens_per_second:,.0f}",
    "ratio": lambda row: f"{row.ratio:.2f} x",
    "GFLOP/s": lambda row: f"{row.flops_per_second / 1e9:.1f}",
    "GiB": lambda row: f"{row.peak_resident_bytes / 2**30:.2f}",
}
_DIFFS: Columns = {
    "model": lambda row: row.model,
    "batch": lambda row: f"{row.batch:,}",
    "children": lambda row: f"{row.children:,}",
    "diffs/s": lambda row: f"{row.diffs_per_second:,.1f}",
    "quartiles": lambda row: " ".join(f"{rate:,.1f}" for rate in row.quartiles),
    "applied": lambda row: f"{100 * row.applied_share:.1f} %",
}
MOST_SEQUENCES = 2**16


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """Every model decodes every batch with every number of children that divides it."""

    models: tuple[str, ...]  # of `decoding.MODELS`, with random weights
    writers: tuple[str, ...]  # diff models, by name or folder; empty: no diffs
    batches: tuple[int, ...]
    children: tuple[int, ...]
    prompt: int  # tokens
    new_tokens: int
    repeats: int

    @property
    def cases(self) -> list[decoding.Case]:
        """What is decoded."""
        return [
            decoding.Case(
                model=model,
                batch=batch,
                children=children,
                prompt=self.prompt,
                new_tokens=self.new_tokens,
            )
            for model in self.models
            for batch in self.batches
            for children in self.children
            if batch % children == 0
        ]

    @property
    def command(self) -> str:
        """The command that runs this plan; of a folder it names the last part."""
        options = {
            "--models": ",".join(self.models),
            "--writers": ",".join(Path(writer).name for writer in self.writers),
            "--batches": ",".join(map(str, self.batches)),
            "--children": ",".join(map(str, self.children)),
            "--prompt": str(self.prompt),
            "--new-tokens": str(self.new_tokens),
            "--repeats": str(self.repeats),
        }
        return command_line("decode", options)


def read_plan(
    *,
    models: str,
    writers: str,
    batches: str,
    children: str,
    prompt: int,
    new_tokens: int,
    repeats: int,
) -> Plan:
    """Checks the options' texts; lists are separated by commas.

    Raises:
        ConfigError: naming the option, what was got and what was wanted.
    """
    for option, number in (
        ("--prompt", prompt),
        ("--new-tokens", new_tokens),
        ("--repeats", repeats),
    ):
        if number < 1:
            raise ConfigError(f"{option}: got {number}, wanted at least 1")
    for model in _words(models):
        choose("--models", model, decoding.MODELS)
    plan = Plan(
        models=_words(models),
        writers=_words(writers),
        batches=_numbers("--batches", batches),
        children=_numbers("--children", children),
        prompt=prompt,
        new_tokens=new_tokens,
        repeats=repeats,
    )
    if not any(batch % each == 0 for batch in plan.batches for each in plan.children):
        raise ConfigError(f"--children: got {children!r}, wanted divisors of {batches!r}")
    return plan


def bench_decode(
    plan: Plan, writers: Sequence[LanguageModel], folder: Path | None
) -> dict[str, Any]:
    """Runs a plan, shows rows as they come, and writes decode.json.

    Args:
        plan: What to run.
        writers: The models that `plan.writers` names.
        folder: Where to write; None for docs/benchmarks/MACHINE in a checkout, else bench.
    """
    folder = folder or default_folder()
    named = dict(zip((Path(name).name for name in plan.writers), writers, strict=True))
    console = Console()
    peaks = measure_peaks()
    title = f"Decoding, prompts of {plan.prompt} tokens"
    tokens = show_rows(title, _TOKENS, decoding.sweep(plan.cases, plan.repeats), console)
    edits = mutation.sweep(named, plan.batches, plan.children, plan.repeats)
    diffs = show_rows("Applied diffs", _DIFFS, edits, console) if named else []
    record = {
        **circumstances("decode", plan.command),
        "peaks": dataclasses.asdict(peaks),
        "rows": [dataclasses.asdict(row) for row in tokens],
        "diffs": [dataclasses.asdict(row) for row in diffs],
    }
    write_record(record, folder / "decode.json")
    console.print(f"wrote {folder}/decode.json", highlight=False, markup=False)
    return record


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def _numbers(option: str, text: str) -> tuple[int, ...]:
    words = _words(text)
    if not words or not all(is_count(word, MOST_SEQUENCES) for word in words):
        raise ConfigError(
            f"{option}: got {text!r}, wanted whole numbers from 1 to {MOST_SEQUENCES}"
        )
    return tuple(map(int, words))
