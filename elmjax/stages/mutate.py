"""`elmjax mutate`: children of programs from files, and what becomes of each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elmjax import seeds
from elmjax.config import Config, ConfigError
from elmjax.endpoint import StoppedError
from elmjax.mutators import Child, Mutator
from elmjax.programs import canonical
from elmjax.qd import Record
from elmjax.stages.admission import Place, bring_together, record_of
from elmjax.stages.endpoints import open_endpoint
from elmjax.stages.operators import make_mutator, weights
from elmjax.stages.run import (
    check_terrains,
    make_evaluator,
    open_physics,
    open_pool,
    without_nan,
)

AT_A_TIME = 16  # requests to a model


@dataclass(frozen=True, kw_only=True)
class Mutations:
    """Children in order, and why there are no more of them where an endpoint stopped."""

    made: list["Mutation"]
    stopped: str = ""


@dataclass(frozen=True)
class Mutation:
    """A child, the file of its parent, and its row as a history would hold it."""

    path: Path
    program: str | None  # None where there is no child
    record: Record


def mutate_files(
    paths: Sequence[Path], operator: str, count: int, config: Config, message: str | None = None
) -> Mutations:
    """Makes `count` children of the programs in files, and evaluates them in one batch.

    Args:
        paths: One program; two or more for crossover, each the first parent of children in turn.
        operator: One of `Evolve.operators`.
        count: Children.
        config: Model, format, sampling, terrain and the limit of characters are those of `evolve`.
        message: Asked for; None draws one a child with the paper's probabilities.

    Raises:
        ConfigError: for a file that holds no program, a number of programs that the operator does
            not take, or a terrain, model or message that it cannot have.
    """
    if (len(paths) > 1) != (operator == "crossover"):
        wanted = "two or more" if operator == "crossover" else "one"
        raise ConfigError(f"PROGRAM.py: got {len(paths)}, wanted {wanted} for {operator!r}")
    parents = [_read(path) for path in paths]
    check_terrains(config, [config.evolve.terrain])
    open_physics(config)
    owners = [number % len(paths) for number in range(count)]
    with (
        open_endpoint(config.evolve, weights(config.evolve, operator)) as endpoint,
        open_pool(config, config.evolve.max_characters) as pool,
    ):
        dim = config.physics.dim
        mutator = make_mutator(config.evolve, operator, message, endpoint=endpoint, dim=dim)
        children, stopped = _children(mutator, parents, owners, config.seed)
        evaluator = make_evaluator(config, pool, [config.evolve.terrain])
        programs = [child.program for child in children if child.program is not None]
        evaluations = evaluator.evaluate(programs, config.evolve.terrain)
    family = bring_together(owners[: len(children)], children, evaluations)
    made = [
        Mutation(paths[born.parent], born.child.program, record_of(id, born, Place(), step=0))
        for id, born in enumerate(family)
    ]
    return Mutations(made=made, stopped=stopped)


def as_line(mutation: Mutation) -> dict[str, Any]:
    """What machines read of a mutation; distances in m, None where there is no number."""
    record = mutation.record
    return without_nan(
        {
            "operator": record.operator,
            "message": record.message,
            "diff": record.diff,
            "program": mutation.program,
            "outcome": record.outcome,
            "reason": record.reason,
            "displacement": record.displacement,
            "distance": record.fitness,
            "width": record.width,
            "height": record.height,
            **({"depth": record.depth} if math.isfinite(record.depth) else {}),
            "mass": record.mass,
        }
    )


def _children(
    mutator: Mutator, parents: Sequence[str], owners: Sequence[int], seed: int
) -> tuple[list[Child], str]:
    """One child of each owner in turn, and why there are fewer where an endpoint stopped."""
    made: list[Child] = []
    drawn = seeds.stream(seed)
    for start in range(0, len(owners), AT_A_TIME):
        some = owners[start : start + AT_A_TIME]
        try:
            # Every child is asked for on its own, so that each has a message of its own.
            made += mutator([parents[owner] for owner in some], 1, next(drawn))
        except StoppedError as stopped:
            return made, str(stopped)
    return made, ""


def _read(path: Path) -> str:
    """The program of a file in canonical form, in which all operators read and write."""
    try:
        return canonical(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: the file is not UTF-8 text") from None
    except (SyntaxError, ValueError) as error:
        raise ConfigError(f"{path}: got no Python program: {error}") from None
