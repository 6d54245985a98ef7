"""Tests of the sample's own copy of the reference files. The sample's baselines are fixed in this copy only."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from assets.decisions.deciding import By, Entry, write
from assets.extracts.landing import landed_editions
from assets.targets.fixing import fix_baselines
from pipelines.sample_reference import PERSON, changed_since_copied
from tests.conftest import REFERENCE, Command
from tests.delivering import tree
from warehouse.errors import InputError

FIXED = "fixed_baselines.csv"


def lines(folder: Path) -> list[str]:
    return (folder / FIXED).read_text(encoding="utf-8").splitlines()[1:]


@pytest.mark.slow
def test_the_sample_fixes_made_up_baselines_in_its_copy_alone(
    sample_run: tuple[Path, Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRYGHED_HOME", str(sample_run[0]))
    fixed = lines(sample_run[0] / "reference")
    assert len(fixed) >= 8
    assert all(PERSON in line and ",synthetic," in line for line in fixed)
    assert not any(PERSON in line for line in lines(REFERENCE))
    assert changed_since_copied(REFERENCE) == []


@pytest.mark.slow
def test_targets_on_shares_and_crime_have_verdicts_marked_as_made_up(sample_run: tuple[Path, Command]) -> None:
    home, ran = sample_run
    query = """
        SELECT target_id, count(*) FILTER (literal <> 'not_evaluable' AND provenance = 'synthetic')
        FROM targets.verdicts WHERE target_id IN ('1a', '1b', '1c', '1d', '2a', '2b') GROUP BY target_id
    """
    with duckdb.connect(str(home / "published" / "tryghed.duckdb"), read_only=True) as connection:
        judged = dict(connection.execute(query).fetchall())
    assert sorted(judged) == ["1a", "1b", "1c", "1d", "2a", "2b"]
    assert all(judged.values())
    assert "MADE-UP FIGURES" in ran.out
    last_screen = ran.out.split("MADE-UP FIGURES")[1]
    for target_id in judged:
        assert f"\n{target_id} " in last_screen


def test_a_changed_reference_file_is_noticed(tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRYGHED_HOME", str(tmp_path))  # `reference` is then the sample's copy
    assert tree(reference) == tree(REFERENCE)
    with (reference / FIXED).open("a") as file:
        file.write("a line of the sample's\n")
    assert changed_since_copied(REFERENCE) == []
    with (reference / "editions.csv").open("a") as file:
        file.write("another edition\n")
    (reference / "areas.csv").unlink()
    assert changed_since_copied(REFERENCE) == ["areas.csv", "editions.csv"]


def test_made_up_files_without_their_own_reference_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupted `tryghed sample` leaves such files."""
    monkeypatch.setenv("TRYGHED_HOME", str(tmp_path))
    monkeypatch.delenv("TRYGHED_REFERENCE", raising=False)
    (tmp_path / "landing" / "2023").mkdir(parents=True)
    (tmp_path / "landing" / "2023" / "synthetic_svar_2023.csv").touch()
    before = tree(REFERENCE)
    code: Entry = {"about": "unmapped_code", "action": "accept", "edition": 2023, "offence_code": "00001"}
    for command in (
        landed_editions,
        lambda: fix_baselines("tingbjerg_husum_2021_2024", "A. Steward", None, date(2026, 11, 28)),
        lambda: write("code", code, By("A. Steward", "Known.", date(2026, 11, 28), None)),
    ):
        with pytest.raises(InputError, match="have no reference files of their own: run 'tryghed sample'"):
            command()
    assert tree(REFERENCE) == before
    (tmp_path / "reference").mkdir()
    assert landed_editions() == [2023]
