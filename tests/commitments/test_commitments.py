"""Tests of the measures of commitments, made from the plan, the calendar, the accounts and the state's list."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from assets.sql_tables import MODELS
from tests.delivering import open_home, rows, write_model
from tests.scenarios import TH
from warehouse import store
from warehouse.contracts import Row, contracts

EDITION = 2022
COMMON = {
    "edition": EDITION,
    "file": "a.csv",
    "extract": "made up",
    "provenance": "extract",
    "area_id": TH,
    "partnership_code": "TH",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data folder that has the reference tables."""
    return open_home(tmp_path / "home", monkeypatch)


def numbers(**delivered: list[Row]) -> dict[tuple[str, str], Row]:
    """Return the rows that the model makes from the delivered rows, keyed by area and measure."""
    for name in MODELS["commitments.yearly_numbers"].same:
        table = contracts()[name]
        lines = enumerate(delivered.get(table.short_name, []), 2)
        full_rows = [
            {column: cell for column, cell in (COMMON | {"row": row} | line).items() if column in table.columns}
            for row, line in lines
        ]
        store.write(table, table.frame(full_rows), EDITION)
    write_model("commitments.yearly_numbers", EDITION)
    return {(row["area_id"], row["measure"]): row for row in rows("commitments.yearly_numbers", EDITION)}  # type: ignore[misc]


def activity(partners: int, status: str = "running") -> Row:
    return {
        "activity_number": "A",
        "title": "made up",
        "focus_area": "safer_city_life",
        "activity_status": status,
        "partners_named": partners,
    }


def goal(kept: str) -> Row:
    return {"goal_number": "1", "focus_area": "safer_city_life", "title": "made up", "kept": kept}


def meeting(occasion: str, held_on: date = date(2022, 5, 1)) -> Row:
    return {"occasion": occasion, "held_on": held_on}


def listed(name: str, kind: str, municipality_code: str = "101", listed_on: date = date(2022, 12, 1)) -> Row:
    return {"residential_area": name, "list_kind": kind, "municipality_code": municipality_code, "listed_on": listed_on}


def figures(row: Row) -> tuple[Any, ...]:
    return row["value"], row["counted"], row["out_of"], row["not_known"]


def test_a_share_of_activities_leaves_out_the_cancelled(home: Path) -> None:
    plan = [activity(2), activity(3), activity(1), activity(0, "planned"), activity(4, "cancelled")]
    yearly_numbers = numbers(activities=plan, goals=[goal("kept"), goal("not_known"), goal("not_kept")])
    assert figures(yearly_numbers[TH, "activities_with_two_or_more_partners"]) == (50, 2, 4, 0)
    assert figures(yearly_numbers[TH, "goals_kept_safer_city_life"]) == (1, 1, 3, 1)
    assert (TH, "goals_kept_positive_communities") not in yearly_numbers


def test_no_meeting_of_a_kind_is_none_only_where_a_calendar_was_delivered(home: Path) -> None:
    yearly_numbers = numbers(
        meetings=[meeting("working_group"), meeting("working_group"), meeting("steering_group", date(2021, 5, 1))]
    )
    counted = {measure: row["value"] for (area, measure), row in yearly_numbers.items() if area == TH}
    assert counted == {
        "working_group_meetings": 2, "steering_group_meetings": 0, "tryghedsplan_updates": 0, "status_reports_to_committee": 0,
    }  # fmt: skip
    assert numbers(meetings=[meeting("working_group", date(2021, 5, 1))]) == {}


def test_money_is_what_was_set_aside_in_the_year(home: Path) -> None:
    parts = [
        ("activities", 1_500_000, 2022),
        ("activities", 400_000, 2022),
        ("activities", 9, 2021),
        ("project_management", 310_000, 2022),
    ]
    lines = [{"purpose": purpose, "budget_dkk": amount, "account_year": year} for purpose, amount, year in parts]
    yearly_numbers = numbers(accounts=lines)
    assert (
        yearly_numbers[TH, "activity_funding"]["value"],
        yearly_numbers[TH, "project_management_funding"]["value"],
    ) == (1.9, 0.31)


def test_the_newest_list_counts_each_area_once_and_leaves_out_other_municipalities_and_prevention_areas(
    home: Path,
) -> None:
    lines = [
        listed("Tingbjerg", "parallel_society"), listed("Tingbjerg ", "transformation_area"), listed("Mjølnerparken", "vulnerable_area"),
        listed("Forebyggelse", "prevention_area"), listed("Gellerup", "parallel_society", "751"),
        listed("Gammel", "vulnerable_area", listed_on=date(2022, 1, 1)),
    ]  # fmt: skip
    assert numbers(listed_areas=lines)["copenhagen", "areas_on_the_states_list"]["value"] == 2
    elsewhere = numbers(listed_areas=[listed("Gellerup", "parallel_society", "751")])
    assert elsewhere["copenhagen", "areas_on_the_states_list"]["value"] == 0


def test_made_up_rows_make_made_up_numbers(home: Path) -> None:
    yearly_numbers = numbers(activities=[activity(2), activity(2) | {"provenance": "synthetic"}])
    assert yearly_numbers[TH, "activities_with_two_or_more_partners"]["provenance"] == "synthetic"


RENAMED = {
    "goals_kept_safer_city_life": "goals_of_city_life",
    "working_group_meetings": "meetings_of_those_who_work",
    "activity_funding": "money_for_activities",
    "activities_with_two_or_more_partners": "joint_activities",
    "areas_on_the_states_list": "listed_areas",
}


def test_a_number_has_the_name_that_its_measure_has(home: Path) -> None:
    table = contracts()["reference.measures"]
    store.write(table, store.read(table).replace({"measure": RENAMED}))
    yearly_numbers = numbers(
        activities=[activity(2)],
        goals=[goal("kept")],
        meetings=[meeting("working_group")],
        accounts=[{"purpose": "activities", "budget_dkk": 1_000_000, "account_year": 2022}],
        listed_areas=[listed("Tingbjerg", "parallel_society")],
    )
    assert {measure for _, measure in yearly_numbers} >= set(RENAMED.values())
    assert {measure for _, measure in yearly_numbers} & set(RENAMED) == set()
    final = {measure for (_, measure), row in yearly_numbers.items() if row["maturity"] == "final"}
    assert final == {"money_for_activities", "listed_areas"}
