"""Make a Dagster asset from a function that returns a table's rows.

A `Maker` takes the editions of a run and yields the rows of each edition. The asset writes them to the store. There are two
kinds of makers: `each` calls a function once per edition, and `split` calls a function once and divides its rows by
edition. These functions know nothing about Dagster. Delivered files have their own loop over editions, in
`extracts/intake.py`, because all of them are stored or none.

The step that makes a table also runs the table's checks, so it waits for every table that the checks read.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from typing import Any, TypeVar

import dagster as dg
import pandas as pd
import pyarrow as pa

from assets.asset_checks import check_results, check_specs
from checks.expectations import tables_read
from checks.outcomes import rules_of
from warehouse import store
from warehouse.contracts import Table, records
from warehouse.errors import InputError, StoreError, disk_trouble
from warehouse.store import FIRST_EDITION

OWNERS = ["team:sikker-by"]
PREVIEW_ROWS = 10
REFERENCE_KEY = dg.AssetKey(["reference", "editions"])

editions = dg.TimeWindowPartitionsDefinition(
    cron_schedule="0 0 1 1 *",
    fmt="%Y",
    start=str(FIRST_EDITION),
    timezone="Europe/Copenhagen",
    end_offset=1,  # without this offset the current year has no partition
)
"""The yearly editions as Dagster partitions: edition Y has the survey of year Y and the crime reports of year Y-1."""

same_edition = dg.TimeWindowPartitionMapping()
"""The mapping of partitions for a table that reads only the same edition of another table."""

# Dagster visits each year of the offset, so the offset goes back only to the first edition. One year more allows for a page that
# is still open after New Year.
this_and_earlier = dg.TimeWindowPartitionMapping(
    start_offset=FIRST_EDITION - date.today().year - 1, allow_nonexistent_upstream_partitions=True
)
"""The mapping of partitions for a table that reads the same and earlier editions of another table."""

Rows = pd.DataFrame | Iterable[pa.RecordBatch]
Maker = Callable[[list[int]], Iterable[tuple[int, Rows]]]
Opened = TypeVar("Opened")
Events = Iterator[dg.MaterializeResult[None] | dg.AssetCheckEvaluation | dg.Output[None]]


def table_asset(
    table: Table,
    make: Maker,
    deps: Iterable[dg.AssetDep],
    about: Callable[[int], dict[str, Any]] = lambda edition: {},
) -> dg.AssetsDefinition:
    """Return the asset of a table with one file per edition.

    `about` returns additional metadata for an edition that was written.
    """

    @dg.asset(
        **describe(table),
        partitions_def=editions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=with_tables_of_checks([table], deps),
        check_specs=check_specs(table),
    )
    def asset(context: dg.AssetExecutionContext) -> Events:
        editions_of_run = editions_of(context)
        with expected_trouble():
            for edition, rows in make(editions_of_run):
                metadata = save(table, rows, edition) | about(edition)
                context.add_asset_metadata(metadata, asset_key=key(table), partition_key=str(edition))
        yield from made_and_checked(table)

    return asset


def each(make: Callable[[Opened, int], Rows], opened: Callable[[], AbstractContextManager[Opened]]) -> Maker:
    """Return a maker that calls `make` for each edition. `opened` yields one object, which every call gets.

    Read all rows of an edition before you ask for the next edition: the rows may be a stream from the one connection that all
    editions share.
    """

    def of_each(editions_of_run: list[int]) -> Iterator[tuple[int, Rows]]:
        with opened() as shared:
            for edition in editions_of_run:
                yield edition, make(shared, edition)

    return of_each


def split(make: Callable[[list[int]], pd.DataFrame]) -> Maker:
    """Return a maker that calls `make` once and divides the frame that it returns by edition.

    Rows of editions outside the run are left out.
    """

    def of_each(editions_of_run: list[int]) -> Iterator[tuple[int, Rows]]:
        frame = make(editions_of_run)
        return ((edition, frame[frame["edition"] == edition]) for edition in editions_of_run)

    return of_each


def made_and_checked(table: Table, metadata: dict[str, Any] | None = None) -> Events:
    """Run the checks of a written table. Yield the table's materialization and the results of the checks."""
    yield dg.MaterializeResult(asset_key=key(table), metadata=metadata)
    with expected_trouble():
        results = list(check_results(table))
    yield from results


