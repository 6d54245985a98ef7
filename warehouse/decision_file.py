"""Reads the decisions of data stewards from `decisions.yml` in the reference folder: one class per kind of decision.

A decision holds only for the content that the person saw who made the decision. A decision about a row or a file
therefore has the file's SHA-256, and a decision about a failed check has the fingerprint of the table. The decision
lapses when that file or table changes. A decision that has expired has no effect.
`assets/decisions/decision_effects.py` applies decisions, and `assets/decisions/deciding.py` writes them.
"""

import hashlib
from abc import abstractmethod
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from warehouse.contracts import Table
from warehouse.edited_files import Lines, line_of, read_yaml, short, shown_path
from warehouse.errors import InputError
from warehouse.home import reference_file, reference_folder
from warehouse.personal import kind_within

FILE = "decisions.yml"
SEEN_LETTERS = 12  # how many letters of a fingerprint people are shown

Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{12,64}$")]
Matter = tuple[str | int | None, ...]


class DecisionBase(BaseModel):
    """Base class of the decisions: the id, the edition, who decided, when, until when, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decision_id: str = Field(pattern=r"^[a-z0-9_-]{1,60}$")
    edition: int = Field(ge=2009, le=2100)
    person: str = Field(min_length=1)
    decided_on: date
    expires_on: date | None = None
    reason: str = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _require_its_own_fields(cls, entry: object) -> object:
        if isinstance(entry, dict):
            missing = [name for name in cls._own_fields() if name not in entry]
            fields_of_other_kinds = [name for name in entry if name in _FIELDS - cls.model_fields.keys()]
            if missing or fields_of_other_kinds:
                names = ", ".join(sorted(cls._own_fields()))
                raise ValueError(
                    f"with 'about: {entry['about']}' and 'action: {entry['action']}', a decision needs these fields, and no field of another kind of decision: {names}"
                )
        return entry

    @model_validator(mode="after")
    def _refuse_expiry_before_decision(self) -> "DecisionBase":
        if self.expires_on is not None and self.expires_on < self.decided_on:
            raise ValueError("expires_on is before decided_on: correct one of the two days")
        return self

    @classmethod
    def _own_fields(cls) -> list[str]:
        """Return the fields that this kind of decision has in addition to those of every decision."""
        return [name for name in cls.model_fields if name not in {*DecisionBase.model_fields, "about", "action"}]

    def expired(self, today: date) -> bool:
        """Return whether the last day of the decision is over."""
        return self.expires_on is not None and self.expires_on < today

    def holds_in(self, edition: int) -> bool:
        """Return whether the decision applies to the edition."""
        return self.edition == edition

    @abstractmethod
    def matter(self) -> Matter:
        """Return what the decision is about, as a tuple. Only one decision in force can be about the same matter."""

    def texts(self) -> dict[str, str]:
        """Return the free texts of the decision, keyed by field. These texts are searched for personal data."""
        return {"person": self.person, "reason": self.reason}


class FileDecision(DecisionBase):
    """Base class of decisions about a file.

    A decision applies only to the content that the file had when the person made the decision.
    """

    file: str
    file_sha256: Fingerprint

    def holds_for(self, file: str, file_sha256: str) -> bool:
        """Return whether the decision is about this file with this content."""
        return self.file == file and file_sha256.startswith(self.file_sha256)


class RowDecision(FileDecision):
    """Base class of decisions about a rejected row."""

    about: Literal["rejected_row"]
    row: int = Field(ge=1)

    def matter(self) -> Matter:
        """Return the row of the file."""
        return self.about, self.edition, self.file, self.file_sha256[:SEEN_LETTERS], self.row


class RowAccepted(RowDecision):
    """Keep the rejected row as it is."""

    action: Literal["accept"]


class RowDropped(RowDecision):
    """Reject the row for good: nobody has to decide on it again."""

    action: Literal["drop"]


class RowCorrected(RowDecision):
    """Replace the content of one cell of the row: `expects` is the old content, and `value` the new."""

    action: Literal["correct"]
    column: str
    expects: str
    value: str

    def matter(self) -> Matter:
        """Return the cell, because a row may have several corrections."""
        return *super().matter(), self.column

    def texts(self) -> dict[str, str]:
        """Return the free texts, with the cell's old and new content."""
        return super().texts() | {"expects": self.expects, "value": self.value}


