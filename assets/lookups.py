"""Make the lookup tables and macros that every query may use, in a DuckDB connection with the reference tables.

`lookups.sql` makes the tables, and `macros.sql` makes the macros that use them. A run opens a DuckDB connection for each
table of the project. Therefore the lookup tables are kept in memory until a reference file changes. Without this
`benchmarks/run_overhead.py` is slower.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from assets.reference import REFERENCE
from assets.sql_files import sql
from checks.table_rules import blocking_rules
from warehouse.engine import engine, view_editions
from warehouse.store import stored_files

Stamp = tuple[tuple[str, int, int], ...]

_lookups_by_stamp: dict[Stamp, dict[str, pa.Table]] = {}  # has a single entry, that of the newest reference files


@contextmanager
def engine_with_lookups() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a DuckDB connection that has the stored reference tables, the lookup tables and the macros.

    One such connection is enough for all editions of a table.
    """
    with engine() as connection:
        view_editions(connection, REFERENCE)
        _look_up_in_store(connection)
        yield connection


def _look_up_in_store(connection: duckdb.DuckDBPyConnection) -> None:
    stamp = _stamp()
    if stamp not in _lookups_by_stamp:
        look_up(connection)
        names = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'").fetchall()
        _lookups_by_stamp.clear()
        _lookups_by_stamp[stamp] = {name: connection.table(name).to_arrow_table() for (name,) in names}
        return
    for name, rows in _lookups_by_stamp[stamp].items():
        connection.register("rows_of_lookup", rows)
        connection.execute(f"CREATE TABLE {name} AS FROM rows_of_lookup")
        connection.unregister("rows_of_lookup")
    connection.execute(sql("macros"))


def look_up(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the lookup tables from the connection's reference tables, and a table with the names of the blocking rules."""
    connection.execute(sql("lookups"))
    tables, rules = zip(*blocking_rules(), strict=True)
    connection.execute(
        "CREATE OR REPLACE TABLE blocking_rules AS SELECT unnest(?) AS table_name, unnest(?) AS rule",
        [list(tables), list(rules)],
    )
    connection.execute(sql("macros"))


def _stamp() -> Stamp:
    """Return the names, times of writing and inodes of the stored reference tables' files.

    One of these values changes whenever a file is replaced.
    """
    files = [path for table in REFERENCE for path in stored_files(table)]
    return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_ino) for path in files)
