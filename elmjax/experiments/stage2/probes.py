"""Walkers made to order, and predicted, through comments (paper, appendix H).

A model that learned comments before programs is given some: of test programs, and of programs in a
band of height and width that was kept from it. One that learned them after programs is given
programs without: of the test split, and of Radial, which it never saw.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr  # type: ignore[import-untyped]

from elmjax.config import Band, Config
from elmjax.evaluate import MEASURES, Evaluator
from elmjax.lm.store import LanguageModel
from elmjax.stages import finetune
from elmjax.stages.properties import PROPERTIES, comment, in_band, read_comment
from elmjax.stages.run import Run
from elmjax.stages.samples import complete_programs, evaluate_texts

MIDDLE = (0.4, 0.6)  # quantiles of height and width between which the band lies
FOR_EACH = 4  # programs written to each order
COMMENT_TOKENS = 64  # more than any comment has
_OPENING = "# fitness "  # of a comment, up to the first digit, where tokens end too


def middle_band(config: Config, programs: pd.DataFrame) -> Band:
    """The band to keep from a model: the middle of heights and widths, at least a niche's size."""
    ranges = {}
    for name, size in _niche_sizes(config).items():
        low, high = np.quantile(programs[name], MIDDLE).round(1).tolist()
        # Heights and widths of whole metres abound, so that both quantiles may be the same.
        ranges[name] = (low, max(high, low + size))
    return Band(**ranges)


def order(
    run: Run, model: LanguageModel, evaluator: Evaluator, *, orders: int
) -> dict[str, float | None]:
    """Describes walkers to a model and compares what it writes.

    Args:
        run: Whose model learned comments before programs.
        model: That.
        evaluator: Knows the terrain of stage 1.
        orders: Walkers described, as many outside the band as inside where there are so many.

    Returns:
        `order_valid`, the share that walks; for each property Spearman's correlation of what was
        ordered and what came, outside the band; `order_met`, the share of walkers whose height and
        width are both within a niche's size of what was ordered; and of walkers ordered inside the
        band and outside it, the shares that fall into it. None where too few walk.
    """
    config = run.config
    outside, inside = _described(run, orders)
    asked = pd.concat([outside, inside], ignore_index=True)
    came = _write_to_order(run, model, evaluator, asked)
    was_inside = np.repeat(np.arange(len(asked)) >= len(outside), FOR_EACH)
    valid = came["fitness"].notna().to_numpy()
    wanted = asked.loc[np.repeat(asked.index, FOR_EACH)].reset_index(drop=True)
    normal = valid & ~was_inside
    hit = in_band(came, config.finetune.band).to_numpy()
    return {
        "order_valid": float(valid.mean()),
        **{
            f"order_{name}": _spearman(wanted[name][normal], came[name][normal])
            for name in PROPERTIES
        },
        "order_met": _share(_is_near(config, wanted, came)[normal]),
        "band_ordered": _share(hit[valid & was_inside]),
        "band_by_chance": _share(hit[normal]),
    }


def predict(
    run: Run, model: LanguageModel, unseen: pd.DataFrame, *, predictions: int
) -> dict[str, float | None]:
    """Lets a model say what the walkers of programs are like.

    Args:
        run: Whose model learned comments after programs.
        model: That.
        unseen: Programs of a kind that it did not learn, with what their walkers are like.
        predictions: Of each kind, at most.

    Returns:
        Spearman's correlation of what it says and what is, for each property: `test_fitness` and
        so on for test programs, `unseen_fitness` and so on for the others; and the shares of
        programs of which it says anything, `test_said` and `unseen_said`.
    """
    values: dict[str, float | None] = {}
    test = finetune.load_dataset(run).test
    for kind, table in (("test", test), ("unseen", unseen)):
        if not len(table):
            continue
        some = _some(run, table, predictions, kind)
        said = _predicted(run, model, some["program"].tolist())
        known = np.array([each is not None for each in said])
        values[f"{kind}_said"] = float(known.mean())
        for name in PROPERTIES:
            told = [each[name] for each in said if each is not None]
            values[f"{kind}_{name}"] = _spearman(some[name][known], told)
    return values


def _described(run: Run, orders: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Walkers to order: test programs outside the band, and any programs inside it."""
    dataset, band = finetune.load_dataset(run), run.config.finetune.band
    both = pd.concat([dataset.train, dataset.test], ignore_index=True)
    outside = dataset.test[~in_band(dataset.test, band)]
    inside = both[in_band(both, band)]
    return _some(run, outside, orders, "outside"), _some(run, inside, orders, "inside")


def _some(run: Run, table: pd.DataFrame, count: int, purpose: str) -> pd.DataFrame:
    rng = np.random.default_rng(run.seed(f"stage2/{purpose}"))
    return table.iloc[rng.permutation(len(table))[:count]].reset_index(drop=True)


def _write_to_order(
    run: Run, model: LanguageModel, evaluator: Evaluator, asked: pd.DataFrame
) -> pd.DataFrame:
    """[orders x ordered] what the walkers that were written are like; NaN where none walks."""
    config = run.config
    written = complete_programs(
        model,
        [comment(row) for row in asked[list(PROPERTIES)].to_dict("records")],
        FOR_EACH,
        max_new_tokens=config.finetune.max_new_tokens,
        temperature=config.finetune.temperature,
        blanks=config.conditional.slots,
        seed=run.seed("stage2/orders"),
    )
    flat = [text for texts in written for text in texts]
    samples = evaluate_texts(config, evaluator, flat, [config.evolve.terrain] * len(flat))
    rows = [
        (sample.evaluation.fitness, *sample.evaluation.measures[: len(MEASURES)])
        if sample.is_valid
        else (np.nan,) * len(PROPERTIES)
        for sample in samples
    ]
    return pd.DataFrame(rows, columns=list(PROPERTIES))


def _is_near(config: Config, wanted: pd.DataFrame, came: pd.DataFrame) -> np.ndarray:
    """Whether height and width are both within the size of a niche."""
    near = [
        (wanted[name] - came[name]).abs() <= size for name, size in _niche_sizes(config).items()
    ]
    return (near[0] & near[1]).to_numpy()


def _niche_sizes(config: Config) -> dict[str, float]:
    """Of height and width, in the unit of the archive; with centroids, as if there were bins."""
    grid = config.grid
    return {
        name: (grid.upper[axis] - grid.lower[axis]) / grid.bins[axis]
        for axis, name in enumerate(("height", "width"))
    }


def _predicted(
    run: Run, model: LanguageModel, texts: Sequence[str]
) -> list[Mapping[str, float] | None]:
    config = run.config
    written = complete_programs(
        model,
        [text + _OPENING for text in texts],
        1,
        max_new_tokens=COMMENT_TOKENS,
        temperature=0.0,
        blanks=config.conditional.slots,
        seed=0,  # the likeliest tokens need none
    )
    return [None if ending is None else read_comment(ending) for (ending,) in written]


def _spearman(ones: Any, others: Any) -> float | None:
    """Spearman's correlation; None for fewer than three pairs, or where one side never changes."""
    first, second = np.asarray(ones, float), np.asarray(others, float)
    if len(first) < 3 or len(set(first.tolist())) < 2 or len(set(second.tolist())) < 2:
        return None
    return float(spearmanr(first, second).statistic)


def _share(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None
