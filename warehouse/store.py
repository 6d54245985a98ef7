"""Reads and writes the store: one Parquet file per table and edition, written under a temporary name and then renamed.

One process at a time writes, and readers never wait. Equal content gives equal bytes, because rows are sorted by the table's key
and no time of writing is stored. Contracts describe the columns; rules in `checks/` describe valid values.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.contracts import Table, to_pandas
from warehouse.errors import StoreError
from warehouse.home import make_protected, path_for_reader, store_folder

FIRST_EDITION = 2009
GROUP_ROWS = 250_000

_locks: dict[Path, int] = {}  # the stores that this process has locked, each with the file descriptor of its lock
# The files that will be renamed together, with their temporary paths. Each open block of `all_or_none` has one item.
_waiting: list[dict[Path, Path]] = []


def path_of(table: Table, edition: int | None = None) -> Path:
    """Return the path of a table's file, or of one edition's file.

    In a block of `all_or_none`, a file that has been written has a temporary path until the end of the block.
    """
    folder = store_folder() / table.schema_name
    path = (
        folder / table.short_name / f"{edition}.parquet"
        if table.partitioned
        else folder / f"{table.short_name}.parquet"
    )
    return _waiting[-1].get(path, path) if _waiting else path


def hold(waiting: Callable[[], object] = lambda: None) -> None:
    """Lock the store until this process ends. If another process has locked it, call `waiting` and wait.

    The lock lasts for the whole run, because a run reads the decisions at its start. The tables of an earlier run must
    not replace the tables of a later run, which has read newer decisions.
    """
    folder = store_folder()
    if folder in _locks:
        return
    make_protected(folder)
    # the lock file is opened for reading only, because it may belong to another user of the group
    lock = os.open(folder.with_name(f".{folder.name}.lock"), os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiting()
        fcntl.flock(lock, fcntl.LOCK_EX)
    _locks[folder] = lock


@contextmanager
def all_or_none() -> Iterator[None]:
    """Rename the files that are written in the block together at its end; after an error, rename none of them."""
    waiting: dict[Path, Path] = {}
    _waiting.append(waiting)
    try:
        yield
        for path, temporary in waiting.items():
            temporary.replace(path)
    finally:
        _waiting.remove(waiting)
        for temporary in waiting.values():
            temporary.unlink(missing_ok=True)


def stored_editions(table: Table) -> list[int]:
    """Return the editions of a table that the store holds, in order."""
    folder = store_folder() / table.schema_name / table.short_name
    return sorted(int(path.stem) for path in folder.glob("*.parquet"))


def stored_files(table: Table) -> list[Path]:
    """Return every file of a table, in the order of editions."""
    if table.partitioned:
        return [path_of(table, edition) for edition in stored_editions(table)]
    return [path_of(table)] if path_of(table).exists() else []


def write(table: Table, frame: pd.DataFrame, edition: int | None = None) -> int:
    """Write one file of a table and return its number of rows.

    Raises StoreError if stored rows would be replaced by no rows, and ValueError if the frame breaks the contract.
    """
    return write_batches(table, table.arrow(frame).to_batches(), edition)


def write_batches(table: Table, batches: Iterable[pa.RecordBatch], edition: int | None = None) -> int:
    """Write one file of a table from batches that are sorted by its key, and return its number of rows.

    Only a few row groups are in memory at a time. Raises StoreError if stored rows would be replaced by no rows.
    """
    path = path_of(table, edition)
    make_protected(store_folder())
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    rows = 0
    try:
        with pq.ParquetWriter(temporary, table.arrow_schema(), **_writing(table)) as writer:
            for group in _ahead(_groups(batches)):
                writer.write_table(group)
                rows += group.num_rows
        if rows == 0 and not table.may_be_empty and _rows_of(path) > 0:
            raise StoreError(
                f"{table.name}{f', edition {edition}' if edition else ''}: the run made no rows, so the stored file "
                f"was kept: if there really should be no rows, delete {path_for_reader(path)} and run again."
            )
        if _waiting:
            _waiting[-1][path] = temporary
            return rows
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return rows


def _writing(table: Table) -> dict[str, Any]:
    """Return the options for Parquet: statistics for the key columns only, and delta encoding for those that are integers.

    Queries filter by the key only. Statistics for all columns would make `benchmarks/police_csv.py` slower, and take
    more memory.
    """
    integers = [name for name in table.key if table.columns[name].type == "integer"]
    return {
        "compression": "zstd",
        "compression_level": 1,
        "write_statistics": list(table.key),
        "use_dictionary": [name for name in table.columns if name not in integers],
        "column_encoding": dict.fromkeys(integers, "DELTA_BINARY_PACKED"),
    }


def _ahead(groups: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield the groups. A thread makes the next group while the caller writes the current one.

    Without the thread, `benchmarks/police_csv.py` gets slower, because reading and writing take turns on one core.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        next_group = thread.submit(next, groups, None)
        while (group := next_group.result()) is not None:
            next_group = thread.submit(next, groups, None)
            yield group


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield the rows in groups of GROUP_ROWS, so that the same rows give the same bytes, whatever the size of the batches."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        while count >= GROUP_ROWS:
            joined = pa.Table.from_batches(waiting)
            yield joined.slice(0, GROUP_ROWS).combine_chunks()
            waiting = joined.slice(GROUP_ROWS).to_batches()
            count -= GROUP_ROWS
    if count:
        yield pa.Table.from_batches(waiting).combine_chunks()


def write_outcomes(table: Table, text: str) -> None:
    """Write the outcomes of a table's checks as a text file beside the table, replacing the earlier outcomes."""
    path = _outcomes_path(table)
    make_protected(store_folder())
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_outcomes(table: Table) -> str:
    """Return the text that `write_outcomes` last wrote for the table; an empty text if it has not written any."""
    path = _outcomes_path(table)
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _outcomes_path(table: Table) -> Path:
    return store_folder() / table.schema_name / f"{table.short_name}.checks.json"


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file of the store in hex. A process reads an unchanged file only once."""
    stat = path.stat()
    return _hash_of_bytes(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)


# Without this cache `benchmarks/run_overhead.py` gets slower: a run asks for the hashes of the same files at every check.
@lru_cache(maxsize=4096)
def _hash_of_bytes(path: Path, *_stamp: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def distinct(table: Table, edition: int, column: str) -> list[str]:
    """Return the distinct texts of a column in an edition, sorted; empty cells are left out."""
    cells = pq.read_table(path_of(table, edition), columns=[column], read_dictionary=[column])[column]
    return sorted(text for text in cells.unique().to_pylist() if text is not None)


def read(table: Table, editions: Iterable[int] | None = None) -> pd.DataFrame:
    """Return a table, or some editions of it, as a frame.

    Raises StoreError if an edition is not in the store. The message names the edition.
    """
    if not table.partitioned or editions is None:
        files = stored_files(table)
    else:
        files = [path_of(table, edition) for edition in editions]
    refuse_absent(table, files)
    return to_pandas(pa.concat_tables([_content(path, table.arrow_schema()) for path in files]))


def refuse_absent(table: Table, files: list[Path]) -> None:
    """Raise StoreError if any of the table's files are not in the store. The message names their editions."""
    absent = [path for path in files if not path.exists()]
    if absent or not files:
        editions_absent = ", ".join(path.stem for path in absent)
        raise StoreError(
            f"{table.name}{f', edition {editions_absent}' if table.partitioned and absent else ''} is not in the store: "
            "run 'tryghed run', which makes all editions."
        )


