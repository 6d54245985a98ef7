"""What came in, as tables: files, rows as delivered, decisions, and the rows that are set aside.

One step makes them all, as all of a run's files are taken in or none (`intake.py`). The rows that count become tables
in `delivered.py`.
"""

from collections.abc import Iterator

import dagster as dg

from assets.editions import editions
from assets.intake import TABLES, take_in
from assets.reference import REFERENCE
from assets.tables import describe, expected_trouble, key, needs, told


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
        yield dg.MaterializeResult(asset_key=key(table))


ASSETS = [extracts]
