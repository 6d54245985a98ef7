"""Where decisions take effect: what a decision of each kind does to rows, cells, codes, shares and checks is said here alone.

Rows and cells are asked about where rows are rejected, shares where a file is taken in or tried, checks where a rule's result
becomes Dagster's and a footnote. Codes are joined in SQL: what decisions do to them is `decided_codes.sql`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assets.extracts.files import DeliveredFile
from assets.extracts.typing_sql import quoted
from warehouse.decision_file import (
    CheckDecision,
    Decisions,
    RowAccepted,
    RowCorrected,
    RowDecision,
    RowDropped,
    ShareAccepted,
)


@dataclass(frozen=True)
class Settled:
    """A fault of a row that a decision settles, and whether the row counts in spite of it."""

    decision_id: str
    counts: bool


def on_row(decision: RowDecision, *, still_at_fault: bool) -> Settled | None:
    """Return what a decision does to a fault of its row; None where a correction does not cure the fault.

    `still_at_fault`: whether the row shows the fault after all corrections.
    """
    match decision:
        case RowAccepted():
            return Settled(decision.decision_id, counts=True)
        case RowDropped():
            return Settled(decision.decision_id, counts=False)
        case RowCorrected():
            return None if still_at_fault else Settled(decision.decision_id, counts=True)
    raise TypeError(f"{type(decision).__name__} is no decision about a row")


def on_cells(corrections: Sequence[RowCorrected]) -> str:
    """Return the SQL that selects the columns of a file's delivered rows, with corrected cells in place."""
    if not corrections:
        return "*"
    replaced = []
    for column in sorted({correction.column for correction in corrections}):
        cells = [correction for correction in corrections if correction.column == column]
        whens = " ".join(f"WHEN {cell.row} THEN {quoted(cell.value)}" for cell in cells)
        replaced.append(f"CASE row {whens} ELSE {column} END AS {column}")
    return f"* REPLACE ({', '.join(replaced)})"


def on_share(decisions: Decisions, file: DeliveredFile, rejected_rows: int) -> bool:
    """Whether a file is taken in: few enough of its rows are rejected, or a decision accepts that they are more.

    A file of which no row can count is no delivery, whatever was accepted.
    """
    if 100 * rejected_rows / file.rows <= file.layout.tolerated_rejected_percent:
        return True
    accepted = decisions.of(ShareAccepted, file.edition)
    return rejected_rows < file.rows and any(decision.holds_for(file.path.name, file.sha256) for decision in accepted)


def on_check(
    decisions: Decisions, table: str, rule: str, edition: int, fingerprint: str | None
) -> CheckDecision | None:
    """Return the decision in force that lets a failed check pass, or None.

    `fingerprint` is that of the table's present content, as a decision holds for what somebody saw; None where the
    check cannot be decided on.
    """
    if fingerprint is None:
        return None
    on_checks = decisions.of(CheckDecision, edition)
    return next((decision for decision in on_checks if decision.settles(table, rule, edition, fingerprint)), None)
