"""Write the page docs/CHECKS.md from the rules.

For each check, the page says what is wrong if the check fails, and what to do then. A test fails if the page is out of
date.
"""

from pathlib import Path

from checks.row_rules import RowRule, row_rules
from checks.table_rules import SHAPE, Rule, rules
from warehouse.home import PROJECT

PAGE = PROJECT / "docs" / "CHECKS.md"

HEAD = """# The checks, one by one

`make dictionary` writes this page from `checks/rules/*.yml` and `checks/rows/*.yml`. [The runbook](steward.md) says step by step
what a data steward does with a failed check. If a blocking check fails, nothing is published; a warning does not stop anything.
Every table also has the check [shape](#shape).
"""

SHAPE_SECTION = """## shape

**If it fails.** The table does not have the columns, types, allowed values and unique key of its contract in
`warehouse/tables/`. Blocks the publication; a steward cannot accept or waive it.

**What to do.** Run the edition again (tryghed run EDITION). If the check still fails, it is a fault of the program, unless somebody
changed a file of the store by hand: report it.
"""


def anchor(rule: Rule) -> str:
    """Return the anchor of the rule's section on the page. It is used in links to that section."""
    if rule.name == SHAPE:
        return SHAPE
    return f"{rule.table.replace('.', '')}-{rule.name}"


def render() -> str:
    """Return the page's text: first a section for each rule of a table, then a list of the rules for single rows."""
    table_rules = [rule for of_table in rules().values() for rule in of_table]
    of_rows = [rule for of_table in row_rules().values() for rule in of_table]
    lines = "\n".join(map(_row_rule, of_rows))
    rejected = f"## Rejected rows\n\n| table | rule | a row is rejected if its |\n|---|---|---|\n{lines}\n"
    return "\n".join([HEAD, *map(paragraph, table_rules), SHAPE_SECTION, rejected])


def paragraph(rule: Rule) -> str:
    """Return the rule's section of the page, with its heading."""
    if rule.name == SHAPE:
        return SHAPE_SECTION
    effect = "Blocks the publication" if rule.severity == "error" else "Warns"
    decided = "a steward may accept or waive it" if rule.decidable else "a steward cannot accept or waive it"
    return f"## {rule.table} {rule.name}\n\n**If it fails.** {rule.why} {effect}; {decided}.\n\n**What to do.** {rule.what_to_do}\n"


def _row_rule(rule: RowRule) -> str:
    return f"| {rule.table} | `{rule.name}` | {rule.column} {rule.reason}. |"


def write(page: Path = PAGE) -> None:
    """Write the text of the page to the file `page`, which is docs/CHECKS.md by default."""
    page.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    write()
