"""The rules that set single rows of an extract aside, read from `checks/rows/*.yml`.

They are applied before a table is made; what must hold of a whole table is a rule of `checks/rules/`. A row of a
file is set aside with the rule's reason, and counted.
"""

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from warehouse.contracts import contracts

ROWS = Path(__file__).parent / "rows"


class RowRule(BaseModel):
    """A condition that is true of a bad row, or a query of `{batch}` for the `file` and `row` of the bad ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    name: str
    column: str
    condition: str | None = None
    sql: str | None = None
    reason: str

    @model_validator(mode="after")
    def _one_kind(self) -> "RowRule":
        if (self.condition is None) == (self.sql is None):
            raise ValueError(f"{self.table}.{self.name}: give a condition or a query, and only one of them")
        if self.column not in contracts()[self.table].delivered_columns:
            raise ValueError(f"{self.table}.{self.name}: {self.column} is no column that is delivered")
        return self

    def query(self, batch: str) -> str:
        """The query for file and row of the bad rows."""
        if self.sql:
            return self.sql.format(batch=batch)
        return f"SELECT file, row FROM {batch} WHERE {self.condition}"


@cache
def row_rules() -> dict[str, tuple[RowRule, ...]]:
    """Every table's row rules by table name, in the order of the files."""
    by_table: dict[str, tuple[RowRule, ...]] = {}
    for path in sorted(ROWS.glob("*.yml")):
        for table, entries in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader).items():
            by_table[table] = tuple(RowRule(table=table, name=name, **entry) for name, entry in entries.items())
    return by_table
