"""Stage 1 with a diff model that is fine-tuned on its own accepted diffs (paper, section 5.1).

Initial runs of the base model, on the run's seed programs or on a curriculum of others; a
fine-tuning on what they accepted; and the run of stage 1 anew, from the seed programs, with the
tuned model. The base model's run with the same seeds and evaluations stands beside it.

RUN/operator/base/             run of the base model on the run's seed programs
RUN/operator/initial/SEED/     run of the base model on another seed program
RUN/operator/round-1/          the tuned model and what the guard measured; further rounds after it
RUN/operator/round-1/rerun/    run of its model, where a further round learns from that
RUN/operator/update-00015/     the same of an update within the run, after iteration 15
RUN/evolve-diff/               run of the tuned model
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from elmjax.config import Config, ConfigError, OperatorTuning, Optimiser
from elmjax.corpus import EditedProgram, Order
from elmjax.diffs import prompts
from elmjax.lm.store import LanguageModel
from elmjax.lm.tokenizer import Tokenizer
from elmjax.stages.accepted import AcceptedDiff, accepted_diffs
from elmjax.stages.continual import ContinualTuning
from elmjax.stages.endpoints import is_asked
from elmjax.stages.evolve import evolve, open_found, stage_name
from elmjax.stages.generated import generated
from elmjax.stages.learn import rows_at_once
from elmjax.stages.operators import knows_programs, language_mutator
from elmjax.stages.run import Run, language_model
from elmjax.stages.seeding import seed_programs
from elmjax.stages.source import Unchanging
from elmjax.stages.tuning import Tuning, tune

STAGE = "operator"
OPERATOR: Final = "diff"
REPLAYED_EDITS = 4  # most edits of a generated parent

COMPARED = ("niches", "qd_score", "best", "applied", "run", "valid", "admitted")
RATIOS = ("niches", "qd_score", "best")

# QD score of the fine-tuned over that of the pre-trained model (paper, figures 8 to 10).
PAPER_QD_RATIO = {"square": 1.76, "radial": 1.60, "cppn_fixed": 1.73, "cppn_mutable": 1.51}


def is_tuned(config: Config) -> bool:
    """Whether the configuration asks for a fine-tuned operator."""
    return config.operator.rounds > 0 or config.operator.every > 0


def check(config: Config) -> None:
    """Fails early on what cannot be fine-tuned.

    Raises:
        ConfigError: naming the setting.
    """
    if is_tuned(config):
        _check_operator(config)
        if is_asked(config.evolve):
            raise ConfigError("evolve.model: got 'endpoint', wanted a model that can be fine-tuned")
        try:
            tokenizer = language_model(config.evolve.model).own_tokenizer
        except ValueError as error:
            raise ConfigError(f"evolve.model: {error}, and fine-tuning makes them") from None
        _check_model(config, tokenizer)
        _check_rows(config, tokenizer)


def evolve_tuned(run: Run) -> dict[str, Any]:
    """Runs or resumes stage 1 with the operator `diff`, fine-tuned as configured.

    Returns:
        The summary that is also written to the stage's folder: the tuned run beside that of the
        base model, where there were rounds, and what was learned and refused.
    """
    if (done := run.summary(STAGE)) is not None:
        return done
    base = language_model(run.config.evolve.model, run.placement)
    replay = _replay(run)
    tuned, rounds = _rounds(run, base, replay)
    reached, updates = _evolve(run, base, tuned, replay)
    compared = {}
    if rounds:
        seeds = run.config.evolve.seed_programs
        of_base, _ = _search(run, "base", seeds, base)
        compared = _compare(seeds, of_base, reached)
    return run.finish(
        STAGE,
        {**compared, **_learned([*rounds, *updates]), "rounds": rounds, "updates": updates},
    )


def newest_model(run: Run) -> str:
    """The model after all rounds of a finished fine-tuning: a folder, or the base model's name."""
    for number in range(run.config.operator.rounds, 0, -1):
        summary = run.summary(stage := f"{STAGE}/round-{number}")
        if summary is not None and summary["share"] > 0.0:
            return str(run.folder / stage / "model")
    return run.config.evolve.model


def _rounds(
    run: Run, base: LanguageModel, replay: Sequence[EditedProgram]
) -> tuple[LanguageModel, list[dict[str, Any]]]:
    """Initial runs and fine-tunings: the last model that passed, and the summaries of all."""
    config, seeds = run.config.operator, run.config.evolve.seed_programs
    model, summaries, accepted = base, list[dict[str, Any]](), list[AcceptedDiff]()
    if config.rounds > 0:
        alone: list[tuple[str, ...]] = [(seed,) for seed in config.initial_seeds]
        for initial in alone or [seeds]:
            folder = "base" if initial == seeds else f"initial/{initial[0]}"
            accepted += _search(run, folder, initial, base)[1]
    for number in range(1, config.rounds + 1):
        stage = f"{STAGE}/round-{number}"
        tuning = Tuning(
            stage=stage,
            base=base,
            start=base,  # of every round, which learns what the newest model got accepted
            accepted=accepted,
            replay=replay,
            optimiser=config.optimiser,
        )
        tuned, summary = tune(run, tuning)
        summaries.append(summary)
        if summary["share"] == 0.0:  # another run of the same model would accept the same
            break
        model = tuned
        if number < config.rounds:
            accepted = _search(run, f"round-{number}/rerun", seeds, model)[1]
    return model, summaries


