"""Builds the published DuckDB file, compares it with the last publication, and renames it into place.

Each publication is a file with its id in the name. The id is a hash of the content alone, so equal content gives the same
publication. `tryghed.duckdb` is always the newest publication. It is replaced in one step, so that no reader is locked out or
reads half a file.
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
    """How many rows a table has, how many of them are made up, and how many differ from the last publication."""

    table: str
    rows: int
    made_up: int
    added: int
    removed: int
    changed: int

    @property
    def none(self) -> bool:
        """Return whether no row differs."""
        return not (self.added or self.removed or self.changed)


@dataclass(frozen=True)
class Publication:
    """A publication: its id, its file, and how it differs from the last publication.

    `stable` is the path of `tryghed.duckdb`, or None if that file could not be replaced.
    """

    publication_id: str
    path: Path
    stable: Path | None
    first: bool
    differences: tuple[Difference, ...]

    @property
    def unchanged(self) -> bool:
        """Return whether the last publication had the same content."""
        return not self.first and all(difference.none for difference in self.differences)


def publish() -> Publication:
    """Build the published file from the store, and replace `tryghed.duckdb` by it.

    If there is already a publication with the same content, it is not built again.
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
    """Return a table's rows in the last publication; no rows if there is no publication, or if it does not have the table."""
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
    """Return how many rows of each table were added, removed and changed. Rows are matched by the table's key."""
    connection = duckdb.connect()
    for name, path in (("new", new), ("old", old)):
        if path:
            _attach(connection, path, name)
    return tuple(_difference(connection, table, old is not None) for table in tables)


def open_published() -> duckdb.DuckDBPyConnection:
    """Open the published file read-only, with its tables under their own names. Raises InputError if there is none."""
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
    """Return 12 hex digits of a hash of the contracts and of the bytes of the store's files."""
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
    """Copy the publication to the stable path, and return that path.

    Return None if the file at that path cannot be replaced because it is open. This happens on network shares.
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
