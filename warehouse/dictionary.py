"""Writes docs/DATA_DICTIONARY.md from the contracts. A test fails when the page is stale; `make dictionary` updates it."""

from pathlib import Path

from warehouse.contracts import Column, Table, contracts
from warehouse.home import PROJECT

PAGE = PROJECT / "docs" / "DATA_DICTIONARY.md"

HEAD = """# Data dictionary

Every table that Tryghed makes, with its columns. Tables marked "published" are in `tryghed.duckdb`; the others are in the store
alone. The same texts are the comments of the published file:
`SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name = 'targets'`. This page is made from
`warehouse/tables/*.yml` with `make dictionary`.
"""


def render() -> str:
    """Return the page's text: a list of the tables, then a section for each."""
    tables = list(contracts().values())
    contents = "\n".join(f"| [{table.name}](#{_anchor(table)}) | {table.text} |" for table in tables)
    return "\n".join([HEAD, "| table | text |", "|---|---|", contents, "", *(_section(table) for table in tables)])


def _section(table: Table) -> str:
    rows = "\n".join(_row(name, column, name in table.key) for name, column in table.columns.items())
    published = "published" if table.publish else "not published"
    return (
        f"## {table.name}\n\n{table.text.rstrip('.')}.\n\n{table.grain.capitalize()}; "
        f"{'one file per edition' if table.partitioned else 'one file'} in the store; {published}.\n\n"
        f"| column | type | unit | filled | text |\n|---|---|---|---|---|\n{rows}\n"
    )


def _row(name: str, column: Column, in_key: bool) -> str:
    allowed = f" One of: {', '.join(f'`{value}`' for value in column.allowed)}." if column.allowed else ""
    filled = "key" if in_key else "always" if column.required else ""
    return f"| `{name}` | {column.type} | {column.unit or ''} | {filled} | {column.text.rstrip('.')}.{allowed} |"


def _anchor(table: Table) -> str:
    return table.name.replace(".", "")


def write(page: Path = PAGE) -> None:
    """Write the page to the path."""
    page.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    write()
