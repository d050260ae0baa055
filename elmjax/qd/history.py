"""The history: an append-only record of every evaluated program, with its lineage.

Ids count from 0 in the order of evaluation. On disk the history is a folder of Parquet parts,
`part-00000.parquet`, `part-00001.parquet` and so on, each written to a temporary file and renamed,
so that a part is whole or absent, with checksums of its pages. Many small parts at the end become
one. In memory it keeps the lineage of all programs but the text of admitted ones only: those are
the ones that become parents. Other text is read back from its part.
"""

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

NO_PARENT = -1
NO_CELL = -1

# Rows waiting in memory at most; at two kilobytes of text a row about 20 MB.
ROWS_PER_PART = 10_000
# Parts of fewer rows are small; so many of them at the end become one.
SMALL_PART = ROWS_PER_PART // 2
SMALL_PARTS = 32


class HistoryError(ValueError):
    """A history folder that cannot be read as one."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One evaluated program. Numbers are NaN, and the cell -1, where the program has none."""

    id: int  # consecutive from 0
    parent: int  # id, smaller than this one; -1 for a seed
    operator: str  # what wrote the program: the name of a mutator, or "seed"
    message: str  # commit message the operator was given; "" if none
    diff: str  # edit as the operator wrote it; "" if none
    program: str  # text that was run; "" where the edit did not apply
    outcome: str  # "ok", or the verdict that ended the evaluation
    reason: str  # one line for people; "" when ok
    displacement: float  # m, signed, of the centre of mass along x
    fitness: float  # m
    height: float  # m
    width: float  # m
    mass: float  # joints + (sum of rest lengths) / 2, no unit
    depth: float = math.nan  # m; NaN in two dimensions
    admitted: bool  # whether it entered the archive, at the time
    cell: int  # flat index in the grid; -1 if it has no body
    step: int  # iteration of the search that wrote it


def _field(name: str, kind: pa.DataType, unit: str, description: str) -> pa.Field:
    metadata = {"description": description} | ({"unit": unit} if unit else {})
    return pa.field(name, kind, nullable=False, metadata=metadata)


SCHEMA = pa.schema(
    [
        _field("id", pa.int64(), "", "consecutive from 0"),
        _field("parent", pa.int64(), "", "id of the parent, -1 for a seed"),
        _field("operator", pa.string(), "", "what wrote the program"),
        _field("message", pa.string(), "", "commit message given to the operator"),
        _field("diff", pa.string(), "", "edit as the operator wrote it"),
        _field("program", pa.string(), "", "text that was run"),
        _field("outcome", pa.string(), "", "ok, or the verdict that ended the evaluation"),
        _field("reason", pa.string(), "", "the outcome in words"),
        _field("displacement", pa.float64(), "m", "signed, of the centre of mass along x"),
        _field("fitness", pa.float64(), "m", "NaN if the program has none"),
        _field("height", pa.float64(), "m", "extent between joint centres"),
        _field("width", pa.float64(), "m", "extent between joint centres"),
        _field("mass", pa.float64(), "1", "joints + (sum of rest lengths in m) / 2"),
        _field("admitted", pa.bool_(), "", "whether it entered the archive, at the time"),
        _field("cell", pa.int64(), "", "flat index in the grid, -1 if it has no body"),
        _field("step", pa.int64(), "", "iteration of the search"),
    ]
)
# With the depth of walkers in three dimensions.
SPATIAL_SCHEMA = SCHEMA.insert(
    SCHEMA.get_field_index("mass") + 1,
    _field("depth", pa.float64(), "m", "extent between joint centres"),
)
_SCHEMAS = {2: SCHEMA, 3: SPATIAL_SCHEMA}


