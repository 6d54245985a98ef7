"""Tests of the figures for each area and crime type, made from delivered reports and counts.

The tests write the delivered files themselves, so that a reader of a test can count the reports.
"""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from assets.extracts.rejecting import DUPLICATE
from assets.methods import counts
from assets.sql_files import sql
from checks.row_rules import row_rules
from tests.delivering import decide, deliver, make, open_home, reports, rows, sha256, table
from tests.scenarios import REFERENCE, TH, count, made_up, model_frame
from tests.scenarios import make as judge
from warehouse.contracts import Row, contracts, records

COUNT = {"Område": "Tingbjerg-Husum", "År": "2022", "Sagstype": "Indbrud", "Antal anmeldelser": "7", "Udtræksdato": "15-02-2023"}  # fmt: skip
PEOPLE = {"omraade": "Tingbjerg-Husum", "dato": "2022-01-01", "personer": "11250", "kilde": "Register"}
MADE = ("police.draws", "police.count_draws", "crime.counted")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data folder that has the reference tables."""
    return open_home(tmp_path / "home", monkeypatch)


def population(home: Path, *lines: dict[str, str]) -> None:
    """Write the municipality's file of residents with commas and in UTF-8, as the file's specification says."""
    path = home / "landing" / "2023" / "befolkning.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    written = [",".join(line) for line in (PEOPLE, *(line.values() for line in lines))]
    path.write_text("".join(f"{line}\n" for line in written), encoding="utf-8")


def counted() -> dict[tuple[Any, ...], Row]:
    return {(row["area_id"], row["crime_type"], row["counted_from"]): row for row in rows("crime.counted", 2023)}


def deliver_reports(home: Path) -> None:
    """Deliver 20 burglaries: 6 at a rode of Tingbjerg-Husum, 9 in Valby, and 5 without a place."""
    places = [{"Bydel": "", "Rode": "258"}] * 6 + [{"Bydel": "Valby"}] * 9 + [{"Bydel": ""}] * 5
    lines = [line | place_cells for line, place_cells in zip(reports(20), places, strict=True)]
    deliver(home, 2023, "anmeldelser.csv", lines)


def test_a_report_counts_in_every_area_it_lies_in_and_one_of_unknown_place_in_the_municipality_alone(
    home: Path,
) -> None:
    deliver_reports(home)
    make(2023, *MADE)
    burglaries = {area: row["reports"] for (area, kind, _), row in counted().items() if kind == "burglary"}
    assert burglaries == {"copenhagen": 20, "bydel_valby": 9, "bydel_broenshoej_husum": 6, TH: 6}


def test_a_type_without_a_report_is_none_and_an_area_without_any_is_left_out(home: Path) -> None:
    deliver_reports(home)
    make(2023, *MADE)
    assert counted()[TH, "threats", "reports"]["reports"] == 0
    assert "folehaven" not in {area for area, _, _ in counted()}  # its roder are unknown
    assert (TH, "citizen_facing", "reports") not in counted()  # no code is mapped to it


def test_only_the_draw_that_counts_and_the_editions_crime_year_are_counted(home: Path) -> None:
    deliver(home, 2023, "anmeldelser.csv", reports(5, Bydel="Valby"))
    make(2023, *MADE)
    deliver(home, 2024, "igen.csv", reports(7, Bydel="Valby", Udtræksdato="20-02-2024"))
    nu = reports(3, Bydel="Valby", Gerningsdato="", Anmeldelsesdato="01-05-2023", Udtræksdato="20-02-2024")
    deliver(home, 2024, "nu.csv", [line | {"Journalnummer": line["Journalnummer"][:-2] + "23"} for line in nu])
    make(2024, *MADE)
    first, second = (
        {row["area_id"]: row["reports"] for row in rows("crime.counted", edition) if row["crime_type"] == "burglary"}
        for edition in (2023, 2024)
    )
    assert (first["bydel_valby"], second["bydel_valby"]) == (5, 3)


def test_the_police_s_own_counts_stand_beside_ours(home: Path) -> None:
    deliver_reports(home)
    deliver(
        home, 2023, "antal.csv", [COUNT, COUNT | {"Sagstype": "Borgervendt kriminalitet", "Antal anmeldelser": "200"}]
    )
    population(home, PEOPLE)
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


def test_residents_are_those_of_the_first_of_january_delivered_or_known(home: Path) -> None:
    deliver_reports(home)
    elsewhere = PEOPLE | {"omraade": "Valby"}  # without a row of the year before, the file would be refused
    population(home, PEOPLE | {"dato": "2021-01-01"}, elsewhere)
    make(2023, *MADE)
    assert counted()[TH, "burglary", "reports"]["population_residents"] is None
    assert counted()["copenhagen", "burglary", "reports"]["population_residents"] == 644431  # FOLK1A, 1 January 2022


def yearly_types(counts: pd.DataFrame, lines: list[Row] | None = None) -> pd.DataFrame:
    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        tables["counted"] = counts

    made: pd.DataFrame = judge(lines or [], spoil)["yearly_types"]
    return made


def test_a_count_of_ours_goes_before_the_published_one_and_prints_it_beside() -> None:
    lines = made_up("citizen_facing_reports", {(2023, TH): (229, None)})
    row = records(yearly_types(contracts()["crime.counted"].frame([count(231)]), lines))
    total = next(
        type_row for type_row in row if (type_row["edition"], type_row["crime_type"]) == (2023, "citizen_facing")
    )
    assert (total["reports"], total["published_reports"], total["provenance"]) == (231, 229, "extract")
    assert (total["rate_per_1000"], total["source_lines"]) == (21, "2")


def test_verdicts_are_of_counts_where_the_words_say_number_and_of_rates_where_they_say_per_1000() -> None:
    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        kinds = ("citizen_facing", "burglary")
        counts = [
            count(
                100 if edition == 2021 else 95,
                edition,
                crime_type=kind,
                population_residents=10_000 if edition == 2021 else 9_000,
            )
            for edition in (2021, 2022)
            for kind in kinds
        ]
        tables["counted"] = contracts()["crime.counted"].frame(counts)

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
    assert (rate["reports"], rate["provenance"], rate["method"]) == (95, "extract", counts.METHOD)


# --- an area that changes within a crime year --------------------------------------------------------------


@pytest.fixture
def changing(tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data folder with a partnership area that is one rode until June 2022 and another rode from July 2022."""
    lines = {
        "areas.csv": (
            "made_up,1,Made up,,,,partnership_area,,,2022-06-30,project_assumption,Made up.",
            "made_up,2,Made up,,,,partnership_area,,2022-07-01,,project_assumption,Made up.",
        ),
        "area_members.csv": (
            "made_up,1,rode_238,assumed,project_assumption,Made up.",
            "made_up,2,rode_239,assumed,project_assumption,Made up.",
        ),
        "populations.csv": (
            "made_up,1,2022-01-01,1000,false,project_assumption,Made up.",
            "made_up,2,2022-01-01,5000,false,project_assumption,Made up.",
        ),
        "area_codes.csv": ("partnership,Made up,made_up,Made up.",),
    }
    for name, added in lines.items():
        with (reference / name).open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in added)
    return open_home(tmp_path / "home", monkeypatch, reference)


