"""The Dagster step that stores the delivered files of a run's editions.

The step makes four kinds of tables: the list of files, the rows as delivered, the decisions and the rejected rows. A
single step makes all of them, because either all files of a run are stored or no file is stored (see `intake.py`).
`kept_rows.py` makes the tables of the kept rows.
"""

import dagster as dg

from assets.asset_checks import SHOWN, check_specs
from assets.extracts.intake import TABLES, take_in
from assets.extracts.rejecting import REJECTED
from assets.reference import REFERENCE
from assets.tables import (
    Events,
    describe,
    editions,
    editions_of,
    expected_trouble,
    key,
    made_and_checked,
    needs,
    row_counts,
    with_tables_of_checks,
)
from warehouse import store
from warehouse.contracts import records

NEEDED = with_tables_of_checks(TABLES, needs(REFERENCE))


@dg.multi_asset(
    name="extracts",
    specs=[dg.AssetSpec(**describe(table), deps=NEEDED) for table in TABLES],
    check_specs=[spec for table in TABLES for spec in check_specs(table)],
    partitions_def=editions,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def extracts(context: dg.AssetExecutionContext) -> Events:
    """Store all files of the editions' landing folders. If a file is bad, the run stops before any file is stored."""
    editions_of_run = editions_of(context)
    with expected_trouble():
        written = take_in(editions_of_run)
    for table in TABLES:
        for edition, rows in written[table.name].items():
            metadata = row_counts(table, rows, edition)
            if table is REJECTED and rows:
                metadata["rows"] = first_rejected_rows(edition)
            context.add_asset_metadata(metadata, key(table), str(edition))
        yield from made_and_checked(table)


def first_rejected_rows(edition: int) -> dg.TableMetadataValue:
    """Return the edition's first rejected rows as a table for Dagster's page.

    The table has the columns file, row, rule, column and decision. It does not show the values of cells.
    """
    names = ["file", "row", "rule", "column_name", "decision"]
    rows = records(store.read(REJECTED, [edition])[names].head(SHOWN))
    return dg.MetadataValue.table([dg.TableRecord({name: str(row[name] or "") for name in names}) for row in rows])


ASSETS = [extracts]
