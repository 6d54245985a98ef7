"""Tables that one SQL query makes from others: the query is a file beside its subject, named CTEs that end in the last one.

A query with `{edition}` in it is asked for one edition at a time; another makes all editions up to the newest at once, and
may be finished by a function that adds what SQL cannot compute, as intervals. Which tables a query reads, and whether of its
own edition alone or of earlier ones too, stands in its `Model`. What a query may look up is `lookups.sql`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dagster as dg
import duckdb
import pandas as pd
import pyarrow as pa

from assets.reference import REFERENCE
from assets.sql_files import sql
from assets.tables import each, needs, split, table_asset
from warehouse import store
from warehouse.contracts import Table, contracts, to_pandas
from warehouse.engine import batches, engine

Conventions = dict[str, float]


@dataclass(frozen=True)
class Model:
    """A query and what it reads.

    `file` is its place below `assets/`; `same` and `earlier` name the tables that it reads of its own edition, and of that and
    all earlier ones; the reference tables are always there. `views` are SQL files that run before it. `finish` takes the
    query's rows and the conventions by name, and returns the table's rows.
    """

    file: str
    same: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    finish: Callable[[pd.DataFrame, Conventions], pd.DataFrame] | None = None

    @property
    def by_edition(self) -> bool:
        """Whether the query is asked for one edition at a time: it names it, or what it reads is of that edition alone."""
        return bool(self.same) or "{edition}" in sql(self.file)


def write_model(name: str, edition: int) -> int:
    """Make one edition of a table by its query; the number of rows."""
    return store.write_batches(contracts()[name], edition_of(name, edition), edition)


def edition_of(name: str, edition: int) -> Iterator[pa.RecordBatch]:
    """One edition's rows of a query that is asked for one edition at a time, in their order."""
    table, model = contracts()[name], MODELS[name]
    same, earlier = _read(model)
    with engine([*same, *REFERENCE], edition, earlier) as connection:
        prepare(connection, model)
        yield from batches(connection, sql(model.file).format(edition=edition), table)


def _read(model: Model) -> tuple[list[Table], list[Table]]:
    """The tables that a query reads of its own edition, and of that and earlier ones."""
    return [contracts()[name] for name in model.same], [contracts()[name] for name in model.earlier]


def prepare(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Make the lookups and the views that a query needs, of tables that are in reach."""
    for file in ("lookups", *model.views):
        connection.execute(sql(file))


def frame_of(connection: duckdb.DuckDBPyConnection, model: Model) -> pd.DataFrame:
    """The rows of a query that makes all editions at once, finished; its tables are in reach by their names."""
    prepare(connection, model)
    frame = to_pandas(connection.execute(sql(model.file)).to_arrow_table())
    if model.finish is None:
        return frame
    conventions = connection.execute("SELECT convention, value FROM reference.conventions").fetchall()
    return model.finish(frame, dict(conventions))


def model_table(name: str) -> dg.AssetsDefinition:
    """The asset of a table that a query makes."""
    model = MODELS[name]
    same, earlier = _read(model)

    def of_all(newest: int) -> pd.DataFrame:
        with engine(REFERENCE, newest, earlier) as connection:
            return frame_of(connection, model)

    make = each(lambda edition: edition_of(name, edition)) if model.by_edition else split(of_all)
    return table_asset(contracts()[name], make, needs([*same, *REFERENCE], earlier))


DELIVERED = tuple(table.name for table in contracts().values() if table.delivered)

MODELS = {
    "activities.activity_partners": Model("commitments/activity_partners", same=("activities.activities",)),
    "commitments.yearly_numbers": Model(
        "commitments/yearly_numbers",
        same=(
            "activities.activities",
            "activities.goals",
            "commitments.meetings",
            "commitments.accounts",
            "commitments.listed_areas",
        ),
    ),
    "crime.counted": Model(
        "crime/counted",
        same=("police.draws", "police.count_draws"),
        earlier=("police.reports", "population.residents"),
    ),
    "police.count_draws": Model("crime/count_draws", earlier=("police.counts",)),
    "police.draws": Model("crime/draws", same=("quality.files",), earlier=("police.reports",)),
    "police.draw_changes": Model("crime/draw_changes", earlier=("police.reports",)),
    "police.unmapped_codes": Model("crime/unmapped_codes", same=("police.reports", "quality.file_decisions")),
    "quality.row_counts": Model(
        "quality/row_counts", same=("quality.files", "quality.rejected_rows", "quality.file_decisions", *DELIVERED)
    ),
}

ASSETS = [model_table(name) for name in MODELS]
