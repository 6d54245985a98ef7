"""Compare the data delivered for each edition with the data delivered for the edition before.

The comparison shows whether the amount of data has changed a lot, and whether data are missing that the edition before
had. `continuity.sql` pairs the figures of two editions. This module counts the rows of every delivered table. It builds
the counting queries in Python, because the names of the columns come from the contracts.

This module also gives each figure a lower and an upper limit. A figure between its limits continues the series of
editions. The limits are conventions of this project. They are so wide that figures are rarely outside them. A figure
outside its limits causes a warning (`checks/rules/quality.yml`). The warning blocks nothing, because a real year can be
unusual. The table quality.continuity is never published, because it has small counts.
"""

import duckdb
import numpy as np
import pandas as pd

from assets.methods.counts import Counts, rate_ratio_limits
from assets.methods.limits import Limits
from assets.sql_files import sql
from warehouse.contracts import Table, contracts, to_pandas

TWICE = 2.0  # the number of answers and the spread of weights may at most double or halve
HALF_AS_MUCH_AGAIN = 1.5  # the mean weight may at most become this many times larger or smaller
RATE_POINTS = 15.0  # the response rate may change by at most this many points
CONFIDENCE = 0.998  # the confidence of the exact Poisson limits of the ratio of two counts of reports
QUARTER = 1.25  # if chance does not explain a change, the reports may at most become this many times more or fewer
COUNTED = ("reports", "reports_unmapped", "reports_without_place")


def continuity(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return the table quality.continuity.

    Each row compares a figure of an edition with the same figure of the edition before. A figure gets no row if the
    edition before does not have this figure. `connection` has all delivered tables, and also police.draws and
    crime.counted, each under its own name.
    """
    deliveries = " UNION ALL ".join(_deliveries(table) for table in contracts().values() if table.delivered)
    connection.execute(f"CREATE TABLE deliveries AS {deliveries}")
    return _with_limits(to_pandas(connection.execute(sql("quality/continuity")).to_arrow_table()))


def _deliveries(table: Table) -> str:
    """Return a query that counts the content of a delivered table, for each edition and producer.

    It counts the rows, the filled cells of each column, and the rows of each category (an allowed value of a column).
    The counts of cells are a map, and so are the counts of categories. The query therefore has the same columns for
    every table. It reads the table only once.
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
    """Return the rows of `continuity.sql` with the columns `low`, `high` and `continues` added.

    `low` and `high` are the limits of the row's figure. `continues` says whether the figure lies between these limits.
    """
    subject = compared["subject"]
    value, before = compared["value"].to_numpy(float), compared["value_before"].to_numpy(float)
    # The limits 1 and infinity are for numbers of rows and cells, of which at least one has to be left. For all other figures
    # these limits are replaced below.
    low, high = np.ones(len(compared)), np.full(len(compared), np.inf)

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
    """Return the lower and the upper limit of each count of reports.

    If chance explains the change since the edition before, the limits are 0 and infinity. Otherwise a count may be at
    most QUARTER (1.25) times the expected count, and at least the expected count divided by QUARTER.

    The expected count is the count that would leave the rate (`value` divided by `out_of`) as it was in the edition
    before. If `out_of` is 0 or not known in one of the two editions, the count of the edition before is expected.
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
