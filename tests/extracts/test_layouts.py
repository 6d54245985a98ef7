"""Tests of layouts: a specification's differences between editions are resolved once, in the layout of an edition."""

import dataclasses

import pytest

from assets.extracts.layouts import Layout, Specification


def specification(**more: object) -> Specification:
    entries: dict[str, object] = {
        "extract": "vendor",
        "table": "survey.answers",
        "producer": "Nobody",
        "note": "Made for a test.",
        "formats": {2017: {"csv": {"encoding": "utf-8", "delimiter": ";"}}, 2023: {"sav": {}}},
        "decimal_mark": {2017: ",", 2023: "."},
        "thousands_mark": {2023: ","},
        "date_format": {2017: "%d-%m-%Y", 2024: ["%Y-%m-%d", "%d.%m.%y"]},
        "area_code_system": {2017: "survey", 2023: "municipality"},
        "tolerated_rejected_percent": 1,
        "row_key": ["respondent_number"],
        "columns": {
            "respondent_number": {"name": {2017: "id", 2023: "Nummer"}, "personal": True},
            "stratum": {"name": "stratum"},
            "stratum_invited": {"constant": {2017: "100", 2023: "200"}},
            "safety_answer": {"name": "q1", "values": {2017: {"Tryg": "safe"}, 2023: {"1": "very_safe"}}},
            "worry_graffiti": {"name": {2017: "q2", 2021: "not_asked"}},
        },
        "ignored": {"form": {"reason": "No use of it is agreed.", "personal": False}},
    }
    return Specification.model_validate(entries | more)


@pytest.mark.parametrize(
    ("edition", "headings"),
    [
        (2009, {"respondent_number": "id", "stratum": "stratum", "safety_answer": "q1", "worry_graffiti": "q2"}),
        (2020, {"respondent_number": "id", "stratum": "stratum", "safety_answer": "q1", "worry_graffiti": "q2"}),
        (2021, {"respondent_number": "id", "stratum": "stratum", "safety_answer": "q1"}),
        (2023, {"respondent_number": "Nummer", "stratum": "stratum", "safety_answer": "q1"}),
    ],
)
def test_headings_are_those_of_the_edition_and_the_first_ones_hold_for_earlier_editions(
    edition: int, headings: dict[str, str]
) -> None:
    assert specification().for_edition(edition).headings == headings


def test_labels_constants_and_writing_change_with_the_edition_too() -> None:
    before, after = specification().for_edition(2022), specification().for_edition(2024)
    assert (before.columns["safety_answer"].labels, after.columns["safety_answer"].labels) == (
        {"Tryg": "safe"},
        {"1": "very_safe"},
    )
    assert (before.columns["stratum_invited"].constant, after.columns["stratum_invited"].constant) == ("100", "200")
    assert (before.writing.decimal_mark, after.writing.decimal_mark) == (",", ".")
    assert (before.writing.date_formats, after.writing.date_formats) == (("%d-%m-%Y",), ("%Y-%m-%d", "%d.%m.%y"))
    assert (before.writing.area_code_system, after.writing.area_code_system) == ("survey", "municipality")
    assert before.writing.formats.csv is not None and before.writing.formats.sav is None
    assert after.writing.formats.csv is None and after.writing.formats.sav is not None


def test_a_column_that_is_not_asked_is_not_delivered_and_a_constant_is() -> None:
    columns = specification().for_edition(2021).columns
    assert [name for name, column in columns.items() if not column.is_delivered] == ["worry_graffiti"]
    assert columns["stratum_invited"].heading is None


def test_a_column_is_personal_where_contract_or_specification_says_so() -> None:
    columns = specification().for_edition(2021).columns
    assert (columns["respondent_number"].is_personal, columns["respondent_number"].is_declared) == (True, True)
    assert (columns["stratum"].is_personal, columns["stratum"].is_declared) == (False, False)
    looked_at = specification(columns={"stratum": {"name": "stratum", "personal": False}}).for_edition(2021)
    assert (looked_at.columns["stratum"].is_personal, looked_at.columns["stratum"].is_declared) == (False, True)


def test_a_layout_cannot_be_changed_by_who_takes_it() -> None:
    layout: Layout = specification().for_edition(2021)
    with pytest.raises(dataclasses.FrozenInstanceError):
        layout.edition = 2022  # type: ignore[misc]
