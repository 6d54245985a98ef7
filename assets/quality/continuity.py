"""Each edition's files beside those of the edition before: how many came, what they hold, and whether anything vanished.

What is unusual is a warning (`checks/rules/quality.yml`), never a fault: a year of lockdown is unusual too. Small counts stand
here, so the table stays in the store. The limits are conventions of this project, wide enough that only a few years break them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from assets.methods.counts import Count, rate_ratio_interval
from assets.tables import each, needs, table_asset
from warehouse.contracts import Row, Table, contracts
from warehouse.engine import engine, view_editions

CONTINUITY = contracts()["quality.continuity"]
DELIVERED = [table for table in contracts().values() if table.delivered]
OTHERS = [contracts()[name] for name in ("police.draws", "crime.counted")]

TWICE = 2.0  # answers and the spread of weights: from half to twice
HALF_AS_MUCH_AGAIN = 1.5  # the mean weight
RATE_POINTS = 15.0  # the response rate
SURE = 0.998  # reports: exact Poisson limits of the ratio of two counts
QUARTER = 1.25  # and a change that is large enough to ask about
EXPECTED = 10  # answers or rows that a category would have had, so that none is no chance


@dataclass(frozen=True)
class Pair:
    """A figure of an edition and of the one before."""

    subject: str
    about: str
    value: float
    before: float

    def row(self, edition: int, low: float, high: float, provenance: str) -> Row:
        """As the table has it, with the limits between which it continues."""
        return {
            "edition": edition,
            "subject": self.subject,
            "about": self.about,
            "value": self.value,
            "value_before": self.before,
            "low": low,
            "high": high,
            "continues": low - 1e-9 <= self.value <= high + 1e-9,
            "provenance": provenance,
        }


def continuity_rows(edition: int) -> list[Row]:
    """What an edition's files hold beside the files of the edition before; nothing where either has none."""
    with engine() as connection:
        view_editions(connection, [], edition, [*DELIVERED, *OTHERS])
        found = [
            *_survey(connection, edition),
            *_reports(connection, edition),
            *_draws(connection, edition),
            *(row for table in DELIVERED for row in _producers(connection, table, edition)),
            *(row for table in DELIVERED for row in _columns(connection, table, edition)),
            *(row for table in DELIVERED for row in _categories(connection, table, edition)),
        ]
    return sorted(found, key=lambda row: tuple(row[name] for name in CONTINUITY.key))


def _survey(connection: duckdb.DuckDBPyConnection, edition: int) -> Iterator[Row]:
    """Answers, response rate and weights of each producer's survey."""
    query = """
        WITH strata AS (SELECT edition, extract, stratum, max(stratum_invited) AS invited FROM survey.answers GROUP BY ALL),
             invited AS (SELECT edition, extract, sum(invited) AS invited FROM strata GROUP BY ALL),
             each AS (SELECT edition, extract, count(*) AS answers, avg(weight) AS mean, stddev_pop(weight) / avg(weight) AS spread,
                             max(provenance) AS provenance FROM survey.answers GROUP BY ALL)
        SELECT n.extract, n.answers, o.answers, 100.0 * n.answers / i.invited, 100.0 * o.answers / j.invited, n.mean, o.mean,
               n.spread, o.spread, greatest(n.provenance, o.provenance)
        FROM each n JOIN each o ON o.extract = n.extract AND o.edition = n.edition - 1
        LEFT JOIN invited i ON i.extract = n.extract AND i.edition = n.edition
        LEFT JOIN invited j ON j.extract = n.extract AND j.edition = o.edition
        WHERE n.edition = ?"""
    for (
        extract,
        answers,
        before,
        rate,
        rate_before,
        mean,
        mean_before,
        spread,
        spread_before,
        made,
    ) in connection.execute(query, [edition]).fetchall():
        yield Pair("answers", extract, answers, before).row(edition, before / TWICE, before * TWICE, made)
        pair = Pair("mean_weight", extract, mean, mean_before)
        yield pair.row(edition, mean_before / HALF_AS_MUCH_AGAIN, mean_before * HALF_AS_MUCH_AGAIN, made)
        pair = Pair("spread_of_weights", extract, spread, spread_before)
        yield pair.row(edition, spread_before / TWICE, spread_before * TWICE, made)
        if rate is not None and rate_before is not None:
            pair = Pair("response_rate_percent", extract, rate, rate_before)
            yield pair.row(edition, rate_before - RATE_POINTS, rate_before + RATE_POINTS, made)


def _reports(connection: duckdb.DuckDBPyConnection, edition: int) -> Iterator[Row]:
    """Reports of each type and area, over the residents where they are known; of one that is gone, none."""
    query = """
        WITH now AS (FROM crime.counted WHERE edition = $edition AND crime_year = $edition - 1),
             before AS (FROM crime.counted WHERE edition = $edition - 1 AND crime_year = $edition - 2)
        SELECT o.extract, o.area_id, o.crime_type, coalesce(n.reports, 0), o.reports, n.population_residents, o.population_residents,
               coalesce(n.provenance, o.provenance)
        FROM before o LEFT JOIN now n USING (extract, area_id, crime_type)
        WHERE o.extract IN (SELECT extract FROM now)"""
    for extract, area_id, kind, new, old, residents, residents_before, made in connection.execute(
        query, {"edition": edition}
    ).fetchall():
        sizes = (residents, residents_before) if residents and residents_before else (1, 1)  # else the numbers alone
        yield _counted(edition, Pair("reports", f"{extract} {area_id} {kind}", new, old), sizes, made)


