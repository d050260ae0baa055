import random

import pytest

from elmjax import diffs
from elmjax.diffs import Completion, DiffVerdict, unified
from elmjax.mutators import CrossoverMutator, LanguageMutator
from elmjax.mutators.crossover import draw_mates
from elmjax.programs import SEEDS


@pytest.fixture
def crossover(untrained) -> CrossoverMutator:
    writer = LanguageMutator(
        operator="crossover", format=diffs.CROSSOVER, model=untrained, max_new_tokens=8
    )
    return CrossoverMutator(writer=writer)


def test_one_or_two_mates_come_from_the_other_parents() -> None:
    drawn = [draw_mates("a", ["a", "b", "b", "c", "a"], random.Random(seed)) for seed in range(200)]
    assert {len(mates) for mates in drawn} == {1, 2}
    assert {mate for mates in drawn for mate in mates} == {"b", "c"}
    assert all(len(set(mates)) == len(mates) for mates in drawn)


def test_the_only_parent_is_its_own_mate() -> None:
    assert draw_mates("a", ["a", "a"], random.Random(0)) == ["a"]


def test_every_parent_is_read_last_and_owns_its_children(
    crossover, untrained, parents, write
) -> None:
    child_text = parents[0].replace("10, 10)", "7, 7)")
    asked = write(Completion(child_text, ended=True), Completion(parents[1], ended=True))
    children = crossover(parents, 2, seed=0)
    for prompt_ids, parent in zip(asked[0], parents, strict=True):
        assert untrained.tokenizer.decode(prompt_ids).endswith(f"{parent}# A walker.\n")
    assert [child.program for child in children] == [child_text, None] * 2
    # A copy of a mate is no child either.
    assert {child.verdict for child in children} == {None, DiffVerdict.NO_CHANGE}
    for child, parent in zip(children[::2], parents, strict=True):
        assert unified.apply_unified(child.diff, parent) == child_text
        assert (child.operator, child.message) == ("crossover", "")


def test_a_seed_gives_the_same_children(crossover) -> None:
    elites = list(SEEDS.values())
    assert crossover(elites, 2, seed=3) == crossover(elites, 2, seed=3)
