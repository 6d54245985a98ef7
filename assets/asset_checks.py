"""Turn each rule of `checks/` into a Dagster asset check. In each run, a check has one result for all editions.

The step that makes a table also runs the table's checks and yields the results. If a blocking check fails, the tables
that are made from the checked table are not made. A failed warning stops nothing.

A check fails if any edition in the store breaks the rule, even an edition that the run did not make. The reason is that
all editions are published together.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg

from assets.decisions.decision_effects import on_check
from checks.checks_page import PAGE, anchor, paragraph
from checks.outcomes import KEYS_KEPT, Failure, Judged, judge, rules_of
from checks.table_rules import Rule, rules
from warehouse import store
from warehouse.contracts import Table, contracts
from warehouse.decision_file import SEEN_LETTERS, CheckDecision, CheckWaived, Decisions, load_decisions, seen_of

SHOWN = KEYS_KEPT
FAILING = "failing editions"
FAILS = "fails"
ALL = "all"


@dataclass(frozen=True)
class Finding:
    """The failure of a rule in one edition.

    `seen` is the fingerprint of the edition's content. It is None if no decision can be made about the failure.
    `decision` is the decision that lets the failure pass. It is None if there is no such decision.
    """

    rule: Rule
    failure: Failure
    seen: str | None
    decision: CheckDecision | None

    def sentence(self) -> str:
        """Return a sentence about the failure.

        If a decision lets the failure pass, the sentence says who decided, and why. Otherwise the sentence says where
        the rule fails, and what to do.
        """
        if self.decision:
            return _decided(self.decision)
        keys, edition = self.failure.keys, self.failure.edition
        where = "; ".join(", ".join(f"{name} {value}" for name, value in key.items()) for key in keys[:3])
        more = f" and {self.failure.rows - 3} more" if self.failure.rows > 3 else ""
        subject = f"{self.rule.table}{f', edition {edition}' if edition else ''}"
        return f"{subject}: {self.rule.name} fails at {where}{more}. {self.rule.what_to_do}"


def check_specs(table: Table) -> list[dg.AssetCheckSpec]:
    """Return an `AssetCheckSpec` for each check of a table. The step that makes the table declares these checks."""
    return [
        dg.AssetCheckSpec(
            name=rule.name,
            asset=dg.AssetKey(table.name.split(".")),
            description=rule.description,
            blocking=rule.severity == "error",
        )
        for rule in rules_of(table)
    ]


def check_results(table: Table) -> Iterator[dg.AssetCheckEvaluation | dg.Output[None]]:
    """Run the checks of a table that has been written, and yield the results for Dagster.

    If a stored file has the wrong shape, only the shape check has a result. The function also yields an empty output
    for each check, with or without a result, because Dagster expects one.
    """
    decided, judged = load_decisions(), {judged.rule.name: judged for judged in judge(table)}
    for spec in check_specs(table):
        if spec.name in judged:
            yield result(table, judged[spec.name], decided)
        yield dg.Output(None, output_name=spec.get_python_identifier())


def result(table: Table, judged: Judged, decided: Decisions) -> dg.AssetCheckEvaluation:
    """Return the result of a rule for Dagster.

    The check passes if the rule has no failure, or if a decision lets each failure pass.
    """
    rule = judged.rule
    findings = [_finding(table, rule, failure, decided) for failure in judged.failures]
    findings.sort(key=lambda finding: finding.decision is not None)
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(table.name.split(".")),
        check_name=rule.name,
        passed=all(finding.decision for finding in findings),
        severity=dg.AssetCheckSeverity.ERROR if rule.severity == "error" else dg.AssetCheckSeverity.WARN,
        blocking=rule.severity == "error",
        description="\n".join(finding.sentence() for finding in findings) or "Holds.",
        metadata=_metadata(table, judged, findings),
    )


def undecided(evaluation: dg.AssetCheckEvaluation) -> dict[int | None, int]:
    """Return the editions in which the check fails and no decision lets it pass, each with its number of failing rows.

    If the table has no editions, None takes the place of the edition.
    """
    if evaluation.passed:
        return {}
    editions = evaluation.metadata[FAILING]
    records = editions.records if isinstance(editions, dg.TableMetadataValue) else ()
    failing = [record.data for record in records if record.data["result"] == FAILS]
    return {_edition_of(data["edition"]): int(data["rows failing"] or 0) for data in failing}


def _edition_of(cell: object) -> int | None:
    return None if cell == ALL else int(str(cell))


def fingerprint_of(table: Table, edition: int) -> str:
    """Return the fingerprint of one edition of a table, which a decision about a failed check has to match.

    The fingerprint covers the edition's rows in the table, and the delivered files that may have been used to make
    them. It also covers the reference tables that the table's decidable rules read. A rule is decidable if a data
    steward can let its failure pass.
    """
    files = contracts()["quality.files"]
    of_edition = [edition] if edition in store.stored_editions(files) else []
    files_of_edition = store.read(files, of_edition) if of_edition else files.frame([])
    table_fingerprint = seen_of(table, store.read(table, [edition]), files_of_edition)
    reference_tables = [
        other_table
        for other_table in contracts().values()
        if other_table.schema_name == "reference" and _is_read_by_rules(other_table, table)
    ]
    if not reference_tables:
        return table_fingerprint
    fingerprints = [
        other_table.fingerprint(store.read(other_table))
        for other_table in reference_tables
        if store.stored_files(other_table)
    ]
    return hashlib.sha256(" ".join([table_fingerprint, *fingerprints]).encode()).hexdigest()


def _is_read_by_rules(other_table: Table, table: Table) -> bool:
    """Return whether a decidable rule of `table` reads `other_table`."""
    return any(other_table.name in (rule.sql or "") for rule in rules().get(table.name, ()) if rule.decidable)


def _finding(table: Table, rule: Rule, failure: Failure, decided: Decisions) -> Finding:
    if not rule.decidable or failure.edition is None:
        return Finding(rule, failure, None, None)
    fingerprint = fingerprint_of(table, failure.edition)
    decision = on_check(decided, table.name, rule.name, failure.edition, fingerprint)
    return Finding(rule, failure, fingerprint[:SEEN_LETTERS], decision)


def _metadata(table: Table, judged: Judged, findings: list[Finding]) -> dict[str, Any]:
    """Return the facts about a check's result that a steward needs in order to decide.

    For a failing row, the facts include only the row's key.
    """
    rule = judged.rule
    checked = sum(store.rows(table, edition) for edition in _editions(table))
    failing = sum(failure.rows for failure in judged.failures)
    metadata: dict[str, Any] = {
        "if it fails": dg.MetadataValue.text(rule.why),
        "severity": "blocks the publication" if rule.severity == "error" else "warns",
        "what to do": dg.MetadataValue.text(rule.what_to_do),
        "runbook": dg.MetadataValue.md(runbook(rule)),
        "rows checked": checked,
        "rows failing": failing,
        "share failing %": _percent(failing, checked),
    }
    if not findings:
        return metadata
    metadata[FAILING] = dg.MetadataValue.table(
        [dg.TableRecord(_of_edition(table, judged, finding)) for finding in findings],
        schema=dg.TableSchema([dg.TableColumn(name) for name in _of_edition(table, judged, findings[0])]),
    )
    metadata["rows"] = _keys(findings)
    for finding in findings:
        edition = finding.failure.edition
        if finding.seen and edition is not None:
            metadata[f"to decide, edition {edition}"] = dg.MetadataValue.text(
                how_to_decide(rule, edition, finding.seen)
            )
            metadata[f"seen, edition {edition}"] = finding.seen
    return metadata


def _of_edition(table: Table, judged: Judged, finding: Finding) -> dict[str, str | int | float | bool | None]:
    """Return one edition's row for the table of failing editions on Dagster's page.

    The row has few columns, because the page is narrow.
    """
    failure, decision = finding.failure, finding.decision
    checked = store.rows(table, failure.edition)
    before = failure.edition - 1 if failure.edition is not None else None
    failed_before = judged.in_edition(before) if before is not None else None
    return {
        "edition": str(failure.edition or ALL),
        "result": _past_tense(decision).lower() if decision else FAILS,
        "rows checked": checked,
        "rows failing": failure.rows,
        "failing %": _percent(failure.rows, checked),
        "rows checked before": store.rows(table, before) if before is not None else None,
        "rows failing before": failed_before.rows if failed_before else 0,
    }


def _percent(failing: int, checked: int) -> float:
    return round(100 * failing / checked, 3) if checked else 0.0


def _editions(table: Table) -> list[int] | list[None]:
    return store.stored_editions(table) if table.partitioned else [None]


def runbook(rule: Rule) -> str:
    """Return the section of docs/CHECKS.md about the rule, as Markdown for Dagster's page.

    The last line says where the section is in the docs.
    """
    return f"{paragraph(rule)}\n(docs/{PAGE.name}#{anchor(rule)}; docs/steward.md says what to do step by step)"


def how_to_decide(rule: Rule, edition: int, seen: str) -> str:
    """Return the command that writes a decision about a failed check. The steward fills in a name and a reason."""
    return f'tryghed decide check {rule.table} {rule.name} {edition} {seen} --person NAME --reason "..." [--expires-on {date.today().year + 1}-06-01]'


def _past_tense(decision: CheckDecision) -> str:
    return "Waived" if isinstance(decision, CheckWaived) else "Accepted"


def _decided(decision: CheckDecision) -> str:
    until = f" until {decision.expires_on}" if decision.expires_on else ""
    return f"{_past_tense(decision)}{until} in edition {decision.edition} by decision {decision.decision_id} ({decision.person}, {decision.decided_on}): {decision.reason}"


def _keys(findings: list[Finding]) -> dg.TableMetadataValue:
    """Return a table with the keys of the first failing rows of each edition."""
    keys = [key for finding in findings for key in finding.failure.keys]
    columns = list(dict.fromkeys(name for key in keys for name in key))
    rows = [dg.TableRecord({name: str(key.get(name, "")) for name in columns}) for key in keys]
    return dg.MetadataValue.table(rows, schema=dg.TableSchema([dg.TableColumn(name) for name in columns]))