def test_a_crime_year_in_which_an_area_changes_is_counted_by_the_version_of_its_last_day(changing: Path) -> None:
    places = [{"Rode": "238"}] * 6 + [{"Rode": "239"}] * 5 + [{"Rode": "239", "Anmeldelsesdato": "03-08-2022"}] * 2
    deliver(
        changing,
        2023,
        "anmeldelser.csv",
        [line | place_cells for line, place_cells in zip(reports(13), places, strict=True)],
    )
    make(2023, *MADE)
    row = counted()["made_up", "burglary", "reports"]
    assert (row["area_version"], row["reports"], row["population_residents"]) == (2, 7, 5000)


def test_a_published_count_is_over_the_residents_of_the_version_that_it_is_of() -> None:
    areas = [
        {"area_id": "made_up", "area_version": version, "name_da": "Made up", "level": "partnership_area", "valid_from": first,
         "valid_to": last, "source_id": "project_assumption"}
        for version, first, last in ((1, None, date(2022, 6, 30)), (2, date(2022, 7, 1), None))
    ]  # fmt: skip
    residents = [
        {"area_id": "made_up", "area_version": version, "on_date": date(2022, 1, 1), "population_residents": people,
         "approximate": False, "source_id": "project_assumption"}
        for version, people in ((2, 5000), (1, 1000))
    ]  # fmt: skip

    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        for name, lines in (("areas", areas), ("populations", residents)):
            tables[name] = pd.concat([tables[name], contracts()[f"reference.{name}"].frame(lines)], ignore_index=True)

    made = judge(made_up("burglary_reports", {(2023, "made_up"): (20, None)}), spoil)["yearly_types"]
    row = next(row for row in records(made) if row["area_id"] == "made_up")
    assert (row["area_version"], row["population_residents"], row["rate_per_1000"]) == (2, 5000, 4)


