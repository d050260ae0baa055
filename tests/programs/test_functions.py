import ast
import builtins
import keyword
import random
from collections import Counter

import numpy as np
import pytest

from elmjax.programs import Verdict, canonical
from elmjax.programs.functions import generate, show
from elmjax.programs.functions.draft import NOUNS, Draft, coin
from elmjax.programs.functions.generation import LONGEST, SHORTEST, STYLES


@pytest.fixture(scope="module")
def programs():
    rng = random.Random(0)
    return [generate(rng) for _ in range(300)]


def test_programs_are_decided_by_the_state_of_the_generator(programs):
    rng = random.Random(0)
    assert [generate(rng) for _ in range(20)] == programs[:20]


def test_programs_are_ordinary_and_different(programs):
    assert len(set(programs)) == len(programs)
    for program in programs:
        assert program == canonical(program)
        assert SHORTEST <= len(program) <= LONGEST
    text = "".join(programs)
    for word in ("walker", "joint", "muscle", "wc."):
        assert word not in text
    kinds = Counter(type(node) for program in programs for node in ast.walk(ast.parse(program)))
    for kind in (ast.For, ast.While, ast.If, ast.ListComp, ast.Lambda, ast.ClassDef, ast.Dict):
        assert kinds[kind] >= 10, kind
    functions = {
        node.name
        for program in programs
        for node in ast.walk(ast.parse(program))
        if isinstance(node, ast.FunctionDef)
    }
    assert len(functions) > 300  # of 300 programs, so that names are not learned by heart


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.__name__)
def test_every_style_runs(style, pool):
    rng = random.Random(1)
    drafts = [Draft(rng) for _ in range(30)]
    for draft in drafts:
        style(draft)
    outcomes = pool.run([show(draft.program()) for draft in drafts])
    assert {outcome.verdict for outcome in outcomes} == {Verdict.OK}


@pytest.mark.parametrize(
    ("program", "verdict"),
    [
        ("def f(a):\n    return a\ndef main():\n    return f(1)\n", Verdict.OK),
        ("def main():\n    return 1 / 0\n", Verdict.RUNTIME),
        ("def main(a):\n    return a\n", Verdict.RUNTIME),
        ("x = 1\n", Verdict.RUNTIME),
        ("def main(:\n", Verdict.SYNTAX),
    ],
)
def test_what_fails_is_shown_to_fail(program, verdict, pool):
    assert pool.run_one(show(program)).verdict is verdict


def test_different_results_give_different_bodies(pool):
    rng = np.random.default_rng(0)
    results = [repr(rng.integers(0, 1000, 3).tolist()) for _ in range(200)] + ["1", "1.0", "'1'"]
    bodies = pool.run([show(f"def main():\n    return {result}\n") for result in results])
    digests = {outcome.body.digest() for outcome in bodies}
    assert len(digests) == len(set(results))
    again = pool.run_one(show("def other():\n    a = 0.5\n    return a + a\n"))
    assert again.body.digest() == bodies[-2].body.digest()


def test_words_are_coined_in_some_programs_and_known_in_others():
    drafts = [Draft(random.Random(seed)) for seed in range(200)]
    known = sum(draft.noun() in NOUNS for draft in drafts)
    assert 50 <= known <= 110  # 0.4 of 200, within four standard deviations


def test_a_plural_is_no_word_of_the_language(monkeypatch):
    monkeypatch.setattr("elmjax.programs.functions.draft.coin", lambda _: "clas")
    for seed in range(20):
        plural = Draft(random.Random(seed)).plural()
        assert plural.isidentifier()
        assert not keyword.iskeyword(plural)


def test_coined_words_are_names():
    rng = random.Random(0)
    words = [coin(rng) for _ in range(2000)]
    assert all(word.isidentifier() and not keyword.iskeyword(word) for word in words)
    assert not any(hasattr(builtins, word) for word in words)
    assert len(set(words)) > 1000
