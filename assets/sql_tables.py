"""Make the tables that each come from a single SQL query. The query's file is in the folder of the table's subject.

A query runs either once for each edition, or only once for all editions of a run. It runs once for each edition if it
contains `{edition}`, or if its `Model` lists tables under `same`. After the query, a Python function may add what SQL
cannot compute, such as intervals.

The `Model` of a table names the table's query and the tables that this query reads. Every query may also read the
lookup tables, which `lookups.sql` makes.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import dagster as dg
import duckdb
import pandas as pd
import pyarrow as pa

from assets.crime import confidentiality, yearly_types
from assets.indicators.comparisons import with_changes
from assets.indicators.yearly import with_limits
from assets.lookups import engine_with_lookups
from assets.quality import continuity, reconciliation
from assets.reference import REFERENCE
from assets.sql_files import sql
from assets.survey import estimates, share_tables
from assets.tables import Rows, each, needs, split, table_asset
from assets.targets.baselines import with_rate_limits
from assets.targets.verdicts import verdicts
from warehouse import store
from warehouse.contracts import Table, contracts, to_pandas
from warehouse.engine import batches, view_editions

Conventions = dict[str, float]


@dataclass(frozen=True)
class Model:
    """How a table is made: the table's query, and the tables that this query reads.

    - `file`: the path of the query's file below `assets/`, without `.sql`
    - `same`: tables that the query reads only in the edition that is being made
    - `earlier`: tables that the query reads in the edition that is being made and in earlier editions
    - `editions_back`: limits `earlier` to this many editions before the first edition of the run. None means no limit.
    - `views`: SQL files that run before the query
    - `finish`: a function that makes the table's rows from the query's rows and the conventions
    - `make`: for a table that needs more than one query: a function that runs the queries and makes the table's rows

    `same` and `earlier` need not list the reference tables that have no editions.
    """

    file: str
    same: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    editions_back: int | None = None
    views: tuple[str, ...] = ()
    finish: Callable[[pd.DataFrame, Conventions], pd.DataFrame] | None = None
    make: Callable[[duckdb.DuckDBPyConnection], pd.DataFrame] | None = None

    @property
    def by_edition(self) -> bool:
        """Whether the query runs once for each edition.

        The query does so if it contains `{edition}`, or if `same` lists at least one table.
        """
        return bool(self.same) or "{edition}" in sql(self.file)


def rows_of_edition(model: Model, table: Table, connection: duckdb.DuckDBPyConnection, edition: int) -> Rows:
    """Return the rows of one edition, for a model with a query that runs once for each edition.

    `connection` has the lookup tables.
    """
    view_editions(connection, _tables(model.same), [edition])
    view_editions(connection, _tables(model.earlier), range(store.FIRST_EDITION, edition + 1))
    if model.finish:
        return frame_of(connection, model, edition)
    return _batches_of(connection, model, edition, table)


def editions_at_once(model: Model, editions: list[int]) -> pd.DataFrame:
    """Return the rows of all editions of a run, for a model with a query that makes all of them at once.

    The result may also have rows of earlier editions.
    """
    back = model.editions_back
    first = store.FIRST_EDITION if back is None else max(store.FIRST_EDITION, min(editions) - back)
    with engine_with_lookups() as connection:
        view_editions(connection, _tables(model.earlier), range(first, max(editions) + 1))
        return frame_of(connection, model)


def _batches_of(
    connection: duckdb.DuckDBPyConnection, model: Model, edition: int, table: Table
) -> Iterator[pa.RecordBatch]:
    for file in model.views:
        connection.execute(sql(file))
    yield from batches(connection, sql(model.file).format(edition=edition), table)


def frame_of(connection: duckdb.DuckDBPyConnection, model: Model, edition: int | None = None) -> pd.DataFrame:
    """Run the query of a model, and return the rows of the model's table.

    `connection` has the lookup tables and the tables that the query reads. `edition` has to be given if the query
    contains `{edition}`.
    """
    for file in model.views:
        connection.execute(sql(file))
    if model.make:
        return model.make(connection)
    query = sql(model.file) if edition is None else sql(model.file).format(edition=edition)
    frame = to_pandas(connection.execute(query).to_arrow_table())
    if model.finish is None:
        return frame
    conventions = connection.execute("SELECT convention, value FROM reference.conventions").fetchall()
    return model.finish(frame, dict(conventions))


def model_table(name: str) -> dg.AssetsDefinition:
    """Return the Dagster asset of the table `name`, which is a key of `MODELS`."""
    model, table = MODELS[name], contracts()[name]
    if model.by_edition:
        make = each(partial(rows_of_edition, model, table), engine_with_lookups)
    else:
        make = split(partial(editions_at_once, model))
    return table_asset(table, make, needs([*_tables(model.same), *REFERENCE], _tables(model.earlier)))


def _tables(names: Iterable[str]) -> list[Table]:
    return [contracts()[name] for name in names]


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
    "crime.confidentiality": Model(
        "crime/confidentiality",
        earlier=("crime.counted",),
        views=("crime/sources", "crime/area_groups"),
        finish=confidentiality.confidentiality,
    ),
    "crime.counted": Model(
        "crime/counted",
        same=(
            "police.draws",
            "police.count_draws",
            "police.counts",
            "quality.rejected_rows",
            "quality.file_decisions",
            "extracts.police_reports",
            "extracts.police_counts",
        ),
        earlier=("police.reports", "population.residents"),
        views=("decisions/decided_codes",),
    ),
    "indicators.yearly": Model(
        "indicators/yearly",
        earlier=(
            "safety.yearly_shares",
            "safety.unsafe_bydele",
            "crime.yearly_types",
            "crime.monitoring",
            "commitments.yearly_numbers",
            "quality.reconciliation",
            "quality.decisions",
        ),
        views=("indicators/comparison_macros",),
        finish=with_limits,
    ),
    "indicators.comparisons": Model(
        "indicators/comparisons",
        earlier=("indicators.yearly", "targets.baselines", "safety.gaps"),
        views=("indicators/comparison_macros",),
        finish=with_changes,
    ),
    "targets.baselines": Model(
        "targets/baselines",
        earlier=("indicators.yearly",),
        views=("indicators/comparison_macros", "targets/targets_with_baseline"),
        finish=with_rate_limits,
    ),
    "targets.readings": Model("targets/readings", earlier=("indicators.comparisons",)),
    "targets.verdicts": Model(
        "targets/cases",
        earlier=("indicators.yearly", "indicators.comparisons", "targets.baselines"),
        make=verdicts,
    ),
    "crime.monitoring": Model(
        "crime/yearly_types",
        earlier=("crime.counted", "crime.confidentiality", "reference.published_figures"),
        views=("indicators/published_figures", "crime/sources"),
        finish=yearly_types.monitoring,
    ),
    "crime.yearly_types": Model(
        "crime/yearly_types",
        earlier=("crime.counted", "crime.confidentiality", "reference.published_figures"),
        views=("indicators/published_figures", "crime/sources"),
        finish=yearly_types.yearly_types,
    ),
    "police.count_draws": Model("crime/count_draws", earlier=("police.counts",)),
    "police.draws": Model("crime/draws", same=("quality.files",), earlier=("police.reports",)),
    "police.draw_changes": Model("crime/draw_changes", earlier=("police.reports",)),
    "police.unmapped_codes": Model(
        "crime/unmapped_codes",
        same=("police.reports", "quality.file_decisions"),
        views=("decisions/decided_codes",),
    ),
    "quality.continuity": Model(
        "quality/continuity",
        earlier=("crime.counted", "police.draws", *DELIVERED),
        editions_back=1,
        make=continuity.continuity,
    ),
    "quality.reconciliation": Model(
        "quality/reconciliation",
        earlier=("crime.counted", "police.draws", "safety.yearly_shares", "reference.published_figures"),
        views=("indicators/published_figures", "crime/sources", "crime/area_groups"),
        finish=reconciliation.reconciliation,
    ),
    "quality.row_counts": Model(
        "quality/row_counts", same=("quality.files", "quality.rejected_rows", "quality.file_decisions", *DELIVERED)
    ),
    "safety.estimates": Model("survey/respondents", same=("survey.answers",), finish=estimates.estimates),
    "safety.gaps": Model("survey/respondents", same=("survey.answers",), finish=estimates.gaps),
    "safety.unsafe_bydele": Model(
        "survey/unsafe_bydele",
        earlier=("reference.published_figures", "safety.estimates", "safety.yearly_shares"),
        views=("indicators/published_figures",),
        finish=share_tables.unsafe_bydele,
    ),
    "safety.yearly_shares": Model(
        "survey/yearly_shares",
        earlier=("reference.published_figures", "safety.estimates"),
        views=("indicators/published_figures",),
        finish=share_tables.yearly_shares,
    ),
}

ASSETS = [model_table(name) for name in MODELS]
