"""The models of the lowest losses within a training run (paper, section 6).

The paper samples from the model of the lowest loss on what is learned, and completes programs with
the one of the lowest loss on what is held out.

STAGE/best/train_loss/         a model as `lm.store` writes it
STAGE/best/train_loss.json     {"step": steps taken, "loss": nats a token}
STAGE/best/train_loss.adapter/ its adapters as PEFT writes them, where adapters were trained
STAGE/best/test_loss/          the same for programs that are held out
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from elmjax.dist.placement import Placement
from elmjax.files import write_whole
from elmjax.lm import store
from elmjax.lm.lora.peft import save_adapters
from elmjax.lm.store import LanguageModel


def keep(
    stage: Path, model: LanguageModel, step: int, losses: Mapping[str, float], *, base: str = ""
) -> None:
    """Keeps a model under the name of each loss that it has lower than all before it.

    A run that resumes takes the steps after its checkpoint again, with the same losses: what is
    kept already stays, because no step before it had as low a loss.

    Args:
        stage: Folder of the stage.
        model: After `step` steps.
        step: From 1.
        losses: By name, nats a token.
        base: What adapters stand beside, where the model has any.
    """
    for name, loss in losses.items():
        known = told(stage, name)
        if known is None or loss < known["loss"]:
            # The number last: a model without one is written anew.
            store.save(stage / "best" / name, model)
            if model.config.lora is not None:
                save_adapters(adapter_folder(stage, name), model, base)
            write_whole(_path(stage, name), json.dumps({"step": step, "loss": loss}) + "\n")


def told(stage: Path, name: str) -> dict[str, Any] | None:
    """Step and loss of the model that is kept under a name; None where there is none."""
    path = _path(stage, name)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def load(stage: Path, name: str, placement: Placement | None = None) -> LanguageModel:
    """The model that is kept under a name.

    Args:
        stage: Folder of the stage.
        name: Of a loss.
        placement: Whose devices sample from it; None: the default device.

    Raises:
        FileNotFoundError: there is none.
    """
    return store.load(stage / "best" / name, placement=placement)


def adapter_folder(stage: Path, name: str) -> Path:
    """Where the adapters of the model that is kept under a name are, where it has any."""
    return stage / "best" / f"{name}.adapter"


def _path(stage: Path, name: str) -> Path:
    return stage / "best" / f"{name}.json"
