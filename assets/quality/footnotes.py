"""What a reader of an edition's figures should know: the checks that fail in it and let it be published, as footnotes.

They warn, or they block and a steward let them pass. Made late, when all that they look at is there. What readers are told
stands in `checks/rules/`; how many rows fail and which is for the steward alone, as small counts stand among them.
"""

import dagster as dg

from assets.asset_checks import fingerprint_of
from assets.decisions.effects import on_check
from assets.editions import editions
from assets.tables import describe, expected_trouble, needs, told
from checks.expectations import Outcome, validate_table
from checks.rules import rules
from warehouse import store
from warehouse.contracts import Row, Table, contracts
from warehouse.decision_file import Decisions, load_decisions

FOOTNOTES = contracts()["quality.footnotes"]
TOLD = {
    table: [rule for rule in of_table if rule.footnote_en]
    for table, of_table in rules().items()
    if any(rule.footnote_en for rule in of_table)
}


def found_in_store() -> list[Outcome]:
    """What every rule with a footnote found in the store, over all editions."""
    return [
        outcome
        for table, told_of in TOLD.items()
        for outcome in validate_table(contracts()[table], told_of)
        if outcome.rule in told_of
    ]


def footnote_rows(found: list[Outcome], edition: int, decided: Decisions) -> list[Row]:
    """Rows of quality.footnotes of an edition."""
    return [_row(outcome, edition, decided) for outcome in found if outcome.of_edition(edition)]


def _row(outcome: Outcome, edition: int, decided: Decisions) -> Row:
    rule, table = outcome.rule, contracts()[outcome.rule.table]
    fingerprint = fingerprint_of(table, edition) if rule.decidable else None
    decision = on_check(decided, table.name, rule.name, edition, fingerprint)
    return {
        "edition": edition,
        "table_name": table.name,
        "rule": rule.name,
        "text_da": rule.footnote_da,
        "text_en": rule.footnote_en,
        "decision": decision.decision_id if decision else None,
        "provenance": _provenance(table, outcome, edition),
    }


def _provenance(table: Table, outcome: Outcome, edition: int) -> str | None:
    """Where the failing rows come from: made up as soon as one of them is."""
    if table.schema_name == "reference":
        return "published"
    if "provenance" not in table.columns:
        return None
    rows = store.read(table, [edition])
    names = [name for name in table.key if name != "edition"]
    failing = {tuple(key[name] for name in names) for key in outcome.of_edition(edition)}
    of_failing = [place in failing for place in rows[names].itertuples(index=False, name=None)]
    return str(rows["provenance"][of_failing].max())


@dg.asset(
    **describe(FOOTNOTES),
    partitions_def=editions,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=needs(contracts()[table] for table in TOLD),
)
def footnotes(context: dg.AssetExecutionContext) -> None:
    """Edition by edition, of one look at all of them."""
    with expected_trouble():
        found, decided = found_in_store(), load_decisions()
    for edition in map(int, context.partition_keys):
        rows = store.write(FOOTNOTES, FOOTNOTES.frame(footnote_rows(found, edition, decided)), edition)
        told(context, FOOTNOTES, edition, rows)


ASSETS = [footnotes]
