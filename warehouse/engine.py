"""DuckDB as the engine between files of the store: views over Parquet, results back as ordered Arrow batches.

No database file is written here; the published one is made in `publishing.py`. Memory is bounded: what does not fit
lies in a temporary folder of the store for as long as the engine runs.
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from warehouse.contracts import Table
from warehouse.home import make_protected, store_folder
from warehouse.store import FIRST_EDITION, path_of, refuse_absent

MEMORY_LIMIT = "1GB"
BATCH_ROWS = 100_000


@contextmanager
def engine(
    tables: Iterable[Table], edition: int, earlier: Iterable[Table] = (), first: int = FIRST_EDITION
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB in memory with a view of each table: one edition of `tables`, those from `first` up to it of `earlier`.

    Raises StoreError where an edition is not in the store.
    """
    paths = [(table, [path_of(table, edition)]) for table in tables]
    paths += [(table, [path_of(table, year) for year in range(first, edition + 1)]) for table in earlier]
    make_protected(store_folder())
    with tempfile.TemporaryDirectory(prefix=".engine-", dir=store_folder()) as spill, duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        connection.execute("SET temp_directory = $spill", {"spill": spill})
        for table, files in paths:
            refuse_absent(table, files)
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema_name}")
            connection.execute(
                f"CREATE VIEW {table.name} AS SELECT * FROM read_parquet({[str(path) for path in files]})"
            )
        yield connection


def batches(
    connection: duckdb.DuckDBPyConnection, query: str, table: Table, constants: dict[str, object] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the query's rows in their order, with the table's columns and types; `constants` are not asked of the query.

    Raises ValueError where a column is missing or a cell is empty that must not be.
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
