"""Scenarios that several tests share: made-up figures, and the tables that are made from these figures.

The same queries and functions make tables from made-up figures and from real figures, up to the table of verdicts.
Tests that deliver files use `delivering.py`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from assets.asset_checks import fingerprint_of
from assets.decisions.decisions_table import all_decisions
from assets.lookups import look_up
from assets.methods.samples import Design
from assets.reference import REFERENCE as REFERENCE_TABLES
from assets.sql_tables import MODELS, frame_of
from warehouse import store
from warehouse.contracts import Row, contracts, records
from warehouse.decision_file import load_decisions
from warehouse.engine import put
from warehouse.reference_files import load_reference

Tables = dict[str, pd.DataFrame]
Spoil = Callable[[Tables], None]

Figures = dict[tuple[int, str], tuple[float, int | None]]
REFERENCE = {name.split(".")[1]: frame for name, frame in load_reference().items()}
TH = "tingbjerg_husum"
FALLING: Figures = {
    (2020, TH): (16, 3000), (2021, TH): (12, 3000), (2022, TH): (11, 3000), (2023, TH): (16, 3000), (2024, TH): (9, 3000),
    (2020, "copenhagen"): (9, 4880), (2021, "copenhagen"): (9, 4922), (2022, "copenhagen"): (9, 3596),
    (2023, "copenhagen"): (7, 4037), (2024, "copenhagen"): (7, 4000),
}  # fmt: skip
CRIME = {
    (2021, TH): (200, None),
    (2022, TH): (200, None),
    (2023, TH): (190, None),
    (2024, TH): (260, None),
    (2025, TH): (120, None),
}
RATES = {(edition, TH): (round(count / 11.3, 1), None) for (edition, _), (count, _) in CRIME.items()}
BURGLARIES = {(2021, TH): (20, None), (2022, TH): (36, None)}
ESTIMATE: Row = {
    "area_id": TH, "measure": "unsafe", "answers": 3000, "share_percent": 12.0, "standard_error_points": 0.5, "design_effect": 1.0,
    "degrees_of_freedom": 2999, "presentable": True, "korn_graubard_low_percent": 11.0, "korn_graubard_high_percent": 13.0,
    "provenance": "extract", "method": "made up",
}  # fmt: skip
DRAW: Row = {
    "edition": 2023, "extract": "police", "crime_year": 2022, "drawn_on": date(2023, 2, 15), "delivered_in_edition": 2023, "files": 1,
    "counts": True, "reports": 1000, "reports_unmapped": 0, "reports_undecided": 0, "reports_place_unknown": 30,
    "reports_place_less_exact": 20, "provenance": "extract",
}  # fmt: skip


def made_up(measure: str, figures: Figures) -> list[Row]:
    """Return the figures of one measure as lines of published_figures.csv."""
    decimals = 1 if measure.endswith("per_1000") else 0
    return [
        {
            "edition": edition, "area_id": area_id, "measure": measure, "source_id": "project_assumption", "value": float(value),
            "decimals": decimals, "approximate": False, "answers": answers, "invited": None, "note": "made up", "file_line": line,
        }
        for line, ((edition, area_id), (value, answers)) in enumerate(figures.items(), 2)
    ]  # fmt: skip


def fixed(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return lines of fixed_baselines.csv. They fix each crime baseline at the figure that the tables have for it."""
    kinds = dict(zip(tables["measures"]["measure"], tables["measures"]["crime_type"], strict=True))
    counted = {(row["edition"], row["area_id"], row["crime_type"]): row for row in records(tables["counted"])}
    figures = {(row["edition"], row["area_id"], row["crime_type"]): row for row in records(tables["yearly_types"])}
    rows = []
    for target in records(tables["targets"]):
        cell = (target["baseline_year"] or 0) + 1, target["area_id"], kinds[target["measure"]]
        if target["rule"] == "held_at_baseline" and figures.get(cell, {}).get("provenance"):
            hidden = counted.get(cell, {}) if figures[cell]["reports"] is None else {}
            figure = figures[cell] | {name: hidden[name] for name in ("reports",) if name in hidden}
            act = {
                "act": 1,
                "made_from": "made up",
                "fixed_by": "A. Steward",
                "fixed_on": date(2022, 6, 1),
                "reason": "First fixing.",
            }
            columns = contracts()["reference.fixed_baselines"].columns
            rows.append(
                {name: cell for name, cell in (target | figure | act | {"source_id": None}).items() if name in columns}
            )
    return contracts()["reference.fixed_baselines"].frame(rows)


