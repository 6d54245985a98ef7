"""The act by which a target's baseline is fixed: once, by somebody, from figures that are named.

Here is decided what an act writes, what it leaves and what it refuses. The acts are lines of
`warehouse/reference/fixed_baselines.csv`, which only this writes to; a line is never changed, a later one replaces it with a
reason. Which figures there are, and whether the act that holds is of the same ones, is asked in `figures_to_fix.sql`; what a
baseline is worth to a verdict, in `baselines.sql`.
"""

import csv
import io
from dataclasses import dataclass
from datetime import date

from assets.sql_files import sql
from warehouse.contracts import contracts
from warehouse.edited_files import rewriting
from warehouse.engine import engine, put, view_stored
from warehouse.errors import InputError
from warehouse.home import reference_folder
from warehouse.personal import kind_within
from warehouse.reference_files import load_reference

FIXED = contracts()["reference.fixed_baselines"]
EDITED = ("reference.agreements", "reference.targets", "reference.measures", FIXED.name)
STORED = ("indicators.yearly", "quality.files")


@dataclass(frozen=True)
class FixedBaseline:
    """A line of fixed_baselines.csv. What its columns mean, and their units, stands in the contract."""

    agreement_id: str
    target_id: str
    measure: str
    act: int
    edition: int
    area_id: str
    crime_type: str | None
    area_version: int | None
    share_percent: float | None
    comparison_percent: float | None
    reports: int | None
    rate_per_1000: float | None
    population_residents: int | None
    population_low_residents: int | None
    population_high_residents: int | None
    drawn_on: date | None
    provenance: str
    made_from: str
    fixed_by: str
    fixed_on: date
    reason: str


@dataclass(frozen=True)
class TargetToFix:
    """A target whose baseline somebody fixes, and whether the store has the figure that it is fixed at.

    `held_line` is that of the act that holds, None where nobody acted. `new_line` is what an act would write now, None where
    there is no figure, or the act that holds is of the same one.
    """

    agreement_id: str
    target_id: str
    measure: str
    has_figure: bool
    held_line: FixedBaseline | None
    new_line: FixedBaseline | None

    def __str__(self) -> str:
        return f"target {self.target_id} ({self.measure})"


@dataclass(frozen=True)
class Act:
    """What one act did: the lines that it wrote, those that stood already, and the targets without a figure."""

    written: list[FixedBaseline]
    stood: list[FixedBaseline]
    missing: list[TargetToFix]


def fix_baselines(agreement_id: str, person: str, reason: str | None, today: date) -> Act:
    """Fix the baselines of an agreement's targets at the figures that the store holds now; a confidential one stays unfixed.

    Raises InputError where person or reason give somebody away, where the agreement has no such target or none of its figures
    is there, and where a figure differs from the fixed one and no reason is given; nothing is written then.
    """
    person, reason = person.strip(), (reason or "").strip()
    if not person:
        raise InputError("the act needs the name of the person who fixes the baselines: give --person.")
    for option, text, may_name in (("person", person, True), ("reason", reason, False)):
        if kind := kind_within(text, may_name=may_name):
            raise InputError(f"--{option} looks like it holds {kind}: the act is published, so say it without them.")

    targets_of_all = read_targets(person, today, reason or "First fixing.")
    targets = [target for target in targets_of_all if target.agreement_id == agreement_id]
    if not targets:
        agreements = ", ".join(sorted({target.agreement_id for target in targets_of_all}))
        raise InputError(
            f"{agreement_id} has no target whose baseline is fixed by somebody; those that have: {agreements or 'none'}."
        )
    if not any(target.has_figure for target in targets):
        raise InputError(
            f"{agreement_id}: the store holds none of the figures that its baselines would be fixed at: deliver them, start tryghed run, and fix them then."
        )
    replaced = [(str(target), target.held_line) for target in targets if target.held_line and target.new_line]
    if replaced and not reason:
        raise InputError(
            f"{', '.join(name for name, _ in replaced)}: fixed at another figure on {replaced[0][1].fixed_on}, which only a new act with a reason replaces: give --reason, or leave it as it is."
        )

    written = [target.new_line for target in targets if target.new_line]
    stood = [target.held_line for target in targets if target.has_figure and target.held_line and not target.new_line]
    _append(written)
    return Act(written, stood, missing=[target for target in targets if not target.has_figure])


def read_targets(person: str, today: date, reason: str) -> list[TargetToFix]:
    """Return the targets of every agreement in order; person, day and reason are those of the lines that would be written.

    The targets and acts are those of the reference files as they are now, the figures those that the store holds.
    """
    reference = load_reference()
    with engine() as connection:
        for name in EDITED:
            put(connection, contracts()[name], reference[name])
        for name in STORED:
            view_stored(connection, contracts()[name])
        for view in ("indicators/comparison_macros", "targets/starting_points"):
            connection.execute(sql(view))
        act = {"person": person, "today": today, "reason": reason}
        rows = connection.execute(sql("targets/figures_to_fix"), act).fetchall()
    return [
        TargetToFix(
            agreement_id,
            target_id,
            measure,
            has_figure,
            held_line=FixedBaseline(**fixed_fields) if fixed_fields else None,
            new_line=FixedBaseline(**new_fields) if new_fields else None,
        )
        for agreement_id, target_id, measure, has_figure, fixed_fields, new_fields in rows
    ]


def _append(lines: list[FixedBaseline]) -> None:
    """Add the lines at the file's end: what stood before stands as it did."""
    text = io.StringIO(newline="")
    for line in lines:
        csv.writer(text, lineterminator="\n").writerow(_cell(getattr(line, name)) for name in FIXED.columns)
    with rewriting(reference_folder() / f"{FIXED.short_name}.csv") as path:
        path.write_text(path.read_text(encoding="utf-8") + text.getvalue(), encoding="utf-8")


def _cell(value: str | float | date | None) -> str:
    """A value as the file has it: rates and shares to 9 decimals, more than any comparison needs."""
    if isinstance(value, float):
        return f"{value:.9f}".rstrip("0").rstrip(".")
    return "" if value is None else str(value)
