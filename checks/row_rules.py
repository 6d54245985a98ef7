"""Read the row rules from `checks/rows/*.yml`. A row rule rejects single delivered rows.

These rules run before a table is made. `quality.rejected_rows` lists each rejected row, with the reason that the rule
gives. Rules for whole tables belong in `checks/rules/`.
"""

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from warehouse.contracts import contracts

ROWS = Path(__file__).parent / "rows"


class RowRule(BaseModel):
    """A rule that rejects single delivered rows.

    The rule has either a condition, which is true for a bad row, or a query. The query reads the rows from `{batch}`,
    and selects the columns `file` and `row` of the bad rows.
    """

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
            raise ValueError(f"{self.table}.{self.name}: give either a condition or a query")
        if self.column not in contracts()[self.table].delivered_columns:
            raise ValueError(
                f"{self.table}.{self.name}: column {self.column} is not delivered: use a column of the table's extracts"
            )
        return self

    def query(self, batch: str) -> str:
        """Return the query that selects the columns `file` and `row` of each bad row.

        `batch` names the table or view to read.
        """
        if self.sql:
            return self.sql.format(batch=batch)
        return f"SELECT file, row FROM {batch} WHERE {self.condition}"


@cache
def row_rules() -> dict[str, tuple[RowRule, ...]]:
    """Return the row rules of each table, keyed by the table's name. The rules are in the order of the files."""
    by_table: dict[str, tuple[RowRule, ...]] = {}
    for path in sorted(ROWS.glob("*.yml")):
        for table, entries in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader).items():
            by_table[table] = tuple(RowRule(table=table, name=name, **entry) for name, entry in entries.items())
    return by_table
