import numpy as np
import pytest


def test_rows_are_the_inhabited_niches(run) -> None:
    niches, elites = run.archive, run.archive.elites
    frame = niches.frame
    assert frame["niche"].tolist() == np.flatnonzero(elites.occupied).tolist()
    bins = frame[["height_bin", "width_bin", "mass_bin"]].to_numpy().T
    assert np.ravel_multi_index(tuple(bins), (12, 12, 12)).tolist() == frame["niche"].tolist()
    history = run.history.set_index("id").loc[frame["id"]]
    for column in ("fitness", "height", "width", "mass"):
        np.testing.assert_array_equal(frame[column], history[column])
    assert niches.programs == history["program"].tolist()
    assert len(list(niches)) == len(niches) == len(frame)


def test_a_niche_is_found_by_number_and_by_bins(run) -> None:
    cell = int(run.archive.cells[-1])
    bins = np.unravel_index(cell, run.archive.grid.bins)
    walker = run.archive[cell]
    assert walker.niche == cell
    assert walker.program == run.archive[tuple(int(each) for each in bins)].program
    assert walker.record.id == run.archive.elites.elite[cell]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (0, "niche 0 is empty"),
        (1728, "wanted a number from 0 to 1727"),
        (-1, "wanted a number from 0 to 1727"),
        ((1, 2, 12), "wanted bins within 12 x 12 x 12"),
        ("best", "wanted a number"),
    ],
)
def test_what_is_not_there_is_refused(run, place, said) -> None:
    with pytest.raises(KeyError, match=said):
        _ = run.archive[place]


def test_the_best_has_the_highest_fitness(run) -> None:
    assert run.archive.best.record.fitness == run.archive.fitness.max()


def test_it_shows_as_a_table(run) -> None:
    assert "<table" in run.archive._repr_html_()
    assert "of 1,728 niches" in repr(run.archive)
