"""From delivered reports and counts to the figures of each area and crime type.

The files are written here, so that every count can be seen in the test.
"""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from assets.crime import yearly as crime
from tests.delivering import deliver, make, open_home, reports, rows, table
from tests.scenarios import TH, count, made_up
from tests.scenarios import make as judge
from warehouse.contracts import Row, contracts, records

COUNT = {"Område": "Tingbjerg-Husum", "År": "2022", "Sagstype": "Indbrud", "Antal anmeldelser": "7", "Udtræksdato": "15-02-2023"}  # fmt: skip
PEOPLE = {"omraade": "Tingbjerg-Husum", "dato": "2022-01-01", "personer": "11250", "kilde": "Register"}
MADE = ("police.draws", "police.count_draws", "crime.counted")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the reference tables."""
    return open_home(tmp_path / "home", monkeypatch)


def population(home: Path, *lines: dict[str, str]) -> None:
    """The municipality's file of residents, as its specification has it: commas and UTF-8."""
    path = home / "landing" / "2023" / "befolkning.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    written = [",".join(line) for line in (PEOPLE, *(line.values() for line in lines))]
    path.write_text("".join(f"{line}\n" for line in written), encoding="utf-8")


def counted() -> dict[tuple[Any, ...], Row]:
    return {(row["area_id"], row["crime_type"], row["counted_from"]): row for row in rows("crime.counted", 2023)}


def deliver_reports(home: Path) -> None:
    """20 burglaries: 6 at a rode of Tingbjerg-Husum, 9 in Valby, 5 of which no place is known."""
    places = [{"Bydel": "", "Rode": "258"}] * 6 + [{"Bydel": "Valby"}] * 9 + [{"Bydel": ""}] * 5
    lines = [line | where for line, where in zip(reports(20), places, strict=True)]
    deliver(home, 2023, "anmeldelser.csv", lines)


def test_a_report_counts_in_every_area_it_lies_in_and_one_of_unknown_place_in_the_municipality_alone(
    place: Path,
) -> None:
    deliver_reports(place)
    make(2023, *MADE)
    found = {area: row["reports"] for (area, kind, _), row in counted().items() if kind == "burglary"}
    assert found == {"copenhagen": 20, "bydel_valby": 9, "bydel_broenshoej_husum": 6, TH: 6}


def test_a_type_without_a_report_is_none_and_an_area_without_any_is_left_out(place: Path) -> None:
    deliver_reports(place)
    make(2023, *MADE)
    assert counted()[TH, "threats", "reports"]["reports"] == 0
    assert "folehaven" not in {area for area, _, _ in counted()}  # whose roder nobody knows
    assert (TH, "citizen_facing", "reports") not in counted()  # to which no code is mapped


def test_only_the_draw_that_counts_and_the_editions_crime_year_are_counted(place: Path) -> None:
    deliver(place, 2023, "anmeldelser.csv", reports(5, Bydel="Valby"))
    make(2023, *MADE)
    deliver(place, 2024, "igen.csv", reports(7, Bydel="Valby", Udtræksdato="20-02-2024"))
    nu = reports(3, Bydel="Valby", Gerningsdato="", Anmeldelsesdato="01-05-2023", Udtræksdato="20-02-2024")
    deliver(place, 2024, "nu.csv", [line | {"Journalnummer": line["Journalnummer"][:-2] + "23"} for line in nu])
    make(2024, *MADE)
    first, second = (
        {row["area_id"]: row["reports"] for row in rows("crime.counted", edition) if row["crime_type"] == "burglary"}
        for edition in (2023, 2024)
    )
    assert (first["bydel_valby"], second["bydel_valby"]) == (5, 3)


def test_the_police_s_own_counts_stand_beside_ours(place: Path) -> None:
    deliver_reports(place)
    deliver(
        place, 2023, "antal.csv", [COUNT, COUNT | {"Sagstype": "Borgervendt kriminalitet", "Antal anmeldelser": "200"}]
    )
    population(place, PEOPLE)
    make(2023, *MADE)
    assert counted()[TH, "burglary", "counts"]["reports"] == 7
    assert {row["population_residents"] for (area, *_), row in counted().items() if area == TH} == {11250}
    shown = records(yearly_types(table("crime.counted", 2023)))
    figures = {row["crime_type"]: row for row in shown if (row["edition"], row["area_id"]) == (2023, TH)}
    burglary, total = figures["burglary"], figures["citizen_facing"]
    assert (burglary["reports"], burglary["counted_from"], burglary["provenance"]) == (6, "reports", "extract")
    assert (total["reports"], total["counted_from"]) == (200, "counts")
    # Garwood's limits of 200 reports are 173.2409 and 229.7220 (chi-squared quantiles with 400 and 402 degrees of freedom, halved)
    limits = total["rate_per_1000"], total["rate_low_per_1000"], total["rate_high_per_1000"]
    assert limits == pytest.approx((200 / 11.25, 173.2409 / 11.25, 229.7220 / 11.25), abs=1e-4)


def test_residents_are_those_of_the_first_of_january_delivered_or_known(place: Path) -> None:
    deliver_reports(place)
    elsewhere = PEOPLE | {"omraade": "Valby"}  # a file of which no row is of the year before is another year's
    population(place, PEOPLE | {"dato": "2021-01-01"}, elsewhere)
    make(2023, *MADE)
    assert counted()[TH, "burglary", "reports"]["population_residents"] is None
    assert counted()["copenhagen", "burglary", "reports"]["population_residents"] == 644431  # FOLK1A, 1 January 2022


def yearly_types(ours: pd.DataFrame, lines: list[Row] | None = None) -> pd.DataFrame:
    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        tables["counted"] = ours

    made: pd.DataFrame = judge(lines or [], spoil)["yearly_types"]
    return made


def test_a_count_of_ours_goes_before_the_published_one_and_prints_it_beside() -> None:
    lines = made_up("citizen_facing_reports", {(2023, TH): (229, None)})
    row = records(yearly_types(contracts()["crime.counted"].frame([count(231)]), lines))
    found = next(one for one in row if (one["edition"], one["crime_type"]) == (2023, "citizen_facing"))
    assert (found["reports"], found["published_reports"], found["provenance"]) == (231, 229, "extract")
    assert (found["rate_per_1000"], found["source_lines"]) == (21, "2")


def test_verdicts_are_of_counts_where_the_words_say_number_and_of_rates_where_they_say_per_1000() -> None:
    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        kinds = ("citizen_facing", "burglary")
        found = [
            count(
                100 if edition == 2021 else 95,
                edition,
                crime_type=kind,
                population_residents=10_000 if edition == 2021 else 9_000,
            )
            for edition in (2021, 2022)
            for kind in kinds
        ]
        tables["counted"] = contracts()["crime.counted"].frame(found)

    verdicts = {
        (row["target_id"], row["measure"]): row
        for row in records(judge([], spoil)["verdicts"])
        if row["edition"] == 2022 and row["compared_with"] == "baseline"
    }
    rate, number = verdicts["2a", "citizen_facing_reports_per_1000"], verdicts["2b", "burglary_reports"]
    assert (rate["literal"], rate["statistical"], rate["change"]) == (
        "not_met",
        "uncertain",
        pytest.approx(95 / 9 / 10),
    )
    assert (number["literal"], number["statistical"], number["change"]) == ("met", "uncertain", 0.95)
    assert (rate["reports"], rate["provenance"], rate["method"]) == (95, "extract", crime.counts.METHOD)
