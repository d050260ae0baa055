import math

import pytest

from elmjax.config import load
from elmjax.evaluate import Evaluator, Perturbed, measures_of
from elmjax.programs import SEEDS, ProgramPool, Verdict
from physics.robustness import Starts
from physics.terrain import make_polylines
from physics.world import World

NAMES = ("flat", "left_wall")
WALKER = (
    "from walk_creator import walker_creator\n\ndef make_walker():\n    wc = walker_creator()\n"
)
BAD = {
    Verdict.SYNTAX: "def make_walker(:",
    Verdict.SOFT_TIMEOUT: "def make_walker():\n    while True:\n        pass",
    Verdict.MEMORY: "def make_walker():\n    return [0] * 10**9",
    Verdict.FORBIDDEN: "import os\ndef make_walker():\n    return os.environ",
    Verdict.NO_ENTRY: "x = 3",
    Verdict.EMPTY: f"{WALKER}    return wc.get_walker()",
    Verdict.NON_FINITE: f"{WALKER}    a = wc.add_joint(float('nan'), 0)\n"
    "    b = wc.add_joint(1, 0)\n    wc.add_muscle(a, b)\n    return wc.get_walker()",
    Verdict.TOO_LARGE: f"{WALKER}    js = [wc.add_joint(i, i) for i in range(10000)]\n"
    "    wc.add_muscle(js[0], js[1])\n    return wc.get_walker()",
}


@pytest.fixture(scope="module")
def pool():
    with ProgramPool(workers=2) as pool:
        yield pool


def make(pool: ProgramPool, seconds: float, **options) -> Evaluator:
    terrains = {name: make_polylines(name) for name in NAMES}
    return Evaluator(pool, terrains, world=World(), seconds=seconds, **options)


def test_every_bad_program_is_one_outcome_and_the_good_ones_go_on(pool) -> None:
    programs = [SEEDS["square"], *BAD.values(), SEEDS["radial"]]
    evaluations = make(pool, 0.1).evaluate(programs, "flat")
    assert [evaluation.verdict for evaluation in evaluations] == [Verdict.OK, *BAD, Verdict.OK]
    for evaluation in evaluations[1:-1]:
        assert evaluation.reason
        assert math.isnan(evaluation.fitness)


def test_perturbed_starts_score_by_their_mean_or_their_worst(pool) -> None:
    programs = list(SEEDS.values())
    scores = {}
    for score in ("mean", "worst"):
        perturbed = Perturbed(starts=Starts(count=3, jitter=0.05), score=score)
        evaluator = make(pool, 1.0, perturbed=perturbed)
        scores[score] = [evaluation.fitness for evaluation in evaluator.evaluate(programs, "flat")]
    exact = [evaluation.fitness for evaluation in make(pool, 1.0).evaluate(programs, "flat")]
    unmoved = Perturbed(starts=Starts(count=2, jitter=0.0), score="worst")
    same = [each.fitness for each in make(pool, 1.0, perturbed=unmoved).evaluate(programs, "flat")]
    assert same == exact
    assert all(w < m for w, m in zip(scores["worst"], scores["mean"], strict=True))
    assert all(m != e for m, e in zip(scores["mean"], exact, strict=True))


def test_fitness_of_a_zero_second_walk_is_exactly_zero(pool) -> None:
    evaluations = make(pool, 0.0).evaluate(list(SEEDS.values()), "flat")
    assert [evaluation.displacement for evaluation in evaluations] == [0.0] * len(SEEDS)


def test_each_program_walks_on_its_own_terrain(pool) -> None:
    # Wide enough to reach over the wall, 20 m to the left.
    wide = SEEDS["square"].replace("0, 0, 10, 10", "0, 0, 60, 10")
    programs, terrains = [SEEDS["square"], wide] * 2, ["flat", "flat", "left_wall", "left_wall"]
    square, flat, same_square, on_wall = make(pool, 1.0).evaluate(programs, terrains)
    # The square stands 15 m from the wall and meets it in no second.
    assert square.displacement == pytest.approx(same_square.displacement, abs=1e-5)
    assert (flat.verdict, on_wall.verdict) == (Verdict.OK, Verdict.NO_ROOM)
    assert math.isnan(on_wall.fitness)


def test_measures_are_height_width_and_mass_of_the_square(pool) -> None:
    height, width, mass = make(pool, 0.0).evaluate([SEEDS["square"]], "flat")[0].measures
    assert (height, width) == (10.0, 10.0)
    # Five joints, four sides of 10 m and four prongs of half the diagonal.
    assert mass == pytest.approx(5 + (4 * 10 + 4 * math.sqrt(50)) / 2, rel=1e-6)


def test_measures_in_the_units_of_openelm(pool) -> None:
    scale = load("openelm").grid.scale
    programs = [SEEDS["square"]]
    (evaluation,) = make(pool, 1.0, scale=scale).evaluate(programs, "flat")
    # OpenELM's square is 68 wide in its own units; its y is stretched by 0.22 * 32.
    x, y = 10 * 0.22 * (150 / 2.2) / 2.2, 10 * 0.22 * 32
    assert int(x) == 68
    wanted = (y, x, 5 + (2 * x + 2 * y + 4 * math.hypot(x, y) / 2) / 2)
    assert evaluation.measures == pytest.approx(wanted, rel=1e-6)
    (plain,) = make(pool, 1.0).evaluate(programs, "flat")
    assert evaluation.displacement == plain.displacement
    assert measures_of(evaluation.body) == plain.measures


