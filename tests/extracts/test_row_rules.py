"""Tests of every row rule: it finds the planted faulty rows, and no other row.

`test_bad_files.py` tests the rules that follow from a contract or a specification, such as those on empty cells and
unknown labels.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from assets.extracts import rejecting
from assets.extracts.files import delivered_for, extracts_table
from assets.extracts.intake import take_in
from assets.extracts.kept_rows import kept_rows
from assets.extracts.layouts import load_specifications
from assets.extracts.rejecting import RejectedRow, rejected_rows, typed
from assets.extracts.sample import sample_extracts
from assets.extracts.sample.writing import write
from assets.lookups import engine_with_lookups
from checks.row_rules import RowRule, row_rules
from tests.delivering import open_home
from warehouse import store
from warehouse.contracts import contracts
from warehouse.decision_file import Decisions
from warehouse.engine import view_editions
from warehouse.home import PROJECT_REFERENCE
from warehouse.reference_files import load_reference

EDITION = 2024
ROWS = 60
FIRST = "UPDATE typed SET {} WHERE row = (SELECT min(row) FROM typed)"
AGAIN = "INSERT INTO typed SELECT * REPLACE (row + 9000 AS row, upper({0}) AS {0}) FROM typed WHERE row = (SELECT min(row) FROM typed)"
STRATUM = "(SELECT stratum FROM typed ORDER BY row LIMIT 1)"
OF_STRATUM = f"SELECT row FROM typed WHERE stratum = {STRATUM}"

# A table, a rule, the planted fault, and a query for the rows that the rule must find. None stands for the first row.
ALL = "SELECT row FROM typed"
CASES: list[tuple[str, str, str, str | None]] = [
    ("activities.activities", "area_not_known", FIRST.format("partnership_code = 'Nowhere'"), None),
    ("activities.activities", "starts_after_the_edition", FIRST.format("starts_on = DATE '2026-01-01'"), None),
    ("activities.goals", "area_not_known", FIRST.format("partnership_code = 'Nowhere'"), None),
    ("activities.goals", "kept_against_its_numbers",
     FIRST.format("kept = 'kept', direction = 'at_least', goal_value = 10, reached_value = 9"), None),
    ("activities.goals", "kept_against_its_numbers",
     FIRST.format("kept = 'not_kept', direction = 'at_most', goal_value = 10, reached_value = 10"), None),
    ("commitments.meetings", "area_not_known", FIRST.format("partnership_code = 'Nowhere'"), None),
    ("commitments.meetings", "held_after_the_edition", FIRST.format("held_on = DATE '2025-01-01'"), None),
    ("commitments.meetings", "of_another_year", "UPDATE typed SET held_on = held_on - INTERVAL 1 YEAR", ALL),
    ("commitments.accounts", "of_another_year", "UPDATE typed SET account_year = account_year - 1", ALL),
    ("commitments.listed_areas", "of_another_year", "UPDATE typed SET listed_on = listed_on - INTERVAL 2 YEAR", ALL),
    ("population.residents", "of_another_year", "UPDATE typed SET on_date = on_date - INTERVAL 2 YEAR", ALL),
    ("commitments.accounts", "area_not_known", FIRST.format("partnership_code = 'Nowhere'"), None),
    ("commitments.accounts", "account_year_after_the_edition", FIRST.format("account_year = 2025"), None),
    ("commitments.accounts", "account_year_after_the_edition", FIRST.format("account_year = 1999"), None),
    ("commitments.accounts", "budget_negative", FIRST.format("budget_dkk = -1"), None),
    ("commitments.listed_areas", "listed_after_the_edition", FIRST.format("listed_on = DATE '2025-12-01'"), None),
    ("police.reports", "leading_zeros_lost", FIRST.format("journal_number = '100-75111-00001-22'"), None),
    ("police.reports", "reported_after_the_draw", FIRST.format("reported_on = drawn_on + 1"), None),
    ("police.reports", "offence_after_the_report", FIRST.format("offence_on = reported_on + 1"), None),
    ("police.reports", "drawn_in_another_year", FIRST.format("drawn_on = DATE '2023-12-31'"), None),
    ("police.reports", "drawn_on_another_day", FIRST.format("drawn_on = drawn_on + 1"), None),
    ("police.reports", "reported_in_the_edition_or_later", FIRST.format("reported_on = DATE '2024-01-01'"), None),
    ("police.reports", "reported_in_a_year_of_few", FIRST.format("reported_on = DATE '2022-12-31'"), None),
    ("police.counts", "reports_negative", FIRST.format("reports = -1"), None),
    ("police.counts", "crime_year_not_before_the_edition", FIRST.format("crime_year = 2024"), None),
    ("police.counts", "crime_year_not_before_the_edition", FIRST.format("crime_year = 1989"), None),
    ("police.counts", "drawn_in_another_year", FIRST.format("drawn_on = DATE '2023-12-31'"), None),
    ("police.counts", "area_not_known", FIRST.format("area_code = 'Nowhere'"), None),
    ("figures.published", "area_not_known", FIRST.format("area_code = 'Nowhere'"), None),
    ("figures.published", "figure_of_a_later_edition", FIRST.format("figure_edition = edition + 1"), None),
    ("figures.published", "measure_not_known", FIRST.format("measure = 'happiness'"), None),
    ("figures.published", "share_outside_0_to_100", FIRST.format("measure = 'unsafe', value = 101"), None),
    ("figures.published", "count_not_whole_or_negative", FIRST.format("measure = 'burglary_reports', decimals = 1, value = 22.5"), None),
    ("figures.published", "value_negative", FIRST.format("measure = 'citizen_facing_reports_per_1000', value = -1"), None),
    ("figures.published", "decimals_too_few", FIRST.format("measure = 'unsafe', decimals = 0, value = 16.5"), None),
    ("figures.published", "answers_more_than_invited", FIRST.format("answers = 11, invited = 10"), None),
    ("police.counts", "area_under_two_names", AGAIN.format("area_code"), "SELECT max(row) FROM typed"),
    ("population.residents", "area_under_two_names", AGAIN.format("area_code"), "SELECT max(row) FROM typed"),
    ("commitments.meetings", "area_under_two_names", AGAIN.format("partnership_code"), "SELECT max(row) FROM typed"),
    ("commitments.accounts", "area_under_two_names", AGAIN.format("partnership_code"), "SELECT max(row) FROM typed"),
    ("commitments.listed_areas", "area_under_two_names", AGAIN.format("residential_area"), "SELECT max(row) FROM typed"),
    ("activities.activities", "area_under_two_names", AGAIN.format("partnership_code"), "SELECT max(row) FROM typed"),
    ("activities.goals", "area_under_two_names", AGAIN.format("partnership_code"), "SELECT max(row) FROM typed"),
    ("commitments.meetings", "held_in_the_future", FIRST.format("held_on = current_date + 1"), None),
    ("commitments.listed_areas", "listed_in_the_future", FIRST.format("listed_on = current_date + 1"), None),
    ("population.residents", "counted_in_the_future", FIRST.format("on_date = current_date + 1"), None),
    ("police.reports", "drawn_in_the_future", FIRST.format("drawn_on = current_date + 1"), None),
    ("police.counts", "drawn_in_the_future", FIRST.format("drawn_on = current_date + 1"), None),
    ("survey.answers", "answered_in_the_future", FIRST.format("answered_on = current_date + 1"), None),
    ("population.residents", "residents_not_positive", FIRST.format("population_residents = -1"), None),
    ("population.residents", "residents_not_positive", FIRST.format("population_residents = 0"), None),
    ("population.residents", "residents_beyond_any_city", FIRST.format("population_residents = 999999999999999999"), None),
    ("police.counts", "reports_beyond_any_city", FIRST.format("reports = 999999999999999999"), None),
    ("figures.published", "value_beyond_any_city", FIRST.format("measure = 'burglary_reports', decimals = 0, value = 1e30"), None),
    ("commitments.accounts", "budget_beyond_any_plan", FIRST.format("budget_dkk = 1e30"), None),
    ("survey.answers", "weight_next_to_nothing", FIRST.format("weight = 1e-310"), None),
    ("survey.answers", "stratum_beyond_any_city", FIRST.format("stratum_population_residents = 999999999999999999"), None),
    ("survey.answers", "stratum_under_two_names",
     "UPDATE typed SET stratum = upper(stratum) || chr(160) WHERE row = (SELECT max(row) FROM typed "
     f"WHERE stratum = {STRATUM})", f"SELECT max(row) FROM typed WHERE lower(trim(stratum, ' ' || chr(160))) = lower({STRATUM})"),
    ("population.residents", "counted_after_the_edition", FIRST.format("on_date = DATE '2025-01-01'"), None),
    ("population.residents", "area_not_known", FIRST.format("area_code = 'Nowhere'"), None),
    ("survey.answers", "weight_not_positive", FIRST.format("weight = 0"), None),
    ("survey.answers", "weight_not_positive", FIRST.format("weight = -0.5"), None),
    ("survey.answers", "stratum_without_weight", f"UPDATE typed SET weight = 0 WHERE stratum = {STRATUM}", OF_STRATUM),
    ("survey.answers", "stratum_population_not_positive", FIRST.format("stratum_population_residents = 0"), None),
    ("survey.answers", "stratum_population_differs",
     FIRST.format("stratum_population_residents = stratum_population_residents + 1"), OF_STRATUM),
    ("survey.answers", "stratum_smaller_than_its_sample",
     f"UPDATE typed SET stratum_population_residents = 1 WHERE stratum = {STRATUM}", OF_STRATUM),
    ("survey.answers", "weight_above_its_stratum", FIRST.format("weight = 1e300"), None),
    ("survey.answers", "invited_fewer_than_its_sample", f"UPDATE typed SET stratum_invited = -3 WHERE stratum = {STRATUM}", OF_STRATUM),
    ("survey.answers", "invited_differs", FIRST.format("stratum_invited = stratum_invited + 1"), OF_STRATUM),
    ("survey.answers", "answered_outside_the_fieldwork", FIRST.format("answered_on = DATE '2022-01-01'"), None),
    ("survey.answers", "area_not_known", FIRST.format("area_code = 'Nowhere'"), None),
    ("survey.answers", "partnership_not_known", FIRST.format("partnership_code = 'Nowhere'"), None),
]  # fmt: skip


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield a data folder into which one edition of the sample was taken in."""
    monkeypatch = pytest.MonkeyPatch()
    home = open_home(tmp_path_factory.mktemp("row_rules"), monkeypatch, PROJECT_REFERENCE)
    for extract in sample_extracts(EDITION, 1, load_specifications(), load_reference()):
        write(extract, home / "landing")
    take_in([EDITION])
    yield home
    monkeypatch.undo()


