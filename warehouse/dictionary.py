"""Writes docs/DATA_DICTIONARY.md from the contracts.

A test fails if the file is out of date. `make dictionary` writes the file again.
"""

from pathlib import Path

from warehouse.contracts import Column, Table, contracts
from warehouse.home import PROJECT

PAGE = PROJECT / "docs" / "DATA_DICTIONARY.md"

HEAD = """# Data dictionary

Every table that Tryghed makes, with its columns. The tables of the published file come first; those of the store are never
published, because they have a row for each person or report, or help to make others. The texts of the published tables are also
their comments in `tryghed.duckdb`:
`SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name = 'targets'`. This page is made from
`warehouse/tables/*.yml` with `make dictionary`.
"""


def render() -> str:
    """Return the text of the data dictionary.

    The text lists the published tables, and then the other tables. After the lists, each table has its own section.
    """
    published = [table for table in contracts().values() if table.publish]
    stored = [table for table in contracts().values() if not table.publish]
    lists = [_list("Tables of the published file", published), _list("Tables of the store alone", stored)]
    return "\n".join([HEAD, *lists, *map(_section, [*published, *stored])])


def _list(heading: str, tables: list[Table]) -> str:
    lines = "\n".join(f"| [{table.name}](#{_anchor(table)}) | {table.text} |" for table in tables)
    return f"**{heading}**\n\n| table | text |\n|---|---|\n{lines}\n"


def _section(table: Table) -> str:
    rows = "\n".join(_row(name, column, name in table.key) for name, column in table.columns.items())
    return (
        f"## {table.name}\n\n{table.text.rstrip('.')}.\n\n{table.grain.capitalize()}; "
        f"{'one file per edition' if table.partitioned else 'one file'} in the store; {'published' if table.publish else 'not published'}.\n\n"
        f"| column | type | unit | filled | text |\n|---|---|---|---|---|\n{rows}\n"
    )


def _row(name: str, column: Column, in_key: bool) -> str:
    allowed = f" One of: {', '.join(f'`{value}`' for value in column.allowed)}." if column.allowed else ""
    filled = "key" if in_key else "always" if column.required else ""
    return f"| `{name}` | {column.type} | {column.unit or ''} | {filled} | {column.text.rstrip('.')}.{allowed} |"


def _anchor(table: Table) -> str:
    return table.name.replace(".", "")


def write(page: Path = PAGE) -> None:
    """Write the data dictionary to the file `page`."""
    page.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    write()
