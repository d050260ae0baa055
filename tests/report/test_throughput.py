"""The table of what stages got through."""

import pandas as pd

from elmjax.report.throughput import throughput_text


def lines(**columns) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_rates_are_medians_and_seconds_a_sum() -> None:
    text = throughput_text(
        lines(
            stage=["evolve-diff"] * 3,
            evaluations_per_second=[10.0, 100.0, 120.0],  # the first compiles
            tokens_per_second=[50.0, 900.0, 1000.0],
            device_seconds=[30.0, 2.0, 2.0],
        )
    )
    (row,) = [line for line in text.splitlines() if "evolve-diff" in line]
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        "evolve-diff",
        "100",
        "900",
        "34",
        "-",
    ]


def test_utilisation_weighs_steps_by_their_device_seconds() -> None:
    text = throughput_text(
        lines(
            stage=["finetune"] * 2,
            tokens_per_second=[1.0, 1.0],
            device_seconds=[1.0, 3.0],
            model_flop_utilisation=[0.4, 0.2],
        )
    )
    assert "25.00 %" in text  # (0.4 x 1 + 0.2 x 3) / 4


def test_stages_that_kept_no_account_have_no_row() -> None:
    assert throughput_text(lines(stage=["operator"], loss=[1.0])) == ""
    text = throughput_text(lines(stage=["old", "finetune"], device_seconds=[None, 1.0]))
    assert "finetune" in text
    assert "old" not in text
