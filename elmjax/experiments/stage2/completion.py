"""Completion of half programs: walkers that no model learned, cut in two (paper, figure 15)."""

from elmjax.evaluate import Evaluator
from elmjax.lm.store import LanguageModel
from elmjax.programs import WALKERS, canonical
from elmjax.stages.run import Run
from elmjax.stages.samples import complete_programs, evaluate_texts

# Of preliminary runs of the paper, unlike anything in its dataset.
COMPLETED = ("wheel", "galloper", "runner")


def first_half(program: str) -> str:
    """The first half of a program's lines, the middle one included."""
    lines = program.splitlines(keepends=True)
    return "".join(lines[: -(-len(lines) // 2)])


def complete(run: Run, model: LanguageModel, evaluator: Evaluator, count: int) -> dict[str, float]:
    """Best completion of each walker as a share of the original's fitness.

    Args:
        run: Its configuration, and the seed.
        model: Of stage 2.
        evaluator: Knows the terrain of stage 1.
        count: Completions of each.

    Returns:
        By walker its share, 0 where no completion walks; `completed`, the mean of these; and
        `completions_valid`, the share of all completions that walk.
    """
    config = run.config
    originals = {name: canonical(WALKERS[name]) for name in COMPLETED}
    written = complete_programs(
        model,
        [first_half(program) for program in originals.values()],
        count,
        max_new_tokens=config.finetune.max_new_tokens,
        temperature=config.finetune.temperature,
        blanks=config.conditional.slots,
        seed=run.seed("stage2/completions"),
    )
    terrain = config.evolve.terrain
    goals = evaluator.evaluate(list(originals.values()), terrain)
    shares, valid = {}, 0
    for name, goal, texts in zip(originals, goals, written, strict=True):
        samples = evaluate_texts(config, evaluator, texts, [terrain] * count)
        walked = [sample.evaluation.fitness for sample in samples if sample.is_valid]
        valid += len(walked)
        shares[name] = max(walked, default=0.0) / goal.fitness
    return {
        **shares,
        "completed": sum(shares.values()) / len(shares),
        "completions_valid": valid / (count * len(shares)),
    }
