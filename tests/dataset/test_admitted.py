from elmjax.dataset import admitted_programs, without_seeds


def test_programs_of_several_runs_are_joined_with_where_they_came_from(history) -> None:
    first = history(("a", 2.0, 7), ("b", 5.0, 7, False, 0), ("c", 3.0, 8, True, 1))
    joined = admitted_programs({"one": first, "two": history(("d", 1.0, 7))})
    assert joined["program"].tolist() == ["a", "c", "d"]
    assert joined["run"].tolist() == ["one", "one", "two"]
    assert joined["id"].tolist() == [0, 2, 0]


def test_every_program_knows_the_seed_that_its_line_began_with(history) -> None:
    # c descends from b, which was not admitted, and b from the seed r.
    rows = history(("s", 1.0, 0), ("r", 1.0, 1), ("b", 1.0, 2, False, 1), ("c", 1.0, 3, True, 2))
    joined = admitted_programs({"run": rows}, seeds={"run": {0: "square", 1: "radial"}})
    assert dict(zip(joined["program"], joined["seed"], strict=True)) == {
        "s": "square",
        "r": "radial",
        "c": "radial",
    }
    assert without_seeds(joined, ["radial"])["program"].tolist() == ["s"]
    assert without_seeds(joined, [])["program"].tolist() == ["s", "r", "c"]


def test_descendants_of_radial_stay_where_there_are_no_others(history) -> None:
    joined = admitted_programs({"run": history(("r", 1.0, 0))}, seeds={"run": {0: "radial"}})
    assert without_seeds(joined, ["radial"])["program"].tolist() == ["r"]


def test_some_programs_can_be_chosen_by_id(history) -> None:
    rows = history(("a", 1.0, 0), ("b", 2.0, 0), ("c", 2.0, 1))
    assert admitted_programs({"run": rows}, ids={"run": [1]})["program"].tolist() == ["b"]
