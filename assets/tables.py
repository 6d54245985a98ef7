"""How a plain function becomes a Dagster asset that reads from and writes to the store, edition by edition.

The loop over the editions of a run is here, but for the delivered files, of which all are taken in or none (`intake.py`): a
table is made by a `Maker`, which takes those editions and gives the rows of each. A maker is one of two: `each` asks a function
for one edition at a time, `split` takes all editions apart that one function made at once. What makes the rows knows nothing
of Dagster.

The step that makes a table also runs its checks, so it waits for every table that they read.
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
STANDS_FOR_REFERENCE = dg.AssetKey(["reference", "editions"])

editions = dg.TimeWindowPartitionsDefinition(
    cron_schedule="0 0 1 1 *",
    fmt="%Y",
    start=str(FIRST_EDITION),
    timezone="Europe/Copenhagen",
    end_offset=1,  # without it the running year is missing
)
"""The yearly editions as Dagster partitions: edition Y carries the survey of year Y and the crime of year Y-1."""

same_edition = dg.TimeWindowPartitionMapping()
"""A table that needs only its own edition of another."""

# Dagster walks back year by year, so no further than there are editions, and a year more for a page that is open at New Year
this_and_earlier = dg.TimeWindowPartitionMapping(
    start_offset=FIRST_EDITION - date.today().year - 1, allow_nonexistent_upstream_partitions=True
)
"""A table that compares with earlier editions of another."""

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
    """The asset of a table with one file per edition. `about` gives metadata of an edition that was written."""

    @dg.asset(
        **describe(table),
        partitions_def=editions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=with_those_that_checks_read([table], deps),
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
    """Return a maker that makes each edition by itself, with what is opened once for all of them.

    An edition's rows are to be read before the next one is made.
    """

    def of_each(editions_of_run: list[int]) -> Iterator[tuple[int, Rows]]:
        with opened() as shared:
            for edition in editions_of_run:
                yield edition, make(shared, edition)

    return of_each


def split(make: Callable[[list[int]], pd.DataFrame]) -> Maker:
    """Return a maker that makes all editions at once and divides the frame, which may hold earlier editions too."""

    def of_each(editions_of_run: list[int]) -> Iterator[tuple[int, Rows]]:
        frame = make(editions_of_run)
        return ((edition, frame[frame["edition"] == edition]) for edition in editions_of_run)

    return of_each


def made_and_checked(table: Table, metadata: dict[str, Any] | None = None) -> Events:
    """Yield the events of a table whose editions are written: that they are made, and the results of the checks."""
    yield dg.MaterializeResult(asset_key=key(table), metadata=metadata)
    with expected_trouble():
        results = list(check_results(table))
    yield from results


def editions_of(context: dg.AssetExecutionContext) -> list[int]:
    """The editions that a run makes, in order."""
    return [int(partition) for partition in context.partition_keys]


def needs(same: Iterable[Table] = (), earlier: Iterable[Table] = ()) -> list[dg.AssetDep]:
    """Return what a table is made from: of the same edition, or of earlier ones too; reference data have no edition.

    One step makes all reference tables or none, so one of them stands for all: 21 edges into every step would hide the others
    on Dagster's page, and Dagster asks its storage about each edge of each step.
    """
    return [*_edges(same, same_edition), *_edges(earlier, this_and_earlier)]


def _edges(tables: Iterable[Table], mapping: dg.PartitionMapping) -> list[dg.AssetDep]:
    keys = {}
    for table in tables:
        is_reference = table.schema_name == "reference" and not table.partitioned
        keys[STANDS_FOR_REFERENCE if is_reference else key(table)] = mapping if table.partitioned else None
    return [dg.AssetDep(asset_key, partition_mapping=of_key) for asset_key, of_key in keys.items()]


def with_those_that_checks_read(of_step: list[Table], deps: Iterable[dg.AssetDep]) -> list[dg.AssetDep]:
    """Return the deps of a step, and those tables that the checks of its own tables read besides."""
    deps = list(deps)
    known_keys = {dep.asset_key for dep in deps} | {key(table) for table in of_step}
    read = needs(earlier=tables_read(rule for table in of_step for rule in rules_of(table)))
    return [*deps, *(dep for dep in read if dep.asset_key not in known_keys)]


def key(table: Table) -> dg.AssetKey:
    """Asset key = [schema, table]."""
    return dg.AssetKey(table.name.split("."))


def describe(table: Table) -> dict[str, Any]:
    """Key, group, owners, kinds, text and columns of a table's asset, from its contract."""
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
    """Write a table or one edition of it; return as metadata its rows, provenance, and preview if publishable."""
    if isinstance(rows, pd.DataFrame):
        count = store.write(table, rows, edition)
    else:
        count = store.write_batches(table, rows, edition)
    metadata = row_counts(table, count, edition)
    return metadata | (
        {"preview": preview(table, rows)} if table.publish and count and isinstance(rows, pd.DataFrame) else {}
    )


def row_counts(table: Table, count: int, edition: int | None) -> dict[str, Any]:
    """Return as metadata how many rows were written to which file, and their provenance; never a value."""
    metadata: dict[str, Any] = {"dagster/row_count": count, "file": store.path_of(table, edition).name}
    provenances = (
        store.distinct(table, edition, "provenance") if edition is not None and "provenance" in table.columns else []
    )
    return metadata | ({"provenance": " ".join(provenances)} if provenances else {})


def preview(table: Table, frame: pd.DataFrame) -> dg.TableMetadataValue:
    """The first rows of a publishable table, for Dagster's page."""
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
    """Turn expected errors into a Dagster failure of one sentence; take the store for this run alone."""
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
