"""The stewards' decisions, read from `decisions.yml` beside the reference data, and replayed on every run.

A decision holds for what somebody saw: about a row or a file it names the file's hash, about a failed check the
fingerprint of the table. It lapses when the file or the table comes again with other content, and some expire. What a
decision does is in `assets/`; here is what a line of the file must say. How one is written is in `assets/decisions/deciding.py`.
"""

import hashlib
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from warehouse.contracts import Row, Table
from warehouse.edited_files import Lines, line_of, read_yaml, short
from warehouse.errors import InputError
from warehouse.home import reference_folder
from warehouse.personal import kind_within

FILE = "decisions.yml"
SEEN_LETTERS = 12  # of a fingerprint, as people are shown it


class Part(BaseModel):
    """A part of the file: a word that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Decision(Part):
    """One dated line: what it is about, what is done, who decided it and why."""

    decision_id: str = Field(pattern=r"^[a-z0-9_-]{1,60}$")
    about: Literal["rejected_row", "unmapped_code", "rejected_share", "failed_check"]
    action: Literal["accept", "correct", "drop", "waive"] = "accept"
    edition: int = Field(ge=2009, le=2100)
    table: str | None = None
    rule: str | None = None
    seen: str | None = Field(default=None, pattern=r"^[0-9a-f]{12,64}$")
    file: str | None = None
    file_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{12,64}$")
    row: int | None = Field(default=None, ge=1)
    column: str | None = None
    expects: str | None = None
    value: str | None = None
    offence_code: str | None = Field(default=None, pattern=r"^\d{5}$")
    crime_type: str | None = None
    person: str = Field(min_length=1)
    decided_on: date
    expires_on: date | None = None
    reason: str = Field(min_length=1)

    @model_validator(mode="after")
    def _says_what_it_is_about(self) -> "Decision":
        if self.action not in _NAMED[self.about]:
            raise ValueError(f"a decision about {self.about} is to {' or '.join(_NAMED[self.about])}")
        needed = _NAMED[self.about][self.action]
        given = {name for name in _ABOUT if getattr(self, name) is not None}
        if given != needed:
            raise ValueError(f"a decision about {self.about} to {self.action} names {', '.join(sorted(needed))}")
        if self.action == "waive" and self.expires_on is None:
            raise ValueError("a check is waived for a time: name expires_on, or accept it for good")
        if self.expires_on is not None and self.expires_on < self.decided_on:
            raise ValueError("a decision expires after the day on which it was made")
        return self

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.expires_on is not None and self.expires_on < today

    def settles(self, table: str, rule: str, edition: int, fingerprint: str) -> bool:
        """Whether it is about this failed check and the table that it judged, and has not expired."""
        about = (self.about, self.table, self.rule, self.edition) == ("failed_check", table, rule, edition)
        return about and self.seen is not None and fingerprint.startswith(self.seen) and not self.expired(date.today())

    def holds_in(self, edition: int) -> bool:
        """Whether it is about the edition: a file's own, and a code's from its own on, as later draws hold it too."""
        return self.edition == edition or (self.about == "unmapped_code" and self.edition < edition)

    def holds_for(self, file: str, file_sha256: str) -> bool:
        """Whether it is about this file with this content."""
        return self.file == file and self.file_sha256 is not None and file_sha256.startswith(self.file_sha256)


_ABOUT = (
    *("file", "file_sha256", "row", "column", "expects", "value", "offence_code", "crime_type"),
    *("table", "rule", "seen"),
)
_ROW, _CHECK = {"file", "file_sha256", "row"}, {"table", "rule", "seen"}
_NAMED: dict[str, dict[str, set[str]]] = {
    "rejected_row": {"accept": _ROW, "drop": _ROW, "correct": _ROW | {"column", "expects", "value"}},
    "unmapped_code": {"accept": {"offence_code"}, "correct": {"offence_code", "crime_type"}},
    "rejected_share": {"accept": {"file", "file_sha256"}},
    "failed_check": {"accept": _CHECK, "waive": _CHECK},
}


class Decisions(Part):
    """The file as a whole."""

    decisions: list[Decision] = []

    @field_validator("decisions", mode="before")
    @classmethod
    def _none_yet(cls, given: object) -> object:
        """A list from which somebody took the last entry."""
        return [] if given is None else given

    def of(self, about: str, edition: int) -> list[Decision]:
        """The decisions about one kind of thing that hold in an edition, and have not expired."""
        today = date.today()
        return [
            one for one in self.decisions if one.about == about and one.holds_in(edition) and not one.expired(today)
        ]

    def on_check(self, table: str, rule: str, edition: int, fingerprint: str) -> Decision | None:
        """The decision that settles a failed check on what the table holds now; None where there is none."""
        return next((one for one in self.decisions if one.settles(table, rule, edition, fingerprint)), None)


def load_decisions(folder: Path | None = None) -> Decisions:
    """The decisions of `decisions.yml`. Raises InputError naming file, line and what is allowed."""
    path = (folder or reference_folder()) / FILE
    decisions, lines = read_yaml(path, Decisions)
    seen: set[object] = set()
    whole_rows: dict[object, bool] = {}
    today = date.today()
    for index, one in enumerate(decisions.decisions):
        edition = None if one.about == "unmapped_code" else one.edition
        cell = one.column if one.action == "correct" else None
        of_file = one.file, (one.file_sha256 or "")[:12], one.row
        same = (one.about, edition, *of_file, cell, one.offence_code, one.table, one.rule, (one.seen or "")[:12])
        row = (one.edition, *of_file) if one.about == "rejected_row" and not one.expired(today) else None
        if row and whole_rows.setdefault(row, one.action == "correct") != (one.action == "correct"):
            raise _at(
                lines, index, f"the row of {short(one.decision_id)} is decided on as a whole: keep one entry on it"
            )
        for mark in (one.decision_id, *(() if one.expired(today) else (same,))):
            if mark in seen:
                raise _at(
                    lines, index, f"{short(one.decision_id)} is decided on another line already: keep one of them"
                )
            seen.add(mark)
        if one.decided_on > today:
            raise _at(lines, index, f"{short(one.decision_id)} is dated in the future: give the day of the decision")
        for name in ("person", "reason", "expects", "value"):
            kind = kind_within(getattr(one, name) or "", named=name == "person")
            if kind:
                raise _at(
                    lines,
                    index,
                    f"the {name} of {short(one.decision_id)} looks like it holds {kind}: decisions are published, so say it without them",
                )
    return decisions


def seen_of(table: Table, rows: pd.DataFrame, files: pd.DataFrame) -> str:
    """Fingerprint of what somebody sees who decides on a check of an edition.

    It is made of the table's rows, less the decisions on them, and of the hashes of the edition's files that the table can
    stand on: those of its own schema, or all where files of several schemas enter it.
    """
    made_of = files[files["table_name"].str.startswith(f"{table.schema_name}.")]
    made_of = made_of if len(made_of) else files
    rows = rows.assign(decision=None) if "decision" in table.columns else rows
    hashes = " ".join(sorted(made_of["file_sha256"]))
    return hashlib.sha256(f"{table.fingerprint(rows)} {hashes}".encode()).hexdigest()


def check_crime_types(decisions: Decisions, known: Collection[str]) -> None:
    """Raises InputError where a decision gives an offence code a crime type that is none."""
    for one in decisions.decisions:
        if one.crime_type is not None and one.crime_type not in known:
            raise InputError(
                f"{FILE}: {one.decision_id} names the crime type {short(one.crime_type)}, which is none: use one of {', '.join(known)}."
            )


def check_editions(decisions: Decisions, known: Collection[int]) -> None:
    """Raises InputError where a decision is about an edition that is none, and would never be replayed."""
    for one in decisions.decisions:
        if one.edition not in known:
            raise InputError(
                f"{FILE}: {one.decision_id} is about edition {one.edition}, which is not in editions.csv: correct the edition, or add a line for it there."
            )


def check_rules(decisions: Decisions, known: Collection[tuple[str, str]]) -> None:
    """Raises InputError where a decision names a check that is none, or none to be decided on; `known`: tables and rules."""
    for one in decisions.decisions:
        if one.about == "failed_check" and (one.table, one.rule) not in known:
            raise InputError(
                f"{FILE}: {one.decision_id} names the check {short(one.table)} {short(one.rule)}, which is none that can be decided on: use one of {', '.join(f'{table} {rule}' for table, rule in known)}."
            )


def decision_rows(decisions: Decisions, edition: int, files: list[Row]) -> list[Row]:
    """The edition's decisions; lapsed where the file is gone or came with other content.

    Whether one on a failed check has lapsed is known later, when there is the table that it is about.
    """
    return [
        decision_row(one, edition, lapsed=not _holds(one, files))
        for one in decisions.decisions
        if one.holds_in(edition)
    ]


def decision_row(one: Decision, edition: int, *, lapsed: bool) -> Row:
    """A decision as the tables of decisions have it."""
    status = "expired" if one.expired(date.today()) else "lapsed" if lapsed else "in_force"
    shown = {name: getattr(one, name) for name in _SHOWN}
    return shown | {"edition": edition, "table_name": one.table, "column_name": one.column, "status": status}


_SHOWN = (
    *("decision_id", "about", "action", "rule", "seen", "file", "row", "offence_code", "crime_type"),
    *("person", "decided_on", "expires_on", "reason"),
)


def _holds(one: Decision, files: list[Row]) -> bool:
    return one.file is None or any(one.holds_for(file["file"], file["file_sha256"]) for file in files)


def _at(lines: Lines, index: int, sentence: str) -> InputError:
    return InputError(f"{FILE}, line {line_of(lines, ('decisions', index))}: {sentence}.")
