"""The metrics log for Weights & Biases.

Every stage counts its own steps, `STAGE/step`. A run that goes on goes on there, under the id that
it keeps in its folder. How it talks to a server is the environment's: WANDB_MODE=offline writes to
the folder only.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from elmjax.files import write_whole
from elmjax.report.mirror import MirrorError, numbers_of


class WeightsAndBiases:
    """One run of a project."""

    def __init__(self, folder: Path, project: str, config: Mapping[str, Any]) -> None:
        """Tells nobody anything yet.

        Args:
            folder: Of the run; what is written stands in `wandb` below it.
            project: Name of the project.
            config: Plain data, shown beside the run.

        Raises:
            MirrorError: the package is not installed.
        """
        try:
            import wandb
        except ImportError as error:
            raise MirrorError(
                f"metrics.wandb: {error.name} is not installed; pip install 'elmjax[wandb]'"
            ) from None
        self._wandb = wandb
        self._folder = folder
        self._project = project
        self._config = config
        self._run: Any = None
        self._stages: set[str] = set()

    def restart(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Opens the run; the lines are told where it is new, for else they have been.

        Raises:
            MirrorError: W&B refuses, for instance without a login.
        """
        if self._run is not None:
            return
        kept = self._folder / "wandb" / "id"
        known = kept.read_text(encoding="utf-8").strip() if kept.is_file() else None
        try:
            self._run = self._wandb.init(
                project=self._project,
                name=self._folder.resolve().name,
                dir=str(self._folder),
                id=known,
                resume="allow",
                config=dict(self._config),
            )
        except self._wandb.Error as error:
            words = " ".join(str(error).split())
            raise MirrorError(
                f"metrics.wandb: {words}; run wandb login, or set WANDB_MODE=offline"
            ) from None
        if known is None:
            kept.parent.mkdir(exist_ok=True)
            write_whole(kept, self._run.id + "\n")
            for line in lines:
                self.add(line)

    def add(self, line: Mapping[str, Any]) -> None:
        """Tells one line."""
        stage = line["stage"]
        if stage not in self._stages:
            self._run.define_metric(f"{stage}/step")
            self._run.define_metric(f"{stage}/*", step_metric=f"{stage}/step")
            self._stages.add(stage)
        self._run.log({f"{stage}/step": line["step"], **numbers_of(line)})

    def close(self) -> None:
        """Ends the process that talks to W&B."""
        if self._run is not None:
            self._run.finish()
            self._run = None
            self._stages = set()
