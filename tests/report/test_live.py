import io

import pytest
from rich.console import Console

from elmjax.report import stage_progress
from elmjax.report.live import view
from elmjax.report.progress import Part, Picture


class Clock:
    """A clock that stands until it is moved."""

    now = 50.0

    def __call__(self):
        return self.now


def make_console(*, terminal):
    return Console(file=io.StringIO(), width=100, force_terminal=terminal)


@pytest.fixture
def stage():
    clock = Clock()
    with stage_progress("evolve-tree", 1000, mode="quiet", clock=clock) as progress:
        clock.now += 10.0
        parts = {"mutation": Part(busy=0.5, rate=80.0), "physics": Part(busy=1.25, rate=3200.0)}
        progress.advance(400, parts, niches=312, best=51.04)
        progress.picture = Picture(title="program 7 walks", frames=["first", "second"], rate=2.0)
        yield progress


def text_of(stage, seconds):
    console = make_console(terminal=False)
    console.print(view(stage, seconds))
    return console.file.getvalue()


def test_all_that_is_known_is_in_view(stage) -> None:
    lines = text_of(stage, 0.0).splitlines()
    assert lines[0].split()[0] == "evolve-tree"
    assert "400/1,000" in lines[0]
    assert "40 %" in lines[0]
    assert "40/s  0:00:15 left" in lines[0]
    assert "niches 312  best 51" in lines[1]
    table = "\n".join(lines[2:])
    assert any(line.split()[:4] == ["mutation", "50", "%", "80"] for line in lines)
    assert any(line.split()[:4] == ["physics", "125", "%", "3,200"] for line in lines)
    assert "program 7 walks" in table
    assert "first" in table


def test_the_walker_walks_and_begins_anew(stage) -> None:
    shown = [
        next(word for word in ("first", "second") if word in text_of(stage, seconds))
        for seconds in (0.0, 0.4, 0.5, 0.9, 1.0, 1.5)
    ]
    assert shown == ["first", "first", "second", "second", "first", "second"]


def test_nothing_is_shown_of_what_is_not_known() -> None:
    with stage_progress("finetune", 3, mode="quiet") as progress:
        text = text_of(progress, 0.0)
    assert text.split()[0] == "finetune"
    assert len(text.splitlines()) == 1


def test_the_view_leaves_one_line() -> None:
    console = make_console(terminal=True)
    with stage_progress("evolve", 10, console=console, clock=Clock()) as progress:
        assert progress.has_eyes
        progress.advance(10, best=2.0, terrain="[bold]")
    last = console.file.getvalue().splitlines()[-1]
    assert "evolve  10/10 (100 %)  best 2  terrain [bold]" in last


def test_nobody_looks_at_a_log() -> None:
    for mode in ("auto", "plain", "quiet"):
        with stage_progress("evolve", 1, mode=mode, console=make_console(terminal=False)) as told:
            assert not told.has_eyes


def test_plain_is_lines_on_a_terminal_too() -> None:
    console = make_console(terminal=True)
    with stage_progress("evolve", 2, mode="plain", console=console, clock=Clock()) as progress:
        progress.advance(1, {"physics": Part(busy=0.5, rate=1.0)})
        progress.advance(1)
    assert console.file.getvalue().splitlines() == [
        "evolve  1/2 (50 %)  busy physics 50 %",
        "evolve  2/2 (100 %)  busy physics 50 %",
    ]
