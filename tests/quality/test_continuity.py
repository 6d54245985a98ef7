"""Tests of the comparison of an edition with the edition before: every change is found, and nothing else is."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from assets.sql_tables import MODELS, editions_at_once
from tests.delivering import open_home
from tests.scenarios import DRAW, count
from warehouse import store
from warehouse.contracts import Row, contracts, records
from warehouse.errors import StoreError

NOW, BEFORE = 2023, 2022
Rows = dict[str, list[Row]]


def ordinary_rows(edition: int) -> Rows:
    """Return the rows of an ordinary edition, by table."""
    answers = [
        {
            "edition": edition, "file": "svar.csv", "row": row, "extract": "vendor", "provenance": "extract", "respondent_number": str(row),
            "weight": 1.0 + row % 3, "stratum": f"s{row % 2}", "stratum_population_residents": 5000, "stratum_invited": 500,
            "safety_answer": ("safe", "unsafe")[row % 10 == 0], "exposed_theft": "no", "area_id": "valby",
        }
        for row in range(1, 301)
    ]  # fmt: skip
    draw = DRAW | {
        "edition": edition, "crime_year": edition - 1, "drawn_on": date(edition, 2, 15), "delivered_in_edition": edition,
        "reports_unmapped": 5, "reports_place_unknown": 20, "reports_place_less_exact": 0,
    }  # fmt: skip
    return {
        "survey.answers": answers,
        "crime.counted": [count(100, edition, crime_type="burglary")],
        "police.draws": [draw],
    }


def not_continuing(
    own_home: Path, change: Callable[[Rows], object], before: Callable[[Rows], object] = lambda rows: None
) -> set[tuple[str, str]]:
    """Return what does not continue from the older edition to the newer one.

    `change` changes the newer edition first, and `before` changes the older edition.
    """
    rows_by_edition = {BEFORE: ordinary_rows(BEFORE), NOW: ordinary_rows(NOW)}
    before(rows_by_edition[BEFORE])
    change(rows_by_edition[NOW])
    put_in_store(rows_by_edition)
    return {(row["subject"], row["about"]) for row in continuity([NOW]) if not row["continues"]}


def put_in_store(rows_by_edition: dict[int, Rows]) -> None:
    """Store the tables that the comparison reads, for these editions only. A table without rows is stored empty."""
    for table in contracts().values():
        if table.delivered or table.name in ("police.draws", "crime.counted"):
            for edition, rows in rows_by_edition.items():
                store.write(table, table.frame(rows.get(table.name, [])), edition)


def continuity(editions: list[int]) -> list[Row]:
    """Return the rows of quality.continuity that a run of these editions makes."""
    return records(editions_at_once(MODELS["quality.continuity"], editions))


def all_rows(**changes: object) -> Callable[[Rows], object]:
    return lambda rows: [row.update(changes) for row in rows["survey.answers"]]


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return open_home(tmp_path / "home", monkeypatch)


CHANGES: dict[str, tuple[Callable[[Rows], object], set[tuple[str, str]]]] = {
    "nothing": (lambda rows: None, set()),
    "half the answers and one less": (
        lambda rows: rows.update({"survey.answers": rows["survey.answers"][:149]}), {("answers", "vendor"), ("response_rate_percent", "vendor")},
    ),
    "a response rate 16 points lower": (all_rows(stratum_invited=1100), {("response_rate_percent", "vendor")}),
    "weights twice as large": (lambda rows: [row.update(weight=2 * row["weight"]) for row in rows["survey.answers"]], {("mean_weight", "vendor")}),
    "weights all alike": (all_rows(weight=2.0), {("spread_of_weights", "vendor")}),
    "a column that is empty": (all_rows(exposed_theft=None), {("filled_cells", "vendor exposed_theft")}),
    "a category that is gone": (all_rows(safety_answer="safe"), {("rows_of_category", "vendor safety_answer unsafe")}),
    "more reports, as chance may have it": (lambda rows: rows["crime.counted"][0].update(reports=140), set()),
    "many more reports": (
        lambda rows: rows["crime.counted"][0].update(reports=170), {("reports", "police tingbjerg_husum burglary")},
    ),
    "as many more reports as residents": (lambda rows: rows["crime.counted"][0].update(reports=170, population_residents=18_700), set()),
    "many more reports of residents who are not known": (
        lambda rows: rows["crime.counted"][0].update(reports=170, population_residents=None), {("reports", "police tingbjerg_husum burglary")},
    ),
    "a category that is gone, of which few were expected": (
        lambda rows: rows.update({"survey.answers": [row | {"safety_answer": "safe"} for row in rows["survey.answers"][:90]]}),
        {("answers", "vendor"), ("response_rate_percent", "vendor")},
    ),
    "an area that is gone": (
        lambda rows: rows["crime.counted"][0].update(area_id="valby"), {("reports", "police tingbjerg_husum burglary")},
    ),
    "many more in an area that is another": (lambda rows: rows["crime.counted"][0].update(reports=170, area_version=2), set()),
    "many more without a type": (lambda rows: rows["police.draws"][0].update(reports_unmapped=60), {("reports_unmapped", "police")}),
    "many more without a place": (
        lambda rows: rows["police.draws"][0].update(reports_place_less_exact=60), {("reports_without_place", "police")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_does_not_go_on_is_found_and_nothing_else(own_home: Path, change: str) -> None:
    change_rows, expected = CHANGES[change]
    assert not_continuing(own_home, change_rows) == expected


def with_second_producer(change: Callable[[list[Row]], object]) -> Callable[[Rows], object]:
    """Return a function that adds a second producer's answers to an edition. `change` changes these answers."""

    def add_producer(rows: Rows) -> None:
        second = [row | {"extract": "other", "file": "andre.csv"} for row in rows["survey.answers"]]
        change(second)
        rows["survey.answers"] += second

    return add_producer


def test_one_of_two_producers_is_held_against_itself(own_home: Path) -> None:
    before = with_second_producer(lambda rows: None)
    assert not_continuing(
        own_home, with_second_producer(lambda rows: [row.update(exposed_theft=None) for row in rows]), before
    ) == {("filled_cells", "other exposed_theft")}
    assert not_continuing(own_home, lambda rows: None, before) == {("rows_of_producer", "other")}


def test_an_edition_without_files_or_without_one_before_is_held_against_nothing(own_home: Path) -> None:
    assert not_continuing(own_home, lambda rows: rows.clear()) == set()


def test_an_edition_needs_the_one_before_alone_and_is_the_same_in_a_run_of_several(own_home: Path) -> None:
    earlier = NOW - 2
    put_in_store({BEFORE: ordinary_rows(BEFORE), NOW: ordinary_rows(NOW)})
    rows_alone = continuity([NOW])
    assert {row["edition"] for row in rows_alone} == {NOW}
    with pytest.raises(StoreError, match=f"edition {earlier}"):
        continuity([BEFORE, NOW])
    put_in_store({earlier: ordinary_rows(earlier)})
    rows_together = continuity([BEFORE, NOW])
    assert [row for row in rows_together if row["edition"] == NOW] == rows_alone
    assert {row["about"] for row in rows_together if row["edition"] == BEFORE} == {row["about"] for row in rows_alone}
