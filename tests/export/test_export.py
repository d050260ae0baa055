"""Walkers for other programs; where MuJoCo is installed, it must move them as we do in the air."""

import dataclasses
import json
import math
import xml.etree.ElementTree as ET

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.cli import main
from elmjax.export import place, to_json, to_mjcf
from elmjax.programs import SPATIAL_SEEDS
from physics.assemble import assemble
from physics.body import Body, capacity_for
from physics.step import step
from physics.terrain import make_terrain
from physics.types import State
from physics.world import World


def tetrahedron(dim: int) -> Body:
    """Six springs, two of them muscles; in two dimensions its shadow."""
    corners = np.array([[0, 0, 0], [2, 0, 0.5], [1, 2, 0], [1, 0.7, 2]], np.float32)
    ends = np.array([[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]], np.int32)
    muscle = np.array([0, 0, 1, 0, 1, 0], bool)
    return Body(
        joints=np.ascontiguousarray(corners[:, :dim]),
        ends=ends,
        rigid=~muscle,
        amplitude=np.where(muscle, [0, 0, 0.3, 0, -0.2, 0], 0.0).astype(np.float32),
        phase=np.where(muscle, [0, 0, 0.25, 0, 0.6, 0], 0.0).astype(np.float32),
    )


@pytest.mark.parametrize("dim", [2, 3])
def test_json_says_all_that_the_body_holds(dim):
    body = tetrahedron(dim)
    record = json.loads(to_json(place(body, World())))
    assert record["dim"] == dim
    again = Body(
        joints=np.array(record["joints"], np.float32),
        ends=np.array([spring["ends"] for spring in record["springs"]], np.int32),
        rigid=np.array([spring["rigid"] for spring in record["springs"]], bool),
        amplitude=np.array([spring["amplitude"] for spring in record["springs"]], np.float32),
        phase=np.array([spring["phase"] for spring in record["springs"]], np.float32),
    )
    assert again.digest() == body.digest()
    assert World(**record["world"]) == World()
    # A free spring of reduced mass 1/2 swings with the frequency that the world says.
    soft = World(spring_hertz=1.0, reference_hertz=1e9)
    (spring, *_) = (s for s in json.loads(to_json(place(body, soft)))["springs"] if not s["rigid"])
    assert math.sqrt(2.0 * spring["stiffness"]) / (2.0 * math.pi) == pytest.approx(1.0)
    start = np.array(record["start"])
    assert start[:, 1].min() == pytest.approx(World().joint_radius)
    np.testing.assert_allclose(np.delete(start, 1, axis=1).mean(axis=0), 0.0, atol=1e-6)


@pytest.mark.parametrize("dim", [2, 3])
def test_a_model_has_a_ball_for_every_joint_and_a_tendon_for_every_spring(dim):
    body = tetrahedron(dim)
    model = ET.fromstring(to_mjcf(place(body, World())))
    bodies = model.findall("worldbody/body")
    assert [len(each.findall("joint")) for each in bodies] == [dim] * len(body.joints)
    tendons = model.findall("tendon/spatial")
    lengths = [float(tendon.get("springlength")) for tendon in tendons]
    np.testing.assert_allclose(lengths, body.rest_length, rtol=1e-6)
    ends = [[site.get("site") for site in tendon] for tendon in tendons]
    assert ends == [[f"centre_{a}", f"centre_{b}"] for a, b in body.ends]
    assert [each.get("tendon") for each in model.findall("actuator/general")] == [
        "spring_2",
        "spring_4",
    ]
    amplitude, phase = model.find("custom/numeric[@name='muscle_4']").get("data").split()
    assert float(amplitude) == pytest.approx(-0.2 * body.rest_length[4])
    assert float(phase) == pytest.approx(0.6)


@pytest.mark.parametrize("dim", [2, 3])
def test_mujoco_moves_a_model_in_the_air_as_we_do(dim):
    mujoco = pytest.importorskip("mujoco")
    world, height, steps = World(), 20.0, 120
    placed = place(tetrahedron(dim), world)
    lifted = np.zeros(dim, np.float32)
    lifted[1] = height
    placed = dataclasses.replace(placed, position=placed.position + lifted)
    model = mujoco.MjModel.from_xml_string(to_mjcf(placed))
    data = mujoco.MjData(model)
    waves = [(i, *model.numeric(model.actuator(i).name).data) for i in range(model.nu)]
    theirs = []
    for _ in range(steps):
        for muscle, amplitude, phase in waves:
            angle = world.muscle_rate * data.time + 2.0 * math.pi * phase
            data.ctrl[muscle] = amplitude * math.cos(angle)
        mujoco.mj_step(model, data)
        mujoco.mj_kinematics(model, data)
        theirs.append(data.xpos[1:].copy())
    x, y, z = np.moveaxis(np.array(theirs), -1, 0)
    theirs = np.stack([x, z, -y], axis=-1)[..., :dim]

    body, ground = tetrahedron(dim), make_terrain("flat")
    capacity = capacity_for(body)
    walker = jax.tree.map(lambda leaf: leaf[0], assemble([body], [ground], capacity, world))
    position = jnp.asarray(walker.position).at[1].add(height)

    def advance(state, index):
        state, _ = step(walker, ground, world, state, index * world.time_step)
        return state, state.position

    start = State(position=position, velocity=jnp.zeros_like(position))
    _, path = jax.lax.scan(advance, start, jnp.arange(steps, dtype=jnp.float32))
    ours = np.asarray(path)[:, :, : len(body.joints)].transpose(0, 2, 1)
    np.testing.assert_allclose(ours, theirs, atol=2e-3)
    moved = np.abs(ours[-1] - ours[0]).max()
    assert moved > 0.5


def test_the_command_writes_what_the_program_builds(tmp_path, capsys):
    program = tmp_path / "cube.py"
    program.write_text(SPATIAL_SEEDS["cube"])
    for name in ("cube.xml", "cube.json"):
        words = ["export", str(program), "--physics.dim", "3", "-o", str(tmp_path / name)]
        assert main(words) == 0
    assert len(json.loads((tmp_path / "cube.json").read_text())["joints"]) == 9
    assert len(ET.parse(tmp_path / "cube.xml").findall("tendon/spatial")) == 20
    for words, said in (
        (["-o", str(tmp_path / "cube.obj")], "wanted a file in .xml, .json"),
        (["-o", str(tmp_path / "none" / "cube.xml")], "is no folder"),
        (["-o", str(tmp_path / "flat.xml")], "builds no walker: runtime, TypeError"),
    ):
        assert main(["export", str(program), *words]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "flat.xml").exists()
