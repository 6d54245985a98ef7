"""The rules of each table, read from `checks/rules/*.yml`. How a rule is run is in `expectations.py`."""

import re
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from warehouse.contracts import Table, contracts

RULES = Path(__file__).parent / "rules"
SHAPE = "shape"
KEY_UNIQUE = "key_unique"
_OF_SEVERAL_ROWS = "SELECT|FROM|OVER|WINDOW|QUALIFY|GROUP|HAVING|UNION|LIMIT|SAMPLE|today|now|current_date"
_NAMES = re.compile(r"\b[a-z_]+\.[a-z_]+\b")
_SINGLE_ROWS = re.compile(
    rf"SELECT \* FROM \{{batch\}}\s+WHERE (?!.*\b({_OF_SEVERAL_ROWS})\b).*", re.DOTALL | re.IGNORECASE
)


class Rule(BaseModel):
    """One rule of one table: an expectation with its arguments, or a query that selects the rows that break it.

    `rows_of` names another table where the rows that break the rule stand, as when one of its rows has not arrived. A
    steward may accept a `decidable` failure as right: one about delivered data, never about what the program made of
    them, or about a line of our own that can be mended. A footnote tells readers of figures that are published though
    the check fails.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    name: str
    severity: Literal["error", "warning"]
    expectation: str | None = None
    arguments: dict[str, Any] = {}
    sql: str | None = None
    rows_of: str | None = None
    decidable: bool = False
    why: str
    what_to_do: str
    footnote_da: str | None = None
    footnote_en: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Rule":
        if (self.expectation is None) == (self.sql is None):
            raise ValueError(f"{self.table}.{self.name}: give an expectation or a query, and only one of them")
        for footnote in (self.footnote_da, self.footnote_en):
            if (footnote is not None) != (self.severity == "warning" or self.decidable):
                raise ValueError(
                    f"{self.table}.{self.name}: what can fail in published data has a footnote in both languages"
                )
        return self

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that name a row that breaks the rule."""
        return contracts()[self.rows_of or self.table].key

    @property
    def judges_single_rows(self) -> bool:
        """Whether the rule judges each row by that row alone, so that an unchanged file need not be judged again."""
        if self.rows_of:
            return False
        if self.sql is None:
            return self.expectation != "ExpectColumnValuesToBeUnique"
        return bool(_SINGLE_ROWS.fullmatch(self.sql.strip()))

    @property
    def looks_at_editions_alone(self) -> bool:
        """Whether the rule judges each edition by itself: keys hold the edition, and a file has one edition."""
        return self.judges_single_rows or self.name == KEY_UNIQUE

    @property
    def names(self) -> set[str]:
        """All names in the rule's query of the form `schema.table`."""
        return set(_NAMES.findall(f"{self.sql} {self.rows_of}"))

    @property
    def description(self) -> str:
        """Why the rule is there, whether it blocks, and what to do when it fails."""
        effect = "Blocks the publication" if self.severity == "error" else "Does not block"
        return f"{self.why} {effect}. What to do: {self.what_to_do}"


def shape_expectations(table: Table) -> list[Rule]:
    """Return what the contract says of values as rules: allowed values, and one row per key.

    That a cell is filled is said by the file itself, whose column cannot hold an empty one (`expectations.py`).
    """
    rules_of_values = [
        _shape_rule(
            table, f"{name}_allowed", "ExpectColumnValuesToBeInSet", {"column": name, "value_set": list(column.allowed)}
        )
        for name, column in table.columns.items()
        if column.allowed
    ]
    return [*rules_of_values, _key_rule(table)]


def _key_rule(table: Table) -> Rule:
    """Return the rule of one row a key. Only rows of equal hash are compared: millions of keys fill the memory."""
    if len(table.key) == 1:
        return _shape_rule(table, KEY_UNIQUE, "ExpectColumnValuesToBeUnique", {"column": table.key[0]})
    names = ", ".join(table.key)
    met = f"SELECT hash({names}) FROM {{batch}} GROUP BY ALL HAVING count(*) > 1"
    sql = f"SELECT {names} FROM {{batch}} WHERE hash({names}) IN ({met}) GROUP BY ALL HAVING count(*) > 1"
    return Rule(table=table.name, name=KEY_UNIQUE, severity="error", sql=sql, why="", what_to_do="")


def shape_rule(table: Table) -> Rule:
    """Return the shape check as a steward sees it: one rule that stands for all rules of the contract."""
    return Rule(
        table=table.name,
        name=SHAPE,
        severity="error",
        expectation="Contract",
        why=f"The table has the columns, types, allowed values and key of its contract in warehouse/tables/{table.schema_name}.yml.",
        what_to_do="This is a fault of the program, not of the data, unless the file was changed by hand. Run the edition again; if it stays red, report it.",
    )


@cache
def rules() -> dict[str, tuple[Rule, ...]]:
    """Every table's rules by table name, in the order of the files."""
    by_table: dict[str, tuple[Rule, ...]] = {}
    for path in sorted(RULES.glob("*.yml")):
        for table, entries in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader).items():
            if table not in contracts():
                raise ValueError(f"{path.name}: there is no table {table}")
            by_table[table] = tuple(Rule(table=table, name=name, **entry) for name, entry in entries.items())
    return by_table


def decidable_rules() -> list[Rule]:
    """The rules that a steward may decide on, in the order of the files."""
    return [rule for of_table in rules().values() for rule in of_table if rule.decidable]


def blocking_rules() -> list[tuple[str, str]]:
    """The rules that block, as tables and names, in the order of the files."""
    return [(rule.table, rule.name) for of_table in rules().values() for rule in of_table if rule.severity == "error"]


def _shape_rule(table: Table, name: str, expectation: str, arguments: dict[str, Any]) -> Rule:
    return Rule(
        table=table.name,
        name=name,
        severity="error",
        expectation=expectation,
        arguments=arguments,
        why="",
        what_to_do="",
    )
