"""Compares an old published file with a new published file, row by row. Both files are only read.

Every table of the old file is compared. A row of the old file is matched with the row of the new file that has the same
key. The comment of the old table names the columns of the key. If several rows of a file have the same key, these rows
are sorted, and then matched in that order.

Two floats are equal if their absolute or relative difference is at most 1e-9. All other values must be identical.
`RENAMES` lists the names that differ between the two files. Columns and tables that only the new file has are printed,
but they do not count as differences.

    python -m benchmarks.same_figures OLD.duckdb NEW.duckdb [--expected EXPECTED.csv]

EXPECTED.csv lists the expected differences. Its header is `table,column,reason,count`. Tables and columns that were
renamed have their new names. If a column has several lines, their counts are added up.

If only one file has a row, the row is counted under the column `(only in old)` or `(only in new)`. A table that the new
file lacks is counted once under the column `(gone)`. A column `name` that the new file lacks is counted once under
`name (gone)`.

The exit code is 0 if the differences are exactly the expected differences. Otherwise the exit code is 1.
"""

import argparse
import csv
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

LISTED = 20
TOLERANCE = 1e-9
ONLY_IN_OLD, ONLY_IN_NEW, GONE = "(only in old)", "(only in new)", "(gone)"


@dataclass(frozen=True)
class Rename:
    """New names for a table, for its columns, or for words in its cells.

    `old` and `new` are the names of the table. `columns` maps a column's old name to its new name. For each column's
    new name, `words` maps the old words in the cells to the new words. A new file can still have the old names.

    `only` is an SQL condition for the rows of the new table that are compared. The old table lacks the other rows.
    """

    old: str
    new: str
    columns: dict[str, str] = field(default_factory=dict)
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    only: str = "TRUE"


RENAMES = (
    Rename(
        old="safety.yearly_changes",
        new="indicators.comparisons",
        columns={},
        words={"compared_with": {"copenhagen": "municipality"}},
        only="""compared_with IN ('edition_before', 'baseline', 'municipality')
            AND measure IN (SELECT measure FROM new.reference.measures WHERE made_of = 'answers')""",
    ),
    Rename(
        old="safety.unsafe_bydele",
        new="safety.unsafe_bydele",
        columns={
            "bydele_above_10_percent": "bydele_above",
            "published_bydele_above_10_percent": "published_bydele_above",
        },
    ),
    Rename(
        old="targets.readings",
        new="targets.readings",
        words={"reading": {"against_copenhagens_change": "against_municipalitys_change"}},
    ),
)


@dataclass(frozen=True)
class Example:
    """A row that differs in a column: the row's key, the column's old value, and the column's new value."""

    key: str
    old: str
    new: str


@dataclass(frozen=True)
class Difference:
    """The rows that differ in one column of a table.

    `count` is the number of these rows, and `examples` has the first of them. Rows that only one file has are counted
    in the column `(only in old)` or `(only in new)`. If the new file lacks the table or the column, `count` is 1.
    """

    table: str
    column: str
    count: int
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """The result of a comparison.

    `rows` has the number of compared rows of each table. `new_tables` has the tables that only the new file has.
    `new_columns` has the columns that only the new file has, keyed by the table's name.
    """

    rows: dict[str, int]
    differences: list[Difference]
    new_tables: list[str]
    new_columns: dict[str, list[str]]


@dataclass(frozen=True)
class Pair:
    """A table that both files have. `table` is the table's new name.

    `columns` maps each column that both files have to True if the column has floats, and to False if not. `gone` lists
    the columns that only the old table has.

    `old_rows` and `new_rows` are SQL queries that select the rows of each file under the new names. Both queries have a
    column `twin`, which numbers the rows that have the same key.
    """

    table: str
    key: list[str]
    columns: dict[str, bool]
    gone: list[str]
    old_rows: str
    new_rows: str

    @property
    def matched(self) -> str:
        """Return the SQL condition that matches a row of the old file with a row of the new file."""
        return " AND ".join(f'o."{name}" IS NOT DISTINCT FROM n."{name}"' for name in [*self.key, "twin"])


