"""The rows that count: each table of delivered rows, typed and mapped, without the rejected ones.

Here belongs what makes the tables that all subjects start from. What is looked up for a row is the SQL of
`rows/<schema>_<table>.sql`; where coordinates lie is in `coordinates.py`; how a row is typed is in `typing_sql.py`, and which are
rejected in `rejecting.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb
import pyarrow as pa

from assets.extracts.coordinates import locate
from assets.extracts.files import FILES, DeliveredFile, delivered_for, extracts_table, listed_files
from assets.extracts.layouts import Specification, load_specifications
from assets.extracts.rejecting import DECISIONS, REJECTED, constants_of, typed
from assets.extracts.typing_sql import quoted
from assets.lookups import engine_with_lookups
from assets.reference import REFERENCE
from assets.sql_files import sql
from assets.tables import Rows, each, needs, table_asset
from warehouse.contracts import Table, contracts
from warehouse.decision_file import Decisions, load_decisions
from warehouse.engine import batches, view_editions

PART_ROWS = 1_000_000


def rows_that_count(
    connection: duckdb.DuckDBPyConnection, table: Table, files: list[DeliveredFile], decisions: Decisions
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of an edition's files of a table in the order of its key: file by file, row by row.

    `connection` is an engine with lookups.
    """
    if not files:
        return
    query = sql(f"extracts/rows/{table.schema_name}_{table.short_name}").format(typed="part")
    view_editions(connection, [extracts_table(table), REJECTED, DECISIONS], [files[0].edition])
    connection.execute(sql("decisions/decided_codes"))
    for file in files:
        _view_kept(connection, file, decisions)
        if "coordinate_x" in table.columns:
            locate(connection, "kept")
        for _ in _parts(connection):
            yield from batches(connection, f"FROM ({query}) ORDER BY row", table, constants_of(file))


def _parts(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Make a view `part` of some kept rows at a time.

    Joins do not keep the order of rows, and to order all of them at once takes memory: the peak that
    `benchmarks.police_csv` prints.
    """
    last_row = connection.execute("SELECT coalesce(max(row), 0) FROM kept").fetchall()[0][0]
    for first_row in range(1, last_row + 1, PART_ROWS):
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW part AS FROM kept WHERE row BETWEEN {first_row} AND {first_row + PART_ROWS - 1}"
        )
        yield


def _view_kept(connection: duckdb.DuckDBPyConnection, file: DeliveredFile, decisions: Decisions) -> None:
    """Make a view `kept` of the file's typed rows that no rule rejects, or that a decision lets count."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE not_counting AS
        SELECT DISTINCT row FROM {REJECTED.name} WHERE file = {quoted(file.path.name)} AND NOT counts
        """
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW kept AS FROM ({typed(file, decisions)}) ANTI JOIN not_counting USING (row)"
    )


@contextmanager
def _opened() -> Iterator[tuple[duckdb.DuckDBPyConnection, Decisions, dict[str, Specification]]]:
    """Yield an engine with lookups, the decisions and the specifications, which all editions have in common."""
    with engine_with_lookups() as connection:
        yield connection, load_decisions(), load_specifications()


def _asset(table: Table) -> dg.AssetsDefinition:
    """The asset of a table of delivered rows."""

    def rows_of_edition(
        opened: tuple[duckdb.DuckDBPyConnection, Decisions, dict[str, Specification]], edition: int
    ) -> Rows:
        connection, decisions, specifications = opened
        return rows_that_count(connection, table, delivered_for(table, edition, specifications), decisions)

    return table_asset(
        table,
        each(rows_of_edition, _opened),
        needs([*REFERENCE, FILES, DECISIONS, REJECTED, extracts_table(table)]),
        about=lambda edition: {"files": made_from(table, edition)},
    )


def made_from(table: Table, edition: int) -> str:
    """Return the files that an edition of a table was made from, with the first letters of their hashes, for Dagster's page."""
    files = [file for file in listed_files(edition) if file.table_name == table.name]
    return ", ".join(f"{file.file} ({file.file_sha256[:12]})" for file in files) or "none delivered"


ASSETS = [_asset(table) for table in contracts().values() if table.delivered]
