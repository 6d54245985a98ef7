"""Runs SQL on the tables of the store, in a DuckDB that exists only in memory.

The queries read the store's Parquet files through views. The rows of a query are returned in the query's order, as
Arrow batches. This module writes no database file; `publishing.py` makes the published file.

DuckDB may use only a limited amount of memory. If the data does not fit, DuckDB writes some of the data to a temporary
folder in the store. The folder is deleted when the connection is closed.
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

MEMORY_LIMIT = "1GB"  # keeps the peak memory in `benchmarks/police_csv.py` low
BATCH_ROWS = 100_000


@contextmanager
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to a new, empty DuckDB in memory."""
    make_protected(store_folder())
    with tempfile.TemporaryDirectory(prefix=".engine-", dir=store_folder()) as spill, duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        connection.execute("SET temp_directory = $spill", {"spill": spill})
        yield connection


def view_editions(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[Table], editions: Iterable[int | None] = (None,)
) -> None:
    """Create or replace a view of each table in DuckDB, with the rows of the given editions.

    For tables without editions, leave out `editions`: each view then has all rows of its table. Raises StoreError if a
    table or one of its editions is not in the store.
    """
    editions = list(editions)
    for table in tables:
        files = [path_of(table, edition) for edition in editions]
        refuse_absent(table, files)
        _view(connection, table, files)


def view_stored(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Create or replace a view of a table in DuckDB. The view has the rows of all stored editions.

    If the store has no edition of the table, create an empty table instead.
    """
    if files := stored_files(table):
        _view(connection, table, files)
    else:
        put(connection, table, table.frame([]))


def put(connection: duckdb.DuckDBPyConnection, table: Table, frame: pd.DataFrame) -> None:
    """Create or replace a table in DuckDB, with the rows of the frame.

    The contract gives the table's name and the types of its columns.
    """
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
    """Yield the query's rows in the query's order, as batches with the table's columns and types.

    `constants` has the values of columns that do not come from the query, keyed by the column's name. Such a column has
    the same value in every row.

    Raises ValueError if a required cell is empty, or if a value does not fit the type of its column. Raises
    duckdb.Error if a column is missing from both the query and `constants`.
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
                raise ValueError(f"{table.name}: {column.null_count} empty cells in the required column {field.name}")
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
