"""Tests that no personal data from a delivered file leaves the store.

The test plants marker values in free texts, in identifiers and in faulty cells. It then searches everything else that
a run writes: Dagster's records, the published file, the pictures and the command's output.
"""

from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.conftest import tryghed
from tests.extracts.bad_files import (
    ACCOUNTS,
    ACTIVITIES,
    COUNTS,
    GOALS,
    LISTED,
    MEETINGS,
    POPULATION,
    REPORTS,
    SECRET,
    SURVEY,
    Kind,
    Rows,
    good,
    write_csv,
)

pytestmark = pytest.mark.slow

JOURNAL = "0100-75111-99887-22"
MARKERS = (SECRET, JOURNAL, "-99887-")
EDITION = 2023


def marked(kind: Kind) -> Rows:
    """Return a file's rows with a marker in each column of free text.

    A few rows of a long file also have a marker in a cell that must not contain text.
    """
    rows = good(kind, 400 if kind in (SURVEY, REPORTS) else 20)  # residents and accounts have one row a year
    if kind is SURVEY:
        rows = [row | {"Stratum": f"{SECRET} stratum"} for row in rows]
        rows[7] |= {"Vægt": SECRET}
        rows[8] |= {"Tryg i kvarteret": SECRET}
    if kind is REPORTS:
        rows[0] |= {"Journalnummer": JOURNAL, "Rode": f"{SECRET}-rode"}
        rows[9] |= {"Gerningsdato": SECRET}
        rows[10] |= {"Journalnummer": JOURNAL}  # a repeated journal number, so the row is rejected
    if kind is ACTIVITIES:
        rows = [row | {"Ansvarlig": f"{SECRET} ansvarlig"} for row in rows]
    if kind is POPULATION:
        rows = [row | {"kilde": f"{SECRET} kilde"} for row in rows]
    if kind is LISTED:
        rows = [row | {"Boligområde": f"{SECRET} {number}"} for number, row in enumerate(rows)]
    return rows


def texts_of(path: Path) -> list[str]:
    """Return all texts of a published DuckDB file, including the names and comments of its columns."""
    texts = []
    with duckdb.connect(str(path), read_only=True) as connection:
        for schema, table in connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall():
            texts += [repr(row) for row in connection.execute(f'FROM "{schema}"."{table}"').fetchall()]
        texts += [repr(row) for row in connection.execute("FROM duckdb_columns()").fetchall()]
    return texts


def test_no_marker_is_found_in_any_record_metadata_log_picture_or_published_file(home: Path) -> None:
    folder = home / "landing" / str(EDITION)
    folder.mkdir(parents=True)
    for kind in (SURVEY, REPORTS, COUNTS, POPULATION, ACTIVITIES, GOALS, MEETINGS, ACCOUNTS, LISTED):
        write_csv(folder, kind, marked(kind))
    ran = tryghed(home, "run", str(EDITION))
    assert "Traceback" not in ran.err
    stored = duckdb.execute(f"SELECT count(*) FROM '{home}/store/survey/answers/{EDITION}.parquet'").fetchall()
    assert stored == [(398,)], ran.err  # the files were stored, and two rows were rejected
    text_by_place = {f"what the command said {number}": text for number, text in enumerate((ran.out, ran.err))}
    for path in (home / "dagster").rglob("*"):
        if path.is_file():
            text_by_place[str(path.relative_to(home))] = path.read_bytes().decode("utf-8", errors="replace")
    for path in (home / "published").rglob("*"):
        if path.suffix == ".duckdb":
            text_by_place[str(path.relative_to(home))] = "\n".join(texts_of(path))
        elif path.is_file():
            text_by_place[str(path.relative_to(home))] = path.read_text(encoding="utf-8")
    for path in (home / "store").rglob("*.parquet"):
        text_by_place[f"metadata of {path.relative_to(home)}"] = repr(pq.read_schema(path).metadata)
    leaks = {(place, marker) for place, text in text_by_place.items() for marker in MARKERS if marker in text}
    assert not leaks
    assert any(SECRET in path.read_bytes().decode("latin-1") for path in folder.iterdir())
