"""Tests of the whole yearly run on the real public figures. The tests query the published file, as an analyst does.

The expected figures are the municipality's and the agreement's own figures. Their sources are in
published_figures.csv. Other modules test each rule and each formula.
"""

import re
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Command, tryghed
from warehouse.home import PROJECT

TARGETS = ("1a", "1b", "1c", "1d", "2a", "2b", "2c", "3", "4", "5", "6", "7a", "7b", "7c", "7d", "7e", "7f")


def only_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[object, ...]:
    rows = connection.execute(query).fetchall()
    assert len(rows) == 1, rows
    return rows[0]


def test_run_says_what_came_out_and_where_to_look(first_run: tuple[Path, Command]) -> None:
    _, ran = first_run
    assert ran.code == 0
    for phrase in ("Editions 2009 to", "targets.verdicts", "First publication", "tryghed.duckdb", "Where to look:"):
        assert phrase in ran.out


def test_copenhagen_evening_2018_fell_by_the_words_and_is_uncertain_by_the_data(
    published: duckdb.DuckDBPyConnection,
) -> None:
    value, before, change, low, high, literal, statistical, effect = only_row(
        published,
        "SELECT value, compared_value, change, change_low, change_high, literal, statistical, design_effect "
        "FROM indicators.comparisons WHERE area_id = 'copenhagen' AND measure = 'unsafe_evening' AND edition = 2018 "
        "AND compared_with = 'edition_before' AND compared_edition = 2017",
    )
    assert (value, before, change, literal, statistical, effect) == (20, 22, -2, "fall", "uncertain", 1.5)
    assert low < -2 < 0 < high  # type: ignore[operator]


@pytest.mark.parametrize(("measure", "gap"), [("unsafe", 7), ("unsafe_evening", 13)])
def test_tingbjerg_husum_2020_has_its_gap_to_copenhagen(
    published: duckdb.DuckDBPyConnection, measure: str, gap: int
) -> None:
    row = only_row(
        published,
        "SELECT change, literal, statistical, reason FROM indicators.comparisons WHERE area_id = 'tingbjerg_husum' "
        f"AND edition = 2020 AND compared_with = 'municipality' AND measure = '{measure}'",
    )
    assert row == (gap, "rise", None, "answers_unknown")
    query = f"SELECT gap FROM targets.baselines WHERE target_id IN ('1a', '1c') AND measure = '{measure}'"
    assert only_row(published, query) == (gap,)


def test_the_query_of_the_analysts_guide_gives_what_the_guide_says(published: duckdb.DuckDBPyConnection) -> None:
    text = (PROJECT / "docs" / "analyst.md").read_text(encoding="utf-8")
    query = text.split("```sql\n")[1].split("```")[0]
    rows = {row[0]: row[1:] for row in published.execute(query).fetchall()}
    value, before, _, low, high, literal, statistical = rows[2018]
    assert (value, before, round(low, 1), round(high, 1), literal, statistical) == (
        20,
        22,
        -5.4,
        1.4,
        "fall",
        "uncertain",
    )
    for phrase in ("22 % in 2017 and 20 % in 2018", "-5.4 to +1.4", "`fall`", "`uncertain`"):
        assert phrase in text.replace("\n", " ")


def test_sikker_by_is_a_verdict_in_2021_alone(published: duckdb.DuckDBPyConnection) -> None:
    verdicts = published.execute(
        "SELECT edition, value, literal, reason, missing_to_limit FROM targets.verdicts WHERE target_id = '5' ORDER BY edition"
    ).fetchall()
    assert verdicts[0] == (2021, 4, "not_met", "answers_unknown", 4)
    assert {(row[2], row[3]) for row in verdicts[1:]} == {("not_evaluable", "period_over")}
    query = "SELECT bydele_above, bydele_named FROM safety.unsafe_bydele WHERE edition = 2017"
    assert only_row(published, query) == (5, 5)
    assert only_row(published, "SELECT count(*) FROM targets.verdicts WHERE edition = 2017") == (0,)


def test_crime_year_2019_is_estimated_over_the_implied_population(published: duckdb.DuckDBPyConnection) -> None:
    edition, reports, rate, low, high, status, small, large = only_row(
        published,
        "SELECT edition, reports, rate_per_1000, rate_low_per_1000, rate_high_per_1000, status, "
        "population_low_residents, population_high_residents FROM crime.yearly_types "
        "WHERE area_id = 'tingbjerg_husum' AND crime_year = 2019 AND crime_type = 'citizen_facing'",
    )
    assert (edition, reports, rate, status, small, large) == (2020, 229, 20.4, "estimated", 11198, 11253)
    assert low == pytest.approx(17.8, abs=0.005)
    assert high == pytest.approx(23.28, abs=0.005)