def test_a_body_scaled_equally_has_equally_longer_springs(pool) -> None:
    (plain,) = make(pool, 0.0).evaluate([SEEDS["radial"]], "flat")
    height, width, mass = measures_of(plain.body, (3.0, 3.0))
    assert (height, width) == pytest.approx([3 * plain.measures[0], 3 * plain.measures[1]])
    joints = len(plain.body.joints)
    assert mass == pytest.approx(joints + 3 * (plain.measures[2] - joints))


def test_wrong_number_of_terrains_is_refused(pool) -> None:
    with pytest.raises(ValueError, match="got 1 names, wanted one or 2"):
        make(pool, 0.0).evaluate(["x", "y"], ["flat"])


class CountingPool:
    """Hands programs on and counts them; may lie about some that are run fresh."""

    def __init__(self, pool: ProgramPool) -> None:
        self._pool = pool
        self.ran: list[str] = []
        self.instead: dict[str, str] = {}

    def run(self, programs):
        self.ran += programs
        return self._pool.run(programs)

    def run_fresh(self, programs):
        return self._pool.run_fresh([self.instead.get(program, program) for program in programs])


def test_what_is_known_is_not_run_again(pool) -> None:
    counting = CountingPool(pool)
    evaluator = make(counting, 0.1)
    programs = [SEEDS["square"], "x = 1", SEEDS["radial"], SEEDS["square"]]
    first = evaluator.evaluate(programs, "flat")
    # The square comes twice, as a program and as a walk; of three walks two are distinct.
    rates = evaluator.hit_rates()
    assert rates == {"program_hits": 1 / 4, "walk_hits": pytest.approx(1 / 3)}
    second = evaluator.evaluate(programs, "flat")
    assert counting.ran == programs[:3]
    assert [e.displacement for e in first if e.body] == [e.displacement for e in second if e.body]
    assert [e.verdict for e in first] == [e.verdict for e in second]
    assert evaluator.hit_rates() == {"program_hits": 1.0, "walk_hits": 1.0}


def test_a_walk_is_known_by_its_terrain_too(pool) -> None:
    evaluator = make(pool, 1.0)
    wide = SEEDS["square"].replace("0, 0, 10, 10", "0, 0, 60, 10")
    evaluator.evaluate([wide], "flat")
    (on_wall,) = evaluator.evaluate([wide], "left_wall")
    assert on_wall.verdict is Verdict.NO_ROOM


def test_another_program_with_the_same_body_walks_no_second_time(pool) -> None:
    evaluator = make(pool, 0.1)
    evaluator.evaluate([SEEDS["square"]], "flat")
    evaluator.hit_rates()
    evaluator.evaluate([SEEDS["square"] + "# another text\n"], "flat")
    assert evaluator.hit_rates() == {"program_hits": 0.0, "walk_hits": 1.0}


@pytest.mark.parametrize("verdict", [Verdict.SOFT_TIMEOUT, Verdict.MEMORY])
def test_what_a_busy_machine_may_have_decided_is_not_remembered(pool, verdict) -> None:
    counting = CountingPool(pool)
    evaluator = make(counting, 0.0)
    for _ in range(2):
        assert evaluator.evaluate([BAD[verdict]], "flat")[0].verdict is verdict
    assert counting.ran == [BAD[verdict]] * 2


def test_without_memory_everything_is_run(pool) -> None:
    counting = CountingPool(pool)
    terrains = {"flat": make_polylines("flat")}
    evaluator = Evaluator(counting, terrains, world=World(), seconds=0.0, remembered=0)
    for _ in range(2):
        evaluator.evaluate([SEEDS["square"]], "flat")
    assert len(counting.ran) == 2


def test_a_program_that_builds_another_body_the_second_time_is_not_confirmed(pool) -> None:
    counting = CountingPool(pool)
    counting.instead = {SEEDS["radial"]: SEEDS["square"], SEEDS["cppn_fixed"]: "x = 1"}
    evaluator = make(counting, 0.0)
    programs = list(SEEDS.values())
    evaluations = evaluator.evaluate(programs, "flat")
    confirmed = dict(zip(SEEDS, evaluator.confirm(programs, evaluations), strict=True))
    assert confirmed["square"] is evaluations[0]
    assert confirmed["cppn_mutable"].verdict is Verdict.OK
    for name, found in (("radial", "another body"), ("cppn_fixed", "no_entry")):
        assert confirmed[name].verdict is Verdict.UNREPEATABLE
        assert confirmed[name].reason.endswith(found)
        assert math.isnan(confirmed[name].fitness)
    # And what it seemed to be is forgotten.
    evaluator.evaluate(programs, "flat")
    assert counting.ran == [*programs, SEEDS["radial"], SEEDS["cppn_fixed"]]
