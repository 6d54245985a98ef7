"""Tests of the first look at the landing folder, which happens before a run.

The first look names bad files at once. It skips the files that the store already has.
"""

import shutil
from pathlib import Path

import pytest

from pipelines.first_look import bad_files
from tests.conftest import tryghed
from tests.delivering import deliver, make, open_home, reports
from warehouse.home import PROJECT, path_for_reader

EDITIONS = range(2009, 2027)
REFERENCE = PROJECT / "warehouse" / "reference"


@pytest.fixture
def landed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = open_home(tmp_path / "home", monkeypatch, REFERENCE)
    deliver(home, 2023, "anmeldelser_2023.csv", reports(3))
    return home


def looked_at(home: Path) -> tuple[list[str], list[tuple[int, int]]]:
    calls: list[tuple[int, int]] = []
    return bad_files(EDITIONS, lambda number, files: calls.append((number, files))), calls


def test_good_files_give_no_sentence(landed: Path) -> None:
    assert looked_at(landed) == ([], [(1, 1)])


def test_every_bad_file_is_named_the_newest_edition_first(landed: Path) -> None:
    for edition in (2022, 2024):
        deliver(landed, edition, "svar.csv", [{"a": "1", "b": "2"}])
    sentences, calls = looked_at(landed)
    assert [sentence.split(": ")[0] for sentence in sentences] == [
        path_for_reader(landed / "landing" / edition / "svar.csv") for edition in ("2024", "2022")
    ]
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_files_of_editions_that_the_run_does_not_make_are_left_alone(landed: Path) -> None:
    deliver(landed, 2022, "svar.csv", [{"a": "1", "b": "2"}])
    assert bad_files(range(2023, 2027), lambda *_: None) == []


def test_a_file_that_the_store_has_is_not_looked_at_again(landed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(2023)
    monkeypatch.setattr("pipelines.first_look.look_into", lambda *_: pytest.fail("looked at a known file"))
    assert looked_at(landed) == ([], [(1, 1)])


def test_a_delivered_file_beside_the_samples_reference_files_is_refused(
    landed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRYGHED_REFERENCE")
    shutil.copytree(REFERENCE, landed / "reference")
    (sentence,), _ = looked_at(landed)
    assert (
        "anmeldelser_2023.csv" in sentence
        and "made-up sample" in sentence
        and path_for_reader(landed / "reference") in sentence
    )
    ran = tryghed(landed, "run")
    assert ran.code == 2
    assert "made-up sample" in ran.err


def test_a_run_names_a_bad_file_before_it_loads_dagster_and_changes_nothing(landed: Path) -> None:
    deliver(landed, 2024, "svar.csv", [{"a": "1", "b": "2"}])
    ran = tryghed(landed, "run", reference=REFERENCE)
    assert ran.code == 2
    assert ran.err.startswith(f"{path_for_reader(landed)}/landing/2024/svar.csv: ")
    assert ran.err.endswith("correct this and run again.\n")
    assert not (landed / "dagster").exists()
    danish = tryghed(landed, "run", reference=REFERENCE, language="da")
    assert danish.err.endswith("Ret det, og kør igen.\n")