def fixing(fixed_at: float | None, compared: float) -> Callable[[dict[str, pd.DataFrame]], pd.DataFrame]:
    """Return a function that makes the lines of fixed_baselines.csv for the unsafe share and for the gap.

    The lines fix the area's share at `fixed_at`, and the comparison area's share at `compared`. If `fixed_at` is None,
    there are no lines.
    """

    def fix(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
        columns = contracts()["reference.fixed_baselines"].columns
        act = {
            "act": 1, "edition": 2020, "share_percent": fixed_at, "comparison_percent": compared, "provenance": "extract",
            "made_from": "svar_2020.sav", "fixed_by": "A. Steward", "fixed_on": date(2021, 6, 1), "reason": "First fixing.",
        }  # fmt: skip
        rows = [
            {name: cell for name, cell in (target | act).items() if name in columns}
            for target in records(tables["targets"])
            if target["target_id"] in ("1a", "1b") and fixed_at is not None
        ]
        return contracts()["reference.fixed_baselines"].frame(rows)

    return fix


def make(
    lines: list[Row],
    spoil: Callable[[dict[str, pd.DataFrame]], None] | None = None,
    fix: Callable[[dict[str, pd.DataFrame]], pd.DataFrame] = fixed,
) -> dict[str, pd.DataFrame]:
    """Make every table from made-up published lines and the project's own reference files.

    Before the tables are made, `spoil` may change the reference tables and the delivered tables. `fix` returns the lines
    of fixed_baselines.csv.
    """
    tables = {name: frame.copy() for name, frame in REFERENCE.items()}
    tables["published_figures"] = contracts()["reference.published_figures"].frame(lines)
    for name in DELIVERED[1:]:  # these delivered tables have no rows
        tables[name.split(".")[1]] = contracts()[name].frame([])
    if spoil:
        spoil(tables)
    with in_reach_of_reference_tables() as connection:
        changed = [
            table for table in REFERENCE_TABLES if not tables[table.short_name].equals(REFERENCE[table.short_name])
        ]
        for table in (*changed, *(contracts()[name] for name in DELIVERED)):
            put(connection, table, tables[table.short_name])
        if changed:
            look_up(connection)
        for name in MADE:
            if name == "targets.baselines":
                tables["fixed_baselines"] = fix(tables)
                put(connection, contracts()["reference.fixed_baselines"], tables["fixed_baselines"])
            tables[contracts()[name].short_name] = made = frame_of(connection, MODELS[name])
            put(connection, contracts()[name], made)
    return tables


@contextmanager
def in_reach_of_reference_tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to a DuckDB that has the project's reference tables and lookups.

    The DuckDB is made only once. At the end of the block, every change to the DuckDB is undone.
    """
    connection = _with_reference_tables().cursor()
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@cache
def _with_reference_tables() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})  # for a few rows, several threads would take longer than one
    for table in REFERENCE_TABLES:
        put(connection, table, REFERENCE[table.short_name])
    look_up(connection)
    return connection


DELIVERED = (
    "reference.published_figures",
    "safety.estimates",
    "safety.gaps",
    "crime.counted",
    "commitments.yearly_numbers",
    "police.draws",
    "quality.decisions",
)
MADE = (
    "safety.yearly_shares",
    "safety.unsafe_bydele",
    "crime.confidentiality",
    "crime.yearly_types",
    "crime.monitoring",
    "quality.reconciliation",
    "indicators.yearly",
    "targets.baselines",
    "indicators.comparisons",
    "targets.readings",
    "targets.verdicts",
)


def model_frame(name: str, tables: Tables, edition: int | None = None) -> pd.DataFrame:
    """Return the table that the model `name` makes from `tables`.

    The keys of `tables` are short names of tables. A table that is not in `tables` is empty.

    `edition` must be given if the model's query makes a single edition.
    """
    model = MODELS[name]
    with duckdb.connect() as connection:
        for table in (*REFERENCE_TABLES, *(contracts()[read] for read in (*model.same, *model.earlier))):
            put(connection, table, tables.get(table.short_name, table.frame([])))
        look_up(connection)
        return frame_of(connection, model, edition)


def verdict(
    tables: dict[str, pd.DataFrame], target_id: str, edition: int, compared_with: str, measure: str = ""
) -> Row:
    verdicts = [
        row
        for row in records(tables["verdicts"])
        if (row["target_id"], row["edition"], row["compared_with"]) == (target_id, edition, compared_with)
        and measure in row["measure"]
    ]
    assert len(verdicts) == 1
    return verdicts[0]


def reading(row: Row) -> tuple[Any, ...]:
    return row["literal"], row["statistical"], row["reason"]


def number(measure: str, value: float, **more: Any) -> Callable[[dict[str, pd.DataFrame]], None]:
    """Return a function that gives one measure of the commitments a value in 2022.

    The measure is made from the plan of activities, the calendar of meetings, the accounts or the state's list.
    """

    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        row = {
            "edition": 2022, "area_id": TH, "measure": measure, "value": value, "not_known": 0, "status": "normal",
            "provenance": "extract", "maturity": "provisional", "method": "full_count/1",
        } | more  # fmt: skip
        tables["yearly_numbers"] = contracts()["commitments.yearly_numbers"].frame([row])

    return spoil


def count(reports: int, edition: int = 2023, **changes: Any) -> Row:
    return {
        "edition": edition, "crime_year": edition - 1, "area_id": TH, "area_version": 1, "crime_type": "citizen_facing",
        "extract": "police", "counted_from": "counts", "drawn_on": pd.Timestamp(edition, 2, 15).date(), "reports": reports,
        "zero_in_doubt": False, "population_residents": 11000, "provenance": "extract",
    } | changes  # fmt: skip


def two_sources(reports: int, counts: int) -> Spoil:
    """Return a function that adds the area's number of burglaries in 2021 from two sources.

    `reports` is the number of burglaries among the delivered reports. `counts` is the number that the police counted.
    """

    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        sources = ((reports, "reports"), (counts, "counts"))
        rows = [count(number, 2022, crime_type="burglary", counted_from=source) for number, source in sources]
        tables["counted"] = contracts()["crime.counted"].frame(rows)

    return spoil


POPULATION, ANSWERS, YES = (4421, 1018, 755), (100, 50, 50), (9, 15, 24)  # elementary, middle and high schools


def apistrat(*, finite: bool = True) -> tuple[Design, np.ndarray]:
    """Return the stratified sample of 200 schools that R's survey package has, and an answer for each school.

    The answer is 1 if the school did not meet its target. The sample is rebuilt from three counts for each stratum: all
    schools, the sampled schools, and the sampled schools with the answer 1.
    """
    weights = [float(np.float32(size / count)) for size, count in zip(POPULATION, ANSWERS, strict=True)]
    of_stratum = [np.r_[np.ones(yes), np.zeros(count - yes)] for yes, count in zip(YES, ANSWERS, strict=True)]
    population = np.array(POPULATION, dtype=float) if finite else np.full(3, np.inf)
    design = Design(np.repeat([0, 1, 2], ANSWERS), np.repeat(weights, ANSWERS), population)
    return design, np.concatenate(of_stratum)[:, None]


def bydele_estimated(
    shares: list[float], answers: int = 300, **changes: Any
) -> Callable[[dict[str, pd.DataFrame]], None]:
    """Return a function that makes estimates of the unsafe shares of the 13 bydele in 2021.

    All estimates have the same number of answers, and a design effect of 1.
    """

    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        bydele = tables["areas"].loc[tables["areas"]["level"] == "survey_bydel", "area_id"]
        rows = [
            {
                "edition": 2021, "area_id": area_id, "measure": "unsafe", "answers": answers, "share_percent": share,
                "standard_error_points": 100 * np.sqrt(share / 100 * (1 - share / 100) / answers), "design_effect": 1.0,
                "degrees_of_freedom": answers - 1, "presentable": True, "rule_version": 1, "provenance": "extract", "method": "made up",
            } | changes
            for area_id, share in zip(bydele, shares, strict=False)
        ]  # fmt: skip
        tables["estimates"] = contracts()["safety.estimates"].frame(rows)

    return spoil


BYDELE = ("valby", "vanloese", "indre_by")


def answered(extract: str = "vendor", **replaced: Any) -> list[Row]:
    """Return the schools of R's survey package as answers of residents of three bydele. Each bydel is one stratum.

    A resident feels unsafe if the school did not meet its target.
    """
    design, yes = apistrat()
    return [
        {
            "edition": 2021, "file": f"{extract}.csv", "row": row, "extract": extract, "provenance": "extract", "rule_version": 1,
            "respondent_number": str(row), "weight": weight, "stratum": f"s{stratum}",
            "stratum_population_residents": int(design.population[stratum]), "area_id": BYDELE[stratum],
            "safety": "unsafe" if unsafe else "safe",
        } | replaced
        for row, (stratum, weight, unsafe) in enumerate(zip(design.stratum, design.weight, yes[:, 0], strict=True))
    ]  # fmt: skip


def made(name: str, answers: list[Row], **reference: pd.DataFrame) -> dict[tuple[str, str], Row]:
    """Return the rows that the model `safety.<name>` estimates from the answers, keyed by area and measure.

    The tables in `reference` replace the project's reference tables of the same names.
    """
    edition = answers[0]["edition"] if answers else 2021
    tables = REFERENCE | reference | {"answers": contracts()["survey.answers"].frame(answers)}
    return {(row["area_id"], row["measure"]): row for row in records(model_frame(f"safety.{name}", tables, edition))}


TABLE, RULE, EDITION = "police.unmapped_codes", "code_is_mapped_or_accepted", 2023


TODAY = date.today()


def seen(table: str = TABLE) -> str:
    """Return the fingerprint that Dagster's page shows beside a failed check of the table."""
    return fingerprint_of(contracts()[table], EDITION)[:12]


def listed() -> list[dict[str, Any]]:
    early = store.read(contracts()["quality.file_decisions"], [EDITION])
    return records(all_decisions(early, load_decisions(), EDITION))