class CodeDecision(DecisionBase):
    """Base class of decisions about an offence code that is on no line of offence_codes.csv."""

    about: Literal["unmapped_code"]
    offence_code: str = Field(pattern=r"^\d{5}$")

    def holds_in(self, edition: int) -> bool:
        """Return whether the edition is the decision's own edition or a later one.

        Later editions are included because later draws have the code too.
        """
        return self.edition <= edition

    def matter(self) -> Matter:
        """Return the code. The edition does not matter."""
        return self.about, self.offence_code


class CodeAccepted(CodeDecision):
    """Count the reports with this code under no crime type."""

    action: Literal["accept"]


class CodeCorrected(CodeDecision):
    """Count the reports with this code under a crime type."""

    action: Literal["correct"]
    crime_type: str


class ShareAccepted(FileDecision):
    """Accept a file although more of its rows are rejected than its specification tolerates."""

    about: Literal["rejected_share"]
    action: Literal["accept"]

    def matter(self) -> Matter:
        """Return the file."""
        return self.about, self.edition, self.file, self.file_sha256[:SEEN_LETTERS]


class CheckDecision(DecisionBase):
    """Base class of decisions about a failed check of a table.

    A decision applies only to the content that the table had when the person made the decision.
    """

    about: Literal["failed_check"]
    table: str
    rule: str
    seen: Fingerprint

    def settles(self, table: str, rule: str, edition: int, fingerprint: str) -> bool:
        """Return whether the decision is about this check of the table, and about the content with this fingerprint.

        A decision that has expired settles nothing.
        """
        same_check = (self.table, self.rule, self.edition) == (table, rule, edition)
        return same_check and fingerprint.startswith(self.seen) and not self.expired(date.today())

    def matter(self) -> Matter:
        """Return the check and the content that it was run on."""
        return self.about, self.edition, self.table, self.rule, self.seen[:SEEN_LETTERS]


class CheckAccepted(CheckDecision):
    """Let the failed check pass for good."""

    action: Literal["accept"]


class CheckWaived(CheckDecision):
    """Let the failed check pass until a given day."""

    action: Literal["waive"]
    expires_on: date

    @model_validator(mode="before")
    @classmethod
    def _require_last_day(cls, entry: object) -> object:
        if isinstance(entry, dict) and "expires_on" not in entry:
            raise ValueError(
                "a check can only be waived until a certain day: add that day as expires_on, or write 'action: accept' to accept the failure for good"
            )
        return entry


_Row = Annotated[RowAccepted | RowDropped | RowCorrected, Field(discriminator="action")]
_Code = Annotated[CodeAccepted | CodeCorrected, Field(discriminator="action")]
_Check = Annotated[CheckAccepted | CheckWaived, Field(discriminator="action")]
Decision = Annotated[_Row | _Code | ShareAccepted | _Check, Field(discriminator="about")]

_KINDS = (RowAccepted, RowDropped, RowCorrected, CodeAccepted, CodeCorrected, ShareAccepted, CheckAccepted, CheckWaived)
_FIELDS = {name for kind in _KINDS for name in kind.model_fields}

Kind = TypeVar("Kind", bound=DecisionBase)


