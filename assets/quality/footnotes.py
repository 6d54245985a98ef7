"""What a reader of an edition's figures should know: the checks that fail in it and let it be published, as footnotes.

They warn, or they block and a steward let them pass. Made late, when all that they look at is there. What readers are told
stands in `checks/rules/`; how many rows fail and which is for the steward alone, as small counts stand among them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd

from assets.asset_checks import fingerprint_of
from assets.decisions.effects import on_check
from assets.tables import each, needs, table_asset
from checks.outcomes import Failure, Judged, judge
from checks.table_rules import Rule, rules
from warehouse.contracts import Row, contracts
from warehouse.decision_file import Decisions, load_decisions

FOOTNOTES = contracts()["quality.footnotes"]
TOLD = {
    table: [rule for rule in of_table if rule.footnote_en]
    for table, of_table in rules().items()
    if any(rule.footnote_en for rule in of_table)
}


def failing_in_store() -> list[Judged]:
    """What the rules with a footnote said when their tables were made, over all editions; those that fail somewhere."""
    return [
        judged
        for table, told_of in TOLD.items()
        for judged in judge(contracts()[table])
        if judged.failures and judged.rule in told_of
    ]


def footnote_rows(failing: list[Judged], edition: int, decided: Decisions) -> list[Row]:
    """Rows of quality.footnotes of an edition."""
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
    """Yield what fails in the store, and the decisions, which all editions have in common."""
    yield failing_in_store(), load_decisions()


def _of_edition(opened: tuple[list[Judged], Decisions], edition: int) -> pd.DataFrame:
    failing, decisions = opened
    return FOOTNOTES.frame(footnote_rows(failing, edition, decisions))


ASSETS = [table_asset(FOOTNOTES, each(_of_edition, _opened), needs(contracts()[table] for table in TOLD))]
