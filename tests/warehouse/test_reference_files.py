"""Tests of the reference files. The files of the project are complete.

A fault in a file gives an error of one sentence, which names the file, the line and the remedy.
"""

import codecs
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from warehouse.contracts import contracts, records
from warehouse.decision_file import Decisions, check_editions, load_decisions
from warehouse.edited_files import read_text, rewriting
from warehouse.errors import InputError
from warehouse.home import PROJECT, path_for_reader, reference_file, reference_folder
from warehouse.reference_files import load_reference

Spoil = Callable[[Path], object]
TH = "agreements/tingbjerg_husum_2021_2024.yml"
AMAGER = "agreements/amager_2021_2024.yml"
AREAS, FIGURES, EDITIONS, CODES = "areas.csv", "published_figures.csv", "editions.csv", "offence_codes.csv"

T1A = "  - target_id: 1a\n    rule: falls_every_year\n    measures: [unsafe]\n"
DECISION = {
    "decision_id": "d1",
    "about": "rejected_share",
    "file": "svar.csv",
    "file_sha256": "0" * 12,
    "person": "A. Steward",
    "decided_on": "2026-01-31",
    "reason": "Made up.",
}

WHOLE = "write a whole number"
NUMBER = "write a number with a decimal point"
DAY = "write a date as 2021-01-31"


