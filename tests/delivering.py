"""Small deliveries for tests: a data folder with reference tables, files of a few reports, and tables of these reports.

The delivered files are written with Python's csv module, because no test should depend on the project's own writers.
"""

import csv
import hashlib
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import yaml

from assets.extracts.files import delivered_for
from assets.extracts.intake import take_in
from assets.extracts.kept_rows import kept_rows
from assets.extracts.layouts import load_specifications
from assets.lookups import engine_with_lookups
from assets.reference import REFERENCE as TABLES
from assets.sql_tables import MODELS, rows_of_edition
from warehouse import store
from warehouse.contracts import contracts, records
from warehouse.decision_file import load_decisions
from warehouse.reference_files import load_reference

Line = dict[str, str]

REPORT: Line = {
    "Journalnummer": "0100-75111-00001-22",
    "Gern.kode": "75111",
    "Gerningsdato": "02-03-2022",
    "Anmeldelsesdato": "03-03-2022",
    "Udtræksdato": "15-02-2023",
    "Bydel": "Valby",
    "Rode": "",
    "ETRS89 Øst": "",
    "ETRS89 Nord": "",
}
JOURNAL = "0100-75111-{:05d}-22"


def open_home(folder: Path, monkeypatch: pytest.MonkeyPatch, reference: Path | None = None) -> Path:
    """Point TRYGHED_HOME to the folder, write the reference tables into its store, and return the folder.

    If `reference` is given, the reference files in that folder are used. If not, the project's own are used.
    """
    monkeypatch.setenv("TRYGHED_HOME", str(folder))
    if reference:
        monkeypatch.setenv("TRYGHED_REFERENCE", str(reference))
    loaded = load_reference()
    for table in TABLES:
        store.write(table, loaded[table.name])
    # models also read all earlier editions, so each of these tables needs a file for every edition
    for name in ("police.reports", "police.counts", "population.residents"):
        before = contracts()[name]
        for edition in set(range(store.FIRST_EDITION, 2023)) - set(store.stored_editions(before)):
            store.write(before, before.frame([]), edition)
    return folder


def reports(count: int, **changes: str) -> list[Line]:
    """Return reports that no rule rejects, each with its own journal number.

    `changes` replaces cells in all reports; its keys are the headings of the cells.
    """
    return [REPORT | {"Journalnummer": JOURNAL.format(number)} | changes for number in range(1, count + 1)]


def deliver(home: Path, edition: int, name: str, lines: Iterable[Line], encoding: str = "cp1252") -> Path:
    """Write the lines into a file of the edition's landing folder, with semicolons between cells.

    Return the file's path.
    """
    path = home / "landing" / str(edition) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = list(lines)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, lines[0], delimiter=";")
        writer.writeheader()
        writer.writerows(lines)
    return path


def make(edition: int, *names: str) -> None:
    """Take in the edition's files, and make the edition's tables of delivered rows. Then make the tables of `names`."""
    take_in([edition])
    decisions, specifications = load_decisions(), load_specifications()
    with engine_with_lookups() as connection:
        for table in (table for table in contracts().values() if table.delivered):
            files = delivered_for(table, edition, specifications)
            store.write_batches(table, kept_rows(connection, table, files, decisions), edition)
    for name in names:
        write_model(name, edition)


def write_model(name: str, edition: int) -> None:
    """Make one edition of a table. The table's query must be one that makes a single edition."""
    table = contracts()[name]
    with engine_with_lookups() as connection:
        made = rows_of_edition(MODELS[name], table, connection, edition)
        if isinstance(made, pd.DataFrame):
            store.write(table, made, edition)
        else:
            store.write_batches(table, made, edition)


def publish_files(home: Path, edition: int) -> None:
    """Write a published file with one table: quality.files, with the edition's rows."""
    (home / "published").mkdir(exist_ok=True)
    stored = store.path_of(contracts()["quality.files"], edition)
    with duckdb.connect(str(home / "published" / "tryghed.duckdb")) as connection:
        connection.execute("CREATE SCHEMA quality")
        connection.execute(f"CREATE TABLE quality.files AS FROM '{stored}'")


def table(name: str, edition: int) -> pd.DataFrame:
    """Return one edition of a stored table as a frame."""
    return store.read(contracts()[name], [edition])


def rows(name: str, edition: int) -> list[dict[str, object]]:
    """Return the rows of one edition of a stored table as dictionaries."""
    return records(table(name, edition))


def decide(reference: Path, *entries: dict[str, object]) -> None:
    """Write decisions.yml with these entries. A person, a day and a reason are added to each entry."""
    common_fields = {"person": "A. Steward", "decided_on": "2023-05-02", "reason": "The police confirmed it."}
    full = [{"decision_id": f"d{number}", **entry, **common_fields} for number, entry in enumerate(entries, 1)]
    text = yaml.safe_dump({"decisions": full}, allow_unicode=True).replace("'2023-05-02'", "2023-05-02")
    (reference / "decisions.yml").write_text(text, encoding="utf-8")


def sha256(path: Path) -> str:
    """Return the SHA-256 of the file's bytes in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tree(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file in a folder and its subfolders, keyed by the path within the folder."""
    return {str(path.relative_to(folder)): sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def published_in_memory(tables: dict[str, pd.DataFrame]) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB in memory that has every published table, with the rows that `tables` gives.

    The keys of `tables` are short names of tables. A table that is not in `tables` is empty.
    """
    connection = duckdb.connect()
    for table in contracts().values():
        if table.publish:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema_name}")
            connection.execute(table.ddl())
            frame = tables.get(table.short_name)
            if frame is not None and len(frame):
                connection.register("rows", table.arrow(frame))
                connection.execute(f"INSERT INTO {table.name} BY NAME SELECT * FROM rows")
    return connection
