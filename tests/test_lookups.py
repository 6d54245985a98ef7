"""Tests of the lookups for queries: the areas around an area, and the smallest count of its reports that is shown."""

from datetime import date
from typing import Any

import duckdb
import pandas as pd
import pytest

from assets.lookups import look_up
from assets.reference import REFERENCE as TABLES
from tests.scenarios import REFERENCE, TH
from warehouse.contracts import contracts, records

FIRST, LAST = date(1, 1, 1), date(9999, 12, 31)


def looked_up(query: str, **added: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Run a query on the project's reference data with the lines of `added`. Added agreements replace the project's."""
    with duckdb.connect() as connection:
        for table in TABLES:
            lines = contracts()[table.name].frame(added.get(table.short_name, []))
            project_frames = [] if table.short_name == "agreements" and len(lines) else [REFERENCE[table.short_name]]
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema_name}")
            connection.register(
                f"given_{table.short_name}", table.arrow(pd.concat([*project_frames, lines], ignore_index=True))
            )
            connection.execute(f"CREATE VIEW {table.name} AS FROM given_{table.short_name}")
        look_up(connection)
        return connection.execute(query).fetchall()


def area(
    area_id: str, level: str, version: int = 1, first: date | None = None, last: date | None = None
) -> dict[str, Any]:
    return {
        "area_id": area_id, "area_version": version, "name_da": area_id, "level": level, "valid_from": first, "valid_to": last,
        "source_id": "project_assumption",
    }  # fmt: skip


def member(whole: str, part: str, version: int = 1) -> dict[str, Any]:
    return {
        "area_id": whole, "area_version": version, "member_area_id": part, "basis": "assumed", "source_id": "project_assumption",
        "reason": "made up",
    }  # fmt: skip


def test_an_area_lies_in_a_whole_once_though_it_lies_in_it_in_several_ways() -> None:
    # the rode is in Valby; from 2021 to June 2022, it is also in a partnership area in Valby
    areas = [
        area("made_up", "partnership_area", 1, date(2021, 1, 1), date(2021, 12, 31)),
        area("made_up", "partnership_area", 2, date(2022, 1, 1), date(2022, 6, 30)),
        area("rode_x", "rode"),
        area("other_town", "municipality"),
    ]
    members = [
        member("bydel_valby", "rode_x"),
        member("bydel_valby", "made_up"),
        *(member("made_up", "rode_x", version) for version in (1, 2)),
    ]
    query = "SELECT municipality_id, valid_from, valid_to FROM municipality_of WHERE area_id = '{}'"
    added: dict[str, Any] = {"areas": areas, "area_members": members}
    assert looked_up(query.format("rode_x"), **added) == [("copenhagen", FIRST, LAST)]
    assert looked_up(query.format("other_town"), **added) == [("other_town", FIRST, LAST)]
    bydele = "SELECT bydel_id, valid_from, valid_to FROM bydel_of WHERE area_id = 'rode_x'"
    assert looked_up(bydele, **added) == [("bydel_valby", FIRST, LAST)]
    versions = "SELECT area_version, valid_from FROM partnership_of WHERE area_id = 'rode_x' ORDER BY ALL"
    assert looked_up(versions, **added) == [(1, date(2021, 1, 1)), (2, date(2022, 1, 1))]


def test_an_area_that_leaves_a_whole_and_comes_back_lies_in_it_at_two_times() -> None:
    areas = [
        area("town", "municipality", 1, None, date(2009, 12, 31)),
        area("town", "municipality", 2, date(2010, 1, 1), date(2019, 12, 31)),
        area("town", "municipality", 3, date(2020, 1, 1)),
        area("quarter", "bydel"),
    ]
    members = [member("town", "quarter", version) for version in (1, 3)]
    rows = looked_up(
        "SELECT valid_from, valid_to FROM municipality_of WHERE area_id = 'quarter' ORDER BY ALL",
        areas=areas,
        area_members=members,
    )
    assert rows == [(FIRST, date(2009, 12, 31)), (date(2020, 1, 1), LAST)]


AGREED = {TH: (5, 6), "folehaven": (10,), "amager_partnership": (7,)}


@pytest.mark.parametrize(
    ("area_id", "fewest"),
    [
        (TH, 6),  # the larger threshold of its two agreements
        ("rode_266", 6),  # lies in that area
        ("folehaven", 10),
        ("bydel_vanloese", 10),  # has no agreement, so gets the largest threshold
        ("bydel_broenshoej_husum", 10),  # contains the area of an agreement
        ("copenhagen", 10),
        ("rode_x", 10),  # lies in two such areas
    ],
)
def test_the_fewest_reports_that_are_shown_are_those_of_the_areas_own_agreement(area_id: str, fewest: int) -> None:
    line = records(REFERENCE["agreements"])[0]
    agreements = [
        line | {"agreement_id": f"{agreed_id}_{number}", "area_id": agreed_id, "fewest_reports_shown": number}
        for agreed_id, numbers in AGREED.items()
        for number in numbers
    ]
    rows = looked_up(
        f"SELECT fewest_reports_shown FROM fewest_reports_shown WHERE area_id = '{area_id}'",
        agreements=agreements,
        areas=[area("rode_x", "rode")],
        area_members=[member(TH, "rode_x"), member("amager_partnership", "rode_x", 2)],
    )
    assert rows == [(fewest,)]
