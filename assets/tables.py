"""Make a Dagster asset from a function that returns the rows of a table.

A `Maker` gets the editions of a run, and yields each edition together with its rows. The asset writes these rows to the
store. `each` returns a maker that calls a function once for each edition. `split` returns a maker that calls a function
once for all editions, and divides the returned rows by edition. Makers and the functions that they call know nothing
about Dagster.

Delivered files have no maker, because either all of them are stored or none. `extracts/intake.py` stores them.

The step that makes a table also runs the checks of this table. The step therefore waits for every table that the checks
read.
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
"""The editions as Dagster partitions. Edition Y has the survey of year Y and the crime reports of year Y-1."""

same_edition = dg.TimeWindowPartitionMapping()
"""The partition mapping for this case: to make an edition, a table reads only the same edition of another table."""

# Dagster visits each year of the offset, so the offset goes back only to the first edition. The offset has one more year,
# because Dagster's page may still be open after New Year.
this_and_earlier = dg.TimeWindowPartitionMapping(
    start_offset=FIRST_EDITION - date.today().year - 1, allow_nonexistent_upstream_partitions=True
)
"""The partition mapping for this case: to make an edition, a table reads this and all earlier editions of another table."""

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
    """Return the Dagster asset of a table that has one file for each edition.

    `make` yields the rows of each edition. `about` gets an edition that was written, and returns additional metadata
    about it.
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
    """Return a maker that calls `make` once for each edition.

    `opened` opens one object, such as a connection, and every call of `make` gets this object. Read all rows of an
    edition before you ask the maker for the next edition, because the rows may be a stream from the shared connection.
    """

    def of_each(editions_of_run: list[int]) -> Iterator[tuple[int, Rows]]:
        with opened() as shared:
            for edition in editions_of_run:
                yield edition, make(shared, edition)

    return of_each


def split(make: Callable[[list[int]], pd.DataFrame]) -> Maker:
    """Return a maker that calls `make` once for all editions, and then divides the returned frame by edition.

    Rows of editions that are not part of the run are left out.
    """

    def of_each(editions_of_run: list[int]) -> Iterator[tuple[int, Rows]]:
        frame = make(editions_of_run)
        return ((edition, frame[frame["edition"] == edition]) for edition in editions_of_run)

    return of_each


def made_and_checked(table: Table, metadata: dict[str, Any] | None = None) -> Events:
    """Yield the materialization of a written table. Then run the table's checks and yield the results of the checks."""
    yield dg.MaterializeResult(asset_key=key(table), metadata=metadata)
    with expected_trouble():
        results = list(check_results(table))
    yield from results


def editions_of(context: dg.AssetExecutionContext) -> list[int]:
    """Return the editions that a run makes, in order."""
    return [int(partition) for partition in context.partition_keys]


def needs(same: Iterable[Table] = (), earlier: Iterable[Table] = ()) -> list[dg.AssetDep]:
    """Return the dependencies of a table on other tables.

    Each edition of the table depends on the same edition of the tables in `same`. It also depends on the same edition
    and all earlier editions of the tables in `earlier`.

    All reference tables without editions become a single dependency. This is enough, because one step makes all of them
    or none. With a separate dependency on each of these more than 20 tables, the other dependencies would be hard to
    see on Dagster's page. Besides, Dagster queries its storage for each dependency of each step.
    """
    return [*_edges(same, same_edition), *_edges(earlier, this_and_earlier)]


def _edges(tables: Iterable[Table], mapping: dg.PartitionMapping) -> list[dg.AssetDep]:
    keys = {}
    for table in tables:
        is_reference = table.schema_name == "reference" and not table.partitioned
        keys[REFERENCE_KEY if is_reference else key(table)] = mapping if table.partitioned else None
    return [dg.AssetDep(asset_key, partition_mapping=of_key) for asset_key, of_key in keys.items()]


def with_tables_of_checks(tables: list[Table], deps: Iterable[dg.AssetDep]) -> list[dg.AssetDep]:
    """Return `deps` plus the missing dependencies on tables that the checks of `tables` read."""
    deps = list(deps)
    present_keys = {dep.asset_key for dep in deps} | {key(table) for table in tables}
    deps_of_checks = needs(earlier=tables_read(rule for table in tables for rule in rules_of(table)))
    return [*deps, *(dep for dep in deps_of_checks if dep.asset_key not in present_keys)]


def key(table: Table) -> dg.AssetKey:
    """Return the asset key of a table. It consists of the table's schema and the table's name."""
    return dg.AssetKey(table.name.split("."))


def describe(table: Table) -> dict[str, Any]:
    """Return arguments for the Dagster asset of a table, such as its key, group and columns.

    The arguments come from the table's contract.
    """
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
    """Write a table, or one edition of a table, to the store. Return metadata for Dagster's page.

    The metadata have the row count, the file's name and the provenance. They also have a preview if the table is
    published and `rows` is a frame.
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
    """Return metadata about a file of the store: the row count, the file's name, and the provenance of the rows."""
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
    """Lock the store against other runs, and turn expected errors into Dagster failures.

    The message of the failure is the message of the error. Expected errors are InputError, StoreError, and the disk
    errors that `disk_trouble` recognizes.
    """
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