def rows_of(connection: duckdb.DuckDBPyConnection, query: str) -> set[int]:
    return {row for (row,) in connection.execute(query).fetchall()}


def with_rows(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Make a table `typed` with kept rows of the table's first file.

    At least two of the rows are of the same stratum.
    """
    file = delivered_for(contracts()[table], EDITION, load_specifications())[0]
    rejected = store.path_of(contracts()["quality.rejected_rows"], EDITION)
    connection.execute(
        f"""
        CREATE TABLE typed AS FROM ({typed(file, Decisions())})
        WHERE row NOT IN (SELECT row FROM '{rejected}' WHERE file = '{file.path.name}') ORDER BY row LIMIT {ROWS}
        """
    )


@pytest.mark.parametrize(
    ("table", "name", "fault", "query_of_expected"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES]
)
def test_row_rule_finds_the_planted_rows_and_only_them(
    delivered: Path, table: str, name: str, fault: str, query_of_expected: str | None
) -> None:
    rule = next(rule for rule in row_rules()[table] if rule.name == name)
    with engine_with_lookups() as connection:
        view_editions(connection, [extracts_table(contracts()[table])], [EDITION])
        with_rows(connection, table)
        assert rows_of(connection, f"SELECT row FROM ({rule.query('typed')})") == set()
        connection.execute(fault)
        expected = rows_of(connection, query_of_expected or "SELECT min(row) FROM typed")
        assert expected
        assert rows_of(connection, f"SELECT row FROM ({rule.query('typed')})") == expected


def test_every_row_rule_has_a_case() -> None:
    rules = {(rule.table, rule.name) for of_table in row_rules().values() for rule in of_table}
    assert {(case[0], case[1]) for case in CASES} == rules


@pytest.mark.parametrize("rule", [rule for of_table in row_rules().values() for rule in of_table], ids=lambda r: r.name)
def test_every_row_rule_says_what_is_wrong_as_the_end_of_a_sentence(rule: RowRule) -> None:
    assert len(rule.reason) >= 10
    assert rule.reason[0].islower()
    assert not rule.reason.endswith(".")


def test_kept_rows_are_in_order_and_are_all_that_no_rule_rejects(delivered: Path) -> None:
    for table in (table for table in contracts().values() if table.delivered):
        files = delivered_for(table, EDITION, load_specifications())
        with engine_with_lookups() as connection:
            rows = kept_rows(connection, table, files, Decisions())
            made = pa.Table.from_batches(rows, table.arrow_schema())
        assert made.select(["file", "row"]).equals(
            made.sort_by([("file", "ascending"), ("row", "ascending")]).select(["file", "row"])
        )
        kept_count = made.num_rows
        rejected = store.read(contracts()["quality.rejected_rows"], [EDITION])
        rejected_of_table = rejected[rejected["table_name"] == table.name][["file", "row"]].drop_duplicates()
        assert kept_count == sum(file.rows for file in files) - len(rejected_of_table), table.name


def test_few_rows_and_many_are_rejected_alike(delivered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rejected() -> list[RejectedRow]:
        tables = [table for table in contracts().values() if table.delivered]
        with engine_with_lookups() as connection:
            of_tables = [delivered_for(table, EDITION, load_specifications()) for table in tables]
            return [row for files in of_tables for row in rejected_rows(connection, files, Decisions())]

    few = rejected()
    monkeypatch.setattr(rejecting, "FEW_ROWS", 0)
    assert few == rejected()
    assert len({row.rule for row in few}) >= 3
