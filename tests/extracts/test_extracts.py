"""Tests of the kept rows of delivered files: places, codes, draws, decisions, and another city's files.

`test_bad_files.py` tests which files are refused, and `test_round_trip.py` tests how each format is read.
"""

import grp
import os
import re
import stat
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyreadstat
import pytest

from assets.extracts.file_trial import try_file
from assets.extracts.formats import batches_of, names_of
from assets.extracts.intake import share_in_words, take_in
from assets.extracts.kept_rows import made_from
from assets.extracts.layouts import load_specifications, refuse_unknown_systems
from tests.delivering import (
    JOURNAL,
    decide,
    deliver,
    make,
    open_home,
    publish_files,
    reports,
    rows,
    sha256,
    table,
    tree,
)
from warehouse import store
from warehouse.contracts import contracts
from warehouse.errors import InputError
from warehouse.personal import kind_by_heading, kind_by_values, kind_of_text

NAME = "anmeldelser.csv"


@pytest.fixture
def home(tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data folder that has the reference tables.

    A test that changes the reference files must call `open_home` again.
    """
    return open_home(tmp_path / "home", monkeypatch, reference)


def edited(reference: Path, name: str, old: str, new: str) -> None:
    path = reference / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def added(reference: Path, name: str, *lines: str) -> None:
    with (reference / name).open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


# --- what is kept as delivered -----------------------------------------------------------------------------


def test_extracts_keep_the_producers_words_with_file_hash_and_row(home: Path) -> None:
    path = deliver(home, 2023, NAME, reports(3, Bydel="valby "))
    make(2023)
    delivered = table("extracts.police_reports", 2023)
    assert delivered["area_code"].tolist() == ["valby "] * 3
    assert delivered["reported_on"].tolist() == ["03-03-2022"] * 3
    assert delivered["row"].tolist() == [2, 3, 4]
    assert set(delivered["file_sha256"]) == {sha256(path)}
    assert set(table("police.reports", 2023)["area_id"]) == {"bydel_valby"}


def test_rows_in_are_rows_kept_and_rows_rejected(home: Path) -> None:
    lines = reports(200)
    lines[7]["Anmeldelsesdato"] = "31-02-2022"
    deliver(home, 2023, NAME, lines)
    make(2023, "quality.row_counts")
    counts = rows("quality.row_counts", 2023)[0]
    assert (counts["rows_delivered"], counts["rows_kept"], counts["rows_rejected"]) == (200, 199, 1)
    rejection = rows("quality.rejected_rows", 2023)[0]
    assert (rejection["row"], rejection["rule"], rejection["column_name"]) == (9, "unreadable_date", "Anmeldelsesdato")


def test_more_rejected_than_tolerated_leaves_the_store_as_it_was(home: Path) -> None:
    deliver(home, 2023, NAME, reports(100))
    make(2023)
    before = tree(home / "store")
    lines = reports(100)
    lines[3]["Gern.kode"] = lines[4]["Gern.kode"] = "7511"
    deliver(home, 2023, NAME, lines)
    with pytest.raises(
        InputError, match=r"2 of 100 rows are rejected .* row 5, column Gern\.kode: does not have the form"
    ):
        take_in([2023])
    assert tree(home / "store") == before


def test_a_file_of_several_that_is_gone_stops_the_run_and_another_may_stand_in_its_place(home: Path) -> None:
    lines = reports(10)
    first, second = (deliver(home, 2023, name, part) for name, part in (("a.csv", lines[:6]), ("b.csv", lines[6:])))
    make(2023)
    second.rename(home / "b.csv")
    take_in([2023])  # allowed, because no figure made from the file was published
    (home / "b.csv").rename(second)
    make(2023)
    publish_files(home, 2023)
    before = tree(home / "store")
    second.rename(home / "b.csv")
    with pytest.raises(
        InputError, match=r"landing/2023/b\.csv: the file is missing, but figures made from it were published"
    ):
        take_in([2023])
    assert tree(home / "store") == before
    (home / "b.csv").rename(first.with_name("c.csv"))
    make(2023)
    assert {row["file"] for row in rows("quality.files", 2023)} == {"a.csv", "c.csv"}


def test_a_row_repeats_only_a_row_that_counts(home: Path, reference: Path) -> None:
    lines = reports(300)
    first, second = lines[7], dict(lines[7])
    first["Anmeldelsesdato"] = "31-02-2022"
    path = deliver(home, 2023, NAME, [*lines, second])
    make(2023)
    assert [(row["row"], row["rule"]) for row in rows("quality.rejected_rows", 2023)] == [(9, "unreadable_date")]
    assert 302 in set(table("police.reports", 2023)["row"])
    decide(
        reference, rejected(path, 9, action="correct", column="reported_on", expects="31-02-2022", value="03-03-2022")
    )
    make(2023)
    assert 9 in set(table("police.reports", 2023)["row"])
    assert 302 not in set(table("police.reports", 2023)["row"])


def test_blanks_that_nobody_sees_make_no_other_cell(home: Path) -> None:
    lines = reports(300)
    lines[0]["Bydel"] = "Valby\u00a0"
    lines[1]["Journalnummer"] = lines[2]["Journalnummer"] + "\u00a0"
    lines[3]["Bydel"] = "\u00a0"
    deliver(home, 2023, NAME, lines)
    make(2023)
    police_reports = table("police.reports", 2023)
    assert police_reports["area_id"].tolist()[0] == "bydel_valby"
    assert [(row["row"], row["rule"]) for row in rows("quality.rejected_rows", 2023)] == [(4, "duplicate_row")]
    assert police_reports.loc[police_reports["row"] == 5, "place"].tolist() == ["unknown"]


def test_a_folder_of_an_edition_that_nobody_described_is_not_passed_over(home: Path) -> None:
    deliver(home, 2031, NAME, reports(3))
    with pytest.raises(
        InputError, match=r"landing/2031: edition 2031 is not in \S+editions\.csv: add a line for the edition"
    ):
        take_in([2023])


# --- offence codes -----------------------------------------------------------------------------------------

CODES = [  # code, day of report, crime type, whether it is listed as unmapped
    ("75111", "03-03-2022", "burglary", None),
    ("73241", "03-03-2022", "violence_weapons", None),
    ("00001", "03-03-2022", None, "not_in_the_mapping"),
]


@pytest.mark.parametrize(("code", "day", "crime_type", "why"), CODES)
def test_codes_map_by_the_reference_or_are_listed(
    home: Path, code: str, day: str, crime_type: str | None, why: str | None
) -> None:
    deliver(home, 2023, NAME, reports(2, **{"Gern.kode": code, "Anmeldelsesdato": day}))
    make(2023, "police.unmapped_codes")
    assert [row["crime_type"] for row in rows("police.reports", 2023)] == [crime_type] * 2
    listed = [(row["offence_code"], row["reports"], row["why"]) for row in rows("police.unmapped_codes", 2023)]
    assert listed == ([(code, 2, why)] if why else [])


def test_a_code_counts_only_on_the_days_on_which_its_line_holds(home: Path, reference: Path) -> None:
    line = '1,75111,75111,burglary,{},{},"Tryghed project, until the partnership names an owner",police_offence_codes,Made up.'
    codes = (reference / "offence_codes.csv").read_text(encoding="utf-8")
    codes_line = re.search(r"^1,75111,\d+,burglary.*$", codes, re.MULTILINE)
    assert codes_line
    edited(reference, "offence_codes.csv", codes_line[0], line.format("2009-01-01", "2022-06-30"))
    open_home(home, pytest.MonkeyPatch(), reference)
    early, late_report_file = reports(1), reports(2, Anmeldelsesdato="01-07-2022")[1:]
    deliver(home, 2023, NAME, early + late_report_file)
    make(2023, "police.unmapped_codes")
    assert [row["crime_type"] for row in rows("police.reports", 2023)] == ["burglary", None]
    assert rows("police.unmapped_codes", 2023)[0]["why"] == "not_valid_then"


# --- places ------------------------------------------------------------------------------------------------


def test_a_place_is_found_by_rode_then_coordinates_then_code_and_else_kept_as_unknown(home: Path) -> None:
    east, north = "718743,4", "6176171"
    lines = reports(4)
    lines[0] |= {"Rode": "238"}
    lines[1] |= {"ETRS89 Øst": east, "ETRS89 Nord": north}
    lines[3] |= {"Bydel": ""}
    deliver(home, 2023, NAME, lines)
    make(2023, "police.draws")
    police_reports = rows("police.reports", 2023)
    assert [row["place"] for row in police_reports] == ["rode", "coordinates", "area", "unknown"]
    assert (police_reports[0]["area_id"], police_reports[0]["bydel_id"]) == ("rode_238", "bydel_vanloese")
    assert police_reports[1]["area_id"] == "rode_238"  # the point is inside the rode's boundary
    assert (police_reports[3]["area_id"], police_reports[3]["bydel_id"]) == (None, None)
    assert rows("police.draws", 2023)[0]["reports_place_unknown"] == 1


def test_a_rode_or_a_point_that_is_found_nowhere_is_counted_where_the_bydel_beside_it_places_the_report(
    home: Path,
) -> None:
    lines = reports(4)
    lines[0] |= {"Rode": "999"}
    lines[1] |= {"ETRS89 Øst": "1", "ETRS89 Nord": "1"}
    lines[2] |= {"Rode": "238"}
    deliver(home, 2023, NAME, lines)
    make(2023, "police.draws")
    assert [row["place"] for row in rows("police.reports", 2023)] == ["area", "area", "rode", "area"]
    draw = rows("police.draws", 2023)[0]
    assert (draw["reports_place_less_exact"], draw["reports_place_unknown"]) == (2, 0)


def test_a_place_belongs_to_the_partnership_area_as_it_was_defined_on_the_day(home: Path, reference: Path) -> None:
    reason = "assumed,agreement_amager,Made up."
    added(
        reference, "area_members.csv", f"amager_partnership,1,rode_1,{reason}", f"amager_partnership,2,rode_2,{reason}"
    )
    open_home(home, pytest.MonkeyPatch(), reference)
    for edition, year in ((2021, 2020), (2022, 2021)):
        lines = [
            line
            | {"Rode": rode, "Udtræksdato": f"15-02-{edition}", "Gerningsdato": "", "Anmeldelsesdato": f"03-03-{year}"}
            for line, rode in zip(reports(2), ("1", "2"), strict=True)
        ]
        names = {"Gern.kode": "Gerningskode", "ETRS89 Øst": "X", "ETRS89 Nord": "Y"}
        deliver(home, edition, NAME, [{names.get(name, name): cell for name, cell in line.items()} for line in lines])
        make(edition)
    areas = [
        (row["area_id"], row["partnership_area_id"], row["partnership_area_version"])
        for edition in (2021, 2022)
        for row in rows("police.reports", edition)
    ]
    assert areas == [
        ("rode_1", "amager_partnership", 1),
        ("rode_2", None, None),
        ("rode_1", None, None),
        ("rode_2", "amager_partnership", 2),
    ]


def test_a_place_lies_in_all_that_its_area_lies_in(home: Path, reference: Path) -> None:
    added(reference, "areas.csv", "made_up_partnership,1,Made up,,,,partnership_area,,,,project_assumption,Made up.")
    added(reference, "area_members.csv", "made_up_partnership,1,bydel_vanloese,assumed,project_assumption,Made up.")
    open_home(home, pytest.MonkeyPatch(), reference)
    lines = reports(2)
    lines[0] |= {"Rode": "238", "Bydel": ""}
    lines[1] |= {"Bydel": "Vanløse"}
    deliver(home, 2023, NAME, lines)
    make(2023)
    areas = [(row["area_id"], row["bydel_id"], row["partnership_area_id"]) for row in rows("police.reports", 2023)]
    assert areas == [
        ("rode_238", "bydel_vanloese", "made_up_partnership"),
        ("bydel_vanloese", "bydel_vanloese", "made_up_partnership"),
    ]


def test_a_point_in_an_area_of_no_bydel_has_the_bydel_that_the_file_names(home: Path, reference: Path) -> None:
    added(reference, "areas.csv", "made_up_area,1,Area,,,,partnership_area,,,,project_assumption,Made up.")
    square = "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0))"
    added(reference, "area_boundaries.csv", f'made_up_area,1,EPSG:25832,project_assumption,"{square}"')
    open_home(home, pytest.MonkeyPatch(), reference)
    deliver(home, 2023, NAME, reports(1, **{"ETRS89 Øst": "5", "ETRS89 Nord": "5"}))
    make(2023)
    row = rows("police.reports", 2023)[0]
    assert (row["partnership_area_id"], row["bydel_id"]) == ("made_up_area", "bydel_valby")


def test_a_point_lies_in_the_smallest_area_that_was_defined_at_the_years_end_and_on_a_border_in_one(
    home: Path, reference: Path
) -> None:
    added(
        reference,
        "areas.csv",
        "made_up_bydel,1,Bydel,,,,bydel,,,,project_assumption,Made up.",
        "made_up_neighbour,1,Neighbour,,,,bydel,,2015-01-01,,project_assumption,Made up.",
        "made_up_area,1,Area,,,,partnership_area,,2022-07-01,,project_assumption,Made up.",
        "made_up_before,1,Before,,,,partnership_area,,,2022-06-30,project_assumption,Made up.",
    )
    squares = {
        "made_up_bydel": (0, 10), "made_up_area": (0, 8), "made_up_before": (0, 20), "made_up_neighbour": (10, 20),
    }  # fmt: skip
    for area, (west, east) in squares.items():
        corners = f"{west} 0, {east} 0, {east} 10, {west} 10, {west} 0"
        added(reference, "area_boundaries.csv", f'{area},1,EPSG:25832,project_assumption,"POLYGON (({corners}))"')
    open_home(home, pytest.MonkeyPatch(), reference)
    inside, border = {"ETRS89 Øst": "5", "ETRS89 Nord": "5"}, {"ETRS89 Øst": "10", "ETRS89 Nord": "5"}
    later = {"Anmeldelsesdato": "03-08-2022"}
    changes = (inside, inside | later, border, border | later)
    deliver(home, 2023, NAME, [line | change for line, change in zip(reports(4), changes, strict=True)])
    make(2023)
    areas = [row["area_id"] for row in rows("police.reports", 2023)]
    assert areas == ["made_up_area", "made_up_area", "made_up_bydel", "made_up_bydel"]


def test_the_smallest_area_that_is_known_of_a_report_wins(home: Path, reference: Path) -> None:
    added(
        reference,
        "areas.csv",
        "made_up_bydel,1,Bydel,,,,bydel,,,,project_assumption,Made up.",
        "made_up_area,1,Area,,,,partnership_area,,,,project_assumption,Made up.",
        "made_up_twin,1,Twin,,,,partnership_area,,,,project_assumption,Made up.",
    )
    added(
        reference,
        "area_codes.csv",
        *(f"municipality,{area_id},{area_id},Made up." for area_id in ("made_up_area", "made_up_twin")),
    )
    added(reference, "area_codes.csv", "municipality_rode,B,made_up_bydel,A code of a greater area.")
    squares = {"made_up_bydel": (0, 20), "made_up_area": (0, 10)}
    for area, (west, east) in squares.items():
        corners = f"{west} 0, {east} 0, {east} 10, {west} 10, {west} 0"
        added(reference, "area_boundaries.csv", f'{area},1,EPSG:25832,project_assumption,"POLYGON (({corners}))"')
    open_home(home, pytest.MonkeyPatch(), reference)
    in_area, in_bydel = ({"ETRS89 Øst": east, "ETRS89 Nord": "5"} for east in ("5", "15"))
    cases = [  # a report's cells, its area, how the area was found, and its bydel
        (in_bydel | {"Bydel": "made_up_area"}, "made_up_area", "area", "made_up_bydel"),
        (in_area | {"Bydel": "Valby"}, "made_up_area", "coordinates", "bydel_valby"),
        (
            in_area | {"Bydel": "made_up_twin"},
            "made_up_area",
            "coordinates",
            None,
        ),  # both areas have the same level, so the point decides
        (in_area | {"Bydel": "", "Rode": "B"}, "made_up_area", "coordinates", "made_up_bydel"),
        (in_bydel | {"Bydel": "Valby", "Rode": "B"}, "made_up_bydel", "rode", "made_up_bydel"),
        (in_area | {"Rode": "238"}, "rode_238", "rode", "bydel_vanloese"),
    ]
    deliver(home, 2023, NAME, [line | case[0] for line, case in zip(reports(len(cases)), cases, strict=True)])
    make(2023, "police.draws")
    places = [(row["area_id"], row["place"], row["bydel_id"]) for row in rows("police.reports", 2023)]
    assert places == [case[1:] for case in cases]
    assert rows("police.draws", 2023)[0]["reports_place_less_exact"] == 0


# --- draws -------------------------------------------------------------------------------------------------


def test_several_draws_of_a_crime_year_live_side_by_side_and_the_newest_counts(home: Path) -> None:
    first = reports(10)
    deliver(home, 2023, NAME, first)
    again = reports(11, Udtræksdato="20-02-2024")[1:]
    again[0]["Gern.kode"] = "73241"
    deliver(home, 2024, "anmeldelser_igen.csv", again)
    for edition in (2023, 2024):
        make(edition, "police.draws", "police.draw_changes")
    draws = [(str(row["drawn_on"]), row["reports"], row["counts"]) for row in rows("police.draws", 2024)]
    assert draws == [("2023-02-15", 10, False), ("2024-02-20", 10, True)]
    assert [row["counts"] for row in rows("police.draws", 2023)] == [True]
    names = ("crime_type", "reports_before", "reports", "added", "removed", "moved_in", "moved_out")
    changes = [tuple(row[name] for name in names) for row in rows("police.draw_changes", 2024)]
    assert changes == [("burglary", 10, 9, 1, 1, 0, 1), ("violence_weapons", 0, 1, 0, 0, 1, 0)]


def test_a_draw_in_two_files_is_one_draw(home: Path) -> None:
    lines = reports(10)
    deliver(home, 2023, "anmeldelser_a.csv", lines[:6])
    deliver(home, 2023, "anmeldelser_b.csv", lines[6:])
    deliver(home, 2024, NAME, reports(10, Udtræksdato="20-02-2024"))
    for edition in (2023, 2024):
        make(edition, "police.draws", "police.draw_changes")
    names = ("files", "reports", "counts")
    assert [tuple(row[name] for name in names) for row in rows("police.draws", 2023)] == [(2, 10, True)]
    assert [tuple(row[name] for name in names) for row in rows("police.draws", 2024)] == [(2, 10, False), (1, 10, True)]
    changes = [(row["reports_before"], row["reports"]) for row in rows("police.draw_changes", 2024)]
    assert changes == [(10, 10)]


def test_the_draws_of_two_cities_do_not_hide_each_other(home: Path, reference: Path) -> None:
    (reference / "extracts" / "aarhus_police.yml").write_text(
        AARHUS_IN_KNOWN_CODES,
        encoding="utf-8",
    )
    for edition, drawn in ((2023, "2023-02-15"), (2024, "2024-02-20")):
        danish = "-".join(reversed(drawn.split("-")))
        deliver(home, edition, NAME, reports(10 + edition - 2023, Udtræksdato=danish))
        elsewhere = [CASE | {"case_id": f"0700-75111-0000{number}-22", "drawn": drawn} for number in range(1, 4)]
        write_cases(home, edition, elsewhere)
        make(edition, "police.draws", "police.draw_changes")
    draws = [
        (row["extract"], str(row["drawn_on"]), row["reports"], row["counts"]) for row in rows("police.draws", 2024)
    ]
    assert draws == [
        ("aarhus_police", "2023-02-15", 3, False),
        ("aarhus_police", "2024-02-20", 3, True),
        ("koebenhavns_politi_reports", "2023-02-15", 10, False),
        ("koebenhavns_politi_reports", "2024-02-20", 11, True),
    ]
    changes = [
        (row["extract"], row["reports"], row["added"], row["removed"]) for row in rows("police.draw_changes", 2024)
    ]
    assert changes == [("aarhus_police", 3, 0, 0), ("koebenhavns_politi_reports", 11, 1, 0)]


def test_a_journal_number_that_may_stand_twice_is_two_reports_in_both_draws(home: Path, reference: Path) -> None:
    paths = []
    for edition, drawn in ((2023, "15-02-2023"), (2024, "20-02-2024")):
        lines = reports(100, Udtræksdato=drawn)
        lines[50]["Journalnummer"] = lines[49]["Journalnummer"]
        paths.append(deliver(home, edition, NAME, lines))
    decide(reference, *(rejected(path, 52, edition=edition) for path, edition in zip(paths, (2023, 2024), strict=True)))
    for edition in (2023, 2024):
        make(edition, "police.draws", "police.draw_changes")
    changes = [(row["reports_before"], row["reports"], row["added"]) for row in rows("police.draw_changes", 2024)]
    assert changes == [(100, 100, 0)]


def test_a_decision_on_a_code_holds_for_later_draws_too(home: Path, reference: Path) -> None:
    decide(
        reference,
        {
            "about": "unmapped_code",
            "action": "correct",
            "edition": 2023,
            "offence_code": "00001",
            "crime_type": "burglary",
        },
    )
    for edition, drawn in ((2023, "15-02-2023"), (2024, "20-02-2024")):
        deliver(home, edition, NAME, reports(10, **{"Gern.kode": "00001", "Udtræksdato": drawn}))
        make(edition, "police.draws", "police.draw_changes")
    changes = [(row["crime_type"], row["reports"], row["moved_out"]) for row in rows("police.draw_changes", 2024)]
    assert changes == [("burglary", 10, 0)]
    assert [row["decision_id"] for row in rows("quality.file_decisions", 2024)] == ["d1"]


COUNTED = {"Område": "Amager", "År": "2020", "Sagstype": "Indbrud", "Antal anmeldelser": "100", "Udtræksdato": "15-02-2022"}  # fmt: skip


def test_the_newest_count_of_each_cell_counts_for_the_area_as_it_was_in_the_crime_year(home: Path) -> None:
    deliver(home, 2022, "antal.csv", [COUNTED, COUNTED | {"År": "2021"}])
    deliver(home, 2023, "antal.csv", [COUNTED | {"Antal anmeldelser": "90", "Udtræksdato": "15-02-2023"}])
    for edition in (2022, 2023):
        make(edition, "police.count_draws")
    names = ("area_id", "area_version", "crime_year", "delivered_in_edition", "reports", "reports_before", "counts")
    assert [tuple(row[name] for name in names) for row in rows("police.count_draws", 2023)] == [
        ("amager_partnership", 1, 2020, 2022, 100, None, False),
        ("amager_partnership", 1, 2020, 2023, 90, 100, True),
        ("amager_partnership", 2, 2021, 2022, 100, None, True),
    ]


# --- decisions ---------------------------------------------------------------------------------------------


def rejected(path: Path, row: int, **more: object) -> dict[str, object]:
    return {
        "about": "rejected_row",
        "edition": 2023,
        "file": path.name,
        "file_sha256": sha256(path)[:12],
        "row": row,
        **more,
    }


@pytest.fixture
def late_report_file(home: Path) -> Path:
    """Deliver 200 reports. The report in row 9 is dated after the day of the draw. Return the file's path."""
    lines = reports(200)
    lines[7] |= {"Gerningsdato": "", "Anmeldelsesdato": "03-03-2023"}
    return deliver(home, 2023, NAME, lines)


def test_a_rejected_row_counts_once_somebody_accepts_it_and_again_on_every_rerun(
    reference: Path, late_report_file: Path
) -> None:
    make(2023)
    assert 9 not in set(table("police.reports", 2023)["row"])
    decide(reference, rejected(late_report_file, 9))
    for _ in range(2):
        make(2023)
        assert 9 in set(table("police.reports", 2023)["row"])
    assert {row["decision"] for row in rows("quality.rejected_rows", 2023)} == {"d1"}
    listed = rows("quality.file_decisions", 2023)[0]
    assert (listed["person"], listed["reason"], listed["status"]) == (
        "A. Steward",
        "The police confirmed it.",
        "in_force",
    )


def test_a_correction_stands_in_the_place_of_the_cell_and_the_delivered_word_stays(
    reference: Path, late_report_file: Path
) -> None:
    decide(
        reference,
        rejected(late_report_file, 9, action="correct", column="reported_on", expects="03-03-2023", value="03-03-2022"),
    )
    make(2023)
    corrected = {row["row"]: str(row["reported_on"]) for row in rows("police.reports", 2023)}
    assert corrected[9] == "2022-03-03"
    as_delivered = table("extracts.police_reports", 2023).set_index("row")["reported_on"]
    assert as_delivered[9] == "03-03-2023"


def test_a_decision_lapses_when_the_file_comes_with_other_content(
    home: Path, reference: Path, late_report_file: Path
) -> None:
    decide(reference, rejected(late_report_file, 9))
    make(2023)
    late_report_file.write_bytes(late_report_file.read_bytes().replace(b"Valby", b"VALBY"))
    make(2023)
    assert 9 not in set(table("police.reports", 2023)["row"])
    assert rows("quality.file_decisions", 2023)[0]["status"] == "lapsed"


def test_too_many_rejected_rows_can_be_accepted(home: Path, reference: Path) -> None:
    lines = reports(10)
    lines[0]["Gern.kode"] = "x"
    path = deliver(home, 2023, NAME, lines)
    with pytest.raises(InputError, match="or accept the rejected rows with the command tryghed decide share"):
        take_in([2023])
    decide(reference, {"about": "rejected_share", "edition": 2023, "file": path.name, "file_sha256": sha256(path)})
    make(2023, "quality.row_counts")
    counts = rows("quality.row_counts", 2023)[0]
    assert (counts["rows_kept"], counts["rows_rejected"], counts["decision"]) == (9, 1, "d1")
    assert try_file(path, 2023).tolerated


def test_a_file_without_a_row_that_counts_is_refused_whatever_was_accepted(home: Path, reference: Path) -> None:
    path = deliver(home, 2023, NAME, reports(2, **{"Gern.kode": "x"}))
    decide(reference, {"about": "rejected_share", "edition": 2023, "file": path.name, "file_sha256": sha256(path)})
    with pytest.raises(InputError, match="2 of 2 rows are rejected"):
        take_in([2023])


@pytest.mark.parametrize(
    ("action", "more", "crime_type"), [("accept", {}, None), ("correct", {"crime_type": "burglary"}, "burglary")]
)
def test_an_unmapped_code_is_accepted_or_corrected_and_stays_listed(
    home: Path, reference: Path, action: str, more: dict[str, object], crime_type: str | None
) -> None:
    deliver(home, 2023, NAME, reports(3, **{"Gern.kode": "00001"}))
    decide(reference, {"about": "unmapped_code", "edition": 2023, "offence_code": "00001", "action": action, **more})
    make(2023, "police.unmapped_codes")
    assert [row["crime_type"] for row in rows("police.reports", 2023)] == [crime_type] * 3
    listed = rows("police.unmapped_codes", 2023)[0]
    assert (listed["offence_code"], listed["reports"], listed["decision"]) == ("00001", 3, "d1")


WRONG = {  # changed fields of a decision, and the error message
    "a row that is not rejected": ({"row": 10}, "is about row 10 of anmeldelser.csv, but that row is not rejected"),
    "a cell that cannot be read": ({"row": 11}, "row 11 of anmeldelser.csv cannot be accepted, because no figure can be made from it (column Anmeldelsesdato: "),
    "a column that is none": ({"action": "correct", "column": "place", "expects": "y", "value": "x"}, "corrects the column 'place', but police.reports has no such column"),
    "personal data": ({"action": "correct", "column": "journal_number", "expects": "y", "value": "x"}, "but that column holds personal data"),
    "a correction without a value": ({"action": "correct", "column": "reported_on"}, "of another kind of decision: column, expects, file, file_sha256, row, value"),
    "a crime type that is none": (
        {"about": "unmapped_code", "offence_code": "00001", "action": "correct", "crime_type": "arson", "file": None, "file_sha256": None, "row": None},
        "decision 'd1' names the crime type 'arson', which is not known",
    ),
    "a decision in the future": ({"decided_on": "2999-01-01"}, "decided_on of decision 'd1' is in the future"),
    "a reason that names somebody": ({"reason": "Jens Opdigtet confirmed it."}, "seems to contain names"),
    "a reason with a number to call": ({"reason": "Call 20-30-40-50"}, "seems to contain telephone numbers"),
    "a value that is somebody's": (
        {"action": "correct", "column": "area_code", "expects": "Valby", "value": "010190-1234"}, "the field 'value' of decision 'd1' seems to contain CPR numbers",
    ),
    "nobody": ({"person": ""}, "person"),
    "no reason": ({"reason": ""}, "reason"),
    "a word that is none": ({"because": "x"}, "because: an entry of this kind has no such field"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_a_decision_that_cannot_be_meant_is_refused_with_its_line(
    home: Path, reference: Path, late_report_file: Path, wrong: str
) -> None:
    lines = late_report_file.read_text(encoding="cp1252").splitlines(keepends=True)
    lines[10] = lines[10].replace("03-03-2022", "31-02-2022", 1)
    late_report_file.write_text("".join(lines), encoding="cp1252", newline="")
    change, message = WRONG[wrong]
    entry = {name: value for name, value in (rejected(late_report_file, 9) | change).items() if value is not None}
    decide(reference, entry)
    for name in ("person", "reason", "decided_on"):
        if name in change:
            text = (reference / "decisions.yml").read_text(encoding="utf-8")
            old = {"person": "A. Steward", "reason": "The police confirmed it.", "decided_on": "2023-05-02"}[name]
            (reference / "decisions.yml").write_text(text.replace(old, str(change[name]) or "''"), encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(message)) as refused:
        make(2023)
    assert re.match(r"(\S+/)?decisions\.yml", str(refused.value))


def test_the_same_thing_is_decided_once(home: Path, reference: Path, late_report_file: Path) -> None:
    decide(reference, rejected(late_report_file, 9), rejected(late_report_file, 9))
    with pytest.raises(
        InputError,
        match=r"decisions.yml, line \d+: decision 'd2' has the same id as an earlier entry, or is about the same",
    ):
        make(2023)


# --- another city ------------------------------------------------------------------------------------------

AARHUS = """
extract: aarhus_police
table: police.reports
producer: A police district elsewhere
note: Made up for a test.
formats: {csv: {encoding: utf-8, delimiter: ","}}
decimal_mark: "."
date_format: "%Y-%m-%d"
area_code_system: elsewhere
rode_code_system: elsewhere_unit
coordinate_system: EPSG:4326
tolerated_rejected_percent: 1
row_key: [journal_number]
columns:
  journal_number: {name: case_id, personal: true}
  offence_code: {name: code}
  reported_on: {name: reported}
  drawn_on: {name: drawn}
  area_code: {name: district}
  rode_code: {name: unit}
  coordinate_x: {name: lon}
  coordinate_y: {name: lat}
"""
AARHUS_IN_KNOWN_CODES = AARHUS.replace(": elsewhere\n", ": municipality\n").replace(
    ": elsewhere_unit\n", ": municipality_rode\n"
)
CASE = {"case_id": "0700-75111-00001-22", "code": "75111", "reported": "2022-03-03", "drawn": "2023-02-15", "district": "", "unit": "", "lon": "", "lat": ""}  # fmt: skip


def write_cases(home: Path, edition: int, lines: list[dict[str, str]]) -> None:
    path = home / "landing" / str(edition) / "cases.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "\n".join([",".join(lines[0]), *(",".join(line.values()) for line in lines)]) + "\n", encoding="utf-8"
    )


def test_another_citys_police_needs_a_specification_and_reference_lines_and_no_code(
    home: Path, reference: Path
) -> None:
    (reference / "extracts" / "aarhus_police.yml").write_text(AARHUS, encoding="utf-8")
    added(
        reference,
        "areas.csv",
        "elsewhere,1,Elsewhere,,,,municipality,751,,,project_assumption,Made up.",
        "elsewhere_nord,1,Nord,,,,bydel,,,,project_assumption,Made up.",
        "elsewhere_unit_1,1,Unit 1,,,,rode,1,,,project_assumption,Made up.",
        "elsewhere_partnership,1,Partnership,,,,partnership_area,,2021-01-01,,project_assumption,Made up.",
    )
    added(
        reference,
        "area_members.csv",
        "elsewhere_nord,1,elsewhere_unit_1,assumed,project_assumption,Made up.",
        "elsewhere_partnership,1,elsewhere_unit_1,assumed,project_assumption,Made up.",
    )
    added(
        reference,
        "area_codes.csv",
        "elsewhere,North,elsewhere_nord,Made up.",
        "elsewhere_unit,1,elsewhere_unit_1,Made up.",
    )
    square = "POLYGON ((10.1 56.1, 10.3 56.1, 10.3 56.2, 10.1 56.2, 10.1 56.1))"
    added(reference, "area_boundaries.csv", f'elsewhere_unit_1,1,EPSG:4326,project_assumption,"{square}"')
    open_home(home, pytest.MonkeyPatch(), reference)
    lines = [CASE | {"case_id": f"0700-75111-0000{number}-22"} for number in range(1, 5)]
    lines[0] |= {"unit": "1"}
    lines[1] |= {"lon": "10.2", "lat": "56.15"}
    lines[2] |= {"district": "north "}
    write_cases(home, 2023, lines)
    make(2023)
    names = ("place", "area_id", "bydel_id", "partnership_area_id", "crime_type")
    values = [tuple(row[name] for name in names) for row in rows("police.reports", 2023)]
    unit = ("elsewhere_unit_1", "elsewhere_nord", "elsewhere_partnership", "burglary")
    assert values == [
        ("rode", *unit),
        ("coordinates", *unit),
        ("area", "elsewhere_nord", "elsewhere_nord", None, "burglary"),
        ("unknown", None, None, None, "burglary"),
    ]


def test_a_producer_may_write_its_file_in_another_way_from_an_edition_on(home: Path, reference: Path) -> None:
    changed = AARHUS_IN_KNOWN_CODES
    for old, new in {
        'formats: {csv: {encoding: utf-8, delimiter: ","}}': 'formats: {2023: {csv: {encoding: utf-8, delimiter: ","}}, 2024: {csv: {encoding: windows-1252, delimiter: ";", header_row: 2}}}',
        'decimal_mark: "."': 'decimal_mark: {2023: ".", 2024: ","}',
        'date_format: "%Y-%m-%d"': 'date_format: {2023: "%Y-%m-%d", 2024: ["%d/%m/%Y %H:%M", "%d/%m/%Y"]}',
        "coordinate_system: EPSG:4326": "coordinate_system: {2023: EPSG:4326, 2024: EPSG:25832}",
    }.items():
        assert old in changed
        changed = changed.replace(old, new)
    (reference / "extracts" / "aarhus_police.yml").write_text(changed, encoding="utf-8")
    coordinates = {"lon": "12.4806", "lat": "55.6852"}
    write_cases(home, 2023, [CASE | coordinates])
    east_north = {"lon": "718743,4", "lat": "6176171", "reported": "03/03/2023 13:45", "drawn": "20/02/2024"}
    deliver(home, 2024, "cases.csv", [CASE | east_north])
    path = home / "landing" / "2024" / "cases.csv"
    path.write_text("Udtræk fra registret\n" + path.read_text(encoding="cp1252"), encoding="cp1252")
    for edition in (2023, 2024):
        make(edition)
    places = [
        (row["place"], str(row["reported_on"])) for edition in (2023, 2024) for row in rows("police.reports", edition)
    ]
    assert places == [("coordinates", "2022-03-03"), ("coordinates", "2023-03-03")]
    (home / "landing" / "2023" / "cases.csv").write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(InputError, match="has the columns that aarhus_police has in edition 2024"):
        take_in([2023])


def test_two_producers_with_the_same_columns_are_told_apart_by_the_names_of_their_files(
    home: Path, reference: Path
) -> None:
    aarhus = AARHUS_IN_KNOWN_CODES
    odense = aarhus.replace("aarhus_police", "odense_police")
    (reference / "extracts" / "aarhus_police.yml").write_text(aarhus, encoding="utf-8")
    (reference / "extracts" / "odense_police.yml").write_text(odense, encoding="utf-8")
    write_cases(home, 2023, [CASE])
    with pytest.raises(
        InputError,
        match=r"cases\.csv: the file fits several specifications \(\S+/aarhus_police.yml, \S+/odense_police.yml\): in the right one, write under file_names",
    ):
        take_in([2023])
    named = odense.replace("table:", "file_names: odense*\ntable:")
    (reference / "extracts" / "odense_police.yml").write_text(named, encoding="utf-8")
    landing = home / "landing" / "2023"
    (landing / "Odense 2023.csv").write_bytes(
        (landing / "cases.csv").read_bytes() + b"0700-75111-00002-22,75111,2022-03-03,2023-02-15,,,,\n"
    )
    make(2023)
    extracts = {row["file"]: row["extract"] for row in rows("quality.files", 2023)}
    assert extracts == {"Odense 2023.csv": "odense_police", "cases.csv": "aarhus_police"}
    (reference / "extracts" / "aarhus_police.yml").unlink()
    with pytest.raises(
        InputError,
        match=r"cases\.csv: the file's columns fit a specification, but the file's name does not: rename the file, or correct file_names in the specification; names that fit: odense\* \(\S+/odense_police\.yml\)\.$",
    ):
        take_in([2023])


def test_what_is_the_same_in_all_rows_is_said_once_and_words_for_nothing_and_marks_of_thousands_are_read(
    home: Path, reference: Path
) -> None:
    changed = AARHUS_IN_KNOWN_CODES
    for old, new in {
        "drawn_on: {name: drawn}": 'drawn_on: {constant: {2023: "2023-02-15"}}',
        "decimal_mark:": "empty_words: ['NULL', '-']\nthousands_mark: ','\ndecimal_mark:",
        "EPSG:4326": "EPSG:25832",
        "%Y-%m-%d": "%Y-%m-%dT%H:%M:%S.%gZ",
    }.items():
        assert old in changed
        changed = changed.replace(old, new)
    changed = changed.replace('"2023-02-15"', '"2023-02-15T00:00:00.000Z"')
    (reference / "extracts" / "aarhus_police.yml").write_text(changed, encoding="utf-8")
    case = CASE | {"reported": "2022-03-03T13:45:00.000Z", "unit": "NULL", "district": "-"}
    del case["drawn"]
    lines = [case, case | {"case_id": "0700-75111-00002-22", "lon": '"718,743.4"', "lat": '"6,176,171"'}]
    write_cases(home, 2023, lines)
    make(2023)
    values = [(row["place"], str(row["reported_on"]), str(row["drawn_on"])) for row in rows("police.reports", 2023)]
    assert values == [("unknown", "2022-03-03", "2023-02-15"), ("coordinates", "2022-03-03", "2023-02-15")]
    assert [row["rode_code"] for row in rows("police.reports", 2023)] == [None, None]


def test_a_word_may_stand_for_one_number_among_others(home: Path, reference: Path) -> None:
    path = "extracts/koebenhavns_politi_counts.yml"
    edited(
        reference,
        path,
        "reports: {name: Antal anmeldelser}",
        'reports: {name: Antal anmeldelser, values: {Ingen: "0"}}',
    )
    deliver(home, 2022, "antal.csv", [COUNTED, COUNTED | {"År": "2019", "Antal anmeldelser": "Ingen"}])
    make(2022)
    assert [row["reports"] for row in rows("police.counts", 2022)] == [100, 0]


def test_a_column_that_need_not_be_there_may_be_left_out_of_a_specification(home: Path, reference: Path) -> None:
    edited(reference, "extracts/tryghedsplan_activities.yml", "  starts_on: {name: Start}\n", "")
    text = "Partnerskab;Nr.;Aktivitet;Fokusområde;Status;Samarbejdspartnere\nFolehaven;1;Opdigtet;Tryggere byliv;Planlagt;\n"
    path = home / "landing" / "2023" / "aktiviteter.csv"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8-sig")
    make(2023)
    assert [row["starts_on"] for row in rows("activities.activities", 2023)] == [None]


FAULTS = {  # a part of the specification, its replacement, and the error message
    "a column that two are read from": ("{name: Gerningsdato}", "{name: Anmeldelsesdato}", "the heading 'Anmeldelsesdato' is already read as offence_on"),
    "a needed column that is not asked": ("{name: Udtræksdato}", "{name: {2017: Udtræksdato, 2024: not_asked}}", "the column drawn_on is required, but in some editions it has neither a name nor a constant"),
    "no name at all": ("{name: Udtræksdato}", "{}", "the column drawn_on is required, but in some editions it has neither a name nor a constant"),
    "a constant beside a name": ("{name: Udtræksdato}", "{name: Udtræksdato, constant: 15-02-2023}", "the column drawn_on has both a name and a constant"),
    "a constant that is no day": ("{name: Udtræksdato}", "{constant: 31-02-2023}", "the constant of drawn_on is not a value that the column can hold"),
    "coordinates of no system": ("coordinate_system: EPSG:25832\n", "", "the column coordinate_x needs a coordinate_system"),
    "a system that there is not": ("EPSG:25832", "EPSG:99999", "EPSG:99999 is not a known coordinate system"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_specification_that_cannot_be_meant_is_refused(reference: Path, fault: str) -> None:
    old, new, message = FAULTS[fault]
    edited(reference, "extracts/koebenhavns_politi_reports.yml", old, new)
    with pytest.raises(InputError, match=rf"extracts/koebenhavns_politi_reports.yml, line \d+: {message}"):
        load_specifications(reference / "extracts")


@pytest.mark.parametrize("written", ["%d-%m-%y %Y", "%d-%m", "%d-%m-%Y %Z", "%d. %B %Y", "%d-%m-%Y %d"])
def test_a_day_format_that_would_have_to_be_guessed_is_refused(reference: Path, written: str) -> None:
    edited(reference, "extracts/koebenhavns_politi_reports.yml", '"%d-%m-%Y"', f'"{written}"')
    with pytest.raises(
        InputError,
        match=r"koebenhavns_politi_reports.yml, line \d+: .*write the format of a day in the style of %d-%m-%Y",
    ):
        load_specifications(reference / "extracts")


def test_a_specification_with_codes_that_nobody_listed_is_refused(reference: Path) -> None:
    with pytest.raises(
        InputError, match=r"koebenhavn_population.yml: the code system 'population' is not in \S+area_codes\.csv"
    ):
        refuse_unknown_systems(load_specifications(reference / "extracts"), {"survey", "municipality"})


# --- who may open it ---------------------------------------------------------------------------------------


def test_the_store_opens_to_its_owner_and_one_named_group_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = next((group for group in grp.getgrall() if group.gr_gid != os.getgid()), None)
    if os.getuid() or other is None:
        pytest.skip("giving a folder to another group needs root and a second group on the machine")
    monkeypatch.setenv("TRYGHED_GROUP", other.gr_name)
    (tmp_path / "home" / "store").mkdir(parents=True, mode=0o777)
    open_home(tmp_path / "home", monkeypatch)
    folder = tmp_path / "home" / "store"
    assert stat.S_IMODE(folder.stat().st_mode) & 0o777 == 0o750
    assert folder.group() == other.gr_name
    assert {path.group() for path in folder.rglob("*")} == {other.gr_name}


def test_the_page_names_the_files_that_a_table_was_made_from(home: Path) -> None:
    path = deliver(home, 2023, NAME, reports(3))
    make(2023)
    assert made_from(contracts()["police.reports"], 2023) == f"{NAME} ({sha256(path)[:12]})"
    assert made_from(contracts()["police.counts"], 2023) == "none delivered"


def test_a_group_that_is_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRYGHED_GROUP", "no_such_group")
    with pytest.raises(InputError, match="this machine has no group 'no_such_group': create the group"):
        open_home(tmp_path, monkeypatch)


# --- personal data -----------------------------------------------------------------------------------------

PERSONAL = {  # the heading and a cell of an undeclared column, and the kind of personal data in the message
    "CPR numbers": ("Note", "010190-1234"),
    "CPR numbers without a hyphen": ("Note", "0101901234"),
    "CPR numbers within a text": ("Note", "Borger 010190-1234 ringede"),
    "CPR numbers with a dash": ("Note", "010190\u20131234"),
    "CPR numbers that are called so": ("Note", "cpr 0101901234"),
    "CPR numbers among words": ("Note", "Borger 0101901234 ringede"),
    "e-mail addresses": ("Note", "nn.marker@example.org"),
    "e-mail addresses and more": ("Note", "nn.marker@example.org, 2030"),
    "telephone numbers": ("Note", "+45 20 30 40 50"),
    "telephone numbers with hyphens": ("Note", "20-30-40-50"),
    "telephone numbers that are called so": ("Note", "tlf. 20304050"),
    "addresses": ("Note", "Opdigtetvej 12 B"),
    "addresses by the water": ("Note", "Opdigtethavn 17"),
    "addresses with a floor": ("Note", "Opdigtet 17, 2. tv"),
    "names": ("Note", "Jens Opdigtet"),
    "names, the last one first": ("Note", "Opdigtet, Jens"),
    "names in capitals": ("Note", "JENS OPDIGTET"),
    "names within a text": ("Note", "Ring til Jens Opdigtet"),
    "a heading for names": ("Anmelders navn", "x"),
    "a heading for addresses": ("Adresse", "x"),
}
ONE_IS_ENOUGH = [
    "CPR numbers",
    "CPR numbers within a text",
    "CPR numbers with a dash",
    "CPR numbers that are called so",
    "telephone numbers that are called so",
    "e-mail addresses",
    "telephone numbers",
    "addresses with a floor",
]
HEADINGS = [
    "CPR", "cpr-nr.", "respondent_cpr", "Pnr", "Personnummer", "E-mail", "email", "E-post", "epost", "Mailadresse", "Telefon", "Tlf.",
    "mobilnr", "Adresse", "Bopæl", "Gadenavn", "vejnavn", "Husnr", "Navn", "Fornavn", "Fulde navn", "full_name", "Navn på borger",
    "Borgerens navn", "Anmelder", "Vidne", "Kontaktperson",
]  # fmt: skip


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_heading_of_personal_data_is_known(heading: str) -> None:
    assert kind_by_heading(heading)


def test_headings_that_a_specification_does_not_declare_as_personal_are_not_taken_for_such() -> None:
    for specification in load_specifications().values():
        columns = specification.target().columns
        named = {
            name
            for column_name, column in specification.columns.items()
            if not (column.personal or columns[column_name].personal)
            for name in column.name.values()
        } | {name for name, column in specification.ignored.items() if not column.personal}
        assert {name: kind_by_heading(name) for name in named} == dict.fromkeys(named)


@pytest.mark.parametrize("text", ["Områdenavn", "Navn på område", "Projektnavn", "Bydelsnavn"])
def test_names_of_things_are_no_personal_data(text: str) -> None:
    assert kind_by_heading(text) is None


@pytest.mark.parametrize("text", ["per 1.000 indbyggere", "Rode 238", "0100-75111-00001-22", "2021-01-31", "Tingbjerg-Husum", "25000000,5", "Line 3"])  # fmt: skip
def test_texts_of_extracts_are_no_personal_data(text: str) -> None:
    assert kind_by_values(pa.array([text] * 20)) is None
    assert kind_of_text(text) is None


def test_numbers_and_days_are_not_taken_for_telephone_numbers() -> None:
    amounts = pa.array(["25000000", "20210131"])
    assert kind_by_values(amounts, numbers=True) is None
    assert kind_by_values(amounts) == "telephone numbers"
    assert kind_by_values(pa.array(["0101901234"]), numbers=True) == "CPR numbers"


@pytest.mark.parametrize("kind", ONE_IS_ENOUGH)
def test_one_cell_that_can_be_nothing_else_is_enough(home: Path, kind: str) -> None:
    lines = reports(30_000)
    lines[-7]["Rode"] = PERSONAL[kind][1]
    deliver(home, 2023, NAME, lines)
    with pytest.raises(InputError, match="column Rode: the column seems to hold") as refused:
        take_in([2023])
    assert PERSONAL[kind][1] not in str(refused.value)


@pytest.mark.parametrize(("column", "cell"), [("Gerningsdato", "010190-1234"), ("Gern.kode", "nn@example.org")])
def test_a_cell_that_no_rule_lets_count_is_looked_at_too_as_it_is_kept(home: Path, column: str, cell: str) -> None:
    lines = reports(30_000)
    lines[-7][column] = cell
    deliver(home, 2023, NAME, lines)
    with pytest.raises(InputError, match=f"column {column}: the column seems to hold") as refused:
        take_in([2023])
    assert cell not in str(refused.value)
    assert not store.stored_editions(contracts()["quality.files"])


def test_somebody_may_say_that_a_column_only_looks_personal(home: Path, reference: Path) -> None:
    edited(
        reference,
        "extracts/koebenhavns_politi_reports.yml",
        "rode_code: {name: Rode}",
        "rode_code: {name: Rode, personal: false}",
    )
    deliver(home, 2023, NAME, reports(20, Rode="Opdigtet gården 2"))
    make(2023)
    assert len(rows("police.reports", 2023)) == 20


@pytest.mark.parametrize("name", ["Anmeldelser Per Bydel 2022.csv", "Antal_Per_Område.csv", "23_02_15_10 udtræk.csv"])
def test_names_of_files_that_are_nobodys_are_taken(home: Path, name: str) -> None:
    deliver(home, 2023, name, reports(3))
    make(2023)
    assert {row["file"] for row in rows("quality.files", 2023)} == {name}


def test_ten_different_names_among_thousands_of_cells_are_enough() -> None:
    some = [f"Jens Opdigtet{letter}" for letter in "abcdefghij"]
    assert kind_by_values(pa.array(["Valby"] * 9_000 + some)) == "names"
    assert kind_by_values(pa.array(["Valby"] * 9_000 + some[:9])) is None


@pytest.mark.parametrize("name", ["Jens Opdigtet", "Svar_Jens_Opdigtet", "010190-1234", "nn@example.org"])
def test_a_name_of_a_file_a_column_or_a_folder_that_is_somebodys_is_not_repeated(home: Path, name: str) -> None:
    path = deliver(home, 2023, f"{name}.csv", reports(3))
    with pytest.raises(
        InputError,
        match=r"landing/2023, file 1 when sorted by name: the file's name seems to contain .*: rename the file",
    ) as of_file:
        take_in([2023])
    path.unlink()
    deliver(home, 2023, NAME, [line | {name: "x"} for line in reports(3)])
    with pytest.raises(InputError, match=r"unknown column 10") as of_column:
        take_in([2023])
    (home / "landing" / name).mkdir()
    with pytest.raises(
        InputError, match=r"landing/\(a name that seems to contain .*\): this is not the folder of an edition"
    ) as of_folder:
        take_in([2023])
    for refused in (of_file, of_column, of_folder):
        assert name not in str(refused.value)


@pytest.mark.parametrize("kind", PERSONAL)
def test_an_undeclared_column_that_looks_personal_is_refused_without_its_values(
    home: Path, reference: Path, kind: str
) -> None:
    heading, cell = PERSONAL[kind]
    ignored = f'ignored:\n  {heading}: {{reason: "Free text."}}\n'
    edited(reference, "extracts/koebenhavns_politi_reports.yml", "ignored:\n", ignored)
    deliver(home, 2023, NAME, [line | {heading: cell} for line in reports(40)])
    with pytest.raises(InputError, match=f"column {heading}: the column seems to hold .*'personal: true'") as refused:
        take_in([2023])
    assert cell == "x" or cell not in str(refused.value)
    assert not store.stored_editions(contracts()["quality.files"])


@pytest.mark.parametrize("kind", ["CPR numbers without a hyphen", "addresses", "names"])
def test_a_column_that_keeps_any_text_is_looked_at_to_its_last_row(home: Path, kind: str) -> None:
    _, cell = PERSONAL[kind]
    lines = reports(150_000)
    for line in lines[-40_000:]:
        line["Rode"] = cell
    deliver(home, 2023, NAME, lines)
    with pytest.raises(InputError, match="column Rode: the column seems to hold") as refused:
        take_in([2023])
    assert cell not in str(refused.value)
    assert not store.stored_editions(contracts()["quality.files"])


def test_a_column_that_is_declared_personal_and_ignored_is_never_stored(home: Path, reference: Path) -> None:
    edited(
        reference,
        "extracts/koebenhavns_politi_reports.yml",
        "ignored:\n",
        'ignored:\n  Note: {reason: "Free text.", personal: true}\n',
    )
    deliver(home, 2023, NAME, [line | {"Note": "marker-010190-1234"} for line in reports(5)])
    make(2023)
    stored = b"".join(path.read_bytes() for path in (home / "store").rglob("*.parquet"))
    assert JOURNAL.format(3) in set(table("police.reports", 2023)["journal_number"])
    assert not any("marker" in str(row) for row in rows("extracts.police_reports", 2023))
    assert b"marker" not in stored


# --- what an SPSS file declares missing --------------------------------------------------------------------


def test_days_and_declared_missing_values_of_spss_are_read_as_they_are_meant(tmp_path: Path) -> None:
    path = tmp_path / "one.sav"
    frame = pd.DataFrame(
        {
            "day": [13_829_616_000.0, 5.0, None], "moment": [13_829_627_040.0, None, 1e15], "weight": [1.5, 999.0, 2.0],
            "question": [1.0, 9.0, 8.0], "stratum": [1.0, 99.0, 2.0],
        }
    )  # fmt: skip
    pyreadstat.write_sav(
        frame,
        str(path),
        variable_format={"day": "EDATE10", "moment": "DATETIME20"},
        missing_ranges={
            "day": [{"lo": float("-inf"), "hi": 100.0}], "weight": [999], "question": [8, 9], "stratum": [{"lo": 90.0, "hi": float("inf")}],
        },
        variable_value_labels={"question": {1: "Ja", 9: "Ved ikke"}, "stratum": {99: "Uoplyst"}},
    )  # fmt: skip
    batch = next(
        batches_of(
            path, "sav", load_specifications()["sikker_by_survey"].for_edition(2021).writing, list(frame.columns)
        )
    )
    values = {name: batch.column(name).to_pylist() for name in frame.columns}
    assert values["day"] == ["10-01-2021", None, None]
    assert [cell and cell[:10] for cell in values["moment"]] == ["2021-01-10", None, "31-12-9999"]
    assert values["weight"] == ["1,5", None, "2"]
    assert values["question"] == ["Ja", "Ved ikke", None]  # 8 is declared missing and has no label
    assert values["stratum"] == ["1", None, "2"]  # only the missing value has a label, so it is no answer


# --- what a file says of itself ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["svar.xls", "svar.ods", "svar.xlsb", "svar"])
def test_a_workbook_is_read_whatever_its_name_ends_with(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame({"a": [1.5]})
    frame.to_excel(tmp_path / "svar.xlsx", sheet_name="Anmeldelser", index=False)
    path = (tmp_path / "svar.xlsx").rename(tmp_path / name)
    writing = load_specifications()["koebenhavns_politi_reports"].for_edition(2023).writing
    assert names_of(path, "xlsx", writing) == ("a",)


def test_a_file_in_the_place_of_another_is_read_anew_though_its_size_and_time_are_the_same(tmp_path: Path) -> None:
    path, writing = tmp_path / "svar.sav", load_specifications()["sikker_by_survey"].for_edition(2017).writing

    def read_with(word: str) -> list[str]:
        beside = tmp_path / "beside.sav"
        pyreadstat.write_sav(pd.DataFrame({"a": [word]}), beside)
        os.utime(beside, ns=(10**18, 10**18))
        beside.replace(path)
        return [text for batch in batches_of(path, "sav", writing, ["a"]) for text in batch.column("a").to_pylist()]

    assert (read_with("Tryg"), read_with("Utry")) == (["Tryg"], ["Utry"])


@pytest.mark.parametrize(
    ("percent", "text"),
    [(100 / 99, "1.01 %, but at most 1 %"), (1.00398, "1.004 %, but at most 1 %"), (20.0, "20.00 %, but at most 1 %")],
)
def test_a_share_is_told_from_the_one_that_is_tolerated(percent: float, text: str) -> None:
    assert share_in_words(percent, 1).startswith(text)
