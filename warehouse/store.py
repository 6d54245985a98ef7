"""The store: one Parquet file per table and edition, written beside and renamed.

No process holds a lock, and the same content is the same bytes: rows are ordered by the table's key and no
time of writing is kept. What the columns are is the contract's business, what must hold is the checks'.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.contracts import Table, to_pandas
from warehouse.errors import StoreError
from warehouse.home import store_folder


def path_of(table: Table, edition: int | None = None) -> Path:
    """The file of a table, or of one edition of it."""
    folder = store_folder() / table.schema_name
    return (
        folder / table.short_name / f"{edition}.parquet"
        if table.partitioned
        else folder / f"{table.short_name}.parquet"
    )


def stored_editions(table: Table) -> list[int]:
    """Editions of a table that the store holds, in order."""
    return sorted(int(path.stem) for path in path_of(table, 0).parent.glob("*.parquet"))


def stored_files(table: Table) -> list[Path]:
    """Every file of a table, in order of editions."""
    if table.partitioned:
        return [path_of(table, edition) for edition in stored_editions(table)]
    return [path_of(table)] if path_of(table).exists() else []


def write(table: Table, frame: pd.DataFrame, edition: int | None = None) -> int:
    """Write one file of a table and return its number of rows.

    Raises StoreError where rows would be replaced by none, ValueError where the frame breaks the contract.
    """
    content = table.arrow(frame)
    rows: int = content.num_rows
    path = path_of(table, edition)
    if rows == 0 and not table.may_be_empty and _rows_of(path) > 0:
        raise StoreError(
            f"{table.name}{f', edition {edition}' if edition else ''}: the run made no rows where the store has some, "
            f"and nothing good is replaced by nothing: if that is right, delete {path.relative_to(store_folder().parent)} and run again."
        )
    store_folder().mkdir(parents=True, exist_ok=True, mode=0o750)  # its owner and one group alone
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        pq.write_table(content, beside, compression="zstd")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return rows


def read(table: Table, editions: Iterable[int] | None = None) -> pd.DataFrame:
    """A table, or the named editions of it, as a frame.

    Raises StoreError where an edition is not in the store, naming it.
    """
    if not table.partitioned or editions is None:
        files = stored_files(table)
    else:
        files = [path_of(table, edition) for edition in editions]
    absent = [path for path in files if not path.exists()]
    if absent or not files:
        editions_absent = ", ".join(path.stem for path in absent)
        raise StoreError(
            f"{table.name}{f', edition {editions_absent}' if table.partitioned and absent else ''} is not in the store: "
            "run the editions before it first (tryghed run makes all of them)."
        )
    return to_pandas(pa.concat_tables([_content(path, table.arrow_schema()) for path in files]))


def rows(table: Table, edition: int | None = None) -> int:
    """Number of rows of a table, or of one edition of it; 0 where the store does not hold it."""
    return _rows_of(path_of(table, edition))


def schema_of(path: Path) -> pa.Schema:
    """Columns and types of a file of the store. Raises StoreError where the file is damaged."""
    with _undamaged(path):
        return pq.read_schema(path)


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
        name = path.relative_to(store_folder().parent)
        raise StoreError(
            f"{name} is damaged and cannot be read: delete it and start tryghed run, which makes it again."
        ) from None