def rows(table: Table, edition: int | None = None) -> int:
    """Return the number of rows of a table, or of one of its editions; 0 if the store has no such rows."""
    return _rows_of(path_of(table, edition))


@dataclass(frozen=True)
class Described:
    """A file's metadata: its columns, and the first and last edition of its rows.

    `editions` is None if the file has no editions or no rows.
    """

    schema: pa.Schema
    editions: tuple[int, int] | None


def described_in(path: Path) -> Described:
    """Return the metadata of a file of the store. A process reads an unchanged file only once.

    Raises StoreError if the file is damaged.
    """
    stat = path.stat()
    return _described_in(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)


# Without this cache `benchmarks/run_overhead.py` gets slower: every check of a table opens the files of all its editions.
@lru_cache(maxsize=4096)
def _described_in(path: Path, *_stamp: int) -> Described:
    with _undamaged(path), pq.ParquetFile(path) as file:
        metadata, schema = file.metadata, file.schema_arrow
        if "edition" not in schema.names or not metadata.num_rows:
            return Described(schema, None)
        column = schema.get_field_index("edition")
        group_statistics = [
            metadata.row_group(group).column(column).statistics for group in range(metadata.num_row_groups)
        ]
        if any(statistics is None for statistics in group_statistics):
            # Another program wrote the file. 0 is no edition, so the shape check fails.
            return Described(schema, (0, 0))
        return Described(
            schema, (min(group.min for group in group_statistics), max(group.max for group in group_statistics))
        )


def _content(path: Path, schema: pa.Schema) -> pa.Table:
    with _undamaged(path):
        return pq.read_table(path, schema=schema)


def _rows_of(path: Path) -> int:
    if not path.exists():
        return 0
    with _undamaged(path):
        return int(pq.read_metadata(path).num_rows)


@contextmanager
def _undamaged(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, OSError):
        raise StoreError(
            f"{path_for_reader(path)} is damaged and cannot be read: delete it, then run 'tryghed run', which makes it again."
        ) from None
