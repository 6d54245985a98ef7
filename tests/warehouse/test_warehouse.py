"""Tests of the contracts, the store and the published file.

Equal content gives equal bytes. A new publication does not lock out a reader.
"""

import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse import dictionary, publishing, store
from warehouse.contracts import DUCKDB, contracts, read_contracts, records
from warehouse.errors import StoreError
from warehouse.home import PROJECT

TABLE = contracts()["safety.unsafe_bydele"]
ROW = {
    "edition": 2017, "area_id": "copenhagen", "measure": "bydele_above_10_percent_unsafe", "bydele_above": 5, "bydele_surely_above": None,
    "bydele_surely_not_above": None, "published_bydele_above": 5, "bydele_named": 5, "bydele": 13, "status": "normal",
    "provenance": "published", "maturity": "final", "source_lines": "29",
}  # fmt: skip


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRYGHED_HOME", str(tmp_path))
    return tmp_path


# --- contracts ---------------------------------------------------------------------------------------------


def test_the_dictionary_lists_the_published_tables_apart(published: duckdb.DuckDBPyConnection) -> None:
    published_list, stored_list = dictionary.render().split("## ")[0].split("**Tables of the store alone**")
    query = "SELECT schema_name || '.' || table_name FROM duckdb_tables() ORDER BY ALL"
    in_file = [name for (name,) in published.execute(query).fetchall()]
    assert sorted(re.findall(r"^\| \[([a-z_.]+)\]", published_list, re.MULTILINE)) == in_file
    assert not set(in_file) & set(re.findall(r"^\| \[([a-z_.]+)\]", stored_list, re.MULTILINE))


def test_dictionary_is_current() -> None:
    assert dictionary.PAGE.read_text(encoding="utf-8") == dictionary.render(), "run make dictionary"


