"""The mutation operators by name, as they are configured."""

from elmjax import diffs
from elmjax.config import ConfigError, Evolve
from elmjax.diffs import prompts
from elmjax.lm.store import LanguageModel
from elmjax.lm.tokenizer import Tokenizer
from elmjax.mutators import (
    CrossoverMutator,
    LanguageMutator,
    Mutator,
    mixed,
    numbered_grammar,
    tree_mutator,
)
from elmjax.stages.run import language_model

DIFF_FORMATS = {
    format.name: format for format in (diffs.NUMBERED, diffs.CARPER, diffs.SEARCH_REPLACE)
}


def make_mutator(config: Evolve, operator: str, message: str | None = None) -> Mutator:
    """The mutation operator of a name.

    Args:
        config: Names model and format, and how to sample.
        operator: One of `Evolve.operators`.
        message: What to ask for; None draws it with the paper's probabilities.

    Raises:
        ConfigError: where there is no such model, or the operator takes no message.
    """
    if operator == "tree":
        _refuse_message(operator, message)
        return tree_mutator
    if operator == "mixed":
        return mixed(make_mutator(config, "diff", message), tree_mutator)
    writer = language_mutator(config, operator, language_model(config.model), message)
    if not writer.format.takes_message:
        _refuse_message(operator, message)
    return CrossoverMutator(writer=writer) if operator == "crossover" else writer


def language_mutator(
    config: Evolve, operator: str, model: LanguageModel, message: str | None = None
) -> LanguageMutator:
    """A language model as the configuration asks for it; arguments as of `make_mutator`."""
    whole = diffs.NATIVE_PROGRAM if knows_programs(model.tokenizer) else diffs.REWRITE
    formats = {
        "diff": DIFF_FORMATS[config.format],
        "rewrite": whole,
        "crossover": diffs.CROSSOVER,
    }
    masked = config.grammar_mask and operator == "diff" and config.format == "numbered"
    return LanguageMutator(
        operator=operator,
        format=formats[operator],
        model=model,
        max_new_tokens=config.max_new_tokens if operator == "diff" else config.max_program_tokens,
        temperature=config.temperature,
        top_p=config.top_p,
        message=message,
        grammar=numbered_grammar if masked else None,
    )


def knows_programs(tokenizer: Tokenizer) -> bool:
    """Whether what opens a whole program is two tokens: the mark of our own models."""
    return len(tokenizer.encode(prompts.WHOLE_PROGRAM)) == 2


def _refuse_message(operator: str, message: str | None) -> None:
    if message is not None:
        raise ConfigError(
            f"--message: got {message!r}, wanted none: operator {operator!r} reads no message here"
        )
