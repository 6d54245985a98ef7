"""The effects of decisions on rows, cells, shares and checks. No other module decides what a decision does.

The modules that reject rows, read files, report checks and write footnotes call these functions. Only decisions about
offence codes take effect elsewhere, in SQL: queries join the view that `decided_codes.sql` makes.
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
    """The effect of a decision on a fault of a row: the decision's id, and whether the row is kept in spite of the fault."""

    decision_id: str
    counts: bool


def on_row(decision: RowDecision, *, still_at_fault: bool) -> Settled | None:
    """Return the effect that a decision about a row has on one of the row's faults.

    Return None if the decision is a correction that does not remove the fault. `still_at_fault` says whether the row has the
    fault even after all corrections.
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
    """Return the columns of a SELECT from the delivered rows. Corrected cells have their new values."""
    if not corrections:
        return "*"
    replaced = []
    for column in sorted({correction.column for correction in corrections}):
        cells = [correction for correction in corrections if correction.column == column]
        whens = " ".join(f"WHEN {cell.row} THEN {quoted(cell.value)}" for cell in cells)
        replaced.append(f"CASE row {whens} ELSE {column} END AS {column}")
    return f"* REPLACE ({', '.join(replaced)})"


def on_share(decisions: Decisions, file: DeliveredFile, rejected_rows: int) -> bool:
    """Return whether a run stores a file in spite of its rejected rows.

    It does if they are few enough, or if a decision accepts their share. A file whose rows are all rejected is never stored.
    """
    if 100 * rejected_rows / file.rows <= file.layout.tolerated_rejected_percent:
        return True
    accepted = decisions.of(ShareAccepted, file.edition)
    return rejected_rows < file.rows and any(decision.holds_for(file.path.name, file.sha256) for decision in accepted)


def on_check(
    decisions: Decisions, table: str, rule: str, edition: int, fingerprint: str | None
) -> CheckDecision | None:
    """Return the decision in force that lets a failed check pass, or None if there is none.

    A decision applies only to the content that the steward saw. Therefore `fingerprint` stands for the table's present content.
    It is None if no decision can be made about the check.
    """
    if fingerprint is None:
        return None
    on_checks = decisions.of(CheckDecision, edition)
    return next((decision for decision in on_checks if decision.settles(table, rule, edition, fingerprint)), None)
