"""The walker language in three dimensions."""

import random
import re

import numpy as np
import pytest

from elmjax.programs import SEEDS, SPATIAL_SEEDS, Limits, ProgramPool, Verdict, canonical
from elmjax.programs.build import SHORTEST_SPRING, build
from elmjax.programs.interpreter import interpret
from elmjax.programs.tree import OPERATORS, SPATIAL_OPERATORS, mutate
from elmjax.programs.tree.depth import move_in_depth
from elmjax.programs.tree.program import Program
from elmjax.programs.tree.rewriting import unparsed
from elmjax.programs.wire import Replies, Reply, pack_reply


def walker(*body):
    """A program that says `body` between making the creator and returning the walker."""
    lines = ["wc = walker_creator()", *body, "return wc.get_walker()"]
    return "from walk_creator import walker_creator\n\ndef make_walker():\n    " + "\n    ".join(
        lines
    )


def body_of(*lines):
    reply = interpret(walker(*lines), 3)
    assert reply.verdict is Verdict.OK, reply.reason
    (execution,) = build([reply], 3)
    assert execution.verdict is Verdict.OK, execution.reason
    return execution.body


def test_joints_have_a_depth_which_is_zero_where_none_is_said():
    body = body_of(
        "a = wc.add_joint(1, 2)", "b = wc.add_joint(3, 4, 5)", "c = wc.add_joint(6, 7, z=-8)",
        "wc.add_muscle(a, b)", "wc.add_muscle(b, c)", "assert (a, b, c) == (0, 1, 2)",
    )  # fmt: skip
    np.testing.assert_array_equal(body.joints, [[1, 2, 0], [3, 4, 5], [6, 7, -8]])
    assert (body.width, body.height, body.depth) == (5.0, 5.0, 13.0)
    first, second = np.sqrt(4 + 4 + 25), np.sqrt(9 + 9 + 169)
    np.testing.assert_allclose(body.rest_length, [first, second], rtol=1e-6)
    assert body.mass == pytest.approx(3 + (first + second) / 2)


def test_the_plane_knows_no_depth():
    reply = interpret(walker("wc.add_joint(1, 2, 3)"))
    assert (reply.verdict, reply.error) == (Verdict.RUNTIME, "TypeError")


def test_a_depth_that_is_no_number_is_a_type_error_and_records_nothing():
    body = body_of(
        "try:", "    wc.add_joint(0, 0, 'deep')", "except TypeError:", "    pass",
        "wc.add_muscle(wc.add_joint(0, 0), wc.add_joint(0, 0, 1))",
    )  # fmt: skip
    np.testing.assert_array_equal(body.joints, [[0, 0, 0], [0, 0, 1]])


def test_only_joints_that_coincide_in_all_coordinates_are_merged():
    body = body_of(
        "j = [wc.add_joint(1, 1, z) for z in (0, 1, 0, -0.0, 0.016)]",
        "wc.add_muscle(j[0], j[1])", "wc.add_muscle(j[2], j[1])", "wc.add_muscle(j[3], j[4])",
    )  # fmt: skip
    np.testing.assert_allclose(body.joints[:, 2], [0, 1, 0.016], rtol=1e-6)
    assert body.ends.tolist() == [[0, 1], [0, 2]]


def test_springs_are_as_short_as_their_length_in_space():
    near = SHORTEST_SPRING / 2
    body = body_of(
        f"j = [wc.add_joint(0, 0, z) for z in (0, {near}, 1)]",
        "wc.add_muscle(j[0], j[1])", "wc.add_muscle(j[0], j[2])",
    )  # fmt: skip
    assert body.ends.tolist() == [[0, 2]]


@pytest.mark.parametrize(("depth", "verdict"), [("1e9", Verdict.OK), ("1e999", "non_finite")])
def test_depths_are_clamped_and_must_be_finite(depth, verdict):
    program = walker(f"wc.add_muscle(wc.add_joint(0, 0, {depth}), wc.add_joint(0, 0))")
    (execution,) = build([interpret(program, 3)], 3)
    assert execution.verdict == verdict
    if execution.body is not None:
        assert execution.body.joints[0, 2] == 1000.0


def test_every_program_of_the_plane_builds_the_same_body_in_space():
    with ProgramPool(workers=1, limits=Limits(dim=3)) as space, ProgramPool(workers=1) as plane:
        for here, there in zip(*(p.run(list(SEEDS.values())) for p in (plane, space)), strict=True):
            np.testing.assert_array_equal(there.body.joints[:, :2], here.body.joints)
            np.testing.assert_array_equal(there.body.joints[:, 2], 0.0)
            np.testing.assert_array_equal(there.body.ends, here.body.ends)
            assert there.body.mass == here.body.mass