class History:
    """Every program evaluated in one run; open one with `History.open`."""

    def __init__(self, folder: Path, schema: pa.Schema = SCHEMA, *, writes: bool = True) -> None:
        self.folder = folder
        self.schema = schema  # names, kinds and units of the columns
        self._writes = writes  # False: keeps count of what another process writes here
        self._starts: list[int] = []  # first id of every part
        self._pending: list[Record] = []  # not on disk yet
        self._parent = array("q")
        self._admitted: dict[int, str] = {}  # text of the admitted programs
        # The part read last: the records of a listing or a lineage are mostly neighbours.
        self._open_part: tuple[int, pa.Table] | None = None

    @classmethod
    def open(cls, folder: str | Path, *, dim: int = 2) -> "History":
        """Opens the history in a folder, which is created if need be.

        Args:
            folder: Of its parts.
            dim: Dimensions of the walkers, where there is no part yet to tell; in three, their
                depth has a column.

        Raises:
            HistoryError: A part is unreadable, has other columns, or leaves a gap in the ids.
        """
        history = cls(Path(folder), _SCHEMAS[dim])
        history.folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(history.folder.glob("part-*.parquet")):
            history._load(path)
        return history

    @classmethod
    def recover(
        cls, folder: str | Path, *, dim: int = 2, writes: bool = True
    ) -> tuple["History", str]:
        """Opens a history up to its first damaged part; that and all after it are set aside.

        Args:
            folder: As of `open`.
            dim: As of `open`.
            writes: Whether this process writes the parts; else another does, at the same steps.

        Returns:
            The history of the programs before the damage, and what was wrong, in words; "" where
            nothing was. What is set aside stays in the folder, under names that end in `.damaged`.
        """
        history, damage = cls(Path(folder), _SCHEMAS[dim], writes=writes), ""
        history.folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(history.folder.glob("part-*.parquet")):
            if not damage:
                try:
                    _read(path)  # every column, because only reading tells damage
                    history._load(path)
                    continue
                except HistoryError as error:
                    damage = str(error)
            if writes:
                path.replace(path.with_suffix(".parquet.damaged"))
        return history, damage

    def __len__(self) -> int:
        """Number of programs, on disk or not; also the id of the next one."""
        return len(self._parent)

    def append(self, records: Iterable[Record]) -> None:
        """Adds programs at the end; writes a part whenever enough of them wait.

        Raises:
            ValueError: An id does not follow the one before, or a parent is not an earlier program.
        """
        for record in records:
            _check_place(record.id, record.parent, len(self))
            self._parent.append(record.parent)
            self._pending.append(record)
            if record.admitted:
                self._admitted[record.id] = record.program
            if len(self._pending) >= ROWS_PER_PART:
                self.flush()

    def flush(self) -> None:
        """Writes what waits in memory to a new part."""
        if not self._pending:
            return
        if self._writes:
            _write(_table(self._pending, self.schema), self._path(len(self._starts)))
        self._starts.append(self._pending[0].id)
        self._pending = []
        self._join_small_parts()

    def truncate(self, next_id: int) -> None:
        """Forgets programs from `next_id` on, in memory and on disk, to resume from a checkpoint.

        Raises:
            ValueError: The history is shorter than `next_id`.
        """
        if not 0 <= next_id <= len(self):
            raise ValueError(
                f"history in {self.folder} holds {len(self)} programs; wanted at least {next_id}, "
                "as the checkpoint says: restore the missing parts or start afresh"
            )
        self._pending = [record for record in self._pending if record.id < next_id]
        self._open_part = None
        self._drop_parts(next_id)
        del self._parent[next_id:]
        self._admitted = {id: text for id, text in self._admitted.items() if id < next_id}

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """All programs in order of their ids, or some columns of them (text is most of it)."""
        return self._collect(columns, admitted_only=False)

    def admitted(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Programs ever admitted to the archive, in order: the raw data set of stage 2."""
        return self._collect(columns, admitted_only=True)

    def program(self, id: int) -> str:
        """Text of one program; quick for admitted ones.

        Raises:
            IndexError: There is no such program.
        """
        self._check_id(id)
        text = self._admitted.get(id)
        return text if text is not None else self.record(id).program

    def record(self, id: int) -> Record:
        """Everything known about one program.

        Raises:
            IndexError: There is no such program.
        """
        self._check_id(id)
        if self._pending and id >= self._pending[0].id:
            return self._pending[id - self._pending[0].id]
        part = bisect_right(self._starts, id) - 1
        if self._open_part is None or self._open_part[0] != part:
            self._open_part = (part, _read(self._path(part)))
        row = self._open_part[1].slice(id - self._starts[part], 1)
        return Record(**row.to_pylist()[0])

    def lineage(self, id: int) -> list[int]:
        """Ids from the seed, the root, down to a program, itself included.

        Raises:
            IndexError: There is no such program.
        """
        self._check_id(id)
        line = [id]
        while (parent := self._parent[line[-1]]) != NO_PARENT:
            line.append(parent)
        return line[::-1]

    def _check_id(self, id: int) -> None:
        if not 0 <= id < len(self):
            raise IndexError(f"program id is {id}; wanted 0 to {len(self) - 1}")

    def _path(self, part: int) -> Path:
        return self.folder / f"part-{part:05d}.parquet"

    def _load(self, path: Path) -> None:
        """Takes in one part that is on disk already."""
        schema = _schema_of(path)
        if self._starts and schema != self.schema:
            raise _other_columns(path, schema, self.schema)
        self.schema = schema
        table = _read(path, ["id", "parent", "admitted", "program"])
        if len(table) == 0:
            raise HistoryError(f"history part {path} is empty; wanted at least one row")
        first, last = table["id"][0].as_py(), table["id"][-1].as_py()
        # Left where small parts were joined and the process ended before it deleted them.
        if last < len(self) and first not in self._starts:
            return
        if path != (wanted := self._path(len(self._starts))):
            raise HistoryError(f"history part {wanted} is missing; found {path.name} after it")
        self._starts.append(len(self))
        for id, parent in zip(table["id"].to_pylist(), table["parent"].to_pylist(), strict=True):
            try:
                _check_place(id, parent, len(self))
            except ValueError as error:
                raise HistoryError(f"history part {path}: {error}") from None
            self._parent.append(parent)
        kept = table.filter(table["admitted"])
        self._admitted.update(zip(kept["id"].to_pylist(), kept["program"].to_pylist(), strict=True))

    def _join_small_parts(self) -> None:
        """Makes one part of the small ones at the end, once there are many.

        The first of them is replaced before the others are deleted: at every moment all rows are
        on disk, some perhaps twice.
        """
        ends = [*self._starts[1:], len(self)]
        sizes = [end - start for start, end in zip(self._starts, ends, strict=True)]
        small = len(list(takewhile(lambda size: size < SMALL_PART, reversed(sizes))))
        if small < SMALL_PARTS:
            return
        first, count = len(sizes) - small, len(sizes)
        self._open_part = None
        del self._starts[first + 1 :]
        if not self._writes:
            return
        joined = pa.concat_tables([_read(self._path(part)) for part in range(first, count)])
        _write(joined, self._path(first))
        for part in range(first + 1, count):
            self._path(part).unlink()

    def _drop_parts(self, next_id: int) -> None:
        """Removes rows from `next_id` on, last part first, so that no gap is ever on disk."""
        while self._starts and self._starts[-1] >= next_id:
            self._starts.pop()
            if self._writes:
                self._path(len(self._starts)).unlink()
        if not self._starts or not self._writes:
            return
        path = self._path(len(self._starts) - 1)
        table = _read(path)
        if (keep := next_id - self._starts[-1]) < len(table):
            _write(table.slice(0, keep), path)

    def _collect(self, columns: Sequence[str] | None, *, admitted_only: bool) -> pd.DataFrame:
        known = self.schema.names
        names = list(columns) if columns is not None else known
        if unknown := set(names) - set(known):
            raise ValueError(f"history has no columns {sorted(unknown)}; wanted {known}")
        tables = [self.schema.empty_table().select(names)]
        for table in self._tables(list(dict.fromkeys([*names, "admitted"]))):
            kept = table.filter(pc.field("admitted")) if admitted_only else table
            tables.append(kept.select(names))
        return pa.concat_tables(tables).to_pandas()

    def _tables(self, columns: list[str]) -> Iterator[pa.Table]:
        for part in range(len(self._starts)):
            yield _read(self._path(part), columns)
        yield _table(self._pending, self.schema).select(columns)


def _check_place(id: int, parent: int, next_id: int) -> None:
    if id != next_id:
        raise ValueError(f"program id is {id}; wanted {next_id}: ids are consecutive from 0")
    if not NO_PARENT <= parent < id:
        raise ValueError(
            f"parent of program {id} is {parent}; wanted an earlier id, or {NO_PARENT} for a seed"
        )


def _table(records: Sequence[Record], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([asdict(record) for record in records], schema=schema)


def _write(table: pa.Table, path: Path) -> None:
    temporary = path.with_suffix(".parquet.temporary")
    pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)
    temporary.replace(path)


def _read(path: Path, columns: list[str] | None = None) -> pa.Table:
    schema = _schema_of(path)
    try:
        return pq.read_table(path, columns=columns, schema=schema, page_checksum_verification=True)
    except (pa.ArrowInvalid, OSError) as error:
        raise _unreadable(path, error) from error


def _schema_of(path: Path) -> pa.Schema:
    """Which of the two schemas a part has."""
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise _unreadable(path, error) from error
    for known in _SCHEMAS.values():
        if schema.equals(known):
            return known
    raise _other_columns(path, schema, SCHEMA)


def _unreadable(path: Path, error: Exception) -> HistoryError:
    return HistoryError(f"history part {path} cannot be read: {error}")


def _other_columns(path: Path, got: pa.Schema, wanted: pa.Schema) -> HistoryError:
    return HistoryError(f"history part {path} has columns {got.names}; wanted {wanted.names}")
