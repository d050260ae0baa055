"""The runs of stage 1 whose programs are learned: given, or evolved by the experiment itself.

The paper has nine runs, three from each of three seed programs, and keeps Radial for a test.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from elmjax.config import Config, ConfigError, Operator
from elmjax.experiments.evolution.condition import Condition, changed_settings, folder_of, measure
from elmjax.experiments.results import Results
from elmjax.experiments.stage2.plan import Programs
from elmjax.stages.histories import check_alike, find_sources

LEARNED, UNSEEN = ("square", "cppn_fixed", "cppn_mutable"), "radial"


def evolutions(
    operator: Operator, evaluations: int, runs: int, config: Config, *, with_unseen: bool
) -> list[Condition]:
    """Runs of stage 1 from each seed program, and one from Radial where that is wanted."""
    wanted = [(seed, run) for run in range(runs) for seed in LEARNED]
    return [
        Condition(
            line=operator,
            column=seed,
            operator=operator,
            seed_programs=(seed,),
            repeat=run,
            evaluations=evaluations,
            config=config,
        )
        for seed, run in [*wanted, *([(UNSEEN, 0)] if with_unseen else [])]
    ]


def announced(conditions: Sequence[Condition]) -> Programs:
    """The programs of runs that may not have been made yet."""
    first = conditions[0]
    return Programs(
        folders=(),
        unseen=(),
        told={
            "operator": first.operator,
            "evaluations": first.evaluations,
            "runs": [f"{each.column} {each.repeat}" for each in conditions],
            "settings": changed_settings(first.config),
        },
    )


def evolve(results: Results, conditions: Sequence[Condition]) -> Programs:
    """Runs what has not been run yet, into RUN/runs."""
    for condition in conditions:
        measure(results, condition)
    # Absolute, so that a condition goes on from wherever it is called.
    folders = [(each.column, folder_of(results, each).resolve()) for each in conditions]
    return Programs(
        folders=tuple(folder for seed, folder in folders if seed != UNSEEN),
        unseen=tuple(folder for seed, folder in folders if seed == UNSEEN),
        told=announced(conditions).told,
    )


def given(folders: Sequence[Path], config: Config) -> Programs:
    """Runs that are there already; those from Radial alone are kept for a test.

    Raises:
        ConfigError: one is no finished run, or nothing is left to learn from.
    """
    sources = find_sources(folders, config.finetune.operators)
    check_alike(sources, config, "the experiment")
    unseen = {
        source.folder.parent
        for source in sources
        if set(source.config.evolve.seed_programs) <= set(config.finetune.exclude_seeds)
    }
    learned = {source.folder.parent for source in sources} - unseen
    if not learned:
        raise ConfigError(
            f"--histories: got runs from {', '.join(config.finetune.exclude_seeds)} alone, wanted "
            "one from another seed program"
        )
    return Programs(
        folders=tuple(sorted(learned)),
        unseen=tuple(sorted(unseen)),
        told={source.name: _fingerprint(source.folder) for source in sources},
    )


def _fingerprint(search: Path) -> str:
    """A hash of what a search reached, its times among it: no two runs share one."""
    return hashlib.blake2b((search / "summary.json").read_bytes(), digest_size=8).hexdigest()