def swap(name: str, old: str, new: str) -> Spoil:
    def spoil(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text, old
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return spoil


def add(name: str, text: str) -> Spoil:
    return lambda folder: (folder / name).write_text(
        (folder / name).read_text(encoding="utf-8") + text, encoding="utf-8"
    )


def fill(name: str, content: bytes) -> Spoil:
    return lambda folder: (folder / name).write_bytes(content)


def as_folder(name: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return spoil


def header_only(name: str) -> Spoil:
    return lambda folder: (folder / name).write_text(
        (folder / name).read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8"
    )


def no_agreements(folder: Path) -> None:
    for path in (folder / "agreements").iterdir():
        path.unlink()


def copy_agreement(folder: Path) -> None:
    text = (folder / TH).read_text(encoding="utf-8")
    (folder / "agreements" / "zz_again.yml").write_text(text, encoding="utf-8")


def second_agreement(*entries: str) -> Spoil:
    """Return a function that adds another agreement for the same area, with additional entries."""

    def spoil(folder: Path) -> None:
        lines = [
            "agreement_id: zz_next",
            "name_da: Næste",
            "name_en: Next",
            "source_id: agreement_tingbjerg_husum",
            *entries,
        ]
        lines += ["area_id: tingbjerg_husum", "comparison_area_id: copenhagen", "parties: []", "targets: []"]
        lines += ["areas: [{area_id: tingbjerg_husum, area_version: 1, reason: made up}]"]
        (folder / "agreements" / "zz_next.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    return spoil


def two_versions(first_day_of_second: str) -> Spoil:
    """Return a function that gives the area a second version.

    In areas.csv it begins on 2022-12-31. In the agreement it begins on `first_day_of_second`.
    """

    def spoil(folder: Path) -> None:
        add(AREAS, "tingbjerg_husum,2,Tingbjerg-Husum,,,,partnership_area,,2022-12-31,,project_assumption,Made up.\n")(
            folder
        )
        swap(TH, "valid_to: 2024-12-31", "valid_to: 2022-12-31")(folder)
        second = f"areas:\n  - area_id: tingbjerg_husum\n    area_version: 2\n    valid_from: {first_day_of_second}\n    reason: Made up.\n"
        swap(TH, "areas:\n", second)(folder)

    return spoil


def no_goals_of_communities(folder: Path) -> None:
    swap(TH, ", goals_kept_positive_communities]", "]")(folder)
    path = folder / "measures.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if ",goals,positive_communities," not in line), encoding="utf-8")


def link_to_itself(folder: Path) -> None:
    (folder / AREAS).unlink()
    (folder / AREAS).symlink_to(AREAS)


FAULTS: dict[str, tuple[Spoil, tuple[str, ...]]] = {
    "missing file": (lambda folder: (folder / AREAS).unlink(), ("areas.csv is missing", "put the file back")),
    "empty file": (fill(AREAS, b""), ("areas.csv, line 1", "header must be area_id")),
    "header only": (header_only(AREAS), ("areas.csv has no rows",)),
    "folder in its place": (as_folder(AREAS), ("areas.csv is a folder",)),
    "missing column": (swap(FIGURES, ",measure,", ","), ("published_figures.csv, line 1", "missing measure")),
    "extra column": (swap(FIGURES, ",measure,", ",measure,colour,"), ("line 1", "unknown colour")),
    "other order": (swap(FIGURES, "edition,area_id", "area_id,edition"), ("line 1", "they are in another order")),
    "byte order mark": (
        lambda folder: (folder / AREAS).write_bytes(codecs.BOM_UTF8 + (folder / AREAS).read_bytes()),
        ("areas.csv, line 1", "byte order mark"),
    ),
    "HTML page": (fill(AREAS, b"<!doctype html>\n<html></html>\n"), ("areas.csv, line 1", "header must be")),
    "blank last line": (add(EDITIONS, "\n"), ("editions.csv, line 20", "blank")),
    "choice of a source that published none": (
        add("published_choices.csv", "2019,copenhagen,unsafe_evening,survey_method,A steward,2026-11-23,Mistaken\n"),
        ("published_choices.csv, line 2, column source_id", "published no figure for this edition"),
    ),
    "too many cells": (add(EDITIONS, "2027,2026,,,,2027-06-30,survey_method,a, b\n"), ("editions.csv, line 20", "9 cells", "8")),
    "too few cells": (add(EDITIONS, "2027,2026\n"), ("editions.csv, line 20", "2 cells")),
    "open quote": (add(EDITIONS, '2027,2026,,,,2027-06-30,survey_method,"open\n'), ("editions.csv, line", "correct the quotes")),
    "windows-1252": (
        lambda folder: (folder / AREAS).write_bytes((folder / AREAS).read_text(encoding="utf-8").encode("cp1252", "replace")),
        ("areas.csv, line 2", "UTF-8"),
    ),
    "empty cell": (swap(EDITIONS, "2010,2009,", "2010,,"), ("editions.csv, line 3, column crime_year", "is empty")),
    "value not allowed": (swap(AREAS, ",municipality,", ",kommune,"), ("areas.csv, line 2, column level", "'kommune'", "survey_bydel")),
    "code of four digits": (swap(CODES, "1,75111,", "1,7511,"), ("offence_codes.csv, line 2, column first_code", r"\d{5}")),
    "decimal comma": (swap(FIGURES, "koebenhavn_0,7.1,1,", 'koebenhavn_0,"7,1",1,'), ("line", "value")),
    "not a number": (swap("conventions.csv", "1.5,ratio", "NaN,ratio"), ("conventions.csv, line 3, column value", "decimal point")),
    "infinity": (swap("conventions.csv", "1.5,ratio", "inf,ratio"), ("conventions.csv, line 3, column value",)),
    "exponent": (swap("conventions.csv", "1.5,ratio", "15e-1,ratio"), ("conventions.csv, line 3, column value",)),
    "half an edition": (swap(EDITIONS, "2010,2009,", "2010,2009.5,"), ("editions.csv, line 3, column crime_year", "whole number")),
    "no truth value": (swap(FIGURES, ",0,false,", ",0,no,"), ("column approximate", "write true or false")),
    "31 February": (swap(EDITIONS, "2010-06-30", "2010-02-31"), ("editions.csv, line 3, column due_on", "2021-01-31")),
    "Danish date": (swap(EDITIONS, "2010-06-30", "30-06-2010"), ("editions.csv, line 3, column due_on",)),
    "key twice": (add(EDITIONS, "2010,2009,,,,2010-06-30,survey_method,\n"), ("editions.csv, line 20", "line 3 already")),
    "unknown source": (swap(EDITIONS, "project_assumption", "hearsay"), ("editions.csv, line 2, column source_id", "sources.csv")),
    "unknown edition": (swap(FIGURES, "2009,copenhagen,unsafe,", "1999,copenhagen,unsafe,"), ("published_figures.csv", "column edition", "editions.csv")),
    "unknown area": (swap("area_members.csv", "copenhagen,1,indre_by", "copenhagen,1,inner_city"), ("area_members.csv, line 2", "areas.csv")),
    "edition before the survey began": (swap(EDITIONS, "2009,2008,", "2008,2007,"), ("editions.csv, line 2, column edition", "pattern")),
    "convention missing": (swap("conventions.csv", "power,0.8", "prower,0.8"), ("conventions.csv has no line for the convention 'power'",)),
    "convention not known": (add("conventions.csv", "luck,1,ratio,project_assumption,Hope\n"), ("conventions.csv, line 7", "'luck'")),
    "convention of no use": (swap("conventions.csv", "level,0.95", "level,95"), ("conventions.csv, line 2", "between 0.5 and 0.999")),
    "half a baseline edition": (swap("conventions.csv", "edition,2020,", "edition,2020.5,"), ("conventions.csv, line 6", "without decimals")),
    "agreement: another ending": (lambda folder: (folder / TH).rename(folder / TH.replace(".yml", ".yaml")), ("tingbjerg_husum_2021_2024.yaml", ".yml")),
    "agreement: rule that cannot judge the measure": (swap(TH, "measures: [unsafe]", "measures: [burglary_reports]"), ("line", "falls_every_year needs a measure that has a value in the column answer", "burglary_reports")),
    "agreement: baseline after the first year": (swap(TH, "baseline_year: 2020", "baseline_year: 2024"), ("line", "baseline_year is not before first_year")),
    "agreement: version of an area that is not there": (swap(TH, "area_version: 1", "area_version: 9"), ("line", "areas.csv has no version 9 of tingbjerg_husum")),
    "agreement: indentation": (swap(TH, "    rule: falls_every_year", "  rule: falls_every_year"), ("tingbjerg_husum_2021_2024.yml, line", "YAML")),
    "agreement: unknown word": (swap(TH, "    rule: falls_every_year", "    ruel: falls_every_year"), ("line", "targets.1.")),
    "agreement: missing word": (swap(TH, "    waits_for: survey\n", ""), ("line", "targets.1.waits_for", "missing")),
    "agreement: wrong type": (swap(TH, "first_day: 2021-01-01", "first_day: soon"), ("line 9", "first_day")),
    "agreement: unknown rule": (swap(TH, "rule: falls_every_year", "rule: falls"), ("targets.1.rule", "held_at_baseline")),
    "agreement: unknown measure": (swap(TH, "measures: [unsafe]", "measures: [utryg]"), ("'utryg'", "measures.csv")),
    "agreement: unknown area": (swap(TH, "area_id: tingbjerg_husum\n", "area_id: tingbjerg\n"), ("'tingbjerg'", "areas.csv")),
    "agreement: unknown source": (swap(TH, "source_id: agreement_tingbjerg_husum", "source_id: hearsay"), ("'hearsay'", "sources.csv")),
    "agreement: unknown delivery": (swap(TH, "waits_for: survey", "waits_for: godot"), ("'godot'", "deliveries.csv")),
    "agreement: target twice": (swap(TH, "target_id: 1b", "target_id: 1a"), ("target 1a occurs twice",)),
    "agreement: rule without limit": (swap(TH, "    limit_value: 75\n", ""), ("target 3", "has no limit_value")),
    "agreement: rule without tolerance": (swap(TH, "    tolerance: 0\n", ""), ("target 1b", "has no tolerance")),
    "agreement: rule without baseline": (swap(TH, "    baseline_year: 2020\n", ""), ("target 1a", "has no baseline_year")),
    "agreement: last before first": (swap(TH, "    last_year: 2024", "    last_year: 2019"), ("target 1a", "last_year is before first_year")),
    "agreement: targets without a period": (swap(TH, "last_day: 2024-12-31\n", ""), ("first_day and last_day",)),
    "agreement: empty file": (fill(TH, b""), ("tingbjerg_husum_2021_2024.yml, line 1",)),
    "agreement: a list": (fill(TH, b"- a\n- b\n"), ("tingbjerg_husum_2021_2024.yml, line 1",)),
    "agreement: none at all": (no_agreements, ("agreements contains no agreement",)),
    "agreement: the same twice": (copy_agreement, ("zz_again.yml", "tingbjerg_husum_2021_2024", "its own id")),
    "agreement: another interval for the same area": (
        second_agreement("share_interval: logit"), ("zz_next.yml, line 5", "tingbjerg_husum", "share_interval of the area tingbjerg_husum is logit here, but korn_graubard in")
    ),
    "measure of a word missing": (no_goals_of_communities, ("measures.csv has no measure for the word 'positive_communities'", "add")),
    "measure of a word that is not known": (
        swap("measures.csv", ",accounts,activities,", ",accounts,parties,"), ("measures.csv, line", "made_of_word", "'parties'", "project_management")
    ),
    "header in capitals": (swap(AREAS, "area_id", "AREA_ID"), ("line 1", "unknown AREA_ID", "missing area_id")),
    "utf-16": (fill(AREAS, "area_id".encode("utf-16")), ("areas.csv, line 1", "UTF-8")),
    "blank line": (swap(EDITIONS, "2010,2009,", "\n2010,2009,"), ("editions.csv, line 3", "blank")),
    "integer with decimals": (swap(AREAS, "copenhagen,1,", "copenhagen,1.0,"), ("line 2, column area_version", WHOLE)),
    "integer with a blank": (swap("populations.csv", ",580295,", ", 580295,"), ("populations.csv, line 2", WHOLE)),
    "integer without end": (swap("populations.csv", ",580295,", f",{'9' * 30},"), ("populations.csv, line 2", WHOLE)),
    "last code with a letter": (swap(CODES, ",75120,", ",7512O,"), ("offence_codes.csv, line 2, column last_code",)),
    "key twice in other digits": (add(AREAS, "copenhagen,01,København,,,,municipality,101,,,survey_method,\n"), ("areas.csv, line", "line 2 already has the key 'copenhagen / 1'")),
    "unknown crime type": (swap(CODES, ",burglary,", ",arson,"), ("line 2, column crime_type", "crime_types.csv")),
    "agreement: tab": (swap(TH, "    rule: falls", "\trule: falls"), ("tingbjerg_husum_2021_2024.yml, line 38", "indentation")),
    "agreement: two documents": (swap(TH, "target_year:", "---\ntarget_year:"), ("line 11", "another document")),
    "agreement: number for a name": (swap(TH, "target_id: 1a", "target_id: 12"), ("line 37", "targets.1.target_id")),
    "agreement: year out of reach": (swap(TH, "first_year: 2021", "first_year: 21"), ("targets.1.first_year", "2009")),
    "agreement: no measures": (swap(TH, "measures: [unsafe]", "measures: []"), ("targets.1.measures", "at least 1")),
    "agreement: tolerance below zero": (swap(TH, "tolerance: 0\n", "tolerance: -1\n"), ("tolerance", "or equal to 0")),
    "agreement: unknown second measure": (swap(TH, "[burglary_reports, theft_", "[burglary_reports, x_"), ("'x_robbery_reports'",)),
    "agreement: unknown area of a target": (swap(TH, T1A, f"{T1A}    area_id: oslo\n"), ("line 40", "'oslo'", "areas.csv")),
    "link to itself": (link_to_itself, ("areas.csv",)),
    "open quote far from the next": (swap("words.csv", "opfyldt", '"opfyldt'), ("words.csv, line 2", "correct the quotes")),
    "blanks in a required cell": (swap("conventions.csv", ",0.8,fraction,", ",0.8,  ,"), ("conventions.csv, line 4, column unit",)),
    "cell of two lines": (swap(AREAS, ",municipality", ',"town\nhall"'), ("areas.csv, line 2", "survey_bydel")),
    "cell without end": (swap(AREAS, ",municipality", f",{'town' * 200}"), ("areas.csv, line 2", "survey_bydel")),
    "foreign digits": (swap("populations.csv", ",580295,", ",٥٨٠٢٩٥,"), ("populations.csv, line 2", WHOLE)),
    "number too large": (swap("conventions.csv", "power,0.8", f"power,{'9' * 400}"), ("conventions.csv, line 4", NUMBER)),
    "date without dividers": (swap(EDITIONS, "2009-06-30", "20090630"), ("editions.csv, line 2", DAY)),
    "date as a week": (swap(EDITIONS, "2009-06-30", "2009-W27-1"), ("editions.csv, line 2", DAY)),
    "agreement: control character": (swap(TH, "target_year:", "note: a\x07b\ntarget_year:"), ("line 11",)),
    "agreement: 31 February": (swap(TH, "first_day: 2021-01-01", "first_day: 2021-02-31"), ("tingbjerg", "line 9")),
    "agreement: word twice": (swap(TH, "last_day: 2024-12-31", "last_day: 2024-12-31\nlast_day: 2025-12-31"), ("line 11", "last_day")),
    "agreement: last day before first": (swap(TH, "first_day: 2021", "first_day: 2031"), ("line 10", "last_day")),
    "agreement: word without end": (swap(TH, "target_year:", f"{'x' * 500}: 1\ntarget_year:"), ("line 11", "an entry of this kind has no such field")),
    "agreement: area without end": (swap(TH, "\narea_id: tingbjerg_husum", f"\narea_id: {'a' * 500}"), ("line 13", "areas.csv")),
    "agreement: area of two lines": (swap(TH, "\narea_id: tingbjerg_husum", '\narea_id: "a\\nb"'), ("line 13", "areas.csv")),
    "agreement: limit .nan": (swap(TH, "limit_value: 75", "limit_value: .nan"), ("limit_value",)),
    "agreement: limit .inf": (swap(TH, "limit_value: 75", "limit_value: .inf"), ("limit_value",)),
    "agreement: unknown area of a version": (swap(TH, "  - area_id: tingbjerg_husum", "  - area_id: oslo"), ("line 16", "'oslo'")),
    "agreement: version of another area": (
        swap(TH, "  - area_id: tingbjerg_husum", "  - area_id: folehaven"), ("line 16", "not a version of the agreement's area tingbjerg_husum")
    ),
    "agreement: version that ends before it begins": (
        swap(TH, "    valid_from: 2021-01-01", "    valid_from: 2025-01-01"), ("line 19", "valid_to lies before valid_from")
    ),
    "agreement: version before it is defined": (
        swap(AMAGER, "valid_from: 2021-01-01\n", "valid_from: 2020-12-31\n"), ("line 19", "in areas.csv, version 2 of amager_partnership begins later, on 2021-01-01")
    ),
    "agreement: version after it is defined": (
        swap(AMAGER, "valid_to: 2020-12-31", "valid_to: 2021-06-30"), ("line 15", "in areas.csv, version 1 of amager_partnership ends earlier, on 2020-12-31")
    ),
    "agreement: area with a new version that the agreement does not have": (
        swap(AREAS, "tingbjerg_husum,1,Tingbjerg-Husum,,,,partnership_area,,,,", "tingbjerg_husum,1,Tingbjerg-Husum,,,,partnership_area,,,2022-12-31,"),
        ("tingbjerg_husum_2021_2024.yml, line 19", "in areas.csv, version 1 of tingbjerg_husum ends earlier, on 2022-12-31"),
    ),
    "agreement: two versions on a day": (two_versions("2022-12-31"), ("line 16", "two versions of tingbjerg_husum are in force on 2022-12-31")),
    "agreement: no version on a day": (two_versions("2023-01-02"), ("line 15", "no version of tingbjerg_husum is in force on 2023-01-01")),
    "agreement: a version twice": (
        swap(TH, "    reason: Tingbjerg/", "    reason: A\n  - area_id: tingbjerg_husum\n    area_version: 1\n    valid_from: 2025-01-01\n    reason: Tingbjerg/"),
        ("line 22", "version 1 of tingbjerg_husum is entered twice"),
    ),
    "agreement: no version on its first day": (swap(TH, "    valid_from: 2021-01-01", "    valid_from: 2021-02-01"), ("line 15", "2021-01-01, which is a day of the agreement")),
    "agreement: target year before the path begins": (swap(TH, "target_year: 2024", "target_year: 2020"), ("line 11", "target 1b", "later than 2020")),
    "agreement: target year out of reach": (swap(TH, "target_year: 2024", "target_year: 24"), ("line 11", "target_year", "2009")),
    "agreement: unknown source of a target": (swap(TH, T1A, f"{T1A}    source_id: hearsay\n"), ("line 40", "'hearsay'")),
    "agreement: measure twice in a target": (swap(TH, "measures: [unsafe]", "measures: [unsafe, unsafe]"), ("line 39", "unsafe")),
    "agreement: unknown measure, merged": (swap(TH, T1A, "  - target_id: 1a\n    <<: {rule: falls_every_year, measures: [x]}\n"), ("line 38", "each field once per entry")),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_one_sentence_with_its_place(reference: Path, fault: str) -> None:
    spoil, expected_texts = FAULTS[fault]
    spoil(reference)
    with pytest.raises(InputError) as caught:
        load_reference(reference)
    message = str(caught.value)
    for text in expected_texts:
        assert text in message
    assert "\n" not in message
    assert (
        len(message.replace(path_for_reader(reference), "")) <= 400
    )  # the length of the test's folder does not matter


def test_every_line_has_a_source_or_a_reason() -> None:
    for name, frame in load_reference().items():
        reason_columns = [column for column in ("source_id", "reason", "title") if column in frame.columns]
        assert reason_columns or name == "reference.words"
        for column in reason_columns:
            assert frame[column].notna().all(), f"{name}.{column}"


def test_code_ranges_do_not_overlap() -> None:
    lines = sorted(records(load_reference()["reference.offence_codes"]), key=lambda row: str(row["first_code"]))
    for row in lines:
        assert row["first_code"] <= row["last_code"]
    for line, next_line in itertools.pairwise(lines):
        is_apart = line["last_code"] < next_line["first_code"]
        assert is_apart or (line["valid_to"] is not None and line["valid_to"] < next_line["valid_from"]), (
            line,
            next_line,
        )


def test_the_agreement_is_whole() -> None:
    targets = load_reference()["reference.targets"]
    target_ids = set(targets.loc[targets["agreement_id"] == "tingbjerg_husum_2021_2024", "target_id"])
    assert target_ids == {
        *("1a", "1b", "1c", "1d", "2a", "2b", "2c", "3", "4", "5", "6"),
        *(f"7{part}" for part in "abcdef"),
    }


def test_the_survey_has_13_bydele_and_the_municipality_10() -> None:
    levels = load_reference()["reference.areas"]["level"].value_counts().to_dict()
    assert (levels["survey_bydel"], levels["bydel"], levels["rode"], levels["municipality"]) == (13, 10, 399, 1)


def test_every_contract_of_a_file_has_its_file() -> None:
    loaded = load_reference()
    for table in contracts().values():
        if table.schema_name == "reference" and not table.generated:
            assert table.name in loaded


def test_a_second_agreement_of_an_area_with_the_same_interval_is_welcome(reference: Path) -> None:
    second_agreement()(reference)
    assert "zz_next" in set(load_reference(reference)["reference.agreements"]["agreement_id"])


def test_the_versions_of_an_agreements_area_are_a_table() -> None:
    versions = records(load_reference()["reference.agreement_areas"])
    of_amager = [row for row in versions if row["agreement_id"] == "amager_2021_2024"]
    assert [(row["area_version"], str(row["valid_from"]), str(row["valid_to"])) for row in of_amager] == [
        (1, "None", "2020-12-31"),
        (2, "2021-01-01", "None"),
    ]
    assert {row["agreement_id"] for row in versions} == set(load_reference()["reference.agreements"]["agreement_id"])


def test_an_area_that_grows_within_the_agreement_is_accepted_with_both_versions(reference: Path) -> None:
    two_versions("2023-01-01")(reference)
    of_agreement = load_reference(reference)["reference.agreement_areas"].query("area_id == 'tingbjerg_husum'")
    assert sorted(of_agreement["area_version"]) == [1, 2]


def test_a_message_has_the_path_of_the_folder_that_tryghed_reference_names(
    reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRYGHED_REFERENCE", str(reference))
    (reference / "areas.csv").unlink()
    with pytest.raises(InputError) as refused:
        load_reference()
    assert str(refused.value) == f"{path_for_reader(reference)}/areas.csv is missing: put the file back."
    assert reference_file("extracts/survey.yml") == f"{path_for_reader(reference)}/extracts/survey.yml"


def test_a_message_has_the_path_as_it_is_typed_in_the_project_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRYGHED_REFERENCE", raising=False)
    monkeypatch.setenv("TRYGHED_HOME", str(tmp_path))
    monkeypatch.chdir(PROJECT)
    with pytest.raises(InputError) as refused:
        read_text(reference_folder() / "no_such_file.csv")
    assert str(refused.value).startswith("warehouse/reference/no_such_file.csv is missing")
    late = Decisions.model_validate({"decisions": [DECISION | {"edition": 2099}]})
    with pytest.raises(InputError) as refused:
        check_editions(late, [2023])
    assert str(refused.value).startswith(
        "warehouse/reference/decisions.yml: decision 'd1' is about edition 2099, which is not in"
    )


def test_a_fault_of_a_working_copy_has_the_path_of_the_file_that_it_replaces(reference: Path) -> None:
    path = reference / "decisions.yml"
    with pytest.raises(InputError) as refused, rewriting(path) as working_copy:
        working_copy.write_text("decisions: [", encoding="utf-8")
        load_decisions(working_copy.parent)
    assert str(refused.value).startswith(f"{path_for_reader(path)}, line 2: the file cannot be read as YAML")
