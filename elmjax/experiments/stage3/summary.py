"""Table and plot of stage 3, ours and the paper's."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from elmjax.experiments.evolution.tables import Quantity, hundredths, table, tenths
from elmjax.experiments.stage3.plan import Condition
from elmjax.experiments.stage3.published import CODES, DATASET, IMAGE, PUBLISHED, STAGE_2
from elmjax.experiments.stage3.terrains import DISTRIBUTIONS
from elmjax.files import write_whole
from elmjax.report import BarPanel, Interval, bar_panels, mean_interval

AVERAGE = "average"
STAGE_3 = {"codes": CODES, "image": IMAGE, "resnet50": "stage 3, ResNet-50"}
_BESIDE = {**STAGE_3, "resnet50": IMAGE}  # what of the paper an encoder compares with
Measured = Sequence[tuple[Condition, Mapping[str, Any]]]
Lines = dict[str, dict[str, Interval]]

REWARD = Quantity(name="reward", title="Distance [m]", write=tenths)
RATIO = Quantity(name="ratio", title="Stage 3 over the best of the dataset", write=hundredths)
CHANGE = Quantity(name="change", title="Mean reward, less the stage 2 model's [m]", write=tenths)
AHEAD = Quantity(
    name="ahead",
    title="Mean reward of programs written for a terrain, less that of those for others [m]",
    write=tenths,
)


def write(folder: Path, measured: Measured) -> None:
    """Writes `table.md` and `rewards.png`, and prints the table."""
    parts, panels = [], []
    for name in dict.fromkeys(condition.distribution for condition, _ in measured):
        of_this = [(c, values) for c, values in measured if c.distribution == name]
        text, panel = _distribution(name, of_this)
        parts.append(text)
        panels.append(panel)
    remark = (
        "Means over repeats with 95 % intervals. `dataset, best` and `stage 2, best` are the best "
        "of as many programs as are sampled, of which the paper takes 1,024; stage 3 is the mean "
        "over the samples of the trained model. The paper's distances are in a unit that it does "
        "not state: ratios compare.\n"
    )
    text = "\n".join([*parts, remark])
    write_whole(folder / "table.md", text)
    bar_panels(panels, folder / "rewards.png")
    print(text)


def _distribution(name: str, measured: Measured) -> tuple[str, BarPanel]:
    terrains = DISTRIBUTIONS[name]
    columns = [*terrains, AVERAGE]
    rewards: Lines = {
        DATASET: _line(measured, terrains, lambda told: told["best_of_dataset"]),
        STAGE_2: _line(measured, terrains, lambda told: told["best_of_stage_2"]),
    }
    ratios: Lines = {}
    changes: Lines = {}
    ahead: Lines = {}
    encoders = list(dict.fromkeys(condition.encoder for condition, _ in measured))
    for encoder in encoders:
        own = [(c, values) for c, values in measured if c.encoder == encoder]
        line = STAGE_3[encoder]
        rewards[line] = _line(own, terrains, lambda told: told["after"][0])
        ratios[line] = _ratios(own, terrains)
        changes[line] = _line(own, terrains, lambda told: told["change"][0])
        ahead[line] = _line(own, terrains, lambda told: told["conditionality"][0])
    paper = _paper(name, measured[0][0].config.finetune.threshold)
    paper_ratios = {
        f"{line}, paper": {column: values[column] / paper[DATASET][column] for column in values}
        for line, values in paper.items()
        if line in {_BESIDE[encoder] for encoder in encoders}
    }
    published = {f"{line}, paper [unit unknown]": values for line, values in paper.items()}
    text = "\n".join(
        [
            f"## {name}\n",
            table(REWARD, columns, {**rewards, **published}),
            table(RATIO, columns, {**ratios, **paper_ratios}),
            table(CHANGE, columns, changes, signed=True),
            table(AHEAD, columns, ahead, signed=True),
        ]
    )
    bars = {line: [cells[column] for column in columns] for line, cells in rewards.items()}
    groups = [column.replace("_", " ") for column in columns]
    return text, BarPanel(title=name, label="distance [m]", groups=groups, bars=bars)


def _line(measured: Measured, terrains: Sequence[str], read: Any) -> dict[str, Interval]:
    """One quantity by terrain, and its average over them, over repeats."""
    found = np.array(
        [[read(values["terrains"][name]) for name in terrains] for _, values in measured]
    )
    cells = {name: mean_interval(column) for name, column in zip(terrains, found.T, strict=True)}
    return {**cells, AVERAGE: mean_interval(found.mean(axis=1))}


def _ratios(measured: Measured, terrains: Sequence[str]) -> dict[str, Interval]:
    """Stage 3 over the best of the dataset, repeat by repeat; of averages under `average`."""
    pairs = np.array(
        [
            [
                (values["terrains"][name]["after"][0], values["terrains"][name]["best_of_dataset"])
                for name in terrains
            ]
            for _, values in measured
        ]
    )
    cells = {
        name: mean_interval(pairs[:, i, 0] / pairs[:, i, 1]) for i, name in enumerate(terrains)
    }
    whole = pairs.mean(axis=1)
    return {**cells, AVERAGE: mean_interval(whole[:, 0] / whole[:, 1])}


def _paper(name: str, threshold: float) -> dict[str, dict[str, float]]:
    """What was published of a distribution and threshold; nothing of those that are ours."""
    return {
        line: {
            **dict(zip(DISTRIBUTIONS[name], values, strict=True)),
            AVERAGE: float(np.mean(values)),
        }
        for line, values in PUBLISHED.get((name, threshold), {}).items()
    }