@pytest.mark.parametrize("target_id", TARGETS)
def test_every_target_is_there_in_every_edition(published: duckdb.DuckDBPyConnection, target_id: str) -> None:
    rows = published.execute(
        "SELECT DISTINCT edition, literal, reason FROM targets.verdicts "
        f"WHERE target_id = '{target_id}' AND agreement_id = 'tingbjerg_husum_2021_2024' ORDER BY edition"
    ).fetchall()
    crime = target_id.startswith("2")
    assert [row[0] for row in rows] == ([2021, 2022, 2023, 2024, 2025] if crime else [2021, 2022, 2023, 2024])
    if crime:
        assert rows[0][1:] == ("not_evaluable", "baseline_year")
    if target_id != "5":
        assert {row[1] for row in rows} == {"not_evaluable"}
        assert all(row[2] for row in rows)


def test_nothing_is_met_for_want_of_data(published: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT count(*) FROM targets.verdicts WHERE value IS NULL AND 'met' IN (literal, statistical)"
    assert only_row(published, query) == (0,)


def test_monitored_types_are_missing_where_they_are_not_public(published: duckdb.DuckDBPyConnection) -> None:
    rows = published.execute(
        "SELECT DISTINCT crime_type, status, reports FROM crime.monitoring WHERE area_id = 'tingbjerg_husum' ORDER BY 1"
    ).fetchall()
    assert rows == [(kind, "missing", None) for kind in ("harassment", "narcotics", "threats", "vandalism")]


def test_two_published_values_are_a_conflict_and_nothing_is_chosen(
    published: duckdb.DuckDBPyConnection, first_run: tuple[Path, Command]
) -> None:
    share, status, low, high = only_row(
        published,
        "SELECT share_percent, status, rounding_low_percent, rounding_high_percent FROM safety.yearly_shares "
        "WHERE area_id = 'copenhagen' AND edition = 2019 AND measure = 'unsafe_evening'",
    )
    assert (share, status, low, high) == (None, "conflict", 16.5, 18.5)
    query = "SELECT list_sort(list(value)) FROM reference.published_figures WHERE area_id = 'copenhagen' AND edition = 2019 AND measure = 'unsafe_evening'"
    assert only_row(published, query) == ([17, 18],)
    ran = first_run[1]
    assert ran.code == 0
    assert "WARNING reference.published_figures: two_published_values, edition 2019, rows: 2, new. " in ran.err


@pytest.mark.slow
def test_a_reference_line_with_a_reason_settles_a_conflict_until_it_is_taken_back(home: Path, reference: Path) -> None:
    figures = reference / "published_figures.csv"
    figures_text = figures.read_text(encoding="utf-8").replace(
        "safe_evening,orestad_avis_2024,80", "safe_evening,orestad_avis_2024,79"
    )
    figures.write_text(figures_text.replace("bt_2024,80,0,true", "bt_2024,80,0,false"), encoding="utf-8")
    choices = reference / "published_choices.csv"
    choices_text = choices.read_text(encoding="utf-8")
    choices.write_text(
        choices_text + "2024,copenhagen,safe_evening,orestad_avis_2024,A steward,2026-11-23,Closer to the survey\n",
        encoding="utf-8",
    )
    ran = tryghed(home, "run", "2024", reference=reference)
    assert ran.code == 0, ran.err
    undecided = re.compile(r"two_published_values, edition [0-9, -]*2024")
    assert not undecided.search(ran.err)
    with duckdb.connect(str(home / "published" / "tryghed.duckdb"), read_only=True) as connection:
        query = "SELECT share_percent, status FROM safety.yearly_shares WHERE area_id = 'copenhagen' AND edition = 2024 AND measure = 'safe_evening'"
        assert only_row(connection, query) == (79, "normal")
    choices.write_text(choices_text, encoding="utf-8")
    taken_back = tryghed(home, "run", "2024", reference=reference)
    assert taken_back.code == 0, taken_back.err
    assert undecided.search(taken_back.err)


@pytest.mark.slow
def test_a_second_run_changes_no_byte_and_says_so(home: Path) -> None:
    before = {path: path.read_bytes() for path in home.rglob("*") if path.suffix in (".parquet", ".duckdb")}
    ran = tryghed(home, "run", "2022")
    assert ran.code == 0, ran.err
    assert "No difference from the last publication" in ran.out
    after = {path: path.read_bytes() for path in home.rglob("*") if path.suffix in (".parquet", ".duckdb")}
    assert after == before