def test_ddl_gives_types_and_comments_of_the_contract() -> None:
    with duckdb.connect() as connection:
        for table in contracts().values():
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema_name}")
            connection.execute(table.ddl())
            columns = connection.execute(
                "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() "
                f"WHERE schema_name = '{table.schema_name}' AND table_name = '{table.short_name}' ORDER BY column_index"
            ).fetchall()
            assert columns == [
                (name, DUCKDB[column.type], not column.required, column.description)
                for name, column in table.columns.items()
            ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bydele": None}, "bydele"),
        ({"bydele": "thirteen"}, "does not fit"),
        ({"bydele": 12.5}, "does not fit"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_rows_that_break_the_contract_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pq.write_table(TABLE.arrow(TABLE.frame([ROW | change])), pa.BufferOutputStream())


def test_a_missing_column_is_refused() -> None:
    with pytest.raises(ValueError, match="columns missing: \\['bydele'\\]"):
        TABLE.arrow(TABLE.frame([ROW]).drop(columns="bydele"))


@pytest.mark.parametrize(
    ("file", "key", "message"),
    [("safety.yml", "colour", "the key"), ("crime.yml", "edition", "belongs to another schema's file")],
)
def test_a_contract_that_contradicts_itself_is_refused(tmp_path: Path, file: str, key: str, message: str) -> None:
    (tmp_path / file).write_text(
        f"safety.x: {{text: t, grain: g, key: [{key}], publish: true, columns: {{edition: {{type: integer, text: e}}}}}}",
        encoding="utf-8",
    )
    with pytest.raises(ValueError, match=message):
        read_contracts(tmp_path)


def test_every_table_that_is_made_of_files_says_whether_they_were_made_up() -> None:
    made_of_files = {"extracts", "survey", "police", "population", "activities", "commitments", "quality"}
    tables = [table for table in contracts().values() if table.schema_name in made_of_files]
    silent = {table.name for table in tables if not (column := table.columns.get("provenance")) or not column.required}
    # these tables are made from entries that people wrote
    assert silent == {
        "quality.decisions",
        "quality.file_decisions",
        "quality.footnotes",
    }


def test_short_names_are_unique_as_assets_are_called_by_them() -> None:
    names = [table.short_name for table in contracts().values()]
    assert len(names) == len(set(names))


# --- store -------------------------------------------------------------------------------------------------


def test_whoever_writes_while_another_run_does_waits_for_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRYGHED_HOME", str(tmp_path / "home"))
    code = "import time; from warehouse import store; store.hold(); print('held', flush=True); time.sleep(2)"
    environment = dict(os.environ)
    calls: list[str] = []
    with subprocess.Popen([sys.executable, "-c", code], env=environment, cwd=PROJECT, stdout=subprocess.PIPE) as writer:
        assert writer.stdout and writer.stdout.readline().strip() == b"held"
        store.hold(lambda: calls.append("waits"))
        assert writer.poll() is not None or writer.wait(5) == 0
    store.hold(lambda: calls.append("waits again"))
    assert calls == ["waits"]


def test_store_gives_back_what_was_written_in_the_order_of_the_key(own_home: Path) -> None:
    rows = [ROW | {"area_id": area} for area in ("valby", "copenhagen")]
    assert store.write(TABLE, TABLE.frame(rows), 2017) == 2
    assert records(store.read(TABLE, [2017])) == rows[::-1]
    assert store.rows(TABLE, 2017) == 2
    assert store.rows(TABLE, 2018) == 0


def test_same_content_is_the_same_bytes(own_home: Path) -> None:
    rows = [ROW | {"area_id": area} for area in ("valby", "copenhagen", "vanloese")]
    contents = set()
    for order in (rows, rows[::-1]):
        store.write(TABLE, TABLE.frame(order), 2017)
        contents.add(store.path_of(TABLE, 2017).read_bytes())
    assert len(contents) == 1


def test_nothing_good_is_replaced_by_nothing(own_home: Path) -> None:
    store.write(TABLE, TABLE.frame([ROW]), 2017)
    with pytest.raises(
        StoreError, match=r"safety.unsafe_bydele, edition 2017: .* delete .*store/safety/unsafe_bydele/2017.parquet"
    ):
        store.write(TABLE, TABLE.frame([]), 2017)
    assert store.rows(TABLE, 2017) == 1


def test_an_edition_that_is_not_there_is_named(own_home: Path) -> None:
    store.write(TABLE, TABLE.frame([ROW]), 2017)
    with pytest.raises(StoreError, match="edition 2018 is not in the store"):
        store.read(TABLE, [2017, 2018])


def test_an_interrupted_write_leaves_the_old_file(own_home: Path) -> None:
    store.write(TABLE, TABLE.frame([ROW]), 2017)
    before = store.path_of(TABLE, 2017).read_bytes()

    def interrupted_batches() -> Iterator[pa.RecordBatch]:
        yield from TABLE.arrow(TABLE.frame([ROW | {"bydele": 12}])).to_batches()
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        store.write_batches(TABLE, interrupted_batches(), 2017)
    assert store.path_of(TABLE, 2017).read_bytes() == before
    assert store.stored_editions(TABLE) == [2017]


def test_the_store_is_closed_to_others(own_home: Path) -> None:
    store.write(TABLE, TABLE.frame([ROW]), 2017)
    assert not stat.S_IMODE((own_home / "store").stat().st_mode) & 0o007


# --- published file ----------------------------------------------------------------------------------------


@pytest.fixture
def in_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRYGHED_HOME", str(home))
    return home


def change_sources(rows: int = 0) -> None:
    """Change one title in the stored table reference.sources, and add this number of rows to the table."""
    table = contracts()["reference.sources"]
    frame = store.read(table)
    frame.loc[0, "title"] = "Another title"
    longer_frame = pd.concat([frame, *(frame.head(1).assign(source_id=f"more_{number}") for number in range(rows))])
    store.write(table, longer_frame)


def test_same_content_is_the_same_publication(in_home: Path) -> None:
    stable = in_home / "published" / publishing.NAME
    hash_before, modified_at = hashlib.sha256(stable.read_bytes()).hexdigest(), stable.stat().st_mtime
    publication = publishing.publish()
    assert publication.unchanged
    assert hashlib.sha256(stable.read_bytes()).hexdigest() == hash_before
    assert len(list(stable.parent.glob("*.duckdb"))) == 2
    assert stable.stat().st_mtime == modified_at


def test_changed_content_is_another_publication_and_says_what_changed(in_home: Path) -> None:
    first = publishing.publish()
    change_sources(rows=2)
    second = publishing.publish()
    assert second.publication_id != first.publication_id
    assert first.path.exists()
    counts_by_table = {
        difference.table: (difference.added, difference.removed, difference.changed)
        for difference in second.differences
        if not difference.none
    }
    assert counts_by_table == {"reference.sources": (2, 0, 1)}
    differences_back = publishing.compare([contracts()["reference.sources"]], first.path, second.path)
    assert [(difference.added, difference.removed, difference.changed) for difference in differences_back] == [
        (0, 2, 1)
    ]


def test_a_reader_in_another_process_is_not_locked_out(in_home: Path) -> None:
    stable = in_home / "published" / publishing.NAME
    reading = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); input(); "
        "print(c.sql('SELECT count(*) FROM reference.sources').fetchone()[0])"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", reading, str(stable)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "open\n"
    before = store.rows(contracts()["reference.sources"])
    change_sources(rows=3)
    assert publishing.publish().stable == stable
    with duckdb.connect(str(stable), read_only=True) as fresh:
        assert fresh.execute("SELECT count(*) FROM reference.sources").fetchone() == (before + 3,)
    output, _ = reader.communicate("go on\n", timeout=30)
    assert output == f"{before}\n"


def test_a_build_that_fails_leaves_yesterdays_file(in_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stable = in_home / "published" / publishing.NAME
    before = stable.read_bytes()
    change_sources()
    monkeypatch.setattr(Path, "chmod", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publishing.publish()
    assert stable.read_bytes() == before


def test_where_the_stable_name_cannot_be_replaced_the_run_says_so(
    in_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_sources()
    replace = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if target.name == publishing.NAME:
            raise PermissionError
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    publication = publishing.publish()
    assert publication.stable is None
    assert publication.path.exists()


def test_a_key_that_grew_since_the_last_publication_is_another_table(in_home: Path) -> None:
    first = publishing.publish()
    table = contracts()["reference.sources"]
    old = in_home / "old.duckdb"
    with duckdb.connect(str(old)) as connection:
        connection.execute(
            "CREATE SCHEMA reference; CREATE TABLE reference.sources (name VARCHAR); INSERT INTO reference.sources VALUES ('x')"
        )
    (difference,) = publishing.compare([table], first.path, old)
    assert (difference.added, difference.removed) == (difference.rows, 1)


def test_a_home_with_an_apostrophe(stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "the analyst's"
    shutil.copytree(stored, own)
    monkeypatch.setenv("TRYGHED_HOME", str(own))
    change_sources()
    assert publishing.publish().stable == own / "published" / publishing.NAME


def test_a_client_of_duckdb_1_0_reads_every_table(stored: Path) -> None:
    old = PROJECT / ".venv" / "duckdb-1.0"
    if not old.exists():
        pytest.skip("DuckDB 1.0 is not installed: make test installs it on Python 3.11 and 3.12")
    code = (
        "import duckdb, sys; assert duckdb.__version__ == '1.0.0', duckdb.__version__\n"
        "c = duckdb.connect(sys.argv[1], read_only=True)\n"
        "for name in sys.argv[2:]: c.sql(f'SELECT * FROM {name}').fetchall()\n"
        'print(c.sql("SELECT count(*) FROM duckdb_columns() WHERE comment IS NOT NULL").fetchone()[0])'
    )
    names = [table.name for table in contracts().values() if table.publish]
    process = subprocess.run(
        [sys.executable, "-c", code, str(stored / "published" / publishing.NAME), *names],
        env=os.environ | {"PYTHONPATH": str(old)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    assert int(process.stdout) == sum(len(table.columns) for table in contracts().values() if table.publish)
