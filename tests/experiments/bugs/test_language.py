"""The operators of language models, with the answers put in the model's mouth."""

import jax
import pytest

from elmjax import diffs
from elmjax.config import Evolve
from elmjax.diffs import Completion
from elmjax.experiments.bugs import language
from elmjax.experiments.bugs.outcome import Counts
from elmjax.experiments.bugs.task import PARITY, Problem
from elmjax.lm import decoder
from elmjax.lm.store import LanguageModel
from elmjax.lm.tokenizer import Tokenizer
from elmjax.mutators import LanguageMutator
from elmjax.programs import canonical

PROBLEM = Problem(task=PARITY, bugs=2)
RIGHT = canonical(PARITY.write(0))
WRONG = canonical(PARITY.write(1))

any_operator = pytest.mark.parametrize("name", ["diff", "prompt", "edit"])


@pytest.fixture(scope="module")
def untrained() -> LanguageModel:
    tokenizer = Tokenizer.train([RIGHT], entries=300)
    config = decoder.DecoderConfig(
        vocab_size=tokenizer.vocab_size, layers=1, width=16, heads=2, hidden=32
    )
    params = decoder.init(config, jax.random.key(0))
    return LanguageModel(params=params, config=config, tokenizer=tokenizer)


def answers(operator, *children):
    """What the operator's model would have to write for each child."""
    parent = canonical(PROBLEM.program)
    texts = [str(operator.mutator.format.completion([parent], child)) for child in children]
    return [Completion(text, ended=True) for text in texts]


@any_operator
def test_answers_are_read_judged_and_counted(untrained, judge, monkeypatch, name) -> None:
    operator = language.repair(name, Evolve(), untrained, judge, "mark")
    written = [*answers(operator, RIGHT, RIGHT, WRONG), Completion("", ended=True)]
    seeds = []

    def complete(_self, _requests, children, seed):
        seeds.append(seed)
        return [written[:children]]

    monkeypatch.setattr(LanguageMutator, "_complete", complete)
    monkeypatch.setattr(language, "BATCH", 4)
    batches = list(operator.attempt(PROBLEM, 10, seed=1))
    assert batches == [
        {"fixed": 2, "runtime": 1, "no_hunk": 1},
        {"fixed": 2, "runtime": 1, "no_hunk": 1},
        {"fixed": 2},  # the last batch is whole for the model, and only two of it count
    ]
    assert len(set(seeds)) == 3
    assert list(operator.attempt(PROBLEM, 10, seed=1)) == batches
    assert seeds[:3] == seeds[3:]


def test_operators_ask_what_the_paper_asks(untrained, judge) -> None:
    config = Evolve(temperature=0.8)
    settings = [
        language.repair(name, config, untrained, judge, "mark").settings(PROBLEM)
        for name in ("diff", "prompt", "edit")
    ]
    assert [each["message"] for each in settings] == [
        "Fixed bugs.",
        None,
        "Fix bugs in the previous code snippet",
    ]
    assert [each["format"] for each in settings] == ["numbered", "prompt", "edit"]
    assert {(each["temperature"], each["fingerprint"]) for each in settings} == {(0.8, "mark")}


def test_models_of_others_read_the_program_as_the_paper_prints_it(
    untrained, judge, monkeypatch
) -> None:
    monkeypatch.setattr(language, "knows_programs", lambda _: False)
    operator = language.repair("prompt", Evolve(), untrained, judge, "mark")
    asked = []

    def complete(self, requests, children, _seed):
        asked.extend(self.format.prompt(request.parents, "") for request in requests)
        return [[Completion(PARITY.write(0).removeprefix("def"), ended=True)] * children]

    monkeypatch.setattr(LanguageMutator, "_complete", complete)
    assert sum(operator.attempt(PROBLEM, 3, seed=0), Counts()) == {"fixed": 3}
    assert asked == [diffs.fix_prompt().prompt([PARITY.write(2)], "")]
    assert "sum([c1,c2,b3,b4])" in asked[0]


@any_operator
def test_an_untrained_model_fails_in_ways_that_are_counted(untrained, judge, name) -> None:
    config = Evolve(max_new_tokens=12, max_program_tokens=12)
    operator = language.repair(name, config, untrained, judge, "mark")
    counts = sum(operator.attempt(PROBLEM, 8, seed=0), Counts())
    assert counts.total() == 8
    assert counts["fixed"] == 0
