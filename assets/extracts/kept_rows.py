"""Make the tables of kept rows. All tables of figures are made from them.

Kept rows are the delivered rows that are not rejected, and the rejected rows that decisions accept or correct.
`rejecting.py` rejects rows, and `typing_sql.py` gives the cells their types. `rows/<schema>_<table>.sql` looks up areas
and codes, and `coordinates.py` locates points.
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


def kept_rows(
    connection: duckdb.DuckDBPyConnection, table: Table, files: list[DeliveredFile], decisions: Decisions
) -> Iterator[pa.RecordBatch]:
    """Yield the kept rows of one table in one edition, sorted by file and row.

    `connection` comes from `engine_with_lookups`.
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
    """Divide the view `kept` into parts: at each step of the iteration, the view `part` has the next rows of `kept`.

    A part covers PART_ROWS row numbers. The rows have to be sorted, because joins do not keep their order. The caller
    sorts each part separately, because sorting all rows at once would take much memory. `benchmarks.police_csv`
    measures the highest memory use at 10 and 30 million rows.
    """
    last_row = connection.execute("SELECT coalesce(max(row), 0) FROM kept").fetchall()[0][0]
    for first_row in range(1, last_row + 1, PART_ROWS):
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW part AS FROM kept WHERE row BETWEEN {first_row} AND {first_row + PART_ROWS - 1}"
        )
        yield


def _view_kept(connection: duckdb.DuckDBPyConnection, file: DeliveredFile, decisions: Decisions) -> None:
    """Make the view `kept`, which has the file's kept rows with typed cells.

    A row is kept if it breaks no rule, or if decisions accept or correct all of its faults.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE rows_left_out AS
        SELECT DISTINCT row FROM {REJECTED.name} WHERE file = {quoted(file.path.name)} AND NOT counts
        """
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW kept AS FROM ({typed(file, decisions)}) ANTI JOIN rows_left_out USING (row)"
    )


@contextmanager
def _opened() -> Iterator[tuple[duckdb.DuckDBPyConnection, Decisions, dict[str, Specification]]]:
    """Yield three objects that every edition needs: an engine that has the lookups, the decisions, and the specifications."""
    with engine_with_lookups() as connection:
        yield connection, load_decisions(), load_specifications()


def _asset(table: Table) -> dg.AssetsDefinition:
    """Return the Dagster asset that makes a table of kept rows."""

    def rows_of_edition(
        opened: tuple[duckdb.DuckDBPyConnection, Decisions, dict[str, Specification]], edition: int
    ) -> Rows:
        connection, decisions, specifications = opened
        return kept_rows(connection, table, delivered_for(table, edition, specifications), decisions)

    return table_asset(
        table,
        each(rows_of_edition, _opened),
        needs([*REFERENCE, FILES, DECISIONS, REJECTED, extracts_table(table)]),
        about=lambda edition: {"files": made_from(table, edition)},
    )


def made_from(table: Table, edition: int) -> str:
    """Return a text for Dagster's page: the names and fingerprints of the edition's files with rows for the table."""
    files = [file for file in listed_files(edition) if file.table_name == table.name]
    return ", ".join(f"{file.file} ({file.file_sha256[:12]})" for file in files) or "none delivered"


ASSETS = [_asset(table) for table in contracts().values() if table.delivered]
