"""An edition beside the one before: what is found where something changed, and that nothing is where all goes on."""

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


def usual(edition: int) -> Rows:
    """What an ordinary edition's tables hold."""
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


def found(
    place: Path, change: Callable[[Rows], object], before: Callable[[Rows], object] = lambda rows: None
) -> set[tuple[str, str]]:
    """What does not continue where an edition was changed."""
    of_edition = {BEFORE: usual(BEFORE), NOW: usual(NOW)}
    before(of_edition[BEFORE])
    change(of_edition[NOW])
    put_in_store(of_edition)
    return {(row["subject"], row["about"]) for row in continuity([NOW]) if not row["continues"]}


def put_in_store(of_edition: dict[int, Rows]) -> None:
    """Store the tables that are read, of these editions alone; a table without rows is empty."""
    for table in contracts().values():
        if table.delivered or table.name in ("police.draws", "crime.counted"):
            for edition, rows in of_edition.items():
                store.write(table, table.frame(rows.get(table.name, [])), edition)


def continuity(made: list[int]) -> list[Row]:
    """What a run of these editions makes."""
    return records(editions_at_once(MODELS["quality.continuity"], made))


def all_rows(**changes: object) -> Callable[[Rows], object]:
    return lambda rows: [row.update(changes) for row in rows["survey.answers"]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
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
def test_what_does_not_go_on_is_found_and_nothing_else(place: Path, change: str) -> None:
    planted, expected = CHANGES[change]
    assert found(place, planted) == expected


def of_two(change: Callable[[list[Row]], object]) -> Callable[[Rows], object]:
    """A second producer's answers, changed in the later edition."""

    def planted(rows: Rows) -> None:
        second = [row | {"extract": "other", "file": "andre.csv"} for row in rows["survey.answers"]]
        change(second)
        rows["survey.answers"] += second

    return planted


def test_one_of_two_producers_is_held_against_itself(place: Path) -> None:
    before = of_two(lambda rows: None)
    assert found(place, of_two(lambda rows: [row.update(exposed_theft=None) for row in rows]), before) == {
        ("filled_cells", "other exposed_theft")
    }
    assert found(place, lambda rows: None, before) == {("rows_of_producer", "other")}


def test_an_edition_without_files_or_without_one_before_is_held_against_nothing(place: Path) -> None:
    assert found(place, lambda rows: rows.clear()) == set()


def test_an_edition_needs_the_one_before_alone_and_is_the_same_in_a_run_of_several(place: Path) -> None:
    earlier = NOW - 2
    put_in_store({BEFORE: usual(BEFORE), NOW: usual(NOW)})
    alone = continuity([NOW])
    assert {row["edition"] for row in alone} == {NOW}
    with pytest.raises(StoreError, match=f"edition {earlier}"):
        continuity([BEFORE, NOW])
    put_in_store({earlier: usual(earlier)})
    together = continuity([BEFORE, NOW])
    assert [row for row in together if row["edition"] == NOW] == alone
    assert {row["about"] for row in together if row["edition"] == BEFORE} == {row["about"] for row in alone}
