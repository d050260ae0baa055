"""Generated programs with edits of them, made once a run."""

from elmjax import corpus
from elmjax.corpus import EditedProgram, Order
from elmjax.stages.run import Run


def generated(run: Run, name: str, order: Order) -> list[EditedProgram]:
    """Generates a corpus; later starts of the run read it back.

    Args:
        run: the folder in which it is kept as `NAME.parquet`.
        name: a path in that folder, which must exist but for its last part.
        order: what is made.
    """
    path = run.folder / f"{name}.parquet"
    if not path.exists():
        made = []
        # Those with a bug come once more.
        total = order.parents + round(order.bugs * order.parents)
        with run.progress(f"{path.stem} programs", total) as progress:
            for parent in corpus.edited_programs(order):
                made.append(parent)
                progress.advance(1)
        corpus.save(path, made)
    return corpus.load(path)
