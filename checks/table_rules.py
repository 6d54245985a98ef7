"""Read the rules of each table from `checks/rules/*.yml`. `expectations.py` runs the rules."""

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
    """A rule of a table: either an expectation with its arguments, or a query that selects the failing rows.

    `why` says what is wrong if the rule fails, and why that matters. `what_to_do` names the file to correct or the
    command to run. If the failing rows are in another table, `rows_of` names that table. For example, they may be rows
    that are missing from this table.

    A steward may accept the failure of a `decidable` rule. Only rules about delivered data are decidable. A fault of
    the program has to be reported instead, and a wrong line of a reference file has to be corrected. If a rule can fail
    in published data, it has a footnote that tells readers about the failure.
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
            raise ValueError(f"{self.table}.{self.name}: give either an expectation or a query")
        for footnote in (self.footnote_da, self.footnote_en):
            if (footnote is not None) != (self.severity == "warning" or self.decidable):
                raise ValueError(
                    f"{self.table}.{self.name}: give footnote_da and footnote_en to a rule that warns or is decidable, and to no other"
                )
        return self

    @property
    def key(self) -> tuple[str, ...]:
        """Return the names of the key columns that identify the failing rows."""
        return contracts()[self.rows_of or self.table].key

    @property
    def judges_single_rows(self) -> bool:
        """Return whether the rule judges each row by itself. Such a rule need not run again on an unchanged file."""
        if self.rows_of:
            return False
        if self.sql is None:
            return self.expectation != "ExpectColumnValuesToBeUnique"
        return bool(_SINGLE_ROWS.fullmatch(self.sql.strip()))

    @property
    def looks_at_editions_alone(self) -> bool:
        """Return whether the rule looks at each edition by itself.

        A rule that judges single rows does so. The rule that keys are unique also does so, because each key contains
        its edition, and a file has only one edition.
        """
        return self.judges_single_rows or self.name == KEY_UNIQUE

    @property
    def names(self) -> set[str]:
        """Return all names of the form `schema.table` in the rule's query and in `rows_of`."""
        return set(_NAMES.findall(f"{self.sql} {self.rows_of}"))

    @property
    def description(self) -> str:
        """Return the description of the check for Dagster.

        It says what is wrong if the check fails, whether the check blocks the publication, and what to do.
        """
        effect = "Blocks the publication" if self.severity == "error" else "Does not block"
        return f"If it fails: {self.why} {effect}. What to do: {self.what_to_do}"


def shape_expectations(table: Table) -> list[Rule]:
    """Return rules for the contract's conditions for values: a column has only allowed values, and each key is unique.

    Required columns need no rule here, because `expectations.misshapen_files` finds files that allow empty cells in
    them.
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
    """Return the rule that keys are unique.

    Comparing millions of keys would fill the memory. The rule therefore compares hashes of the keys first. It then
    compares only the keys that have equal hashes.
    """
    if len(table.key) == 1:
        return _shape_rule(table, KEY_UNIQUE, "ExpectColumnValuesToBeUnique", {"column": table.key[0]})
    names = ", ".join(table.key)
    repeated = f"SELECT hash({names}) FROM {{batch}} GROUP BY ALL HAVING count(*) > 1"
    sql = f"SELECT {names} FROM {{batch}} WHERE hash({names}) IN ({repeated}) GROUP BY ALL HAVING count(*) > 1"
    return Rule(table=table.name, name=KEY_UNIQUE, severity="error", sql=sql, why="", what_to_do="")


def shape_rule(table: Table) -> Rule:
    """Return the shape check as a steward sees it: a single rule for all conditions of the contract."""
    return Rule(
        table=table.name,
        name=SHAPE,
        severity="error",
        expectation="Contract",
        why=f"The table does not have the columns, types, allowed values and unique key of its contract in warehouse/tables/{table.schema_name}.yml.",
        what_to_do="Run the edition again ('tryghed run EDITION'). If the check still fails, somebody changed a file of the store by hand, or it is a fault of the program: report it.",
    )


@cache
def rules() -> dict[str, tuple[Rule, ...]]:
    """Return the rules of each table, keyed by the table's name. The rules are in the order of the files.

    Raises ValueError if a file names a table that does not exist.
    """
    by_table: dict[str, tuple[Rule, ...]] = {}
    for path in sorted(RULES.glob("*.yml")):
        for table, entries in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader).items():
            if table not in contracts():
                raise ValueError(
                    f"checks/rules/{path.name}: there is no table {table}: use the name of a table in warehouse/tables/"
                )
            by_table[table] = tuple(Rule(table=table, name=name, **entry) for name, entry in entries.items())
    return by_table


def decidable_rules() -> list[Rule]:
    """Return the decidable rules, in the order of the files. A data steward may decide on a failure of such a rule."""
    return [rule for of_table in rules().values() for rule in of_table if rule.decidable]


def blocking_rules() -> list[tuple[str, str]]:
    """Return a pair of names for each blocking rule: the table's name and the rule's name.

    The pairs are in the order of the files.
    """
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
