import pytest

from elmjax.experiments.stage2.completion import COMPLETED, first_half
from elmjax.lm.prompt import PROMPT_BUCKETS
from elmjax.lm.store import load
from elmjax.programs import SEEDS, WALKERS, canonical
from elmjax.stages.run import model_folder


def test_the_first_half_ends_with_a_line() -> None:
    assert first_half("a\nb\nc\n") == "a\nb\n"
    assert first_half("a\nb\n") == "a\n"


@pytest.mark.parametrize("name", COMPLETED)
def test_the_halves_of_the_papers_walkers_can_be_asked_and_written(name) -> None:
    program = canonical(WALKERS[name])
    assert program not in map(canonical, SEEDS.values())
    tokenizer = load(model_folder("walker")).tokenizer
    half = first_half(program)
    assert program.startswith(half)
    assert len(tokenizer.encode(half)) < PROMPT_BUCKETS[-1]
    # What is left fits into the tokens of the experiment's configuration.
    assert len(tokenizer.encode(program[len(half) :])) < 384
