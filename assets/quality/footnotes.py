"""Make the table of footnotes. A footnote tells readers that a check has failed in a published edition.

Such a check is either a warning, or a blocking check that a data steward let pass. The table is made late in a run,
after all tables that have such checks. `checks/rules/` has the texts of the footnotes. The table does not have the
number or the keys of the failing rows, because these could reveal small counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd

from assets.asset_checks import fingerprint_of
from assets.decisions.decision_effects import on_check
from assets.tables import each, needs, table_asset
from checks.outcomes import Failure, Judged, judge
from checks.table_rules import Rule, rules
from warehouse.contracts import Row, contracts
from warehouse.decision_file import Decisions, load_decisions

FOOTNOTES = contracts()["quality.footnotes"]
FOOTNOTE_RULES = {
    table: [rule for rule in of_table if rule.footnote_en]
    for table, of_table in rules().items()
    if any(rule.footnote_en for rule in of_table)
}


def failing_in_store() -> list[Judged]:
    """Return the results of each rule that has a footnote and fails in at least one edition of the store."""
    return [
        judged
        for table, with_footnote in FOOTNOTE_RULES.items()
        for judged in judge(contracts()[table])
        if judged.failures and judged.rule in with_footnote
    ]


def footnote_rows(failing: list[Judged], edition: int, decided: Decisions) -> list[Row]:
    """Return the edition's rows of quality.footnotes."""
    return [
        _row(judged.rule, failure, edition, decided)
        for judged in failing
        for failure in judged.failures
        if failure.edition == edition
    ]


def _row(rule: Rule, failure: Failure, edition: int, decided: Decisions) -> Row:
    table = contracts()[rule.table]
    fingerprint = fingerprint_of(table, edition) if rule.decidable else None
    decision = on_check(decided, table.name, rule.name, edition, fingerprint)
    return {
        "edition": edition,
        "table_name": table.name,
        "rule": rule.name,
        "text_da": rule.footnote_da,
        "text_en": rule.footnote_en,
        "decision": decision.decision_id if decision else None,
        "provenance": failure.provenance,
    }


@contextmanager
def _opened() -> Iterator[tuple[list[Judged], Decisions]]:
    """Yield the results of `failing_in_store` and the content of `decisions.yml`, read once for all editions."""
    yield failing_in_store(), load_decisions()


def _of_edition(opened: tuple[list[Judged], Decisions], edition: int) -> pd.DataFrame:
    failing, decisions = opened
    return FOOTNOTES.frame(footnote_rows(failing, edition, decisions))


ASSETS = [table_asset(FOOTNOTES, each(_of_edition, _opened), needs(contracts()[table] for table in FOOTNOTE_RULES))]