# --- zeros -------------------------------------------------------------------------------------------------

THREAT = {"Gern.kode": "70301", "Bydel": "", "Rode": "258"}


def deliver_threats(home: Path, *spoilt: dict[str, str], edition: int = 2023) -> None:
    """Deliver good reports: 200 burglaries, most of them in Valby, and one threat for each entry of `spoilt`.

    The entry replaces cells in the report of the threat.
    """
    lines = [line | ({"Bydel": "", "Rode": "258"} if number < 20 else {}) for number, line in enumerate(reports(200))]
    lines += [line | THREAT | change for line, change in zip(reports(200 + len(spoilt))[200:], spoilt, strict=True)]
    deliver(home, edition, "anmeldelser.csv", lines)


def shown(home: Path, kind: str, area_id: str = TH) -> Row:
    """Make the tables from the delivered files. Return the published row of a crime type and area in edition 2023."""
    make(2023, *MADE)
    tables = REFERENCE | {"counted": table("crime.counted", 2023)}
    tables["confidentiality"] = model_frame("crime.confidentiality", tables)
    rows = [row for name in ("yearly_types", "monitoring") for row in records(model_frame(f"crime.{name}", tables))]
    return next(row for row in rows if (row["edition"], row["area_id"], row["crime_type"]) == (2023, area_id, kind))


NO_DATE, NO_CODE = {"Anmeldelsesdato": "31-02-2022"}, {"Gern.kode": ""}


@pytest.mark.parametrize(
    ("spoilt", "kind", "area_id"),
    [
        (NO_DATE, "threats", TH),
        (NO_DATE, "threats", "copenhagen"),
        ({"Gerningsdato": "01-12-2022"}, "threats", TH),  # the offence is later than the report
        (
            {"Anmeldelsesdato": "03-03-2032", "Gerningsdato": ""},
            "threats",
            TH,
        ),  # the report is later than the draw, so its year is unknown
        (
            {"Anmeldelsesdato": "03-03-2021", "Gerningsdato": "02-03-2022"},
            "threats",
            TH,
        ),  # the report belongs to one of the two years
        (NO_CODE, "threats", TH),
        (NO_CODE, "narcotics", TH),
        ({"Gern.kode": "7030"}, "narcotics", TH),
        ({"Gern.kode": "00001", "Anmeldelsesdato": "31-02-2022"}, "narcotics", TH),  # the code is unmapped
    ],
)
def test_a_zero_is_none_where_a_row_that_might_count_was_rejected(
    home: Path, spoilt: dict[str, str], kind: str, area_id: str
) -> None:
    deliver_threats(home, spoilt)
    row = shown(home, kind, area_id)
    assert (row["status"], row["reports"], row["rate_per_1000"], row["provenance"]) == ("missing", None, None, None)
    assert (row["counted_from"], row["confidentiality"]) == (None, "free")


@pytest.mark.parametrize(
    ("spoilt", "kind"),
    [
        (NO_DATE, "narcotics"),  # the rejected row has another crime type
        ({"Journalnummer": "0100-75111-00001-22"}, "threats"),  # the row repeats a kept row
        ({"Anmeldelsesdato": "03-03-2019", "Gerningsdato": ""}, "threats"),  # the report is from an earlier year
        ({"Anmeldelsesdato": "01-01-2023", "Udtræksdato": "15-02-2023"}, "threats"),  # the report is from the next year
    ],
)
def test_a_zero_is_one_where_what_was_rejected_cannot_matter(home: Path, spoilt: dict[str, str], kind: str) -> None:
    deliver_threats(home, spoilt)
    row = shown(home, kind)
    assert (row["status"], row["reports"], row["provenance"]) == ("normal", 0, "extract")


def test_a_type_that_counts_at_all_is_shown_though_a_row_of_it_was_rejected(home: Path) -> None:
    deliver_threats(home, *[{}] * 10, NO_DATE)
    assert shown(home, "threats")["reports"] == 10
    # no report was counted in Valby, but the rejected report may be from Valby
    assert shown(home, "threats", "bydel_valby")["status"] == "missing"


def test_a_row_that_somebody_dropped_leaves_no_doubt(tmp_path: Path, reference: Path, monkeypatch: Any) -> None:
    home = open_home(tmp_path / "home", monkeypatch, reference)
    deliver_threats(home, NO_DATE)
    stamp = sha256(home / "landing" / "2023" / "anmeldelser.csv")
    dropped = {"action": "drop", "edition": 2023, "file": "anmeldelser.csv", "file_sha256": stamp, "row": 202}
    decide(reference, {"about": "rejected_row"} | dropped)
    assert (shown(home, "threats")["status"], shown(home, "threats")["reports"]) == ("normal", 0)


