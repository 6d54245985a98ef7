"""Tests of the yearly run on published figures together with made-up delivered files.

The tests make all editions at once, make them one by one, and run with a bad file.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Command, tryghed
from tests.delivering import tree
from warehouse.contracts import contracts
from warehouse.publishing import compare

pytestmark = pytest.mark.slow

PUBLISHED = Path("published") / "tryghed.duckdb"


@pytest.fixture
def sampled(sample_run: tuple[Path, Command]) -> Path:
    """Return the home of the run on the sample. A test must not change this home."""
    home, ran = sample_run
    assert ran.code == 0, ran.err
    return home


def selected(home: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home / PUBLISHED), read_only=True) as connection:
        return connection.execute(query).fetchall()


def stored(home: Path, table: str, query: str) -> list[tuple[object, ...]]:
    schema, name = table.split(".")
    files = f"read_parquet('{home}/store/{schema}/{name}/*.parquet')"
    return duckdb.execute(query.format(rows=files)).fetchall()


def test_the_first_run_says_of_each_file_how_many_rows_were_delivered_kept_and_rejected(
    sample_run: tuple[Path, Command], sampled: Path
) -> None:
    lines = [" ".join(line.split()) for line in sample_run[1].out.splitlines()]
    assert "Files that are new since the last publication" in lines
    query = "SELECT edition, file, rows_delivered, rows_kept, rows_rejected FROM quality.row_counts"
    for edition, file, delivered, kept, rejected in selected(sampled, query):
        assert f"{edition}/{file} {delivered:,} {kept:,} {rejected:,}" in lines


def test_the_run_ends_with_verdicts_a_sentence_per_agreement_and_where_to_look(
    sample_run: tuple[Path, Command],
) -> None:
    last_lines = sample_run[1].out.rsplit("\n\n", 1)[1].replace("\n  ", " ").splitlines()
    verdicts = r"Tingbjerg-Husum Partnership 2021-2024: by the words \d+ met, .* \d+ reported, .*; by the data \d+ .*\."
    assert re.fullmatch(verdicts, last_lines[0])
    assert [line.split(": ")[1] for line in last_lines[1:3]] == ["no targets have been entered."] * 2
    assert [line.split(": ")[0] for line in last_lines[3:6]] == ["Needs a person", "Needs a person", "Where to look"]
    activate = r"The command tryghed is there once you have run 'source \S+/activate'\."
    assert re.fullmatch("" if shutil.which("tryghed") else activate, "".join(last_lines[6:]))


def test_names_are_not_broken_at_80_columns(sample_run: tuple[Path, Command], sampled: Path) -> None:
    out = sample_run[1].out
    assert max(map(len, out.splitlines())) <= 80
    steps = [line for line in out.splitlines() if line.startswith("step") and line.count("  ") > 1]
    assert re.fullmatch(
        r"step  1 of \d+  0:\d\d  reference", next(line for line in steps if line.endswith("reference"))
    )
    assert all(re.fullmatch(r"step +\d+ of \d+  \d+:\d\d  [a-z_.]+", line) for line in steps), steps
    assert any(line.endswith("  commitments.yearly_numbers") for line in steps)


def test_a_warning_is_a_line_that_says_where_whether_it_is_new_and_what_to_do(
    sample_run: tuple[Path, Command], sampled: Path, tmp_path: Path
) -> None:
    warnings = [line for line in sample_run[1].err.splitlines() if line.startswith("WARNING ")]
    assert len({line.split(",")[0] for line in warnings}) == len(warnings) < 12
    assert all(re.search(r", edition [0-9, -]+, rows: [0-9,]+, new\. [A-Z]", line) for line in warnings), warnings
    second_run = tryghed(Path(shutil.copytree(sampled, tmp_path / "home")), "run", "2025")
    known_warnings = [line for line in second_run.err.splitlines() if line.startswith("WARNING ")]
    assert [line.replace("known since the last run", "new") for line in known_warnings] == warnings
    assert "No difference from the last publication." in second_run.out
    assert "Files that are new" not in second_run.out


def test_no_row_is_lost_and_few_are_rejected(sampled: Path) -> None:
    query = "SELECT count(*), sum(rows_rejected), count(*) FILTER (rows_delivered <> rows_kept + rows_rejected) FROM quality.row_counts"
    files, rejected, lost = selected(sampled, query)[0]
    assert lost == 0
    assert files == len([path for path in (sampled / "landing").rglob("[!.]*") if path.is_file()])
    assert isinstance(rejected, int) and rejected > 100


def test_everything_made_of_made_up_files_says_so(sampled: Path) -> None:
    marked = [table for table in contracts().values() if table.columns.get("provenance") and table.partitioned]
    assert {"extracts", "survey", "police", "quality", "activities"} <= {table.schema_name for table in marked}
    for table in (table for table in marked if "published" not in (table.columns["provenance"].allowed or ())):
        assert stored(sampled, table.name, "SELECT DISTINCT provenance FROM {rows}") == [("synthetic",)], table.name
        if table.publish:
            assert selected(sampled, f"SELECT DISTINCT provenance FROM {table.name}") == [("synthetic",)], table.name


def test_reports_of_the_newest_draws_are_statistics_denmarks_totals(sampled: Path) -> None:
    # STRAF11, municipality 101, all offences; later draws differ a little, because the register changes.
    totals = {2016: 102763, 2017: 93446, 2018: 89159, 2019: 93849, 2020: 75750, 2021: 70167, 2022: 81216, 2023: 87978, 2024: 86047}  # fmt: skip
    query = "SELECT crime_year, reports FROM {rows} WHERE counts AND edition = 2025"
    reports_by_year = dict(stored(sampled, "police.draws", query))
    assert set(reports_by_year) == set(totals)
    for year, total in totals.items():
        assert reports_by_year[year] == pytest.approx(total, rel=0.01), year


def test_reports_lie_in_each_partnership_area_as_the_counts_beside_them_say(sampled: Path) -> None:
    """Compare where the reports were placed with the delivered counts.

    The sample counted the reports when it made them up. The run placed the reports by rode, coordinates and area name.
    """
    placed = stored(
        sampled,
        "police.reports",
        "SELECT edition, partnership_area_id, crime_type, count(*) FROM {rows} "
        "WHERE crime_year = edition - 1 AND partnership_area_id IS NOT NULL AND crime_type IS NOT NULL GROUP BY ALL",
    )
    counted = stored(
        sampled,
        "police.counts",
        "SELECT edition, area_id, crime_type, reports FROM {rows} "
        "WHERE area_id <> 'copenhagen' AND crime_type <> 'citizen_facing' AND reports > 0",
    )
    assert {row[1] for row in placed} == {"tingbjerg_husum", "amager_partnership", "folehaven"}
    assert set(placed) == set(counted)


def test_draws_live_side_by_side_and_their_changes_are_a_table(sampled: Path) -> None:
    draws_query = "SELECT count(*) FROM (SELECT extract, crime_year FROM {rows} WHERE edition = 2025 GROUP BY extract, crime_year HAVING count(*) > 1 AND count(*) FILTER (counts) = 1)"
    assert stored(sampled, "police.draws", draws_query)[0][0] > 0  # type: ignore[operator]
    changes_query = "SELECT count(*), sum(added), sum(removed), sum(moved_in) - sum(moved_out) FROM {rows}"
    rows, added, removed, moved = stored(sampled, "police.draw_changes", changes_query)[0]
    assert rows and added and removed
    assert moved == 0


def test_editions_one_by_one_give_what_all_at_once_give(sampled: Path, tmp_path: Path) -> None:
    for folder in ("landing", "reference"):
        shutil.copytree(sampled / folder, tmp_path / folder)
    # The first run makes all editions up to 2022. Each later run makes one edition.
    for edition in range(2022, 2027):
        ran = tryghed(tmp_path, "run", str(edition))
        assert ran.code == 0, ran.err
    tables = [table for table in contracts().values() if table.publish]
    assert all(difference.none for difference in compare(tables, tmp_path / PUBLISHED, sampled / PUBLISHED))


def test_a_second_run_of_an_edition_changes_no_byte(sampled: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(sampled, tmp_path / "home"))
    before = tree(home / "store") | tree(home / "published")
    ran = tryghed(home, "run", "2025")
    assert ran.code == 0, ran.err
    assert "No difference from the last publication" in ran.out
    assert tree(home / "store") | tree(home / "published") == before


BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a web page": (lambda _: b"<!DOCTYPE html><html><body>Session expired</body></html>", "is a web page"),
    "half of it": (lambda content: content[:100_007], "cut off"),
    "another encoding": (lambda content: content.decode("cp1252").encode("utf-16"), "UTF-16"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_is_one_sentence_and_leaves_store_and_published_file_as_they_were(
    sampled: Path, tmp_path: Path, fault: str
) -> None:
    home = Path(shutil.copytree(sampled, tmp_path / "home"))
    path = home / "landing" / "2025" / "synthetic_anmeldelser_2025.csv"
    spoil, phrase = BAD[fault]
    path.write_bytes(spoil(path.read_bytes()))
    before = tree(home / "store") | tree(home / "published")
    ran = tryghed(home, "run", "2025")
    assert ran.code == 2, ran.err
    assert path.name in ran.err
    assert phrase in ran.err
    assert "Traceback" not in ran.err
    assert tree(home / "store") | tree(home / "published") == before
