"""Fix the baselines of an agreement's targets: set them permanently to the figures that the store has now.

When a person fixes baselines, this is called an act. An act adds lines to `warehouse/reference/fixed_baselines.csv`.
Nothing else writes to that file, and its lines are never changed. To replace a baseline, a later act adds a new line
and gives a reason. This module decides which lines an act adds, which earlier lines stay valid, and when an act is
refused. `figures_to_fix.sql` compares the figures of the store with the latest acts. `baselines.sql` makes baselines
from acts.
"""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import duckdb

from assets.extracts.landing import refuse_sample_without_its_reference
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
    """A line of fixed_baselines.csv.

    The contract of reference.fixed_baselines gives the meaning and the unit of each column.
    """

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
    """A target whose baseline has to be fixed (set permanently) by a person. It may be fixed already.

    `has_figure` says whether the store has the figure for the baseline. `held_line` is the line that the latest act
    wrote, or None if there is no act. `new_line` is the line that a new act would write now. If the store has no
    figure, or if the latest act has the same figure, `new_line` is None.
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
    """The result of fixing (setting permanently) the baselines of an agreement.

    `written` has the lines that the act wrote. `stood` has the lines of earlier acts that are still valid. `missing`
    has the targets for which the store has no figure.
    """

    written: list[FixedBaseline]
    stood: list[FixedBaseline]
    missing: list[TargetToFix]


def fix_baselines(agreement_id: str, person: str, reason: str | None, today: date) -> Act:
    """Fix an agreement's baselines: set them permanently to the figures that the store has now.

    A baseline is not fixed if its figure is hidden. Raises InputError in the following cases, and then writes nothing:

    - The store has made-up files, but the sample has no copy of the reference files.
    - `person` is empty.
    - `reason` contains personal data, or `person` contains personal data other than a name.
    - The agreement has no target whose baseline a person has to fix.
    - The store has no figure for any of these baselines.
    - A figure differs from the figure that was fixed earlier, and no reason is given.
    """
    refuse_sample_without_its_reference()
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
            f"{agreement_id}: the store has no figures for the agreement's baselines: deliver the figures, run 'tryghed run', then fix the baselines."
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


def editions_of_baselines() -> list[int]:
    """Return the editions that the baselines are taken from, in order. The reference files name these editions."""
    with _targets_with_baseline() as connection:
        rows = connection.execute("SELECT DISTINCT edition FROM targets_with_baseline ORDER BY edition").fetchall()
    return [edition for (edition,) in rows]


def read_targets(person: str, today: date, reason: str) -> list[TargetToFix]:
    """Return, in order, all targets with a baseline that a person has to fix (set permanently).

    Targets and earlier acts are read from the reference files. Figures are read from the store. `person`, `today` and
    `reason` are needed for the line that a new act would add for a target.
    """
    with _targets_with_baseline() as connection:
        for name in STORED:
            view_stored(connection, contracts()[name])
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


@contextmanager
def _targets_with_baseline() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a DuckDB connection with the views of `targets_with_baseline.sql`.

    These views read the current reference files.
    """
    reference = load_reference()
    with engine() as connection:
        for name in EDITED:
            put(connection, contracts()[name], reference[name])
        for view in ("indicators/comparison_macros", "targets/targets_with_baseline"):
            connection.execute(sql(view))
        yield connection


def _append(lines: list[FixedBaseline]) -> None:
    """Add the lines at the end of fixed_baselines.csv. The lines that are already in the file are not changed."""
    text = io.StringIO(newline="")
    for line in lines:
        csv.writer(text, lineterminator="\n").writerow(_cell(getattr(line, name)) for name in FIXED.columns)
    with rewriting(reference_folder() / f"{FIXED.short_name}.csv") as path:
        path.write_text(path.read_text(encoding="utf-8") + text.getvalue(), encoding="utf-8")


def _cell(value: str | float | date | None) -> str:
    """Return a value as text for the file. Rates and shares get 9 decimals, which is more than any comparison needs."""
    if isinstance(value, float):
        return f"{value:.9f}".rstrip("0").rstrip(".")
    return "" if value is None else str(value)
