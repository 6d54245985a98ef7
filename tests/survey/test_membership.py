"""Tests of the areas in which a respondent counts.

A respondent counts in each area that the file names. The respondent also counts in the larger areas around it.
"""

from datetime import date
from typing import Any

import pandas as pd
import pytest

from tests.scenarios import REFERENCE, answered, made
from warehouse.contracts import Row, contracts

RODE = "rode_323"  # of Amager Øst
PARTNERSHIP = "amager_partnership"
NEW_RODE = "rode_346"  # in Amager's partnership area; in this test only in the area's second version, from 2021 on


def counted(rows: list[Row], **tables: pd.DataFrame) -> dict[str, int]:
    """Return the number of answers to the first question, by area."""
    estimates = made("estimates", rows, **tables)
    return {area: row["answers"] for (area, measure), row in estimates.items() if measure == "unsafe"}


def members(*pairs: tuple[str, str], without: tuple[str, str]) -> pd.DataFrame:
    """Return the project's area members with these pairs added and one pair removed.

    A pair is an area and a smaller area inside it.
    """
    frame = REFERENCE["area_members"]
    frame_without_pair = frame[(frame["area_id"] != without[0]) | (frame["member_area_id"] != without[1])]
    lines = [
        {
            "area_id": area, "area_version": 1, "member_area_id": member, "basis": "assumed", "source_id": "project_assumption",
            "reason": "made up",
        }
        for area, member in pairs
    ]  # fmt: skip
    return pd.concat([frame_without_pair, contracts()["reference.area_members"].frame(lines)], ignore_index=True)


def test_an_area_may_lie_in_the_municipality_through_another() -> None:
    indirect_members = members(("bydel_oesterbro", "valby"), without=("copenhagen", "valby"))
    assert counted(answered(), area_members=indirect_members) == counted(answered())
    gaps, direct_gaps = (made("gaps", answered(), **tables) for tables in ({"area_members": indirect_members}, {}))
    assert gaps["valby", "unsafe"] == direct_gaps["valby", "unsafe"]


def test_whoever_is_coded_by_a_small_unit_counts_in_each_area_that_it_lies_in() -> None:
    assert counted(answered(area_id=RODE)) == {"copenhagen": 200, "amager_oest": 200, "bydel_amager_oest": 200}


def test_a_small_unit_counts_beside_bydele_and_has_its_gaps() -> None:
    rows = answered()
    for row in rows[:40]:
        row["area_id"] = RODE
    answers = counted(rows)
    assert (answers["valby"], answers["amager_oest"], answers["copenhagen"]) == (60, 40, 200)
    gap = made("gaps", rows)["amager_oest", "unsafe"]
    assert (gap["municipality_id"], gap["rest_answers"]) == ("copenhagen", 160)


def test_whoever_is_coded_by_the_municipality_counts_there_alone() -> None:
    assert counted(answered(area_id="copenhagen")) == {"copenhagen": 200}
    assert made("gaps", answered(area_id="copenhagen")) == {}


@pytest.mark.parametrize(
    ("edition", "answered_on", "inside"),
    [(2021, date(2020, 12, 31), False), (2021, date(2021, 1, 1), True), (2021, None, True), (2020, None, False)],
)
def test_the_version_that_holds_on_the_day_of_the_answer_counts(
    edition: int, answered_on: date | None, inside: bool
) -> None:
    frame = REFERENCE["area_members"]
    members_of_second_version = frame[
        (frame["member_area_id"] != NEW_RODE) | (frame["area_id"] != PARTNERSHIP) | (frame["area_version"] == 2)
    ]
    rows = answered(area_id=NEW_RODE, edition=edition, answered_on=answered_on)
    answers = counted(rows, area_members=members_of_second_version)
    assert (PARTNERSHIP in answers) is inside
    assert answers["copenhagen"] == 200


def test_an_area_that_begins_during_the_fieldwork_is_the_one_of_1_january() -> None:
    areas = REFERENCE["areas"].copy()
    areas.loc[areas["area_id"] == "tingbjerg_husum", "valid_from"] = date(2021, 1, 1)
    early: dict[str, Any] = {
        "area_id": None,
        "partnership_area_id": "tingbjerg_husum",
        "answered_on": date(2020, 12, 9),
    }
    answers = counted(answered(**early), areas=areas)
    assert answers == {"copenhagen": 200, "tingbjerg_husum": 200}


def test_answers_of_no_known_place_are_no_rows() -> None:
    assert counted(answered(area_id=None)) == {}
