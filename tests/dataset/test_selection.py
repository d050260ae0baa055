from elmjax.dataset import above_threshold, admitted_programs, without_duplicates


def test_niche_maximum_is_taken_over_all_runs(history) -> None:
    first = history(("a", 2.0, 7), ("b", 5.0, 7), ("c", 9.0, 7, False))
    second = history(("d", 10.0, 7), ("e", 1.0, 8))
    kept = above_threshold(admitted_programs({"0": first, "1": second}), 0.5)
    # The best of niche 7 is 10 (the 9 was never admitted), so 5 is just enough and 2 is not.
    assert kept["program"].tolist() == ["b", "d", "e"]
    assert kept["run"].tolist() == ["0", "1", "1"]


def test_threshold_of_zero_keeps_everything_and_of_one_only_the_best(history) -> None:
    admitted = admitted_programs({"run": history(("a", 1.0, 0), ("b", 2.0, 0))})
    assert above_threshold(admitted, 0.0)["program"].tolist() == ["a", "b"]
    assert above_threshold(admitted, 1.0)["program"].tolist() == ["b"]


def test_the_first_of_equal_programs_or_bodies_stays(history) -> None:
    rows = history(("a", 1.0, 0), ("b", 1.0, 0))
    admitted = admitted_programs({"0": rows, "1": rows})
    assert without_duplicates(admitted, "program")["run"].tolist() == ["0", "0"]
    bodies = admitted.assign(body=["x", "x", "x", "y"])
    kept = without_duplicates(bodies, "body")
    assert list(zip(kept["program"], kept["run"], strict=True)) == [("a", "0"), ("b", "1")]
