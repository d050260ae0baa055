"""A walker that walks in characters, for the view of a running stage."""

from elmjax.config import Config
from elmjax.report.characters import in_characters
from elmjax.report.progress import Picture
from elmjax.stages.run import terrain_lines
from physics.body import Body
from physics.simulate import trajectory
from physics.terrain import build

FRAMES_PER_SECOND = 8


def moving(config: Config, body: Body, terrain: str, title: str) -> Picture:
    """The walk of a body on a terrain by name, as it was judged."""
    lines = terrain_lines(config, terrain)
    steps = config.world.substeps_per_second
    rate = next(rate for rate in range(FRAMES_PER_SECOND, 0, -1) if steps % rate == 0)
    positions = trajectory(
        body,
        build(lines),
        world=config.world,
        seconds=config.seconds,
        backend=config.physics.backend,
        frames_per_second=rate,
    )
    frames = ["\n".join(in_characters(each, body.ends, lines)) for each in positions]
    return Picture(title=title, frames=frames, rate=rate)
