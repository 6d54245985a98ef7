"""The effects of decisions on rows, cells, shares and checks. No other module decides what a decision does.

The modules that reject rows, read files, report checks and write footnotes call these functions. The effect on offence
codes is a join in SQL, `decided_codes.sql`.
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
    """A decision on a fault of a row: its id, and whether the row is kept in spite of the fault."""

    decision_id: str
    counts: bool


def on_row(decision: RowDecision, *, still_at_fault: bool) -> Settled | None:
    """Return the effect of a decision on a fault of its row; None if a correction does not remove the fault.

    `still_at_fault`: whether the row has the fault after all corrections.
    """
    match decision:
        case RowAccepted():
            return Settled(decision.decision_id, counts=True)
        case RowDropped():
            return Settled(decision.decision_id, counts=False)
        case RowCorrected():
            return None if still_at_fault else Settled(decision.decision_id, counts=True)
    raise TypeError(f"{type(decision).__name__} is not a decision on a row")


def on_cells(corrections: Sequence[RowCorrected]) -> str:
    """Return the column list of a SELECT from delivered rows, with the corrected cells in place."""
    if not corrections:
        return "*"
    replaced = []
    for column in sorted({correction.column for correction in corrections}):
        cells = [correction for correction in corrections if correction.column == column]
        whens = " ".join(f"WHEN {cell.row} THEN {quoted(cell.value)}" for cell in cells)
        replaced.append(f"CASE row {whens} ELSE {column} END AS {column}")
    return f"* REPLACE ({', '.join(replaced)})"


def on_share(decisions: Decisions, file: DeliveredFile, rejected_rows: int) -> bool:
    """Whether a run takes a file in: few enough of its rows are rejected, or a decision accepts their share.

    A file is never taken in if all its rows are rejected.
    """
    if 100 * rejected_rows / file.rows <= file.layout.tolerated_rejected_percent:
        return True
    accepted = decisions.of(ShareAccepted, file.edition)
    return rejected_rows < file.rows and any(decision.holds_for(file.path.name, file.sha256) for decision in accepted)


def on_check(
    decisions: Decisions, table: str, rule: str, edition: int, fingerprint: str | None
) -> CheckDecision | None:
    """Return the decision in force that lets a failed check pass, or None.

    `fingerprint`: of the table's present content, because a decision holds only for the content that was seen; None if
    the check cannot be decided on.
    """
    if fingerprint is None:
        return None
    on_checks = decisions.of(CheckDecision, edition)
    return next((decision for decision in on_checks if decision.settles(table, rule, edition, fingerprint)), None)
