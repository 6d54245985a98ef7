"""The rules of `checks/` as Dagster asset checks: one check per rule, one result per rule and edition.

A table is validated once for all its editions, and the failing rows are told apart by their edition. Errors block what
comes after them, warnings do not. An error in a stored edition that the run did not make blocks too, as every edition is
published together.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.editions import editions
from assets.tables import expected_trouble, key
from checks.expectations import Outcome, validate_table
from checks.rules import Rule, rules, shape_rule
from warehouse import store
from warehouse.contracts import Table, contracts

SHOWN = 20


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
            outcomes = {outcome.rule.name: outcome for outcome in validate_table(table, rules().get(table.name, ()))}
        wanted = [int(partition) for partition in context.partition_keys] if table.partitioned else [None]
        for name, spec in zip(of_table, specs, strict=True):
            if name in outcomes:  # a file of the wrong shape leaves the other rules without a result
                others = _other_editions_at_fault(table, outcomes[name], wanted)
                yield from (_result(table, outcomes[name], edition) for edition in [*wanted, *others])
            yield dg.Output(None, output_name=spec.get_python_identifier())

    return check


def _other_editions_at_fault(table: Table, outcome: Outcome, wanted: list[int] | list[None]) -> list[int]:
    """Editions of the store that break a blocking rule, and that no run has made since."""
    if outcome.rule.severity != "error" or not table.partitioned:
        return []
    at_fault = {key.get("edition") for key in outcome.failing}
    return [edition for edition in store.stored_editions(table) if edition in at_fault and edition not in wanted]


def _result(table: Table, outcome: Outcome, edition: int | None) -> dg.AssetCheckEvaluation:
    rule = outcome.rule
    failing = outcome.failing if edition is None else outcome.of_edition(edition)
    return dg.AssetCheckEvaluation(
        asset_key=key(table),
        check_name=rule.name,
        passed=not failing,
        severity=dg.AssetCheckSeverity.ERROR if rule.severity == "error" else dg.AssetCheckSeverity.WARN,
        blocking=rule.severity == "error",
        partition=None if edition is None else str(edition),
        description=sentence(rule, failing, edition),
        metadata={
            "rule": dg.MetadataValue.text(rule.why),
            "severity": rule.severity,
            "what to do": dg.MetadataValue.text(rule.what_to_do),
            "rows checked": store.rows(table, edition),
            "rows failing": len(failing),
            **({"rows": _keys(failing)} if failing else {}),
        },
    )


def sentence(rule: Rule, failing: tuple[dict[str, Any], ...], edition: int | None) -> str:
    """What a check says: nothing to do, or where it fails and what to do."""
    if not failing:
        return "Holds."
    where = "; ".join(", ".join(f"{name} {value}" for name, value in one.items()) for one in failing[:3])
    more = f" and {len(failing) - 3} more" if len(failing) > 3 else ""
    return f"{rule.table}{f', edition {edition}' if edition else ''}: {rule.name} fails at {where}{more}. {rule.what_to_do}"


def _keys(failing: tuple[dict[str, Any], ...]) -> dg.TableMetadataValue:
    columns = list(dict.fromkeys(name for one in failing for name in one))
    rows = [dg.TableRecord({name: str(one.get(name, "")) for name in columns}) for one in failing[:SHOWN]]
    return dg.MetadataValue.table(rows, schema=dg.TableSchema([dg.TableColumn(name) for name in columns]))


CHECKS = [checks_of(table) for table in contracts().values()]
