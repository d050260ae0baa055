import itertools
import warnings

import numpy as np
import pytest

from elmjax.programs import Limits, LockdownUnavailable, Verdict, open_engine
from elmjax.programs.functions import outputs, tabulate

PAIRS = list(itertools.product((-3, 0, 2), repeat=2))


@pytest.fixture(scope="module", params=["jail", "monty"])
def engine(request):
    try:
        with open_engine(request.param, workers=1, limits=Limits()) as engine:
            yield engine
    except LockdownUnavailable as reason:
        pytest.skip(f"this machine cannot confine programs: {reason}")


def run(engine, program, inputs=PAIRS):
    (execution,) = engine.run([tabulate(program, "f", inputs)])
    return execution


def test_a_table_holds_what_the_function_gives(engine):
    body = run(engine, "def f(a, b):\n    return a * b - a / 4\n").body
    assert outputs(body).tolist() == [a * b - a / 4 for a, b in PAIRS]


def test_outputs_are_numbers_in_single_precision_within_the_room_of_a_body(engine):
    body = run(engine, "def f(a, b):\n    return a > b\n").body
    assert outputs(body).tolist() == [float(a > b) for a, b in PAIRS]
    body = run(engine, "def f(a, b):\n    return 1e6 if a > b else 0.1\n").body
    assert outputs(body).tolist() == [1000.0 if a > b else np.float32(0.1) for a, b in PAIRS]


def test_functions_of_other_names_are_called_where_the_named_one_is_missing(engine):
    other = "def g(a, b):\n    return 1\n\ndef h(a, b):\n    return 2\n"
    assert outputs(run(engine, other).body).tolist() == [2.0] * len(PAIRS)
    named = "def f(a, b):\n    return 3\n" + other
    assert outputs(run(engine, named).body).tolist() == [3.0] * len(PAIRS)


def test_a_program_that_gives_built_in_names_another_meaning_is_still_told_true(engine):
    program = "def f(a, b):\n    return a\n\ndef enumerate(x):\n    return []\nzip = range = None\n"
    assert outputs(run(engine, program).body).tolist() == [a for a, _ in PAIRS]


def test_a_program_that_python_would_warn_of_is_told_in_silence(engine):
    program = "def f(a, b):\n    return 1if a is 7else b\n"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert outputs(run(engine, program).body).tolist() == [b for _, b in PAIRS]


@pytest.mark.parametrize(
    ("program", "verdict"),
    [
        ("def f(a, b):\n    return missing\n", Verdict.RUNTIME),
        ("def f(a, b):\n    return 1 / b\n", Verdict.RUNTIME),  # for one of the inputs
        ("def f(a, b):\n    return 'text'\n", Verdict.RUNTIME),
        ("def f(a, b):\n    pass\n", Verdict.RUNTIME),
        ("def f(a):\n    return a\n", Verdict.RUNTIME),
        ("def f(a, b):\n    return float('nan')\n", Verdict.NON_FINITE),
        ("x = 1\n", Verdict.RUNTIME),
        ("def f(a, b:\n", Verdict.SYNTAX),
        ("def f(a, b):\n    while True:\n        pass\n", Verdict.SOFT_TIMEOUT),
    ],
)
def test_what_fails_is_shown_to_fail(engine, program, verdict):
    assert run(engine, program).verdict is verdict
