"""Tables that one SQL query makes from others: each query lies beside its subject.

Which tables it reads, and whether of its own edition alone or of earlier ones too, is said here.
"""

from dataclasses import dataclass

import dagster as dg

from assets.editions import editions
from assets.reference import REFERENCE
from assets.sql_files import sql
from assets.tables import describe, expected_trouble, needs, told
from warehouse import store
from warehouse.contracts import contracts
from warehouse.engine import batches, engine


@dataclass(frozen=True)
class Inputs:
    """Names of the tables that a model reads: of its own edition alone, and of that and all earlier ones."""

    same: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()


DELIVERED = tuple(table.name for table in contracts().values() if table.delivered)

MODELS = {
    "activities.activity_partners": Inputs(same=("activities.activities",)),
    "commitments.yearly_numbers": Inputs(
        same=(
            "activities.activities",
            "activities.goals",
            "commitments.meetings",
            "commitments.accounts",
            "commitments.listed_areas",
        )
    ),
    "crime.counted": Inputs(
        same=("police.draws", "police.count_draws"), earlier=("police.reports", "population.residents")
    ),
    "police.count_draws": Inputs(earlier=("police.counts",)),
    "police.draws": Inputs(same=("quality.files",), earlier=("police.reports",)),
    "police.draw_changes": Inputs(earlier=("police.reports",)),
    "police.unmapped_codes": Inputs(same=("police.reports", "quality.file_decisions")),
    "quality.row_counts": Inputs(same=("quality.files", "quality.rejected_rows", "quality.file_decisions", *DELIVERED)),
}

FILES = {
    "activities.activity_partners": "commitments/activity_partners",
    "commitments.yearly_numbers": "commitments/yearly_numbers",
    "crime.counted": "crime/counted",
    "police.count_draws": "crime/count_draws",
    "police.draws": "crime/draws",
    "police.draw_changes": "crime/draw_changes",
    "police.unmapped_codes": "crime/unmapped_codes",
    "quality.row_counts": "quality/row_counts",
}


def write_model(name: str, edition: int) -> int:
    """Make one edition of a table by its model; the number of rows."""
    table, inputs = contracts()[name], MODELS[name]
    same, earlier = ([contracts()[one] for one in names] for names in (inputs.same, inputs.earlier))
    with engine([*same, *REFERENCE], edition, earlier) as connection:
        connection.execute(sql("lookups"))
        made = batches(connection, sql(FILES[name]).format(edition=edition), table)
        return store.write_batches(table, made, edition)


def model_table(name: str) -> dg.AssetsDefinition:
    """The asset of a table that its model makes, edition by edition."""
    table, inputs = contracts()[name], MODELS[name]
    same, earlier = ([contracts()[one] for one in names] for names in (inputs.same, inputs.earlier))

    @dg.asset(
        **describe(table),
        partitions_def=editions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=needs([*same, *REFERENCE], earlier),
    )
    def asset(context: dg.AssetExecutionContext) -> None:
        for edition in map(int, context.partition_keys):
            with expected_trouble():
                rows = write_model(name, edition)
            told(context, table, edition, rows)

    return asset


ASSETS = [model_table(name) for name in MODELS]
