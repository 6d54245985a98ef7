"""The rows that count: each table of delivered rows, typed and mapped, less the rows that are set aside.

How a row is typed and which are set aside is in `setting_aside.py`; what is looked up for it is the SQL of
`assets/extracts/rows/<schema>_<table>.sql`; where coordinates lie is in `places.py`.
"""

from collections.abc import Iterator

import dagster as dg
import duckdb
import pyarrow as pa

from assets.extracts.landing import DeliveredFile, extracts_table
from assets.extracts.places import locate
from assets.extracts.rejecting import DECISIONS, FILES, REJECTED, constants_of, delivered_for, lookups, typed
from assets.extracts.typing_sql import quoted
from assets.reference import REFERENCE
from assets.sql_files import sql
from assets.tables import each, needs, table_asset
from warehouse.contracts import Table, contracts
from warehouse.decisions import Decisions, load_decisions
from warehouse.engine import batches

PART_ROWS = 1_000_000


def rows_that_count(table: Table, edition: int, decided: Decisions) -> Iterator[pa.RecordBatch]:
    """The edition's rows of a table in the order of its key: file by file, row by row."""
    files = delivered_for(table, edition)
    if not files:
        return
    query = sql(f"extracts/rows/{table.schema_name}_{table.short_name}").format(typed="part")
    with lookups(table, edition, REJECTED, DECISIONS) as connection:
        for file in files:
            _keep(connection, file, decided)
            if "coordinate_x" in table.columns:
                locate(connection, "kept")
            for _ in _parts(connection):
                yield from batches(connection, f"FROM ({query}) ORDER BY row", table, constants_of(file))


def _parts(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """The kept rows as a view of some at a time: joins do not keep their order, and to order all at once takes memory."""
    last = connection.execute("SELECT coalesce(max(row), 0) FROM kept").fetchall()[0][0]
    for first in range(1, last + 1, PART_ROWS):
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW part AS FROM kept WHERE row BETWEEN {first} AND {first + PART_ROWS - 1}"
        )
        yield


def _keep(connection: duckdb.DuckDBPyConnection, file: DeliveredFile, decided: Decisions) -> None:
    """A view of the file's typed rows that no rule sets aside, or that a decision lets count."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE set_aside AS
        SELECT DISTINCT row FROM {REJECTED.name} WHERE file = {quoted(file.path.name)} AND NOT counts
        """
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW kept AS FROM ({typed(file, decided)}) ANTI JOIN set_aside USING (row)"
    )


def _asset(table: Table) -> dg.AssetsDefinition:
    """The asset of a table of delivered rows."""
    return table_asset(
        table,
        each(lambda edition: rows_that_count(table, edition, load_decisions())),
        needs([*REFERENCE, FILES, DECISIONS, REJECTED, extracts_table(table)]),
        about=lambda edition: {"files": made_from(table, edition)},
    )


def made_from(table: Table, edition: int) -> str:
    """The files that an edition of a table was made from, with the first letters of their hashes, as Dagster shows them."""
    files = delivered_for(table, edition)
    return ", ".join(f"{file.path.name} ({file.sha256[:12]})" for file in files) or "none delivered"


ASSETS = [_asset(table) for table in contracts().values() if table.delivered]
