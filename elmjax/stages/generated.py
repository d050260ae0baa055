"""Generated programs with edits of them, made once a run."""

from elmjax import corpus
from elmjax.corpus import EditedProgram, Order
from elmjax.report.progress import stage_progress
from elmjax.stages.run import Run


def generated(run: Run, name: str, *, parents: int, edits: int, seed: int) -> list[EditedProgram]:
    """Generates a corpus as `pretrain` asks for it; later starts of the run read it back.

    Args:
        run: the folder in which it is kept as `NAME.parquet`.
        name: a path in that folder, which must exist but for its last part.
        parents: programs to grow; a few are lost, because no edit of them is worth learning.
        edits: most edits of each.
        seed: decides everything.
    """
    path = run.folder / f"{name}.parquet"
    if not path.exists():
        config = run.config.pretrain
        order = Order(
            parents=parents,
            edits=edits,
            functions=config.functions,
            bugs=config.bugs,
            seed=seed,
        )
        made = []
        total = parents + round(order.bugs * parents)  # those with a bug come once more
        with stage_progress(f"{path.stem} programs", total) as progress:
            for parent in corpus.edited_programs(order):
                made.append(parent)
                progress.advance(1)
        corpus.save(path, made)
    return corpus.load(path)
