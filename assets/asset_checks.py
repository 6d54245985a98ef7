"""The rules of `checks/` as Dagster asset checks: one check per rule, one result per rule and edition.

A table is validated once for all its editions, and the failing rows are told apart by their edition. Errors block what
comes after them, warnings do not. An error in a stored edition that the run did not make blocks too, as every edition is
published together.
"""

import hashlib
from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg

from assets.decisions.effects import on_check
from assets.editions import editions
from assets.tables import expected_trouble, key
from checks.expectations import Outcome, validate_table
from checks.page import PAGE, anchor, paragraph
from checks.rules import Rule, rules, shape_rule
from warehouse import store
from warehouse.contracts import Table, contracts
from warehouse.decision_file import SEEN_LETTERS, CheckDecision, CheckWaived, Decisions, load_decisions, seen_of

SHOWN = 20

Keys = tuple[dict[str, Any], ...]


def checks_of(table: Table) -> dg.AssetChecksDefinition:
    """All checks of one table, in one step."""
    of_table = {rule.name: rule for rule in (shape_rule(table), *rules().get(table.name, ()))}
    specs = [
        dg.AssetCheckSpec(
            name=rule.name,
            asset=key(table),
            description=rule.description,
            blocking=rule.severity == "error",
            partitions_def=editions if table.partitioned else None,
        )
        for rule in of_table.values()
    ]

    @dg.multi_asset_check(
        name=f"check_{table.schema_name}__{table.short_name}", specs=specs, description=f"Checks of {table.name}."
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[Any]:
        with expected_trouble():
            decided = load_decisions()
            outcomes = {outcome.rule.name: outcome for outcome in validate_table(table, rules().get(table.name, ()))}
        wanted = [int(partition) for partition in context.partition_keys] if table.partitioned else [None]
        for name, spec in zip(of_table, specs, strict=True):
            if name in outcomes:  # a file of the wrong shape leaves the other rules without a result
                others = _other_editions_at_fault(table, outcomes[name], wanted)
                yield from (result(table, outcomes[name], edition, decided) for edition in [*wanted, *others])
            yield dg.Output(None, output_name=spec.get_python_identifier())

    return check


def _other_editions_at_fault(table: Table, outcome: Outcome, wanted: list[int] | list[None]) -> list[int]:
    """Editions of the store that break a blocking rule, and that no run has made since."""
    if outcome.rule.severity != "error" or not table.partitioned:
        return []
    at_fault = {key.get("edition") for key in outcome.failing}
    return [edition for edition in store.stored_editions(table) if edition in at_fault and edition not in wanted]


def result(table: Table, outcome: Outcome, edition: int | None, decided: Decisions) -> dg.AssetCheckEvaluation:
    """What a rule found in an edition, as Dagster shows it: green where it holds, or where a decision in force settles it."""
    rule = outcome.rule
    failing = outcome.failing if edition is None else outcome.of_edition(edition)
    seen = fingerprint_of(table, edition) if failing and rule.decidable and edition is not None else None
    decision = on_check(decided, table.name, rule.name, edition, seen) if edition is not None else None
    return dg.AssetCheckEvaluation(
        asset_key=key(table),
        check_name=rule.name,
        passed=not failing or decision is not None,
        severity=dg.AssetCheckSeverity.ERROR if rule.severity == "error" else dg.AssetCheckSeverity.WARN,
        blocking=rule.severity == "error",
        partition=None if edition is None else str(edition),
        description=_settled(decision) if decision else sentence(rule, failing, edition),
        metadata=_metadata(table, outcome, failing, edition, seen, decision),
    )


def fingerprint_of(table: Table, edition: int) -> str:
    """Fingerprint of an edition of a stored table: what somebody saw who decides on a check."""
    files = contracts()["quality.files"]
    of_edition = [edition] if edition in store.stored_editions(files) else []
    came = store.read(files, of_edition) if of_edition else files.frame([])
    seen = seen_of(table, store.read(table, [edition]), came)
    beside = [one for one in contracts().values() if one.schema_name == "reference" and _is_named(one, table)]
    if not beside:
        return seen
    held = [one.fingerprint(store.read(one)) for one in beside if store.stored_files(one)]
    return hashlib.sha256(" ".join([seen, *held]).encode()).hexdigest()


def _is_named(one: Table, table: Table) -> bool:
    """Whether a decidable rule of the table reads another one."""
    return any(one.name in (rule.sql or "") for rule in rules().get(table.name, ()) if rule.decidable)


def _metadata(
    table: Table, outcome: Outcome, failing: Keys, edition: int | None, seen: str | None, decision: CheckDecision | None
) -> dict[str, Any]:
    """What a steward needs to understand the result and to decide; rows by their keys, never a value."""
    rule, checked = outcome.rule, store.rows(table, edition)
    found: dict[str, Any] = {
        "rule": dg.MetadataValue.text(rule.why),
        "severity": "blocks the publication" if rule.severity == "error" else "warns",
        "what to do": dg.MetadataValue.text(rule.what_to_do),
        "runbook": dg.MetadataValue.md(runbook(rule)),
        "rows checked": checked,
        "rows failing": len(failing),
        "share failing %": round(100 * len(failing) / checked, 3) if checked else 0.0,
    }
    if edition is not None and edition - 1 in store.stored_editions(table):
        found["rows checked, edition before"] = store.rows(table, edition - 1)
        found["rows failing, edition before"] = len(outcome.of_edition(edition - 1))
    if failing:
        found["rows"] = _keys(failing)
    if seen and edition is not None:
        found["to decide"] = dg.MetadataValue.text(how_to_decide(rule, edition, seen[:SEEN_LETTERS]))
        found["seen"] = seen[:SEEN_LETTERS]
    if decision:
        found |= {"decision": decision.decision_id, "decided by": decision.person, "reason": decision.reason}
    return found


def runbook(rule: Rule) -> str:
    """The rule's paragraph of the runbook, as Markdown that Dagster opens, and where it stands."""
    return f"{paragraph(rule)}\n(docs/{PAGE.name}#{anchor(rule)}; how to go on from here is in docs/steward.md)"


def how_to_decide(rule: Rule, edition: int, seen: str) -> str:
    """The command that decides on a failed check, to be filled in."""
    return f'tryghed decide check {rule.table} {rule.name} {edition} {seen} --person NAME --reason "..." [--expires-on {date.today().year + 1}-06-01]'


def _settled(decision: CheckDecision) -> str:
    until = f" until {decision.expires_on}" if decision.expires_on else ""
    done = "Waived" if isinstance(decision, CheckWaived) else "Accepted"
    return f"{done}{until} by decision {decision.decision_id} ({decision.person}, {decision.decided_on}): {decision.reason}"


def sentence(rule: Rule, failing: Keys, edition: int | None) -> str:
    """What a check says: nothing to do, or where it fails and what to do."""
    if not failing:
        return "Holds."
    where = "; ".join(", ".join(f"{name} {value}" for name, value in one.items()) for one in failing[:3])
    more = f" and {len(failing) - 3} more" if len(failing) > 3 else ""
    return f"{rule.table}{f', edition {edition}' if edition else ''}: {rule.name} fails at {where}{more}. {rule.what_to_do}"


def _keys(failing: Keys) -> dg.TableMetadataValue:
    columns = list(dict.fromkeys(name for one in failing for name in one))
    rows = [dg.TableRecord({name: str(one.get(name, "")) for name in columns}) for one in failing[:SHOWN]]
    return dg.MetadataValue.table(rows, schema=dg.TableSchema([dg.TableColumn(name) for name in columns]))


CHECKS = [checks_of(table) for table in contracts().values()]
