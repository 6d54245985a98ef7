"""What came in: the files of each edition, their rows as delivered, the rows that are set aside, and the decisions.

How a file is read is in `warehouse/`, which rows are set aside in `setting_aside.py`; the rows that count become tables
in `delivered.py`.
"""

from itertools import chain

import dagster as dg

from assets.editions import editions
from assets.reference import REFERENCE
from assets.setting_aside import FILES, REJECTED, delivered_for, files_of, set_aside
from assets.tables import describe, expected_trouble, needs, save_editions, told
from warehouse import store
from warehouse.contracts import Table, contracts
from warehouse.decisions import decision_rows, load_decisions
from warehouse.delivered_files import DeliveredFile, delivered_files, extracts_table, landed_editions, rows_of
from warehouse.errors import InputError
from warehouse.specifications import load_specifications

DECISIONS = contracts()["quality.decisions"]
DELIVERED = [table for table in contracts().values() if table.delivered]


@dg.asset(
    **describe(FILES),
    partitions_def=editions,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=needs(REFERENCE),
)
def files(context: dg.AssetExecutionContext) -> None:
    """Every file of every edition's landing folder, or none: a bad one stops the run before anything is stored."""
    with expected_trouble():
        specifications = load_specifications()
        landed = set(landed_editions())
        wanted = [int(partition) for partition in context.partition_keys]
        found = {one: delivered_files(one, specifications) if one in landed else [] for one in wanted}
        _refuse_another_editions(found)
        for edition, of_edition in found.items():
            _refuse_gone(edition, of_edition)
        rows = [file.row() for of_edition in found.values() for file in of_edition]
        save_editions(context, FILES, FILES.frame(rows))


def _refuse_another_editions(found: dict[int, list[DeliveredFile]]) -> None:
    """The same bytes in two editions are last year's file under this year's name."""
    seen = {
        row["file_sha256"]: row for one in store.stored_editions(FILES) if one not in found for row in files_of(one)
    }
    for edition, of_edition in sorted(found.items()):
        for file in of_edition:
            other = seen.get(file.sha256)
            if other:
                raise InputError(
                    f"{file.path.name}: is the same file as {other['file']} of edition {other['edition']}: put the file of edition {edition} there."
                )
            seen[file.sha256] = file.row()


def _refuse_gone(edition: int, of_edition: list[DeliveredFile]) -> None:
    """Nothing good is replaced by nothing: a table that had a file before must have one again."""
    delivered = {file.specification.table for file in of_edition}
    before = files_of(edition) if edition in store.stored_editions(FILES) else []
    for row in before:
        if row["table_name"] not in delivered:
            raise InputError(
                f"{row['file']}: was read from landing/{edition} before and is gone, and nothing good is replaced by nothing: put it back, or delete the store's folder if it is right that it is gone."
            )


def _extract_asset(table: Table) -> dg.AssetsDefinition:
    """The rows of a table's files as they were delivered."""
    extract = extracts_table(table)

    @dg.asset(
        **describe(extract),
        partitions_def=editions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=needs([FILES]),
    )
    def asset(context: dg.AssetExecutionContext) -> None:
        for edition in map(int, context.partition_keys):
            with expected_trouble():
                batches = chain.from_iterable(rows_of(file) for file in delivered_for(table, edition))
                told(context, extract, edition, store.write_batches(extract, batches, edition))

    return asset


@dg.asset(
    **describe(DECISIONS),
    partitions_def=editions,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=needs([FILES]),
)
def decisions(context: dg.AssetExecutionContext) -> None:
    """The lines of decisions.yml, by edition, and whether they still hold."""
    with expected_trouble():
        decided = load_decisions()
        wanted = [int(partition) for partition in context.partition_keys]
        rows = [row for edition in wanted for row in decision_rows(decided, edition, files_of(edition))]
        save_editions(context, DECISIONS, DECISIONS.frame(rows))


@dg.asset(
    **describe(REJECTED),
    partitions_def=editions,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=needs([*REFERENCE, FILES, DECISIONS, *(extracts_table(table) for table in DELIVERED)]),
)
def rejected_rows(context: dg.AssetExecutionContext) -> None:
    """The rows that cannot count, with the rule and the reason."""
    with expected_trouble():
        decided = load_decisions()
        wanted = [int(partition) for partition in context.partition_keys]
        rows = [row for edition in wanted for table in DELIVERED for row in set_aside(table, edition, decided)]
        save_editions(context, REJECTED, REJECTED.frame(rows))


ASSETS = [files, *(_extract_asset(table) for table in DELIVERED), decisions, rejected_rows]