def editions_of(context: dg.AssetExecutionContext) -> list[int]:
    """Return the editions that a run makes, in order."""
    return [int(partition) for partition in context.partition_keys]


def needs(same: Iterable[Table] = (), earlier: Iterable[Table] = ()) -> list[dg.AssetDep]:
    """Return the dependencies of a table on other tables.

    To make an edition, the table reads only that edition of the tables in `same`, and that edition and earlier ones of the
    tables in `earlier`.

    One step makes all reference tables or none, so a dependency on one of them is enough. If every step depended on each of
    more than 20 reference tables, the other dependencies would be hard to see on Dagster's page. Besides, Dagster queries its
    storage for each dependency of each step.
    """
    return [*_edges(same, same_edition), *_edges(earlier, this_and_earlier)]


def _edges(tables: Iterable[Table], mapping: dg.PartitionMapping) -> list[dg.AssetDep]:
    keys = {}
    for table in tables:
        is_reference = table.schema_name == "reference" and not table.partitioned
        keys[REFERENCE_KEY if is_reference else key(table)] = mapping if table.partitioned else None
    return [dg.AssetDep(asset_key, partition_mapping=of_key) for asset_key, of_key in keys.items()]


def with_tables_of_checks(tables: list[Table], deps: Iterable[dg.AssetDep]) -> list[dg.AssetDep]:
    """Return the dependencies `deps` of a step, and one more for each other table that the checks of the step's tables read."""
    deps = list(deps)
    present_keys = {dep.asset_key for dep in deps} | {key(table) for table in tables}
    deps_of_checks = needs(earlier=tables_read(rule for table in tables for rule in rules_of(table)))
    return [*deps, *(dep for dep in deps_of_checks if dep.asset_key not in present_keys)]


def key(table: Table) -> dg.AssetKey:
    """Return the asset key of a table: its schema and its name."""
    return dg.AssetKey(table.name.split("."))


def describe(table: Table) -> dict[str, Any]:
    """Return the arguments of a table's asset that come from the table's contract, such as key, group and columns."""
    columns = [
        dg.TableColumn(
            name,
            column.type,
            description=column.description,
            constraints=dg.TableColumnConstraints(nullable=not column.required, unique=table.key == (name,)),
        )
        for name, column in table.columns.items()
    ]
    return {
        "key": key(table),
        "group_name": table.schema_name,
        "owners": OWNERS,
        "kinds": {"python", "parquet"},
        "description": table.description,
        "metadata": {"dagster/column_schema": dg.TableSchema(columns)},
    }


def save(table: Table, rows: Rows, edition: int | None = None) -> dict[str, Any]:
    """Write a table or one edition of it, and return metadata.

    The metadata are the row count, the provenance and, if the table is published, a preview.
    """
    if isinstance(rows, pd.DataFrame):
        count = store.write(table, rows, edition)
    else:
        count = store.write_batches(table, rows, edition)
    metadata = row_counts(table, count, edition)
    return metadata | (
        {"preview": preview(table, rows)} if table.publish and count and isinstance(rows, pd.DataFrame) else {}
    )


def row_counts(table: Table, count: int, edition: int | None) -> dict[str, Any]:
    """Return the metadata of a written file: row count, file name and provenance, but no other values of its rows."""
    metadata: dict[str, Any] = {"dagster/row_count": count, "file": store.path_of(table, edition).name}
    provenances = (
        store.distinct(table, edition, "provenance") if edition is not None and "provenance" in table.columns else []
    )
    return metadata | ({"provenance": " ".join(provenances)} if provenances else {})


def preview(table: Table, frame: pd.DataFrame) -> dg.TableMetadataValue:
    """Return the first rows of a published table, for Dagster's page."""
    rows = [
        {
            name: value if isinstance(value, (str, int, float, bool)) or value is None else str(value)
            for name, value in row.items()
        }
        for row in records(frame.head(PREVIEW_ROWS))
    ]
    return dg.MetadataValue.table(
        [dg.TableRecord(row) for row in rows], schema=dg.TableSchema([dg.TableColumn(name) for name in table.columns])
    )


@contextmanager
def expected_trouble() -> Iterator[None]:
    """Lock the store against other runs, and turn an expected error into a Dagster failure that shows the error's sentence."""
    try:
        store.hold()
        yield
    except (InputError, StoreError) as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    except OSError as error:
        sentence = disk_trouble(error)
        if sentence is None:
            raise
        raise dg.Failure(sentence, allow_retries=False) from None
