import numpy as np
import pandas as pd
import pytest

from elmjax.dataset import admitted_programs, family, split


def programs(*texts: str) -> pd.DataFrame:
    return pd.DataFrame({"program": texts})


def test_split_is_a_partition_of_the_asked_size() -> None:
    texts = [f"p{letter}" + "x" * i for i in range(101) for letter in "a"]
    dataset = split(programs(*texts), 0.05, np.random.default_rng(0))
    assert len(dataset.test) == 6
    both = dataset.train["program"].tolist() + dataset.test["program"].tolist()
    assert sorted(both) == sorted(texts)


@pytest.mark.parametrize("seed", range(5))
def test_no_near_duplicate_crosses_the_split(seed) -> None:
    texts = [f"f(x{'y' * (i % 20)}, {i})" for i in range(100)]  # 20 families of five
    dataset = split(programs(*texts), 0.2, np.random.default_rng(seed))
    families = [set(part["program"].map(family)) for part in (dataset.train, dataset.test)]
    assert not families[0] & families[1]
    assert len(dataset.test) == 20


def test_texts_alone_may_be_kept_together() -> None:
    texts = [f"f({i % 50})" for i in range(100)]  # one family; each text twice
    dataset = split(programs(*texts), 0.1, np.random.default_rng(0), by="text")
    assert len(dataset.test) == 10
    assert not set(dataset.train["program"]) & set(dataset.test["program"])


def test_another_seed_holds_out_others() -> None:
    table = programs(*("x" * i for i in range(1, 60)))
    held_out = [set(split(table, 0.1, np.random.default_rng(s)).test["program"]) for s in (0, 0, 1)]
    assert held_out[0] == held_out[1] != held_out[2]


def test_nothing_to_learn_from_is_said(history) -> None:
    one = admitted_programs({"run": history(("a", 1.0, 0))})
    with pytest.raises(ValueError, match="got 1 programs, wanted at least 2"):
        split(one, 0.05, np.random.default_rng(0))


def test_a_single_family_is_said() -> None:
    with pytest.raises(ValueError, match=r"got 1 families .* none of 1 programs or less"):
        split(programs("f(1)", "f(2)", "f(3)"), 0.05, np.random.default_rng(0))
