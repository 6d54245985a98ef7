"""Reads and writes the store, which has one Parquet file for each table and edition.

Only one process at a time writes to the store. Each file is written under a temporary name and then renamed, so readers
never wait. Equal content always gives equal bytes: the rows are sorted by the table's key, and the time of writing is
not stored. Contracts describe the columns. The rules in `checks/` say which values are valid.
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

_locks: dict[Path, int] = {}  # keyed by the folder of a store that this process has locked: the lock's file descriptor
# Each open block of `all_or_none` has one dictionary. It maps the final path of each written file to the temporary path.
_waiting: list[dict[Path, Path]] = []


def path_of(table: Table, edition: int | None = None) -> Path:
    """Return the path of a table's file. If the table has editions, return the path of the edition's file.

    If an open block of `all_or_none` has already written the file, return the file's temporary path.
    """
    folder = store_folder() / table.schema_name
    path = (
        folder / table.short_name / f"{edition}.parquet"
        if table.partitioned
        else folder / f"{table.short_name}.parquet"
    )
    return _waiting[-1].get(path, path) if _waiting else path


def hold(waiting: Callable[[], object] = lambda: None) -> None:
    """Lock the store until this process ends. If another process has locked the store, call `waiting` and wait.

    A run reads the decisions at its start, and writes tables until its end. The lock therefore lasts for the whole run.
    Without the lock, a run with old decisions could replace the tables of a run with newer decisions.
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
    """Store all files that the block writes, or none of them.

    Inside the block, `write` and `write_batches` write files under temporary names. At the end of the block, these
    files get their final names. If the block raises an exception, these files are deleted, and the earlier files stay.
    """
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
    """Return the table's editions that are in the store, in ascending order."""
    folder = store_folder() / table.schema_name / table.short_name
    return sorted(int(path.stem) for path in folder.glob("*.parquet"))


def stored_files(table: Table) -> list[Path]:
    """Return the paths of all files of the table that are in the store, in the order of the editions."""
    if table.partitioned:
        return [path_of(table, edition) for edition in stored_editions(table)]
    return [path_of(table)] if path_of(table).exists() else []


def write(table: Table, frame: pd.DataFrame, edition: int | None = None) -> int:
    """Write the rows of the frame to one file of the table, and return the number of rows.

    Raises StoreError if an empty frame would replace a file that has rows, unless the contract allows the table to be
    empty. Raises ValueError if the frame breaks the table's contract.
    """
    return write_batches(table, table.arrow(frame).to_batches(), edition)


def write_batches(table: Table, batches: Iterable[pa.RecordBatch], edition: int | None = None) -> int:
    """Write the rows of the batches to one file of the table, and return the number of rows.

    The rows must be sorted by the table's key. Only a few row groups are in memory at a time.

    Raises StoreError if batches without rows would replace a file that has rows, unless the contract allows the table
    to be empty.
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
    """Return the options for writing the table to Parquet.

    Statistics are written only for the columns of the key, because queries filter only by the key. Statistics for all
    columns would make `benchmarks/police_csv.py` slower, and would take more memory. Integer columns of the key get
    delta encoding.
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
    """Yield the groups. While the caller writes a group, a thread makes the next group.

    Without the thread, reading and writing would take turns on one core, and `benchmarks/police_csv.py` would be
    slower.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        next_group = thread.submit(next, groups, None)
        while (group := next_group.result()) is not None:
            next_group = thread.submit(next, groups, None)
            yield group


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield the batches' rows in groups of GROUP_ROWS rows. The last group may be smaller.

    The bytes of the file therefore do not depend on the size of the batches.
    """
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
    """Write the outcomes of a table's checks to a text file in the store. Earlier outcomes are replaced."""
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
    """Return the text that `write_outcomes` last wrote for the table.

    Return an empty text if `write_outcomes` has written nothing for the table.
    """
    path = _outcomes_path(table)
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _outcomes_path(table: Table) -> Path:
    return store_folder() / table.schema_name / f"{table.short_name}.checks.json"


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file in the store, in hex.

    The SHA-256 is cached. A process reads the file again only if the file has changed.
    """
    stat = path.stat()
    return _content_hash(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)


# Without this cache `benchmarks/run_overhead.py` gets slower: a run asks for the hashes of the same files at every check.
@lru_cache(maxsize=4096)
def _content_hash(path: Path, *_stamp: int) -> str:
    return hash_of_file(path)


def hash_of_file(path: Path) -> str:
    """Return the SHA-256 hash of the file's bytes as hex digits. Raises OSError if the file cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def distinct(table: Table, edition: int, column: str) -> list[str]:
    """Return the distinct texts in a column of one edition of the table, sorted. Empty cells are left out."""
    cells = pq.read_table(path_of(table, edition), columns=[column], read_dictionary=[column])[column]
    return sorted(text for text in cells.unique().to_pylist() if text is not None)


def read(table: Table, editions: Iterable[int] | None = None) -> pd.DataFrame:
    """Return the rows of a table as a frame. If `editions` is given, return only the rows of these editions.

    Raises StoreError if the table or one of the editions is not in the store. The message names the missing editions.
    """
    if not table.partitioned or editions is None:
        files = stored_files(table)
    else:
        files = [path_of(table, edition) for edition in editions]
    refuse_absent(table, files)
    return to_pandas(pa.concat_tables([_content(path, table.arrow_schema()) for path in files]))


def refuse_absent(table: Table, files: list[Path]) -> None:
    """Raise StoreError if `files` is empty, or if one of these files does not exist.

    The message names the missing editions.
    """
    absent = [path for path in files if not path.exists()]
    if absent or not files:
        editions_absent = ", ".join(path.stem for path in absent)
        raise StoreError(
            f"{table.name}{f', edition {editions_absent}' if table.partitioned and absent else ''} is not in the store: "
            "run 'tryghed run', which makes all editions."
        )


def rows(table: Table, edition: int | None = None) -> int:
    """Return the number of rows in a table's file. If the table has editions, count the rows of one edition.

    Return 0 if the store does not have the file.
    """
    return _rows_of(path_of(table, edition))


@dataclass(frozen=True)
class Described:
    """The metadata of a Parquet file: its columns, and the first and the last edition in its rows.

    `editions` is None if the file has no column `edition`, or if it has no rows.
    """

    schema: pa.Schema
    editions: tuple[int, int] | None


def described_in(path: Path) -> Described:
    """Return the metadata of a file in the store.

    The metadata is cached. A process reads the file again only if the file has changed. Raises StoreError if the file
    is damaged.
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
            # Another program wrote the file. There is no edition 0, so the shape check fails.
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
