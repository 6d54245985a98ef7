"""How a plain function of frames becomes a Dagster asset that reads from and writes to the store.

`yearly_table` takes the function; its parameters name the tables that it needs, by their short names. The function
sees every edition up to the newest one asked for and knows nothing of Dagster or files; what it returns for
the editions asked for is written, one file each. The function of an `edition_table` sees one edition at a time.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
import pandas as pd

from assets.editions import editions, same_edition, this_and_earlier
from warehouse import store
from warehouse.contracts import Table, contracts, records
from warehouse.errors import InputError, StoreError, disk_trouble
from warehouse.store import FIRST_EDITION

OWNERS = ["team:sikker-by"]
PREVIEW_ROWS = 10

Make = Callable[..., pd.DataFrame]


def yearly_table(name: str, make: Make) -> dg.AssetsDefinition:
    """The asset of a table with one file per edition, made by `make(**frames) -> frame` of all editions up to the newest."""
    table, needed = contracts()[name], _needed(make)

    @_edition_asset(table, needs(earlier=needed))
    def asset(context: dg.AssetExecutionContext) -> None:
        newest = max(int(partition) for partition in context.partition_keys)
        with expected_trouble():
            made = make(**{one.short_name: read_until(one, newest) for one in needed})
            save_editions(context, table, made)

    return asset


def edition_table(name: str, make: Make) -> dg.AssetsDefinition:
    """The same, made of each edition by itself."""
    table, needed = contracts()[name], _needed(make)

    @_edition_asset(table, needs(same=needed))
    def asset(context: dg.AssetExecutionContext) -> None:
        for edition in map(int, context.partition_keys):
            with expected_trouble():
                made = make(**{one.short_name: store.read(one, [edition]) for one in needed})
                metadata = save(table, made, edition)
            context.add_asset_metadata(metadata, asset_key=key(table), partition_key=str(edition))

    return asset


def _needed(make: Make) -> list[Table]:
    return [table_called(parameter) for parameter in inspect.signature(make).parameters]


def _edition_asset(table: Table, deps: list[dg.AssetDep]) -> Callable[[Callable[..., None]], dg.AssetsDefinition]:
    return dg.asset(
        **describe(table), partitions_def=editions, backfill_policy=dg.BackfillPolicy.single_run(), deps=deps
    )


def needs(same: Iterable[Table] = (), earlier: Iterable[Table] = ()) -> list[dg.AssetDep]:
    """What a table is made from: of the same edition alone, or of that and earlier ones; reference data have none."""
    return [
        *(dg.AssetDep(key(one), partition_mapping=same_edition if one.partitioned else None) for one in same),
        *(dg.AssetDep(key(one), partition_mapping=this_and_earlier if one.partitioned else None) for one in earlier),
    ]


def table_called(short_name: str) -> Table:
    """The one table with this short name. Raises KeyError where there is none or more than one."""
    found = [table for table in contracts().values() if table.short_name == short_name]
    if len(found) != 1:
        raise KeyError(f"{len(found)} tables are called {short_name}")
    return found[0]


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


def read_until(table: Table, edition: int) -> pd.DataFrame:
    """A table up to an edition. Raises StoreError where an earlier edition was never made."""
    return store.read(table, range(FIRST_EDITION, edition + 1) if table.partitioned else None)


def save_editions(context: dg.AssetExecutionContext, table: Table, frame: pd.DataFrame) -> None:
    """Write the editions of the run, one file each, and tell Dagster the rows of each."""
    for partition in context.partition_keys:
        metadata = save(table, frame[frame["edition"] == int(partition)], int(partition))
        context.add_asset_metadata(metadata, asset_key=key(table), partition_key=partition)


def told(context: dg.AssetExecutionContext, table: Table, edition: int, rows: int) -> None:
    """Tell Dagster the rows of an edition that was written in batches, and whether made-up ones; never a value."""
    metadata: dict[str, Any] = {"dagster/row_count": rows, "file": store.path_of(table, edition).name}
    found = store.distinct(table, edition, "provenance") if "provenance" in table.columns else []
    if found:
        metadata["provenance"] = " ".join(found)
    context.add_asset_metadata(metadata, asset_key=key(table), partition_key=str(edition))


def save(table: Table, frame: pd.DataFrame, edition: int | None = None) -> dict[str, Any]:
    """Write a table or one edition of it; the number of rows, and a few of what is publishable, as metadata."""
    rows = store.write(table, frame, edition)
    metadata: dict[str, Any] = {"dagster/row_count": rows, "file": store.path_of(table, edition).name}
    return metadata | ({"preview": preview(table, frame)} if table.publish and rows else {})


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
    """Turns trouble that is expected into a failure of one sentence; the run has the store to itself from here on."""
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