def _evolve(
    run: Run, base: LanguageModel, tuned: LanguageModel, replay: Sequence[EditedProgram]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The run of the tuned model: its summary, and those of the updates within it."""
    if run.summary(stage_name(OPERATOR)) is None:
        print(f"{stage_name(OPERATOR)}: evolves {' + '.join(run.config.evolve.seed_programs)}")
    if run.config.operator.every == 0:
        mutate = language_mutator(run.config.evolve, OPERATOR, tuned)
        return evolve(run, OPERATOR, Unchanging(mutate)), []
    continual = ContinualTuning(run=run, base=base, start=tuned, replay=replay)
    return evolve(run, OPERATOR, continual), continual.summaries()


def _search(
    run: Run, folder: str, seeds: tuple[str, ...], model: LanguageModel
) -> tuple[dict[str, Any], list[AcceptedDiff]]:
    """A run of one model by itself: its summary, and the diffs that it got accepted."""
    config = replace(
        run.config,
        evolve=replace(run.config.evolve, operators=(OPERATOR,), seed_programs=seeds),
        operator=OperatorTuning(),
    )
    with Run.open(run.folder / STAGE / folder, config) as search:
        if search.summary(stage_name(OPERATOR)) is None:
            print(f"{STAGE}/{folder}: evolves {' + '.join(seeds)}")
        mutate = language_mutator(config.evolve, OPERATOR, model)
        summary = evolve(search, OPERATOR, Unchanging(mutate))
        return summary, accepted_diffs(open_found(search, OPERATOR).history)


def _replay(run: Run) -> list[EditedProgram]:
    """Generated parents, which keep the model from forgetting what it was taught."""
    config = run.config.operator
    (run.folder / STAGE).mkdir(exist_ok=True)
    if config.replay == 0.0:
        return []
    order = Order(
        parents=config.replay_parents,
        edits=REPLAYED_EDITS,
        functions=config.replay_functions,
        bugs=run.config.pretrain.bugs,
        seed=run.seed(f"{STAGE}/replay"),
    )
    return generated(run, f"{STAGE}/replay", order)


def _compare(seeds: tuple[str, ...], base: dict[str, Any], tuned: dict[str, Any]) -> dict[str, Any]:
    """Numbers of two runs side by side, with the ratio of those that measure success."""
    compared = {name: {"base": base[name], "tuned": tuned[name]} for name in COMPARED}
    for name in RATIOS:
        if base[name] > 0.0:
            compared[name]["ratio"] = tuned[name] / base[name]
    if len(seeds) == 1 and seeds[0] in PAPER_QD_RATIO:
        compared["qd_score"]["paper"] = PAPER_QD_RATIO[seeds[0]]
    return compared


def _learned(tunings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How often the guard stepped in, and what the last tuning learned."""
    tried = [tuning for tuning in tunings if tuning["accepted"] > 0]
    counts = {
        "tunings": len(tried),
        "weakened": sum(0.0 < tuning["share"] < 1.0 for tuning in tried),
        "refused": sum(tuning["share"] == 0.0 for tuning in tried),
    }
    if not tried:
        return counts
    last = tried[-1]
    loss, drift = last["train_loss"], last["drift"][-1]
    return {
        "accepted_diffs": last["accepted"],
        "train_loss": {"base": loss["before"], "tuned": loss["after"]},
        "unique": {"base": drift["base_unique"], "tuned": drift["unique"]},
        "divergence": {"tuned": drift["divergence"]},
        **counts,
    }


def _asked(tuning: OperatorTuning) -> str:
    """The setting that asks for a fine-tuned operator."""
    return "operator.rounds" if tuning.rounds > 0 else "operator.every"


def _check_operator(config: Config) -> None:
    search, tuning, asked = config.evolve, config.operator, _asked(config.operator)
    if OPERATOR not in search.operators:
        raise ConfigError(
            f"{asked}: got {tuning.rounds or tuning.every}, wanted 0, or {OPERATOR!r} among "
            f"evolve.operators, which are {', '.join(search.operators)}"
        )
    if search.format != "numbered":
        raise ConfigError(
            f"evolve.format: got {search.format!r}, wanted 'numbered', in which alone {asked} "
            "can fine-tune"
        )


def _check_model(config: Config, tokenizer: Tokenizer) -> None:
    if not knows_programs(tokenizer):
        raise ConfigError(
            f"evolve.model: got {config.evolve.model!r}, wanted a model of elmjax: "
            f"{_asked(config.operator)} can fine-tune no other"
        )


def _check_rows(config: Config, tokenizer: Tokenizer) -> None:
    """Whether a step can be read in its parts, and a row holds the seed programs and an edit."""
    search, tuning = config.evolve, config.operator
    used: dict[str, Optimiser] = {}
    if tuning.rounds > 0:
        used["optimiser"] = tuning.optimiser
    if tuning.every > 0:
        used["update"] = tuning.update
    seeds = tuple(dict.fromkeys((*search.seed_programs, *tuning.initial_seeds)))
    programs = seed_programs(replace(search, seed_programs=seeds))
    needed = {
        seed: len(tokenizer.encode(str(prompts.numbered_program(program)))) + search.max_new_tokens
        for seed, program in zip(seeds, programs, strict=True)
    }
    for name, optimiser in used.items():
        rows_at_once(f"{STAGE}.{name}", optimiser)
        for seed, least in needed.items():
            if optimiser.row_length < least:
                raise ConfigError(
                    f"{STAGE}.{name}.row_length: got {optimiser.row_length}, wanted at least "
                    f"{least} tokens for {seed} and an edit of it"
                )
