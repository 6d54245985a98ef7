"""The reference data as tables: what people edit, read, checked and stored. Published figures are one of them."""

from collections.abc import Iterator

import dagster as dg

from assets.editions import editions
from assets.extracts.layouts import load_specifications, refuse_unknown_systems
from assets.tables import describe, expected_trouble, key, needs, save, save_editions
from warehouse.contracts import contracts
from warehouse.decision_file import load_decisions
from warehouse.reference_files import load_reference

REFERENCE = [table for table in contracts().values() if table.schema_name == "reference" and not table.partitioned]
FIGURES = contracts()["reference.published_figures"]


@dg.multi_asset(
    name="reference",
    specs=[dg.AssetSpec(**describe(table)) for table in REFERENCE],
)
def reference() -> Iterator[dg.MaterializeResult[None]]:
    """Every reference file, or none: an invalid one stops the run before anything else."""
    with expected_trouble():
        loaded = load_reference()
        refuse_unknown_systems(load_specifications(), set(loaded["reference.area_codes"]["code_system"]))
        load_decisions()
        saved = {table.name: save(table, loaded[table.name]) for table in REFERENCE}
    for table in REFERENCE:
        yield dg.MaterializeResult(asset_key=key(table), metadata=saved[table.name])


@dg.asset(
    **describe(FIGURES),
    partitions_def=editions,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=needs(REFERENCE),
)
def published_figures(context: dg.AssetExecutionContext) -> None:
    """The lines of published_figures.csv, by edition."""
    with expected_trouble():
        save_editions(context, FIGURES, load_reference()[FIGURES.name])


ASSETS = [reference, published_figures]
