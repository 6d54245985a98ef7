"""Tests that code names no place, measure or crime type. They are reference data, which another city can replace."""

import csv
import re

import pytest

from warehouse.home import PROJECT

ROOMS = ("warehouse", "checks", "assets", "pipelines")
REFERENCE = PROJECT / "warehouse" / "reference"
MADE_UP = PROJECT / "assets" / "extracts" / "sample"  # the made-up extracts are of this city

# Measures and crime types that are also plain English words, used in comments, messages and variables: `safe=False`, the
# other file. A text is searched for them only in quotes by themselves, because a value is written so.
PLAIN_WORDS = {"safe", "unsafe", "neither", "other"}


def column(file: str, name: str) -> set[str]:
    with (REFERENCE / file).open(encoding="utf-8", newline="") as lines:
        return {line[name] for line in csv.DictReader(lines)}


def places() -> set[str]:
    """Return the ids and Danish names of all areas except the roder. The names of roder are numbers with a prefix."""
    names = column("areas.csv", "area_id") | column("areas.csv", "name_da")
    return {name for name in names if not name.lower().startswith("rode")}


def words_in(text: str, words: set[str]) -> list[str]:
    """Return each place where the text has one of the words, in the form `line: word`.

    The word may be part of a longer name, as in `against_copenhagens_change`. Upper and lower case must match, because
    `Europe/Copenhagen` is a time zone. A word of PLAIN_WORDS is only found if it is in quotes by itself.
    """
    parts = sorted((re.escape(word) for word in words - PLAIN_WORDS), key=len, reverse=True)
    parts += [rf"(?<=['\"]){word}(?=['\"])" for word in sorted(words & PLAIN_WORDS)]
    searched = re.compile("|".join(parts))
    return [
        f"{number}: {match[0]}" for number, line in enumerate(text.splitlines(), 1) for match in searched.finditer(line)
    ]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(places(), id="places"),
        pytest.param(column("measures.csv", "measure"), id="measures"),
        pytest.param(column("crime_types.csv", "crime_type"), id="crime types"),
    ],
)
def test_code_names_no_place_measure_or_crime_type(words: set[str]) -> None:
    named = {
        str(path.relative_to(PROJECT)): lines
        for room in ROOMS
        for path in sorted((PROJECT / room).rglob("*"))
        if path.suffix in {".py", ".sql"} and MADE_UP not in path.parents
        if (lines := words_in(path.read_text(encoding="utf-8"), words))
    }
    assert named == {}, (
        "take the name from reference data: a measure's made_of, a crime type's role, an agreement's area"
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('MUNICIPALITY = "copenhagen"', ["1: copenhagen"]),
        ('reading = "against_copenhagens_change"', ["1: copenhagen"]),
        ("timezone = 'Europe/Copenhagen'", []),
        ("WHERE measure = 'unsafe' AND share > 10", ["1: unsafe"]),
        ("# residents who feel unsafe, and other ones", []),
        ("pc.cast(moments, pa.date32(), safe=False)", []),
        ("\nCASE WHEN measure IN ('unsafe_evening', 'safe')", ["2: unsafe_evening", "2: safe"]),
    ],
)
def test_words_are_found_where_they_are_names(line: str, words: list[str]) -> None:
    assert words_in(line, {"copenhagen", "unsafe", "unsafe_evening", "safe", "other"}) == words


def test_the_words_are_those_of_the_reference_files() -> None:
    assert {"copenhagen", "tingbjerg_husum", "København"} <= places()
    assert not any(name.startswith("rode_") for name in places())
    assert "bydele_above_10_percent_unsafe" in column("measures.csv", "measure")
    assert not PLAIN_WORDS - column("measures.csv", "measure") - column("crime_types.csv", "crime_type")
