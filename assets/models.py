"""Tables that one SQL query makes from others: the query is `warehouse/models/<schema>_<table>.sql`.

Which tables it reads, and whether of its own edition alone or of earlier ones too, is said here.
"""

import dagster as dg

from assets.editions import editions
from assets.reference import REFERENCE
from assets.tables import describe, expected_trouble, needs, told
from warehouse import store
from warehouse.contracts import contracts
from warehouse.engine import batches, engine, model


def model_table(name: str, same: tuple[str, ...], earlier: tuple[str, ...] = ()) -> dg.AssetsDefinition:
    """The asset of a table that its model makes, edition by edition, from tables of the same and of earlier editions."""
    table = contracts()[name]
    of_edition, until = ([contracts()[one] for one in names] for names in (same, earlier))

    @dg.asset(
        **describe(table),
        partitions_def=editions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=needs([*of_edition, *REFERENCE], until),
    )
    def asset(context: dg.AssetExecutionContext) -> None:
        for edition in map(int, context.partition_keys):
            with expected_trouble(), engine([*of_edition, *REFERENCE], edition, until) as connection:
                connection.execute(model("lookups"))
                made = batches(connection, model(name.replace(".", "_")).format(edition=edition), table)
                rows = store.write_batches(table, made, edition)
            told(context, table, edition, rows)

    return asset


ASSETS = [
    model_table("activities.activity_partners", same=("activities.activities",)),
    model_table("police.draws", same=("quality.files",), earlier=("police.reports",)),
    model_table("police.draw_changes", same=(), earlier=("police.reports",)),
    model_table("police.unmapped_codes", same=("police.reports", "quality.decisions")),
    model_table(
        "quality.row_counts",
        same=(
            "quality.files",
            "quality.rejected_rows",
            "quality.decisions",
            *(t.name for t in contracts().values() if t.delivered),
        ),
    ),
]
