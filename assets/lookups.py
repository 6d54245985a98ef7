"""What every query may look up, put into reach of a DuckDB that has the reference tables.

The lookups are `lookups.sql`, what is asked of them `macros.sql`. Of the stored reference tables they are made once for as long
as their files are the same, as a run opens a DuckDB for each table: `benchmarks/run_overhead.py` shows it.
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

_lookups_by_stamp: dict[Stamp, dict[str, pa.Table]] = {}  # of the newest reference files alone


@contextmanager
def engine_with_lookups() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an engine with the stored reference tables and their lookups in reach, for one table in all editions of a run."""
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
    """Make the lookups of the reference tables that are in reach, and the names of the rules that block."""
    connection.execute(sql("lookups"))
    tables, rules = zip(*blocking_rules(), strict=True)
    connection.execute(
        "CREATE OR REPLACE TABLE blocking_rules AS SELECT unnest(?) AS table_name, unnest(?) AS rule",
        [list(tables), list(rules)],
    )
    connection.execute(sql("macros"))


def _stamp() -> Stamp:
    """Return what changes when a stored reference file is replaced, as a new file is written apart and then renamed."""
    files = [path for table in REFERENCE for path in stored_files(table)]
    return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_ino) for path in files)