class Decisions(BaseModel):
    """The whole file: a list of decisions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decisions: list[Decision] = []

    @field_validator("decisions", mode="before")
    @classmethod
    def _fill(cls, entries: object) -> object:
        """Return the entries without their empty fields. An entry without an action gets the action `accept`.

        A missing list counts as an empty list, because somebody may have removed the last entry.
        """
        if not isinstance(entries, list):
            return [] if entries is None else entries
        return [_without_empty_fields(entry) if isinstance(entry, dict) else entry for entry in entries]

    def of(self, kind: type[Kind], edition: int) -> list[Kind]:
        """Return the decisions of one kind that apply to an edition and have not expired."""
        today = date.today()
        return [
            decision
            for decision in self.decisions
            if isinstance(decision, kind) and decision.holds_in(edition) and not decision.expired(today)
        ]


def _without_empty_fields(entry: dict[str, object]) -> dict[str, object]:
    fields = {name: value for name, value in entry.items() if value is not None or name in ("about", "action")}
    return {"action": "accept"} | fields


def load_decisions(folder: Path | None = None) -> Decisions:
    """Return the decisions of `decisions.yml`. Raises InputError with the file, the line and what is allowed."""
    path = (folder or reference_folder()) / FILE
    decisions, lines = read_yaml(path, Decisions)
    today = date.today()
    names: set[str] = set()
    matters: set[Matter] = set()
    corrected: dict[Matter, bool] = {}
    for index, decision in enumerate(decisions.decisions):
        name = short(decision.decision_id)
        in_force = not decision.expired(today)
        if isinstance(decision, RowDecision) and in_force:
            is_correction = isinstance(decision, RowCorrected)
            # a row is either accepted or dropped by one entry, or corrected by one entry per cell
            if corrected.setdefault(RowDecision.matter(decision), is_correction) != is_correction:
                raise _at(
                    path,
                    lines,
                    index,
                    f"decision '{name}' and another entry are about the same row: keep one entry for the row, or keep only entries that correct its cells",
                )
        if decision.decision_id in names or (in_force and decision.matter() in matters):
            raise _at(
                path,
                lines,
                index,
                f"decision '{name}' has the same id as an earlier entry, or is about the same row, file, code or check: keep only one of the two entries",
            )
        names.add(decision.decision_id)
        if in_force:
            matters.add(decision.matter())
        if decision.decided_on > today:
            raise _at(
                path,
                lines,
                index,
                f"decided_on of decision '{name}' is in the future: write the day on which the decision was made",
            )
        for word, text in decision.texts().items():
            personal = kind_within(text, may_name=word == "person")
            if personal:
                raise _at(
                    path,
                    lines,
                    index,
                    f"the field '{word}' of decision '{name}' seems to contain {personal}: remove them, because decisions are published",
                )
    return decisions


def seen_of(table: Table, rows: pd.DataFrame, files: pd.DataFrame) -> str:
    """Return the fingerprint of the content that a steward decides on: a SHA-256 in hex.

    The fingerprint covers the table's rows in an edition, without the column `decision`. It also covers the hashes of
    the delivered files from which these rows may be made. These are the edition's files of the table's own schema, or
    all of the edition's files if the schema has none.
    """
    files_of_schema = files[files["table_name"].str.startswith(f"{table.schema_name}.")]
    if len(files_of_schema):
        files = files_of_schema
    rows = rows.assign(decision=None) if "decision" in table.columns else rows
    hashes = " ".join(sorted(files["file_sha256"]))
    return hashlib.sha256(f"{table.fingerprint(rows)} {hashes}".encode()).hexdigest()


def check_crime_types(decisions: Decisions, crime_types: Collection[str]) -> None:
    """Raise InputError if a decision gives an offence code a crime type that is not known."""
    for decision in decisions.decisions:
        if isinstance(decision, CodeCorrected) and decision.crime_type not in crime_types:
            raise InputError(
                f"{reference_file(FILE)}: decision '{decision.decision_id}' names the crime type '{short(decision.crime_type)}', which is not known: use one of {', '.join(crime_types)}."
            )


def check_editions(decisions: Decisions, editions: Collection[int]) -> None:
    """Raise InputError if a decision is about an unknown edition. Such a decision would never have an effect."""
    for decision in decisions.decisions:
        if decision.edition not in editions:
            raise InputError(
                f"{reference_file(FILE)}: decision '{decision.decision_id}' is about edition {decision.edition}, which is not in {reference_file('editions.csv')}: correct the edition of the decision, or add a line for the edition to that file."
            )


def check_rules(decisions: Decisions, decidable: Collection[tuple[str, str]]) -> None:
    """Raise InputError if a decision is about a check that is not in `decidable`.

    `decidable` has one pair for each check: the name of the table and the name of the rule.
    """
    for decision in decisions.decisions:
        if isinstance(decision, CheckDecision) and (decision.table, decision.rule) not in decidable:
            raise InputError(
                f"{reference_file(FILE)}: decision '{decision.decision_id}' names the check '{short(decision.table)} {short(decision.rule)}', but no decision can be made about that check: use one of {', '.join(f'{table} {rule}' for table, rule in decidable)}."
            )


def _at(path: Path, lines: Lines, index: int, sentence: str) -> InputError:
    return InputError(f"{shown_path(path)}, line {line_of(lines, ('decisions', index))}: {sentence}.")