def _draws(connection: duckdb.DuckDBPyConnection, edition: int) -> Iterator[Row]:
    """Reports under no type and in no known place, over all reports of the draw."""
    query = """
        SELECT n.extract, n.reports, o.reports, n.reports_unmapped, o.reports_unmapped,
               n.reports_place_unknown + n.reports_place_less_exact, o.reports_place_unknown + o.reports_place_less_exact, n.provenance
        FROM police.draws n JOIN police.draws o USING (extract)
        WHERE n.edition = ? AND n.counts AND n.crime_year = n.edition - 1
          AND o.edition = n.edition - 1 AND o.counts AND o.crime_year = o.edition - 1"""
    for extract, new, old, unmapped, unmapped_before, unknown, unknown_before, made in connection.execute(
        query, [edition]
    ).fetchall():
        yield _counted(edition, Pair("reports_unmapped", extract, unmapped, unmapped_before), (new, old), made)
        yield _counted(edition, Pair("reports_without_place", extract, unknown, unknown_before), (new, old), made)


def _counted(edition: int, pair: Pair, sizes: tuple[int, int], provenance: str) -> Row:
    """The counts between which the ratio of the two holds 1, and at least a quarter more or less."""
    size, size_before = sizes if all(sizes) else (1, 1)
    expected = pair.before * size / size_before
    ratio = rate_ratio_interval(
        Count(int(pair.value), size, size), Count(int(pair.before), size_before, size_before), SURE
    )
    by_chance = ratio.low <= 1 <= ratio.high
    low, high = (0.0, float("inf")) if by_chance else (expected / QUARTER, expected * QUARTER)
    return pair.row(edition, low, high, provenance)


def _producers(connection: duckdb.DuckDBPyConnection, table: Table, edition: int) -> Iterator[Row]:
    """Rows of each producer of a table of which somebody delivered rows."""
    counts: dict[int, dict[str, int]] = {edition - 1: {}, edition: {}}
    made = "extract"
    for one, extract, rows, provenance in connection.execute(
        f"SELECT edition, extract, count(*), max(provenance) FROM {table.name} WHERE edition IN (?, ?) GROUP BY ALL",
        [edition - 1, edition],
    ).fetchall():
        counts[one][extract], made = rows, max(made, provenance)
    for extract, before in sorted(counts[edition - 1].items()):
        if counts[edition]:
            pair = Pair("rows_of_producer", extract, counts[edition].get(extract, 0), before)
            yield pair.row(edition, 1, float("inf"), made)


def _columns(connection: duckdb.DuckDBPyConnection, table: Table, edition: int) -> Iterator[Row]:
    """Cells that are filled, of each producer's column that was not empty the edition before."""
    names = [name for name, column in table.delivered_columns.items() if not column.required]
    if not names:
        return
    counts = ", ".join(f'count("{name}")' for name in names)
    found = {
        (row[0], row[1]): row[2:]
        for row in connection.execute(
            f"SELECT edition, extract, max(provenance), {counts} FROM {table.name} WHERE edition IN (?, ?) GROUP BY ALL",
            [edition - 1, edition],
        ).fetchall()
    }
    for (one, extract), (made, *now) in sorted(found.items()):
        if one == edition and (edition - 1, extract) in found:
            _, *before = found[edition - 1, extract]
            for name, filled, filled_before in zip(names, now, before, strict=True):
                if filled_before:
                    pair = Pair("filled_cells", f"{extract} {name}", filled, filled_before)
                    yield pair.row(edition, 1, float("inf"), made)


def _categories(connection: duckdb.DuckDBPyConnection, table: Table, edition: int) -> Iterator[Row]:
    """Rows of each category of a producer's column that ten or more would be expected of."""
    for name in (name for name, column in table.columns.items() if column.allowed and name != "provenance"):
        counts: dict[tuple[int, str], dict[str, int]] = {}
        made = "extract"
        for one, extract, category, rows, provenance in connection.execute(
            f'SELECT edition, extract, "{name}", count(*), max(provenance) FROM {table.name} '
            f'WHERE edition IN (?, ?) AND "{name}" IS NOT NULL GROUP BY ALL',
            [edition - 1, edition],
        ).fetchall():
            counts.setdefault((one, extract), {})[category] = rows
            made = max(made, provenance)
        for (one, extract), now in sorted(counts.items()):
            before = counts.get((edition - 1, extract), {}) if one == edition else {}
            for category, rows_before in sorted(before.items()):
                if rows_before / sum(before.values()) * sum(now.values()) >= EXPECTED:
                    pair = Pair("rows_of_category", f"{extract} {name} {category}", now.get(category, 0), rows_before)
                    yield pair.row(edition, 1, float("inf"), made)


ASSETS = [
    table_asset(
        CONTINUITY,
        each(lambda edition: CONTINUITY.frame(continuity_rows(edition))),
        needs(earlier=[*DELIVERED, *OTHERS]),
    )
]
