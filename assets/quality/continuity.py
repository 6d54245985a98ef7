"""Compare what was delivered for each edition with the edition before: how much it is, and whether anything is gone.

`continuity.sql` pairs the figures. This module counts the rows of every delivered table, because the contracts list its
columns, and gives each figure the limits between which it continues. The limits are conventions of this project, so
wide that few years break them. A figure outside its limits is a warning (`checks/rules/quality.yml`) and blocks
nothing, because a real year can be unusual. The table has small counts, so it is never published.
"""

import duckdb
import numpy as np
import pandas as pd

from assets.methods.counts import Counts, rate_ratio_limits
from assets.methods.limits import Limits
from assets.sql_files import sql
from warehouse.contracts import Table, contracts, to_pandas

TWICE = 2.0  # answers and the spread of weights may halve or double
HALF_AS_MUCH_AGAIN = 1.5  # the mean weight may become this many times larger or smaller
RATE_POINTS = 15.0  # the response rate may change by so many points
CONFIDENCE = 0.998  # of the exact Poisson limits of the ratio of two counts of reports
QUARTER = 1.25  # a change of reports that is not by chance is reported if it is larger than this
COUNTED = ("reports", "reports_unmapped", "reports_without_place")


def continuity(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return the table quality.continuity: a row for each edition and figure, if the edition before has the figure too.

    `connection` has every delivered table, police.draws and crime.counted by their names.
    """
    deliveries = " UNION ALL ".join(_deliveries(table) for table in contracts().values() if table.delivered)
    connection.execute(f"CREATE TABLE deliveries AS {deliveries}")
    return _with_limits(to_pandas(connection.execute(sql("quality/continuity")).to_arrow_table()))


def _deliveries(table: Table) -> str:
    """Return a query that counts a delivered table's rows, filled cells and categories.

    It counts by edition and producer, in one scan. Cells and categories are maps by column name, so that the query has
    the same columns for every table.
    """
    may_be_empty = [name for name, column in table.delivered_columns.items() if not column.required]
    listed = [name for name, column in table.columns.items() if column.allowed and name != "provenance"]
    filled_cells = ", ".join(f"'{name}': count(\"{name}\")" for name in may_be_empty)
    categories = ", ".join(f"'{name}': histogram(\"{name}\")" for name in listed)
    return f"""
        SELECT '{table.name}' AS table_name, edition, extract, provenance, count(*) AS rows,
               MAP {{{filled_cells}}}::MAP(VARCHAR, BIGINT) AS filled_cells,
               MAP {{{categories}}}::MAP(VARCHAR, MAP(VARCHAR, UBIGINT)) AS categories
        FROM {table.name} GROUP BY edition, extract, provenance"""


def _with_limits(compared: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `continuity.sql` with the limits of each figure, and whether the figure lies between them."""
    subject = compared["subject"]
    value, before = compared["value"].to_numpy(float), compared["value_before"].to_numpy(float)
    low, high = np.ones(len(compared)), np.full(len(compared), np.inf)  # of rows and cells at least one must be left

    of_survey = subject.isin(["answers", "spread_of_weights"]).to_numpy(bool)
    low[of_survey], high[of_survey] = before[of_survey] / TWICE, before[of_survey] * TWICE
    weights = subject.eq("mean_weight").to_numpy(bool)
    low[weights], high[weights] = before[weights] / HALF_AS_MUCH_AGAIN, before[weights] * HALF_AS_MUCH_AGAIN
    rates = subject.eq("response_rate_percent").to_numpy(bool)
    low[rates], high[rates] = before[rates] - RATE_POINTS, before[rates] + RATE_POINTS
    reports = subject.isin(COUNTED).to_numpy(bool)
    low[reports], high[reports] = _limits_of_counts(compared[reports])

    continues = (low - 1e-9 <= value) & (value <= high + 1e-9)
    rows = compared.drop(columns=["out_of", "out_of_before"]).assign(low=low, high=high, continues=continues)
    return to_pandas(contracts()["quality.continuity"].arrow(rows))


def _limits_of_counts(compared: pd.DataFrame) -> Limits:
    """Return the limits of counts.

    There are no limits if chance explains the change. Otherwise they are a quarter below and above the expected count.
    The count is expected at the edition before's rate, `value` divided by `out_of`. If `out_of` is 0 or unknown in one
    of the editions, the counts themselves are compared.
    """
    value, before, out_of, out_of_before = (
        compared[name].to_numpy(float, na_value=np.nan) for name in ("value", "value_before", "out_of", "out_of_before")
    )
    both_counted = (out_of > 0) & (out_of_before > 0)
    size, size_before = np.where(both_counted, out_of, 1.0), np.where(both_counted, out_of_before, 1.0)
    ratio_low, ratio_high = rate_ratio_limits(
        Counts(value, size, size), Counts(before, size_before, size_before), CONFIDENCE
    )
    by_chance = (ratio_low <= 1) & (ratio_high >= 1)
    expected = before * size / size_before
    return np.where(by_chance, 0.0, expected / QUARTER), np.where(by_chance, np.inf, expected * QUARTER)
