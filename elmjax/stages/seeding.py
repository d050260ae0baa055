"""The programs that evolution starts from, and how they enter the archive."""

from pathlib import Path

from elmjax.config import ConfigError, Evolve
from elmjax.evaluate import Evaluator
from elmjax.mutators import Child
from elmjax.programs import SEEDS, SPATIAL_SEEDS, Verdict, canonical
from elmjax.qd.history import NO_PARENT
from elmjax.stages.admission import Found, Offspring, admit, confirm


def seed_programs(config: Evolve) -> list[str]:
    """The programs that evolution starts from, in canonical form.

    Raises:
        ConfigError: where one cannot be read or is not Python.
    """
    return [_seed_program(name) for name in config.seed_programs]


def _seed_program(name: str) -> str:
    shipped = {**SEEDS, **SPATIAL_SEEDS}
    wanted = ", ".join(shipped)
    try:
        text = shipped[name] if name in shipped else Path(name).read_text(encoding="utf-8")
        return canonical(text)
    except OSError as error:
        raise ConfigError(
            f"evolve.seed_programs: got {name!r} ({error.strerror}), "
            f"wanted a file or one of {wanted}"
        ) from None
    except (SyntaxError, ValueError) as error:
        raise ConfigError(
            f"evolve.seed_programs: got {name!r}, wanted a Python program: {error}"
        ) from None


def _hint(name: str, verdict: Verdict) -> str:
    """What to do about a seed of three dimensions in two."""
    spatial = name in SPATIAL_SEEDS and verdict is Verdict.RUNTIME
    return "; it lives in three dimensions: set physics.dim = 3" if spatial else ""


def plant(config: Evolve, found: Found, evaluator: Evaluator) -> None:
    """Evaluates the seed programs and offers them to the archive."""
    programs = seed_programs(config)
    evaluations = evaluator.evaluate(programs, config.terrain)
    for name, evaluation in zip(config.seed_programs, evaluations, strict=True):
        if evaluation.verdict is not Verdict.OK:
            raise ConfigError(
                f"evolve.seed_programs: {name} is {evaluation.verdict} ({evaluation.reason}), "
                f"wanted a program that walks{_hint(name, evaluation.verdict)}"
            )
    seeds = [
        Offspring(
            NO_PARENT, Child(operator="seed", message="", diff="", program=program), evaluation
        )
        for program, evaluation in zip(programs, evaluations, strict=True)
    ]
    admit(config, found, confirm(config, found.archive, evaluator, seeds), step=0)
