"""Make lookup tables and macros in a DuckDB connection. Every query of the project may use them.

The connection must have the reference tables. `lookups.sql` makes the lookup tables. `macros.sql` makes the macros, and
the macros use the lookup tables. A run opens a DuckDB connection for each table of the project. Therefore the lookup
tables are kept in memory until a reference file changes. Without this, `benchmarks/run_overhead.py` takes longer.
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

_lookups_by_stamp: dict[Stamp, dict[str, pa.Table]] = {}  # has a single entry, made from the newest reference files


@contextmanager
def engine_with_lookups() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a DuckDB connection that has the stored reference tables, the lookup tables and the macros.

    One connection is enough for all editions of a table.
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
    """Make the lookup tables, the macros and a table with the names of the blocking rules.

    The lookup tables are made from the reference tables of the connection.
    """
    connection.execute(sql("lookups"))
    tables, rules = zip(*blocking_rules(), strict=True)
    connection.execute(
        "CREATE OR REPLACE TABLE blocking_rules AS SELECT unnest(?) AS table_name, unnest(?) AS rule",
        [list(tables), list(rules)],
    )
    connection.execute(sql("macros"))


def _stamp() -> Stamp:
    """Return three values for each stored file of the reference tables: its path, its time of writing and its inode.

    If a file is replaced, at least one of its values changes.
    """
    files = [path for table in REFERENCE for path in stored_files(table)]
    return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_ino) for path in files)
