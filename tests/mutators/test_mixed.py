from elmjax import diffs
from elmjax.mutators import LanguageMutator, mixed, tree_mutator


def test_mixed_gives_each_operator_half_of_the_parents(untrained, parents) -> None:
    diff = LanguageMutator(
        operator="diff", format=diffs.NUMBERED, model=untrained, max_new_tokens=12
    )
    operators = [
        child.operator for child in mixed(diff, tree_mutator)([*parents, parents[0]], 2, 0)
    ]
    assert operators == ["diff"] * 4 + ["tree"] * 2