def compared(old: Path, new: Path) -> Comparison:
    """Compare two published files, and return the result.

    Raises ValueError if the comment of an old table does not name the key, or if one of the files lacks a column of the
    key.
    """
    with duckdb.connect() as connection:
        for name, path in (("old", old), ("new", new)):
            connection.execute(f"ATTACH '{str(path).replace(chr(39), chr(39) * 2)}' AS {name} (READ_ONLY)")
        old_tables, new_tables = _tables(connection, "old"), _tables(connection, "new")
        renamed = {rename.old: rename for rename in RENAMES if rename.old in old_tables and rename.new in new_tables}
        rows: dict[str, int] = {}
        differences: list[Difference] = []
        new_columns: dict[str, list[str]] = {}
        for old_name in old_tables:
            rename = renamed.get(old_name, Rename(old_name, old_name))
            if rename.new not in new_tables:
                differences.append(Difference(old_name, GONE, 1))
                continue
            rows[rename.new] = _number_of_rows(connection, old_name)
            pair = _pair(connection, rename)
            differences += [Difference(rename.new, f"{name} {GONE}", 1) for name in pair.gone]
            differences += _rows_of_one(connection, pair) + _values(connection, pair)
            columns_of_new = _columns(connection, "new", rename.new)
            if extra := [name for name in columns_of_new if name not in pair.columns]:
                new_columns[rename.new] = extra
    return Comparison(rows, differences, sorted(set(new_tables) - set(rows)), new_columns)


def _tables(connection: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    rows = connection.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY 1", [database]
    ).fetchall()
    return [name for (name,) in rows]


def _columns(connection: duckdb.DuckDBPyConnection, database: str, table: str) -> dict[str, str]:
    """Return the type of each column of a table, keyed by the column's name. The columns are in the table's order."""
    rows = connection.execute(
        """SELECT column_name, data_type FROM duckdb_columns()
        WHERE database_name = ? AND schema_name || '.' || table_name = ? ORDER BY column_index""",
        [database, table],
    ).fetchall()
    return dict(rows)


