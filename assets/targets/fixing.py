"""The acts by which a person fixes the baselines of an agreement's targets at the figures that the store holds.

This module decides what an act writes, what it leaves unchanged and what it refuses. An act adds lines to
`warehouse/reference/fixed_baselines.csv`; nothing else writes to that file. A line is never changed: a later line with a reason
replaces it. `figures_to_fix.sql` compares the figures of the store with the latest acts; `baselines.sql` makes baselines of acts.
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
    """A line of fixed_baselines.csv. The contract says what its columns mean, and in which units they are."""

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
    """A target whose baseline a person has to fix, and whether the store has the figure to fix it at.

    `held_line` is the line of the latest act, None where there is no act. `new_line` is the line that an act would write now,
    None where there is no figure or the latest act has the same one.
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
    """The result of one act: the lines it wrote, the lines of earlier acts that still hold, and the targets without a figure."""

    written: list[FixedBaseline]
    stood: list[FixedBaseline]
    missing: list[TargetToFix]


def fix_baselines(agreement_id: str, person: str, reason: str | None, today: date) -> Act:
    """Fix the baselines of an agreement's targets at the figures that the store holds now, except at hidden figures.

    Raises InputError, and writes nothing, where person or reason contain personal data, where the agreement has no target to
    fix or the store has none of its figures, and where a figure differs from the fixed one and no reason is given.
    """
    person, reason = person.strip(), (reason or "").strip()
    if not person:
        raise InputError("the name of the person who fixes the baselines is missing: give it with --person.")
    for option, text, may_name in (("person", person, True), ("reason", reason, False)):
        if kind := kind_within(text, may_name=may_name):
            raise InputError(f"--{option} seems to contain {kind}, but the text will be published: leave them out.")

    targets_of_all = read_targets(person, today, reason or "First fixing.")
    targets = [target for target in targets_of_all if target.agreement_id == agreement_id]
    if not targets:
        agreements = ", ".join(sorted({target.agreement_id for target in targets_of_all}))
        raise InputError(
            f"{agreement_id} has no target with a baseline to fix: use one of these agreements: {agreements or 'none'}."
        )
    if not any(target.has_figure for target in targets):
        raise InputError(
            f"{agreement_id}: the store has no figures for the agreement's baselines: deliver them, run 'tryghed run', then fix the baselines."
        )
    replaced = [(str(target), target.held_line) for target in targets if target.held_line and target.new_line]
    if replaced and not reason:
        raise InputError(
            f"{', '.join(name for name, _ in replaced)}: the baseline was fixed at another figure on {replaced[0][1].fixed_on}: give --reason to replace that figure, or leave it as it is."
        )

    written = [target.new_line for target in targets if target.new_line]
    stood = [target.held_line for target in targets if target.has_figure and target.held_line and not target.new_line]
    _append(written)
    return Act(written, stood, missing=[target for target in targets if not target.has_figure])


def read_targets(person: str, today: date, reason: str) -> list[TargetToFix]:
    """Return the targets of every agreement that have to be fixed, in order.

    Targets and acts are read from the reference files, figures from the store. Person, day and reason go into the lines that
    an act would write.
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
    """Add the lines at the end of the file, and change nothing that is there already."""
    text = io.StringIO(newline="")
    for line in lines:
        csv.writer(text, lineterminator="\n").writerow(_cell(getattr(line, name)) for name in FIXED.columns)
    with rewriting(reference_folder() / f"{FIXED.short_name}.csv") as path:
        path.write_text(path.read_text(encoding="utf-8") + text.getvalue(), encoding="utf-8")


def _cell(value: str | float | date | None) -> str:
    """Return a value as text for the file; rates and shares have 9 decimals, more than any comparison needs."""
    if isinstance(value, float):
        return f"{value:.9f}".rstrip("0").rstrip(".")
    return "" if value is None else str(value)
