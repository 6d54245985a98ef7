"""What came in, as tables: files, rows as delivered, decisions, and the rows that are set aside.

One step makes them all, as all of a run's files are taken in or none (`intake.py`). The rows that count become tables
in `delivered.py`.
"""

from collections.abc import Iterator

import dagster as dg

from assets.asset_checks import SHOWN
from assets.editions import editions
from assets.extracts.intake import TABLES, take_in
from assets.extracts.rejecting import REJECTED
from assets.reference import REFERENCE
from assets.tables import describe, expected_trouble, key, needs, told
from warehouse import store
from warehouse.contracts import records


@dg.multi_asset(
    name="extracts",
    specs=[dg.AssetSpec(**describe(table), deps=needs(REFERENCE)) for table in TABLES],
    partitions_def=editions,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def extracts(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """Every file of every edition's landing folder, or none: a bad one stops the run before anything is stored."""
    with expected_trouble():
        written = take_in([int(partition) for partition in context.partition_keys])
    for table in TABLES:
        for edition, rows in written[table.name].items():
            told(context, table, edition, rows)
            if table is REJECTED and rows:
                context.add_asset_metadata({"rows": rows_set_aside(edition)}, key(table), str(edition))
        yield dg.MaterializeResult(asset_key=key(table))


def rows_set_aside(edition: int) -> dg.TableMetadataValue:
    """The first rows that were set aside, by file and row, with the rule and the column; never a value."""
    names = ["file", "row", "rule", "column_name", "decision"]
    rows = records(store.read(REJECTED, [edition])[names].head(SHOWN))
    return dg.MetadataValue.table([dg.TableRecord({name: str(row[name] or "") for name in names}) for row in rows])


ASSETS = [extracts]
