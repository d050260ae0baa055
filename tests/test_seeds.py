from itertools import islice

from elmjax import seeds


def test_a_derived_seed_depends_on_all_that_it_is_made_from():
    made = [
        seeds.derive(*given)
        for given in ((0, "a"), (1, "a"), (0, "b"), (0, "a", 1), (0, "a", 2), (0, "a", 1, 2))
    ]
    assert len(set(made)) == len(made)
    assert all(0 <= seed < 2**63 for seed in made)
    assert seeds.derive(0, "a", 1) == made[3]


def test_a_stream_repeats_and_its_seeds_differ():
    first, again, other = (list(islice(seeds.stream(seed), 20)) for seed in (3, 3, 4))
    assert first == again
    assert len({*first, *other}) == 40
    assert all(0 <= seed < 2**63 for seed in first)
