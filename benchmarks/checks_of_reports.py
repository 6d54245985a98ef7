"""Compares two ways to check a million police reports: Great Expectations, and one plain SQL query.

Both ways check the same rules on the same stored file. Each cell must have a value that the contract allows. Two rows
must not have the same key. The day of a report must not be later than the day of its draw. Great Expectations checks
all rules in one validation of the table.

The benchmark measures the run time in seconds, with a clock. It does not measure the time to load the libraries, or the
time of `prove_route`, which tries out Great Expectations once in each process.

`make bench` runs this benchmark. To run it alone:

    python -m benchmarks.checks_of_reports
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from benchmarks.measuring import ran_on

ROWS = 1_000_000
RUNS = 5

MADE_UP = f"""
    SELECT 2023 AS edition, 'anmeldelser.csv' AS file, n + 2 AS row, 'police' AS extract, 'synthetic' AS provenance, 2022 AS crime_year,
           '0100-75111-' || lpad(n::VARCHAR, 7, '0') || '-22' AS journal_number, '75111' AS offence_code, DATE '2022-03-02' AS offence_on,
           DATE '2022-01-01' + (n % 360)::INTEGER AS reported_on, DATE '2023-02-15' AS drawn_on, 'Valby' AS area_code,
           NULL::VARCHAR AS rode_code, NULL::DOUBLE AS coordinate_x, NULL::DOUBLE AS coordinate_y, 'burglary' AS crime_type,
           1 AS mapping_version, NULL::VARCHAR AS decision, ['rode', 'area', 'unknown'][1 + n % 3] AS place, 'valby' AS area_id,
           'bydel_valby' AS bydel_id, NULL::VARCHAR AS partnership_area_id, NULL::BIGINT AS partnership_area_version
    FROM range({ROWS}) t(n)"""

PLAIN = """
    SELECT count(*) FILTER (provenance NOT IN ('extract', 'synthetic')),
           count(*) FILTER (place NOT IN ('rode', 'coordinates', 'area', 'unknown')),
           count(*) FILTER (reported_on > drawn_on),
           (SELECT count(*) FROM (SELECT 1 FROM {file} WHERE hash(edition, file, row) IN
             (SELECT hash(edition, file, row) FROM {file} GROUP BY ALL HAVING count(*) > 1)
            GROUP BY edition, file, row HAVING count(*) > 1))
    FROM {file}"""


def clocked(way: Callable[[], object]) -> float:
    """Check the reports once in one of the two ways, and return the run time in seconds."""
    start = time.perf_counter()
    way()
    return time.perf_counter() - start


def main() -> None:
    """Run the benchmark, and print a table of its results."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["TRYGHED_HOME"] = home
        from checks.expectations import prove_route, validate_table
        from checks.table_rules import Rule
        from warehouse import store
        from warehouse.contracts import contracts

        table = contracts()["police.reports"]
        with duckdb.connect() as connection:
            reports = connection.execute(MADE_UP).to_arrow_table().cast(table.arrow_schema())
        store.write_batches(table, reports.to_batches(), 2023)
        path = Path(home) / "store" / "police" / "reports" / "2023.parquet"
        late = Rule(
            table=table.name,
            name="reported_before_the_draw",
            severity="error",
            sql="SELECT * FROM {batch} WHERE reported_on > drawn_on",
            why="",
            what_to_do="",
        )

        def ours() -> None:
            assert not any(outcome.failing for outcome in validate_table(table, [late]))

        def plain() -> None:
            with duckdb.connect() as connection:
                assert connection.execute(PLAIN.format(file=f"'{path}'")).fetchall() == [(0, 0, 0, 0)]

        prove_route()
        ours()
        plain()
        pairs = [(clocked(ours), clocked(plain)) for _ in range(RUNS)]
    print(ran_on("great-expectations", "duckdb"))
    print(f"| way | seconds, {ROWS:,} reports | pair by pair | limit |")
    print("|---|---|---|---|")
    seconds = [statistics.median(pair[way] for pair in pairs) for way in (0, 1)]
    ratio = statistics.median(validation / query for validation, query in pairs)
    print(f"| one plain SQL query | {seconds[1]:.2f} | 1 | |")
    print(f"| Great Expectations, one validation | {seconds[0]:.2f} | {ratio:.1f} | at most 4 |")


if __name__ == "__main__":
    main()