def test_seeds_have_the_counts_of_their_figures():
    """A cube has 12 edges and 8 corners to the centre; a tetrahedron 6 and 4.

    Of a grid of 4 x 2 x 2 joints, 12 + 8 + 8 pairs are a step apart, 12 + 12 + 8 two steps along
    different axes.
    """
    with ProgramPool(workers=1, limits=Limits(dim=3)) as pool:
        bodies = {
            name: execution.body
            for name, execution in zip(
                SPATIAL_SEEDS, pool.run(list(SPATIAL_SEEDS.values())), strict=True
            )
        }
    counts = {name: (len(body.joints), len(body.ends)) for name, body in bodies.items()}
    assert counts == {"cube": (9, 20), "tetrahedral": (5, 10), "cppn_grid": (16, 60)}
    sizes = {name: (body.width, body.height, body.depth) for name, body in bodies.items()}
    assert sizes == {"cube": (6, 6, 6), "tetrahedral": (6, 6, 6), "cppn_grid": (4.5, 1.5, 1.5)}
    assert all(text == canonical(text) for text in SPATIAL_SEEDS.values())


def test_a_reply_carries_three_numbers_a_joint():
    message = pack_reply(0, Reply(verdict=Verdict.OK, joints=bytes(48), springs=bytes(40)), 3)
    (reply,) = Replies(3).feed(message)
    assert (len(reply.joints), len(reply.springs)) == (48, 40)
    joints = np.frombuffer(reply.joints).reshape(-1, 3)
    assert joints.shape == (2, 3)


def test_monty_builds_the_same_bodies():
    pytest.importorskip("pydantic_monty")
    from elmjax.programs.monty import MontyPool

    limits, texts = Limits(dim=3), list(SPATIAL_SEEDS.values())
    with (
        MontyPool(workers=1, limits=limits) as monty,
        ProgramPool(workers=1, limits=limits) as jail,
    ):
        for ours, theirs in zip(jail.run(texts), monty.run(texts), strict=True):
            assert theirs.body is not None, theirs.reason
            assert ours.body.digest() == theirs.body.digest()


def test_an_edit_gives_joints_a_depth_and_moves_one_that_they_have():
    flat = Program(canonical(walker("a = wc.add_joint(1, 2)", "wc.add_muscle(a, a)")))
    deep = Program(canonical(walker("a = wc.add_joint(1, 2, 3)", "wc.add_muscle(a, a)")))
    for seed in range(20):
        added = unparsed(flat, move_in_depth(flat, random.Random(seed)))
        depth = re.search(r"add_joint\(1, 2, (.*)\)", added)[1]
        assert 0.5 <= abs(float(depth)) <= 6.0
        assert "add_joint(1, 2, 3 + " in unparsed(deep, move_in_depth(deep, random.Random(seed)))


def test_an_edit_may_spread_joints_by_a_variable():
    looped = Program(canonical(walker("for k in range(3):", "    wc.add_joint(k, 2)")))
    made = {unparsed(looped, move_in_depth(looped, random.Random(seed))) for seed in range(20)}
    assert any("add_joint(k, 2, k)" in text for text in made)


def test_children_in_space_are_programs_that_run_and_many_have_depth():
    assert len(SPATIAL_OPERATORS) == len(OPERATORS) + 1
    rng = random.Random(0)
    parents = [SEEDS["square"], SPATIAL_SEEDS["cube"]]
    children = [mutate(parent, rng, 3).program for parent in parents for _ in range(40)]
    with ProgramPool(workers=1, limits=Limits(dim=3)) as pool:
        bodies = [execution.body for execution in pool.run(children)]
    built = [body is not None for body in bodies]
    assert np.mean(built) > 0.6
    # Of the square's children those have depth whose depth was edited.
    assert sum(body.depth > 0 for body in bodies[:40] if body is not None) >= 4


def test_children_in_the_plane_are_what_they_were():
    children = {mutate(SEEDS["square"], random.Random(seed)).program for seed in range(40)}
    with ProgramPool(workers=1) as pool:
        outcomes = pool.run(sorted(children))
    assert not any("positional arguments but 4" in outcome.reason for outcome in outcomes)
