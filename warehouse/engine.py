"""DuckDB as the engine between files of the store: views over Parquet, results back as ordered Arrow batches.

No database file is written here; the published one is made in `publishing.py`. Memory is bounded: DuckDB spills what
does not fit into a temporary folder of the store, which is deleted when the engine ends.
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from warehouse.contracts import Table
from warehouse.home import make_protected, store_folder
from warehouse.store import path_of, refuse_absent, stored_files

MEMORY_LIMIT = "1GB"
BATCH_ROWS = 100_000


@contextmanager
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to an empty DuckDB in memory."""
    make_protected(store_folder())
    with tempfile.TemporaryDirectory(prefix=".engine-", dir=store_folder()) as spill, duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        connection.execute("SET temp_directory = $spill", {"spill": spill})
        yield connection


def view_editions(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[Table], editions: Iterable[int | None] = (None,)
) -> None:
    """Make a view of the given editions of each table, replacing an earlier view; tables without editions need none.

    Raises StoreError where an edition is not in the store.
    """
    editions = list(editions)
    for table in tables:
        files = [path_of(table, edition) for edition in editions]
        refuse_absent(table, files)
        _view(connection, table, files)


def view_stored(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Make a view of the editions of a table that the store holds; an empty table where it holds none."""
    if files := stored_files(table):
        _view(connection, table, files)
    else:
        put(connection, table, table.frame([]))


def put(connection: duckdb.DuckDBPyConnection, table: Table, frame: pd.DataFrame) -> None:
    """Create or replace the table in DuckDB with the frame's rows, by the table's name and with its types."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema_name}")
    connection.register("rows_to_put", table.arrow(frame))
    connection.execute(f"CREATE OR REPLACE TABLE {table.name} AS FROM rows_to_put")
    connection.unregister("rows_to_put")


def _view(connection: duckdb.DuckDBPyConnection, table: Table, files: list[Path]) -> None:
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema_name}")
    connection.execute(f"CREATE OR REPLACE VIEW {table.name} AS SELECT * FROM read_parquet({list(map(str, files))})")


def batches(
    connection: duckdb.DuckDBPyConnection, query: str, table: Table, constants: dict[str, object] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the query's rows in order, with the table's columns and types; `constants` fill columns that it lacks.

    Raises ValueError where a required cell is empty or a value does not fit, duckdb.Error where a column is missing.
    """
    schema, constants = table.arrow_schema(), constants or {}
    names = ", ".join(f'"{name}"' for name in schema.names if name not in constants)
    for batch in connection.execute(f"SELECT {names} FROM ({query})").to_arrow_reader(BATCH_ROWS):
        columns = [
            pa.repeat(pa.scalar(constants[field.name], field.type), batch.num_rows)
            if field.name in constants
            else batch.column(field.name).cast(field.type)
            for field in schema
        ]
        for field, column in zip(schema, columns, strict=True):
            if not field.nullable and column.null_count:
                raise ValueError(f"{table.name}: {column.null_count} empty cells in {field.name} where none may be")
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
