"""Tests of the command line: its messages and its exit codes.

A failed command leaves the published file unchanged.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE

import pyarrow.parquet as pq
import pytest

from tests.conftest import Command, tryghed
from tests.delivering import tree
from warehouse.home import PROJECT

FIGURES = "published_figures.csv"


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Return a fault that replaces one text in a reference file."""

    def spoil(reference: Path) -> None:
        path = reference / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return spoil


def emptied(name: str) -> Callable[[Path], None]:
    """Return a fault that empties a reference file."""
    return lambda reference: (reference / name).write_bytes(b"") and None


FAULTS: dict[str, tuple[Callable[[Path], None], int, tuple[str, ...]]] = {
    "a wrong agreement file": (
        replaced("agreements/tingbjerg_husum_2021_2024.yml", "rule: held_at_baseline", "rule: held"),
        2,
        ("tingbjerg_husum_2021_2024.yml, line", "held_at_baseline"),
    ),
    "an unknown area": (
        replaced(FIGURES, "2024,amager_vest,safe,", "2024,amager_east,safe,"),
        1,
        ("area_is_known", "edition 2024", "areas.csv"),
    ),
    "a share of 120": (
        replaced(FIGURES, "2024,copenhagen,safe,bt_2024,88", "2024,copenhagen,safe,bt_2024,120"),
        1,
        ("share_between_0_and_100", "edition 2024", "copenhagen"),
    ),
    "a missing column": (
        replaced(FIGURES, "edition,area_id,measure,", "edition,area_id,"),
        2,
        ("published_figures.csv, line 1", "missing measure"),
    ),
    "an empty file": (emptied("areas.csv"), 2, ("areas.csv", "header")),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_clear_sentence_and_publishes_nothing(home: Path, reference: Path, fault: str) -> None:
    spoil, code, phrases = FAULTS[fault]
    spoil(reference)
    before = tree(home / "published")
    ran = tryghed(home, "run", "2024", reference=reference)
    assert ran.code == code, ran.err
    for phrase in phrases:
        assert phrase in ran.err
    assert "Traceback" not in ran.err + ran.out
    assert tree(home / "published") == before


@pytest.mark.slow
def test_an_edition_at_fault_that_the_run_does_not_make_stops_the_publication_of_all(home: Path) -> None:
    before = tree(home / "published")
    path = home / "store" / "safety" / "yearly_shares" / "2020.parquet"
    table = pq.read_table(path)
    place = table.schema.get_field_index("share_percent")
    pq.write_table(table.set_column(place, table.schema.field(place), [[101.0] * table.num_rows]), path)
    ran = tryghed(home, "run", "2024")
    assert ran.code == 1, ran.err
    assert "FAILED safety.yearly_shares: share_between_0_and_100, edition 2020, rows: " in ran.err
    assert tree(home / "published") == before


@pytest.mark.slow
@pytest.mark.parametrize("damaged", ["store/safety/yearly_shares/2025.parquet", "published/tryghed.duckdb"])
def test_a_damaged_file_is_named_with_what_to_do_and_a_run_makes_it_again(home: Path, damaged: str) -> None:
    path = home / damaged
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content[:300])
    ran = tryghed(home, "run", "2026")
    assert ran.code == 2, ran.err
    assert f"{path.name} is damaged and cannot be read: delete it, then run 'tryghed run'" in ran.err
    assert "Traceback" not in ran.err
    path.unlink()
    assert tryghed(home, "run", "2026").code == 0
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        (("run", "1999"), "1999"),
        (("run", "2090"), "editions.csv"),
        (("run", "twenty"), "twenty"),
        (("report",), "report"),
        (("status", "twenty"), "twenty"),
        (("status",), "tryghed run"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_sentence(tmp_path: Path, arguments: tuple[str, ...], phrase: str) -> None:
    ran = tryghed(tmp_path, *arguments)
    assert ran.code == 2
    assert phrase in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.skipif(not Path("/sys/kernel").exists(), reason="needs a folder in which nobody can write: Linux's /sys")
def test_a_folder_that_cannot_be_written_is_named() -> None:
    ran = tryghed(Path("/sys/kernel/tryghed"), "run")
    assert ran.code == 2
    assert "/sys/kernel/tryghed" in ran.err
    assert "TRYGHED_HOME" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.slow
def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
    environment = os.environ | {"TRYGHED_HOME": str(tmp_path), "TRYGHED_LANGUAGE": "en", "COLUMNS": "120"}
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines", "run"], cwd=PROJECT, env=environment, stdout=PIPE, stderr=PIPE, text=True
    )
    assert process.stdout is not None
    while not process.stdout.readline().startswith("step"):
        pass
    process.send_signal(signal.SIGINT)
    _, message = process.communicate()
    assert process.returncode == 2
    assert message.strip().startswith("Interrupted.")
    assert "Traceback" not in message


def test_help_reads_well(tmp_path: Path) -> None:
    ran = tryghed(tmp_path, "--help")
    assert ran.code == 0
    for phrase in ("Once a year", "run", "status", "ui", "Exit codes"):
        assert phrase in ran.out
    assert all(len(line) <= 120 for line in ran.out.splitlines())


def test_status_of_a_damaged_published_file(home: Path) -> None:
    path = home / "published" / "tryghed.duckdb"
    path.chmod(0o644)
    path.write_text("damaged")
    ran = tryghed(home, "status")
    assert ran.code == 2
    assert "tryghed.duckdb is damaged" in ran.err


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ("not met / not", "Missing deliveries", "30 Jun 2021")),
        ("da", ("ikke opfyldt /", "Manglende leverancer", "Københavns Politi", "30.6.2021")),
    ],
)
def test_the_whole_status_shows_verdicts_and_missing_deliveries(
    stored: Path, language: str, expected: tuple[str, ...]
) -> None:
    ran: Command = tryghed(stored, "status", "--all", language=language)
    assert ran.code == 0, ran.err
    text = " ".join(ran.out.replace("│", " ").split())
    for words in expected:
        assert words in text


@pytest.mark.slow
def test_a_bug_is_no_bad_data(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from assets.methods import shares
    from pipelines import cli

    monkeypatch.setenv("TRYGHED_HOME", str(home))
    monkeypatch.setattr(shares, "published_limits", lambda *_: 1 / 0)
    assert cli.run(["run", "2026"]) == cli.BUG
    assert "ZeroDivisionError" in capsys.readouterr().err