def _old_key(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Return the columns of the key of a table in the old file.

    The table's comment ends with the key, for example `Key: edition, area_id.` Raises ValueError if the comment has no
    key.
    """
    comment = connection.execute(
        "SELECT comment FROM duckdb_tables() WHERE database_name = 'old' AND schema_name || '.' || table_name = ?",
        [table],
    ).fetchall()[0][0]
    match = re.search(r"Key: ([a-z0-9_, ]+)\.$", comment or "")
    if match is None:
        raise ValueError(
            f"{table}: the table's comment in the old file does not end in its key, such as 'Key: edition.': compare with a file that Tryghed published"
        )
    return match[1].split(", ")


def _pair(connection: duckdb.DuckDBPyConnection, rename: Rename) -> Pair:
    old_columns, new_columns = _columns(connection, "old", rename.old), _columns(connection, "new", rename.new)
    to_new = {name: rename.columns.get(name, name) for name in old_columns}
    to_new |= {name: name for name, new in to_new.items() if new not in new_columns}
    shared = {new: old for old, new in to_new.items() if new in new_columns}
    key = [to_new.get(name, name) for name in _old_key(connection, rename.old)]
    if absent := [name for name in key if name not in shared]:
        raise ValueError(
            f"{rename.new}: not both files have {', '.join(absent)} of the key: add its new name to RENAMES"
        )
    old_values = [f'{_new_word(old, rename.words.get(new, {}))} AS "{new}"' for new, old in shared.items()]
    new_values = [f'{_new_word(new, rename.words.get(new, {}))} AS "{new}"' for new in shared]
    other_columns = [f'"{name}"' for name in shared if name not in key]
    twin = f"row_number() OVER (PARTITION BY {_names(key)} ORDER BY {', '.join(other_columns) or '1'}) AS twin"
    return Pair(
        table=rename.new,
        key=key,
        columns={new: "DOUBLE" in (old_columns[old], new_columns[new]) for new, old in shared.items()},
        gone=[name for name, new in to_new.items() if new not in new_columns],
        old_rows=f"(SELECT *, {twin} FROM (SELECT {', '.join(old_values)} FROM old.{rename.old}))",
        new_rows=f"(SELECT *, {twin} FROM (SELECT {', '.join(new_values)} FROM new.{rename.new} WHERE {rename.only}))",
    )


def _new_word(column: str, words: dict[str, str]) -> str:
    if not words:
        return f'"{column}"'
    return f'CASE "{column}" {" ".join(f"WHEN {_text(old)} THEN {_text(new)}" for old, new in words.items())} ELSE "{column}" END'


def _rows_of_one(connection: duckdb.DuckDBPyConnection, pair: Pair) -> list[Difference]:
    """Return at most two differences: the rows that only the old file has, and the rows that only the new file has."""
    differences = []
    for column, alone, matched in (
        (ONLY_IN_OLD, f"{pair.old_rows} o", f"{pair.new_rows} n"),
        (ONLY_IN_NEW, f"{pair.new_rows} n", f"{pair.old_rows} o"),
    ):
        keys = _names(pair.key, alone[-1])
        rows = connection.execute(
            f"SELECT {keys} FROM {alone} ANTI JOIN {matched} ON {pair.matched} ORDER BY ALL"
        ).fetchall()
        if rows:
            examples = tuple(Example(_key_text(pair.key, row), "", "") for row in rows[:LISTED])
            differences.append(Difference(pair.table, column, len(rows), examples))
    return differences


def _values(connection: duckdb.DuckDBPyConnection, pair: Pair) -> list[Difference]:
    """Compare the rows that both files have. Return a difference for each column in which some of the rows differ."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE matched AS
        SELECT o.* EXCLUDE (twin), {", ".join(f'n."{name}" AS "new {name}"' for name in pair.columns)}
        FROM {pair.old_rows} o JOIN {pair.new_rows} n ON {pair.matched}"""
    )
    differences = []
    for name, is_float in pair.columns.items():
        old, new = f'"{name}"', f'"new {name}"'
        differs = f"{old} IS DISTINCT FROM {new}"
        if is_float:
            near = f"abs({old} - {new}) <= {TOLERANCE} * greatest(1, abs({old}), abs({new}))"
            differs += f" AND NOT coalesce(isfinite({old}) AND isfinite({new}) AND {near}, FALSE)"
        rows = connection.execute(
            f"SELECT {old}, {new}, {_names(pair.key)} FROM matched WHERE {differs} ORDER BY {_names(pair.key)}"
        ).fetchall()
        if rows:
            examples = tuple(Example(_key_text(pair.key, row[2:]), str(row[0]), str(row[1])) for row in rows[:LISTED])
            differences.append(Difference(pair.table, name, len(rows), examples))
    return differences


def _number_of_rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM old.{table}").fetchall()[0][0])


def _names(columns: Sequence[str], alias: str = "") -> str:
    return ", ".join(f'{alias}."{name}"' if alias else f'"{name}"' for name in columns)


def _text(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def _key_text(key: list[str], values: Sequence[object]) -> str:
    return ", ".join(f"{name}={value}" for name, value in zip(key, values, strict=True))


def expected_counts(path: Path) -> Counter[tuple[str, str]]:
    """Return the expected number of differences for each table and column. `path` is the path of EXPECTED.csv.

    Raises ValueError if the header is wrong, if a line has no reason, or if a line's count is not a whole number.
    """
    counts: Counter[tuple[str, str]] = Counter()
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file)
        if lines.fieldnames != ["table", "column", "reason", "count"]:
            raise ValueError(f"{path}: the first line must be table,column,reason,count")
        for number, line in enumerate(lines, 2):
            if not line["reason"] or not (line["count"] or "").isdigit():
                raise ValueError(f"{path}, line {number}: give a reason and a whole number of rows")
            counts[line["table"], line["column"]] += int(line["count"])
    return counts


def unexpected(differences: list[Difference], expected: Counter[tuple[str, str]]) -> list[str]:
    """Return a sentence for each column that has more or fewer differing rows than expected."""
    counts = Counter({(difference.table, difference.column): difference.count for difference in differences})
    return [
        f"{table}, {column}: {counts[table, column]} rows differ, and {expected[table, column]} were expected to"
        for table, column in sorted(counts.keys() | expected.keys())
        if counts[table, column] != expected[table, column]
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare two published files, and print the differences.

    Return 0 if the differences are exactly the expected differences. Otherwise return 1.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.same_figures", description="Compare two published files."
    )
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--expected", type=Path, help="CSV of table,column,reason,count")
    options = parser.parse_args(arguments)
    expected = expected_counts(options.expected) if options.expected else Counter()
    comparison = compared(options.old, options.new)
    for difference in comparison.differences:
        print(f"{difference.table}, {difference.column}: {difference.count} rows")
        for example in difference.examples:
            print(f"    {example.key}" + (f": {example.old} -> {example.new}" if example.old or example.new else ""))
        if difference.count > len(difference.examples) > 0:
            print(f"    and {difference.count - len(difference.examples)} more")
    for table, columns in comparison.new_columns.items():
        print(f"{table} has new columns: {', '.join(columns)}")
    if comparison.new_tables:
        print(f"New tables: {', '.join(comparison.new_tables)}")
    failures = unexpected(comparison.differences, expected)
    print(f"{sum(comparison.rows.values())} rows of {len(comparison.rows)} tables were compared.")
    print("\n".join(failures) or "Nothing differs except what was expected to.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
