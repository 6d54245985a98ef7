"""Apply decisions to rows, cells, files and checks.

Other modules call these functions when they reject rows, read files, report checks and write footnotes. Decisions about
offence codes are applied elsewhere: `decided_codes.sql` makes a view of them, and queries join the view.
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
    """The effect of a decision on a fault of a row.

    `decision_id` is the decision's id. `counts` is true if the row is kept, and false if the row is dropped.
    """

    decision_id: str
    counts: bool


def on_row(decision: RowDecision, *, still_at_fault: bool) -> Settled | None:
    """Return what a decision about a row does with one fault of the row.

    `still_at_fault` says whether the row has the fault even after all corrections. Return None if the
    decision is a correction and the fault is still there.
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
    """Return the columns for a SELECT from the delivered rows. The SELECT gives corrected cells their new values."""
    if not corrections:
        return "*"
    replaced = []
    for column in sorted({correction.column for correction in corrections}):
        cells = [correction for correction in corrections if correction.column == column]
        whens = " ".join(f"WHEN {cell.row} THEN {quoted(cell.value)}" for cell in cells)
        replaced.append(f"CASE row {whens} ELSE {column} END AS {column}")
    return f"* REPLACE ({', '.join(replaced)})"


def on_share(decisions: Decisions, file: DeliveredFile, rejected_rows: int) -> bool:
    """Return whether a run stores a file that has rejected rows.

    The run stores the file if the share of rejected rows is tolerated, or if a decision accepts this share. No decision
    can accept a file in which all rows are rejected.
    """
    if 100 * rejected_rows / file.rows <= file.layout.tolerated_rejected_percent:
        return True
    accepted = decisions.of(ShareAccepted, file.edition)
    return rejected_rows < file.rows and any(decision.holds_for(file.path.name, file.sha256) for decision in accepted)


def on_check(
    decisions: Decisions, table: str, rule: str, edition: int, fingerprint: str | None
) -> CheckDecision | None:
    """Return the decision that lets a failed check pass. Return None if no such decision is in force.

    A decision applies only to the content that the steward saw. Therefore `fingerprint` has to be the fingerprint of
    the table's present content. It is None if no decision can be made about the check.
    """
    if fingerprint is None:
        return None
    on_checks = decisions.of(CheckDecision, edition)
    return next((decision for decision in on_checks if decision.settles(table, rule, edition, fingerprint)), None)