def test_a_promise_to_report_is_not_kept_by_a_type_of_which_every_row_was_rejected(home: Path) -> None:
    deliver_threats(home, NO_DATE)
    make(2023, *MADE)
    tables = judge([], lambda tables: tables.update(counted=table("crime.counted", 2023)))
    verdict = next(
        row for row in records(tables["verdicts"]) if (row["edition"], row["measure"]) == (2023, "threats_reports")
    )
    assert (verdict["literal"], verdict["reason"]) == ("not_evaluable", "missing_extract")


COUNTS = [  # a rejected row's cells, and whether they put Tingbjerg-Husum's zero burglaries in doubt
    ({"Sagstype": "Indbrud", "Antal anmeldelser": "x"}, True),
    ({"Sagstype": "Indbrud", "Antal anmeldelser": "x", "Område": "Folehaven"}, False),
    ({"Sagstype": "Indbrud", "Antal anmeldelser": "x", "Område": "Ingen steder"}, True),
    ({"Sagstype": "Trusler", "Antal anmeldelser": "x"}, False),
    ({"Sagstype": "Andet ord"}, True),
    ({"Sagstype": "Indbrud", "Antal anmeldelser": "x", "År": "2019"}, False),
    ({"Sagstype": "Indbrud", "Antal anmeldelser": "x", "År": "toogtyve"}, True),
]


@pytest.mark.parametrize(("spoilt", "doubted"), COUNTS)
def test_a_zero_of_the_police_stands_unless_its_cell_was_rejected_beside_it(
    tmp_path: Path, reference: Path, monkeypatch: Any, spoilt: dict[str, str], doubted: bool
) -> None:
    home = open_home(tmp_path / "home", monkeypatch, reference)
    kinds = ("Indbrud", "Trusler", "Chikane")
    lines = [COUNT | {"Sagstype": kind, "Antal anmeldelser": "0"} for kind in kinds] + [COUNT | spoilt]
    lines += [COUNT | {"Område": "Folehaven", "Antal anmeldelser": "9"}]
    path = deliver(home, 2023, "antal.csv", lines)
    share = {"about": "rejected_share", "action": "accept", "edition": 2023, "file": "antal.csv"}
    decide(reference, share | {"file_sha256": sha256(path)})
    row = shown(home, "burglary")
    assert (row["status"], row["reports"]) == (("missing", None) if doubted else ("normal", 0))


def test_the_police_s_own_count_stands_in_for_a_zero_in_doubt(home: Path) -> None:
    deliver_threats(home, NO_DATE)
    deliver(home, 2023, "antal.csv", [COUNT | {"Sagstype": "Trusler", "Antal anmeldelser": "7"}])
    row = shown(home, "threats")
    assert (row["reports"], row["counted_from"], row["status"]) == (7, "counts", "normal")


def test_a_hidden_zero_is_not_told_apart_from_a_small_count_by_its_doubt() -> None:
    numbers = {"bydel_valby": 3, "bydel_vanloese": 0, "bydel_bispebjerg": 40, "copenhagen": 43}
    rows = [
        count(number, area_id=area_id, crime_type="threats", zero_in_doubt=number == 0)
        for area_id, number in numbers.items()
    ]
    tables = REFERENCE | {"counted": contracts()["crime.counted"].frame(rows)}
    tables["confidentiality"] = model_frame("crime.confidentiality", tables)
    shown = {
        row["area_id"]: row for row in records(model_frame("crime.monitoring", tables)) if row["crime_year"] == 2022
    }
    small, zero = ({**shown[area_id], "area_id": None} for area_id in ("bydel_valby", "bydel_vanloese"))
    assert small == zero
    assert (zero["status"], zero["confidentiality"], zero["reports"]) == ("normal", "confidential", None)


def test_the_rules_that_leave_no_doubt_of_a_zero_are_rules() -> None:
    lists = re.findall(r"rule IN \(([^)]*)\)", sql("crime/counted"))
    names = set(re.findall(r"'(\w+)'", " ".join(lists)))
    assert {DUPLICATE, "area_under_two_names", "reported_in_a_year_of_few"} <= names
    assert names - {DUPLICATE} <= {
        rule.name for table in ("police.reports", "police.counts") for rule in row_rules()[table]
    }
