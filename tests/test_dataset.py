import numpy as np
import pandas as pd
import pytest

from elmjax.dataset import above_threshold, admitted_programs, split


def history(*rows: tuple[str, float, int, bool]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["program", "fitness", "cell", "admitted"])
    return frame.assign(id=range(len(frame)))


def test_niche_maximum_is_taken_over_all_runs() -> None:
    first = history(("a", 2.0, 7, True), ("b", 5.0, 7, True), ("c", 9.0, 7, False))
    second = history(("d", 10.0, 7, True), ("e", 1.0, 8, True))
    kept = above_threshold(admitted_programs([first, second]), 0.5)
    # The best of niche 7 is 10 (the 9 was never admitted), so 5 is just enough and 2 is not.
    assert kept["program"].tolist() == ["b", "d", "e"]
    assert kept["run"].tolist() == [0, 1, 1]


def test_threshold_of_zero_keeps_everything_and_of_one_only_the_best() -> None:
    admitted = admitted_programs([history(("a", 1.0, 0, True), ("b", 2.0, 0, True))])
    assert above_threshold(admitted, 0.0)["program"].tolist() == ["a", "b"]
    assert above_threshold(admitted, 1.0)["program"].tolist() == ["b"]


def test_equal_programs_of_two_runs_count_once() -> None:
    rows = (("a", 1.0, 0, True),)
    assert admitted_programs([history(*rows), history(*rows)])["run"].tolist() == [0]


def test_split_is_a_partition_of_the_asked_size() -> None:
    programs = admitted_programs([history(*((f"p{i}", 1.0, i, True) for i in range(101)))])
    dataset = split(programs, 0.05, np.random.default_rng(0))
    assert len(dataset.test) == 6
    both = dataset.train["program"].tolist() + dataset.test["program"].tolist()
    assert sorted(both) == sorted(programs["program"])


def test_nothing_to_learn_from_is_said() -> None:
    one = admitted_programs([history(("a", 1.0, 0, True))])
    with pytest.raises(ValueError, match="got 1 programs, wanted at least 2"):
        split(one, 0.05, np.random.default_rng(0))
