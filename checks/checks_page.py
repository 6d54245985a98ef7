"""Writes docs/CHECKS.md from the rules: each check with why it is there and what to do. A test keeps the page current."""

from pathlib import Path

from checks.row_rules import RowRule, row_rules
from checks.table_rules import SHAPE, Rule, rules
from warehouse.home import PROJECT

PAGE = PROJECT / "docs" / "CHECKS.md"

HEAD = """# The checks, one by one

Made from `checks/rules/*.yml` and `checks/rows/*.yml` (`make dictionary`). What a steward does with a failed check stands in
[the runbook](steward.md). A check that blocks keeps everything from being published; one that warns does not.
Beside these every table has the check [shape](#shape).
"""

SHAPE_SECTION = """## shape

A table has the columns, types, allowed values and key of its contract in `warehouse/tables/`. Blocks the publication; what fails
is a fault of the program, not of the data, unless the file was changed by hand.

**What to do.** Run the edition again; if it stays red, report it.
"""


def anchor(rule: Rule) -> str:
    """The rule's place on the page, as a link to its heading."""
    if rule.name == SHAPE:
        return SHAPE
    return f"{rule.table.replace('.', '')}-{rule.name}"


def render() -> str:
    """Return the page's text: a section for each rule of a table, then the rules that set single rows aside."""
    every = [rule for of_table in rules().values() for rule in of_table]
    of_rows = [rule for of_table in row_rules().values() for rule in of_table]
    rows = "\n".join(map(_row_rule, of_rows))
    aside = f"## Rows that are set aside\n\n| table | rule | a row is set aside where its |\n|---|---|---|\n{rows}\n"
    return "\n".join([HEAD, *map(paragraph, every), SHAPE_SECTION, aside])


def paragraph(rule: Rule) -> str:
    """Return the page's section on the rule, with its heading."""
    if rule.name == SHAPE:
        return SHAPE_SECTION
    effect = "Blocks the publication" if rule.severity == "error" else "Warns"
    decided = "a steward may accept or waive it" if rule.decidable else "what fails is mended, not waived"
    return f"## {rule.table} {rule.name}\n\n{rule.why} {effect}; {decided}.\n\n**What to do.** {rule.what_to_do}\n"


def _row_rule(rule: RowRule) -> str:
    return f"| {rule.table} | `{rule.name}` | {rule.column} {rule.reason}. |"


def write(page: Path = PAGE) -> None:
    """Write the page."""
    page.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    write()
