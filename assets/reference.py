"""The assets of the reference files. Each reference file is read, checked and stored as a table."""

import dagster as dg

from assets.asset_checks import check_specs
from assets.extracts.layouts import load_specifications, refuse_unknown_systems
from assets.tables import Events, describe, expected_trouble, made_and_checked, needs, save, split, table_asset
from warehouse.contracts import contracts
from warehouse.decision_file import load_decisions
from warehouse.reference_files import load_reference

REFERENCE = [table for table in contracts().values() if table.schema_name == "reference" and not table.partitioned]
FIGURES = contracts()["reference.published_figures"]


@dg.multi_asset(
    name="reference",
    specs=[dg.AssetSpec(**describe(table)) for table in REFERENCE],
    check_specs=[spec for table in REFERENCE for spec in check_specs(table)],
)
def reference() -> Events:
    """Read and store all reference files. If any of the files is invalid, no file is stored and the run stops."""
    with expected_trouble():
        loaded = load_reference()
        refuse_unknown_systems(load_specifications(), set(loaded["reference.area_codes"]["code_system"]))
        load_decisions()
        saved = {table.name: save(table, loaded[table.name]) for table in REFERENCE}
    for table in REFERENCE:
        yield from made_and_checked(table, saved[table.name])


ASSETS = [
    reference,
    table_asset(FIGURES, split(lambda _editions: load_reference()[FIGURES.name]), needs(REFERENCE)),
]
