"""What was asked, what was written and what it earned, for others to train on.

Columns by the field's names: `prompt` and `completion`, texts with the special tokens of our
tokenizer, whose concatenation a model reads; and `reward`, m.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from elmjax import diffs
from elmjax.diffs import numbered, prompts

COLUMNS = ["kind", "prompt", "completion", "reward", "outcome", "run", "id"]


def program_trajectories(programs: pd.DataFrame) -> pd.DataFrame:
    """Whole programs, as the model of stage 2 is asked for them; the reward is their fitness.

    Args:
        programs: Of a split of the dataset.
    """
    return pd.DataFrame(
        {
            "kind": "program",
            "prompt": prompts.WHOLE_PROGRAM,
            "completion": programs["program"] + numbered.END,
            "reward": programs["fitness"],
            "outcome": "ok",
            "run": programs["run"],
            "id": programs["id"],
        },
        columns=COLUMNS,
    )


def edit_trajectories(run: str, history: pd.DataFrame, invalid_reward: float = 0.0) -> pd.DataFrame:
    """All edits that a diff model wrote in a run, good or not; the reward is the child's fitness.

    Args:
        run: Name of the run.
        history: All its rows, of a run whose model wrote numbered lines. Those of other operators
            are left out.
        invalid_reward: Of edits that gave no walker, m.
    """
    texts = dict(zip(history["id"], history["program"], strict=True))
    rows = []
    for edit in history[history["operator"] == "diff"].to_dict("records"):
        parent = texts[edit["parent"]]
        asked, written = prompts.numbered_program(parent), _completion(parent, edit)
        if isinstance(asked, str) and written:
            rows.append(
                {
                    "kind": "edit",
                    "prompt": asked + prompts.request(edit["message"]),
                    "completion": written,
                    "reward": edit["fitness"] if edit["outcome"] == "ok" else invalid_reward,
                    "outcome": edit["outcome"],
                    "run": run,
                    "id": edit["id"],
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def _completion(parent: str, edit: Mapping[Any, Any]) -> str:
    """The edit as the model writes it; "" where there is no such text.

    A history holds what failed as it was written, and of what applied the change that it made.
    """
    if not edit["program"]:
        return edit["diff"]
    text = numbered.render(diffs.between(parent, edit["program"]))
    return "" if isinstance(text, diffs.DiffVerdict) else text
