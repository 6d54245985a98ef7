"""Builds a publication from the store, compares it with the previous publication, and replaces `tryghed.duckdb`.

A publication is a DuckDB file that has the publication's id in its name. The id is a hash of the content alone, so
equal content always gets the same id. `tryghed.duckdb` is a copy of the newest publication. This copy is replaced in
one step. Readers are therefore never locked out, and never read half a file.
"""

import filecmp
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.contracts import Row, Table, contracts
from warehouse.errors import InputError, StoreError
from warehouse.home import path_for_reader, published_folder
from warehouse.store import stored_files

NAME = "tryghed.duckdb"
READABLE_FROM = "v1.0.0"


@dataclass(frozen=True)
class Difference:
    """How a table differs from the same table in the previous publication.

    All fields except `table` are counts of rows. `rows` counts all rows of the table, and `made_up` counts its made-up
    rows.
    """

    table: str
    rows: int
    made_up: int
    added: int
    removed: int
    changed: int

    @property
    def none(self) -> bool:
        """Return whether the table has the same rows as in the previous publication."""
        return not (self.added or self.removed or self.changed)


@dataclass(frozen=True)
class Publication:
    """A publication: its id, the path of its file, and its differences from the previous publication.

    `stable` is the path of `tryghed.duckdb`, or None if that file could not be replaced. `first` is true if there is no
    previous publication.
    """

    publication_id: str
    path: Path
    stable: Path | None
    first: bool
    differences: tuple[Difference, ...]

    @property
    def unchanged(self) -> bool:
        """Return whether the previous publication has the same content."""
        return not self.first and all(difference.none for difference in self.differences)


def publish() -> Publication:
    """Build a publication from the store, and replace `tryghed.duckdb` with a copy of the publication.

    If a publication with the same content already exists, no new publication is built, and the existing publication is
    used.
    """
    folder = published_folder()
    folder.mkdir(parents=True, exist_ok=True)
    tables = [table for table in contracts().values() if table.publish]
    publication_id = _content_id(tables)
    path = folder / f"tryghed-{publication_id}.duckdb"
    stable = folder / NAME
    if not path.exists():
        _build(tables, path)
    first = not stable.exists()
    differences = compare(tables, path, None if first else stable)
    return Publication(publication_id, path, _replace(path, stable), first, differences)


def published_rows(table: Table) -> list[Row]:
    """Return the rows that the table has in the last publication.

    Return an empty list if there is no publication, or if the last publication does not have the table.
    """
    if not (published_folder() / NAME).exists():
        return []
    with open_published() as connection:
        has_table = (
            "SELECT 1 FROM duckdb_tables() WHERE database_name = 'published' AND schema_name || '.' || table_name = ?"
        )
        if not connection.execute(has_table, [table.name]).fetchall():
            return []
        result = connection.execute(f"FROM {table.name}")
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def compare(tables: list[Table], new: Path, old: Path | None) -> tuple[Difference, ...]:
    """Compare each table in the new publication with the same table in the old publication. Return the differences.

    Rows with the same key are compared. If `old` is None, all rows count as added.
    """
    connection = duckdb.connect()
    for name, path in (("new", new), ("old", old)):
        if path:
            _attach(connection, path, name)
    return tuple(_difference(connection, table, old is not None) for table in tables)


def open_published() -> duckdb.DuckDBPyConnection:
    """Open the published file read-only, and return the connection.

    Queries name a table by schema and table, for example `reference.areas`. Raises InputError if nothing has been
    published yet.
    """
    path = published_folder() / NAME
    if not path.exists():
        raise InputError("nothing has been published yet: start the yearly run with 'tryghed run'.")
    connection = duckdb.connect()
    _attach(connection, path, "published")
    connection.execute("USE published")
    return connection


def _attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    try:
        connection.execute(f"ATTACH {_quoted(path)} AS {name} (READ_ONLY)")
    except duckdb.Error:
        raise StoreError(
            f"{path_for_reader(path)} is damaged and cannot be read: delete it, then run 'tryghed run', which makes it again."
        ) from None


def _difference(connection: duckdb.DuckDBPyConnection, table: Table, has_old: bool) -> Difference:
    def count(query: str) -> int:
        row = connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    rows, made_up = count(f"SELECT count(*) FROM new.{table.name}"), 0
    if "provenance" in table.columns:
        made_up = count(f"SELECT count(*) FROM new.{table.name} WHERE provenance = 'synthetic'")
    in_old = has_old and count(
        f"SELECT count(*) FROM duckdb_tables() WHERE database_name = 'old' AND schema_name || '.' || table_name = '{table.name}'"
    )
    if not in_old:
        return Difference(table.name, rows, made_up, rows, 0, 0)
    columns = {
        side: {
            name for (name,) in connection.execute(f"SELECT column_name FROM (DESCRIBE {side}.{table.name})").fetchall()
        }
        for side in ("new", "old")
    }
    if not set(table.key) <= columns["old"]:
        return Difference(table.name, rows, made_up, rows, count(f"SELECT count(*) FROM old.{table.name}"), 0)
    keys = ", ".join(f'"{name}"' for name in table.key)
    added = count(
        f"SELECT count(*) FROM (SELECT {keys} FROM new.{table.name} EXCEPT SELECT {keys} FROM old.{table.name})"
    )
    removed = count(
        f"SELECT count(*) FROM (SELECT {keys} FROM old.{table.name} EXCEPT SELECT {keys} FROM new.{table.name})"
    )
    if columns["new"] != columns["old"]:
        return Difference(table.name, rows, made_up, added, removed, rows - added)
    names = ", ".join(f'"{name}"' for name in table.columns)
    added_or_changed = count(
        f"SELECT count(*) FROM (SELECT {names} FROM new.{table.name} EXCEPT SELECT {names} FROM old.{table.name})"
    )
    return Difference(table.name, rows, made_up, added, removed, added_or_changed - added)


def _content_id(tables: list[Table]) -> str:
    """Return the publication's id: the first 12 hex digits of a hash.

    The hash covers the version of DuckDB's file format, the tables' contracts, and the bytes of the tables' files in
    the store.
    """
    digest = hashlib.sha256(READABLE_FROM.encode())
    for table in tables:
        digest.update(table.ddl().encode())
        for path in stored_files(table):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _build(tables: list[Table], path: Path) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    connection = duckdb.connect()
    connection.execute(f"ATTACH {_quoted(temporary)} AS published (STORAGE_VERSION '{READABLE_FROM}')")
    connection.execute("USE published")
    for table in tables:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema_name}")
        connection.execute(table.ddl())
        files = ", ".join(map(_quoted, stored_files(table)))
        if files:
            keys = ", ".join(f'"{name}"' for name in table.key)
            connection.execute(
                f"INSERT INTO {table.name} BY NAME SELECT * FROM read_parquet([{files}]) ORDER BY {keys}"
            )
    connection.execute("USE memory")
    connection.execute("DETACH published")
    connection.close()
    temporary.chmod(0o444)
    temporary.replace(path)


def _replace(path: Path, stable: Path) -> Path | None:
    """Copy the file of a publication to the path `stable`, and return `stable`.

    Return None if the file at `stable` cannot be replaced because a program has opened it. This happens on network
    shares.
    """
    if stable.exists() and filecmp.cmp(path, stable, shallow=False):
        return stable
    temporary = stable.with_name(f".{stable.name}.{os.getpid()}")
    shutil.copyfile(path, temporary)
    temporary.chmod(0o444)
    try:
        temporary.replace(stable)
    except PermissionError:
        temporary.unlink()
        return None
    return stable


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
