"""Tests of the output of `tryghed extracts check` and `tryghed sample`. Both work before any run."""

import re
from pathlib import Path

import pytest

from assets.extracts.layouts import load_specifications
from assets.extracts.sample.survey_answers import survey_extract
from assets.extracts.sample.writing import write
from tests.conftest import Command, tryghed
from tests.delivering import deliver, reports, tree
from warehouse.reference_files import load_reference

NAME = "anmeldelser.csv"


def plain(command: Command) -> str:
    """Return the printed text of a command without line breaks and without the borders of tables."""
    return re.sub(r"[│┃━┏┓┡┩└┘─┴┬╇\s]+", " ", command.out + command.err)


def test_a_good_file_is_known_with_its_specification_and_where_to_put_it(tmp_path: Path) -> None:
    path = deliver(tmp_path / "mail", 2023, NAME, reports(3))
    command = tryghed(tmp_path, "extracts", "check", str(path))
    assert command.code == 0, command.err
    output = plain(command)
    for words in (
        "anmeldelser.csv: 3 rows (csv). Read with warehouse/reference/extracts/koebenhavns_politi_reports.yml",
        "edition 2023",
        "- Gern.kode → offence_code",
        "0 of 3 rows would be rejected",
        "Next: put the file into",
    ):
        assert words in output
    assert not (tmp_path / "store").exists()


@pytest.mark.slow
def test_a_file_in_its_place_is_not_to_be_moved(tmp_path: Path) -> None:
    path = deliver(tmp_path, 2023, NAME, reports(3))
    output = plain(tryghed(tmp_path, "extracts", "check", str(path)))
    assert "Next: run 'tryghed run'. The file is already in" in output
    assert "put the file into" not in output


@pytest.mark.slow
def test_a_column_that_is_not_asked_this_year_is_said_and_not_guessed(tmp_path: Path) -> None:
    path = write(
        survey_extract(load_specifications()["sikker_by_survey"].for_edition(2022), 1, load_reference()), tmp_path
    )
    output = plain(tryghed(tmp_path, "extracts", "check", str(path)))
    assert "(made up)" in output
    assert "- worry_graffiti: not asked or not delivered in 2022" in output
    assert "- interviewform: not read" in output
    assert "- Interviewform: not read" not in output  # a heading of other files that the specification also ignores


@pytest.mark.slow
def test_rows_that_would_be_rejected_are_named_without_their_values(tmp_path: Path) -> None:
    lines = reports(10)
    lines[3]["Anmeldelsesdato"] = "31-02-2022"
    lines[5]["Gern.kode"] = "marker7"
    path = deliver(tmp_path, 2023, NAME, lines)
    command = tryghed(tmp_path, "extracts", "check", str(path))
    assert command.code == 1
    output = plain(command)
    assert "- Anmeldelsesdato: is not a calendar day in the form 31-01-2021, rows: 1 (first: 5)" in output
    assert "2 of 10 rows would be rejected (20.00 %, and at most 1 % is tolerated)" in output
    assert "a run would stop" in output
    assert "marker7" not in output


@pytest.mark.slow
def test_unmapped_codes_are_listed_with_their_reports(tmp_path: Path) -> None:
    path = deliver(tmp_path, 2023, NAME, reports(3, **{"Gern.kode": "00001"}))
    output = plain(tryghed(tmp_path, "extracts", "check", str(path)))
    assert "offence_codes.csv" in output
    assert "00001 (3)" in output


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Gern.kode": "Kode"}, "columns differ from those of edition 2023 (missing Gern.kode; unknown Kode)"),
        ({"Bydel": "Rode"}, "two columns are called 'Rode'"),
    ],
)
def test_a_file_that_no_run_could_read_ends_with_2_and_one_sentence(
    tmp_path: Path, change: dict[str, str], message: str
) -> None:
    path = deliver(tmp_path, 2023, NAME, reports(3))
    header, rest = path.read_text(encoding="cp1252").split("\n", 1)
    for old, new in change.items():
        header = header.replace(old, new)
    path.write_text(f"{header}\n{rest}", encoding="cp1252")
    command = tryghed(tmp_path, "extracts", "check", str(path))
    assert command.code == 2
    assert message in plain(command)
    assert command.err.count("\n") == 1
    assert not (tmp_path / "store").exists()


def test_the_sample_goes_only_where_nothing_else_lies(tmp_path: Path) -> None:
    deliver(tmp_path, 2023, NAME, reports(1))
    before = tree(tmp_path)
    command = tryghed(tmp_path, "sample")
    assert command.code == 2
    assert f"landing/2023/{NAME}: this is not a made-up file" in command.err
    assert tree(tmp_path) == before
