"""The Dagster step that stores delivered files: the list of files, their rows as delivered, decisions and rejected rows.

One step makes all of these tables, because all files of a run are stored or none (see `intake.py`). `kept_rows.py` makes the tables
of the kept rows.
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
    """Store all files of the editions' landing folders, or none: a bad file stops the run before anything is stored."""
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
    """Return the edition's first rejected rows for Dagster's page: file, row, rule, column and decision, but no cell values."""
    names = ["file", "row", "rule", "column_name", "decision"]
    rows = records(store.read(REJECTED, [edition])[names].head(SHOWN))
    return dg.MetadataValue.table([dg.TableRecord({name: str(row[name] or "") for name in names}) for row in rows])


ASSETS = [extracts]
