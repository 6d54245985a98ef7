"""The rows that count: each table of delivered rows, typed and mapped, less the rows that are set aside.

How a row is typed and which are set aside is in `setting_aside.py`; what is looked up for it is the SQL of
`warehouse/models/<schema>_<table>.sql`; where coordinates lie is in `places.py`.
"""

from collections.abc import Iterator

import dagster as dg
import duckdb
import numpy as np
import pyarrow as pa

from assets.editions import editions
from assets.places import locate
from assets.reference import REFERENCE
from assets.setting_aside import DECISIONS, FILES, REJECTED, constants_of, delivered_for, lookups, typed
from assets.tables import describe, expected_trouble, needs, told
from warehouse import store
from warehouse.contracts import Table, contracts
from warehouse.decisions import Decisions, load_decisions
from warehouse.delivered_files import DeliveredFile, extracts_table
from warehouse.engine import batches, model
from warehouse.parsing import quoted


def rows_that_count(table: Table, edition: int, decided: Decisions) -> Iterator[pa.RecordBatch]:
    """The edition's rows of a table in the order of its key: file by file, row by row."""
    files = delivered_for(table, edition)
    if not files:
        return
    with lookups(table, edition, REJECTED, DECISIONS) as connection:
        for file in files:
            _keep(connection, file, decided)
            if "coordinate_x" in table.columns:
                locate(connection, "kept")
            query = model(table.name.replace(".", "_")).format(typed="kept")
            yield from _in_order(batches(connection, query, table, constants_of(file)), table)


def _in_order(made: Iterator[pa.RecordBatch], table: Table) -> Iterator[pa.RecordBatch]:
    """The batches in the order of the file's rows: a join keeps the order of batches, but not that within one.

    Raises ValueError where a row stands there twice or in an earlier batch.
    """
    last = 0
    for unordered in made:
        batch = unordered.sort_by("row")
        rows = batch.column("row").to_numpy()
        if len(rows) and (rows[0] <= last or (np.diff(rows) <= 0).any()):
            raise ValueError(f"{table.name}: a row stands twice, or before one of an earlier batch")
        last = rows[-1] if len(rows) else last
        yield batch


def _keep(connection: duckdb.DuckDBPyConnection, file: DeliveredFile, decided: Decisions) -> None:
    """A view of the file's typed rows that no rule sets aside, or that a decision lets count."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE set_aside AS
        SELECT DISTINCT row FROM {REJECTED.name} WHERE file = {quoted(file.path.name)} AND decision IS NULL
        """
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW kept AS FROM ({typed(file, decided)}) ANTI JOIN set_aside USING (row)"
    )


def _asset(table: Table) -> dg.AssetsDefinition:
    """The asset of a table of delivered rows."""

    @dg.asset(
        **describe(table),
        partitions_def=editions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=needs([*REFERENCE, FILES, DECISIONS, REJECTED, extracts_table(table)]),
    )
    def asset(context: dg.AssetExecutionContext) -> None:
        for edition in map(int, context.partition_keys):
            with expected_trouble():
                rows = store.write_batches(table, rows_that_count(table, edition, load_decisions()), edition)
            told(context, table, edition, rows)

    return asset


ASSETS = [_asset(table) for table in contracts().values() if table.delivered]
