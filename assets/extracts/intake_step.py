"""What came in, as tables: files, rows as delivered, decisions, and the rows that are set aside.

One step makes them all, as all of a run's files are taken in or none (`intake.py`). The rows that count become tables
in `kept.py`.
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
    """Every file of every edition's landing folder, or none: a bad one stops the run before anything is stored."""
    editions_of_run = editions_of(context)
    with expected_trouble():
        written = take_in(editions_of_run)
    for table in TABLES:
        for edition, rows in written[table.name].items():
            metadata = row_counts(table, rows, edition)
            if table is REJECTED and rows:
                metadata["rows"] = rows_set_aside(edition)
            context.add_asset_metadata(metadata, key(table), str(edition))
        yield from made_and_checked(table)


def rows_set_aside(edition: int) -> dg.TableMetadataValue:
    """The first rows that were set aside, by file and row, with the rule and the column; never a value."""
    names = ["file", "row", "rule", "column_name", "decision"]
    rows = records(store.read(REJECTED, [edition])[names].head(SHOWN))
    return dg.MetadataValue.table([dg.TableRecord({name: str(row[name] or "") for name in names}) for row in rows])


ASSETS = [extracts]
