"""What others train on must be what our models read and write."""

from elmjax.dataset import admitted_programs, edit_trajectories, program_trajectories
from elmjax.diffs import numbered, prompts
from elmjax.diffs.edit import apply


def test_a_program_completes_the_prompt_of_stage_2(history) -> None:
    rows = admitted_programs({"run": history(("a\n", 2.0, 0), ("b\n", 3.0, 1))})
    table = program_trajectories(rows)
    assert table["prompt"].tolist() == [prompts.WHOLE_PROGRAM] * 2
    assert table["reward"].tolist() == [2.0, 3.0]
    assert [prompts.written_program(text) for text in table["completion"]] == ["a\n", "b\n"]


def test_an_edit_gives_the_child_and_earns_its_fitness(history) -> None:
    rows = history(("a\nb\n", 2.0, 0), ("a\nc\n", 3.0, 1, True, 0), ("", 0.0, -1, False, 0))
    rows.loc[0, "operator"] = "seed"
    rows.loc[2, ["diff", "outcome"]] = ["<|9|><|9|><|end|>", "no_match"]
    table = edit_trajectories("run", rows, invalid_reward=-1.0)
    assert table["reward"].tolist() == [3.0, -1.0]
    assert table["outcome"].tolist() == ["ok", "no_match"]
    assert table["prompt"][0] == str(prompts.numbered_program("a\nb\n")) + prompts.request("m")
    edit = numbered.parse(table["completion"][0])
    assert apply(edit, "a\nb\n") == "a\nc\n"
    assert table["completion"][1] == "<|9|><|9|><|end|>"  # as it was written


def test_children_of_other_operators_are_no_edits(history) -> None:
    rows = history(("a\n", 2.0, 0), ("b\n", 3.0, 1, True, 0)).assign(operator="tree")
    assert len(edit_trajectories("run", rows)) == 0
