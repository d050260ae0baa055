"""Progress: lines in a log, a bar on a terminal, nothing when quiet; rates and time left."""

import io

import pytest
from rich.console import Console

from elmjax.report import stage_progress


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.now = 50.0

    def __call__(self):
        return self.now


def make_console(*, terminal):
    return Console(file=io.StringIO(), width=120, force_terminal=terminal)


def run(console, *, total=1000, unit=1, seconds=0.5, **options):
    clock = Clock()
    with stage_progress("evolve", total, console=console, clock=clock, **options) as progress:
        while progress.completed < total:
            clock.now += seconds
            progress.advance(unit, niches=progress.completed // 10, best=1.23456)
    return console.file.getvalue().splitlines()


def test_a_log_gets_a_line_for_each_twentieth():
    lines = run(make_console(terminal=False))
    assert len(lines) == 20
    assert lines[0] == "evolve  50/1,000 (5 %)  2/s  0:07:55 left  niches 4  best 1.23"
    assert lines[-1] == "evolve  1,000/1,000 (100 %)  2/s  in 0:08:20  niches 99  best 1.23"


@pytest.mark.parametrize(("total", "unit", "wanted"), [(3, 1, 3), (1000, 300, 4), (1000, 2000, 1)])
def test_coarse_steps_get_a_line_each_and_the_end_is_shown(total, unit, wanted):
    lines = run(make_console(terminal=False), total=total, unit=unit)
    assert len(lines) == wanted
    assert "left" not in lines[-1]


def test_the_end_is_shown_even_if_little_was_done_since_the_last_line():
    console = make_console(terminal=False)
    with stage_progress("evolve", 1000, console=console, clock=Clock()) as progress:
        for units in (999, 1):
            progress.advance(units)
    assert [line.split()[1] for line in console.file.getvalue().splitlines()] == [
        "999/1,000",
        "1,000/1,000",
    ]


def test_a_resumed_stage_counts_its_rate_from_where_it_resumed():
    clock = Clock()
    console = make_console(terminal=False)
    with stage_progress("evolve", 1000, completed=800, console=console, clock=clock) as progress:
        assert progress.seconds_left is None
        clock.now += 10.0
        progress.advance(100)
        assert progress.rate == 10.0
        assert progress.seconds_left == 10.0
    assert console.file.getvalue().startswith("evolve  900/1,000 (90 %)  10/s  0:00:10 left")


def test_quiet_shows_nothing_but_counts():
    console = make_console(terminal=True)
    with stage_progress("evolve", 10, mode="quiet", console=console) as progress:
        progress.advance(4, best=2.0)
    assert console.file.getvalue() == ""
    assert progress.completed == 4


def test_a_terminal_gets_a_bar_with_rate_and_values():
    text = "\n".join(run(make_console(terminal=True), total=20))
    assert "20/20" in text
    assert "2/s" in text
    assert "best 1.23" in text


def test_text_values_are_not_taken_for_styles():
    console = make_console(terminal=True)
    with stage_progress("evolve", 1, console=console) as progress:
        progress.advance(1, terrain="[bold]")
    assert "terrain [bold]" in console.file.getvalue()
