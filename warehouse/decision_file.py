"""The stewards' decisions, read from `decisions.yml` beside the reference data: a type for each kind of decision.

It stays in this room as it reads what people edit, like every other such file. What a decision does is in
`assets/decisions/effects.py`, how one is written in `assets/decisions/deciding.py`. A decision holds for what somebody
saw: about a row or a file it names the file's hash, about a failed check the fingerprint of the table. It lapses when
the file or the table comes again with other content, and an expired one has no effect.
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
from warehouse.edited_files import Lines, line_of, read_yaml, short
from warehouse.errors import InputError
from warehouse.home import reference_folder
from warehouse.personal import kind_within

FILE = "decisions.yml"
SEEN_LETTERS = 12  # of a fingerprint, as people are shown it

Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{12,64}$")]
Matter = tuple[str | int | None, ...]


class DecisionBase(BaseModel):
    """What every decision says: its name, the edition, who decided it, when, until when, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decision_id: str = Field(pattern=r"^[a-z0-9_-]{1,60}$")
    edition: int = Field(ge=2009, le=2100)
    person: str = Field(min_length=1)
    decided_on: date
    expires_on: date | None = None
    reason: str = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _names_what_it_is_about(cls, entry: object) -> object:
        if isinstance(entry, dict):
            missing = [name for name in cls._own_words() if name not in entry]
            of_another_kind = [name for name in entry if name in _WORDS - cls.model_fields.keys()]
            if missing or of_another_kind:
                names = ", ".join(sorted(cls._own_words()))
                raise ValueError(f"a decision about {entry['about']} to {entry['action']} names {names}")
        return entry

    @model_validator(mode="after")
    def _expires_after_it_was_made(self) -> "DecisionBase":
        if self.expires_on is not None and self.expires_on < self.decided_on:
            raise ValueError("a decision expires after the day on which it was made")
        return self

    @classmethod
    def _own_words(cls) -> list[str]:
        """The fields of this kind of decision that the other kinds do not share."""
        return [name for name in cls.model_fields if name not in {*DecisionBase.model_fields, "about", "action"}]

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.expires_on is not None and self.expires_on < today

    def holds_in(self, edition: int) -> bool:
        """Whether it is about the edition."""
        return self.edition == edition

    @abstractmethod
    def matter(self) -> Matter:
        """What the decision is about, as a tuple; only one decision in force may be about the same matter."""

    def texts(self) -> dict[str, str]:
        """The free texts of the decision by their field, to be looked through for personal data."""
        return {"person": self.person, "reason": self.reason}


class FileDecision(DecisionBase):
    """A decision about a file as somebody saw it."""

    file: str
    file_sha256: Fingerprint

    def holds_for(self, file: str, file_sha256: str) -> bool:
        """Whether it is about this file with this content."""
        return self.file == file and file_sha256.startswith(self.file_sha256)


class RowDecision(FileDecision):
    """A decision about a row that was rejected."""

    about: Literal["rejected_row"]
    row: int = Field(ge=1)

    def matter(self) -> Matter:
        """The row of the file."""
        return self.about, self.edition, self.file, self.file_sha256[:SEEN_LETTERS], self.row


class RowAccepted(RowDecision):
    """The row counts as it is."""

    action: Literal["accept"]


class RowDropped(RowDecision):
    """The row is never to count."""

    action: Literal["drop"]


class RowCorrected(RowDecision):
    """A cell of the row says `value` in place of what is expected there."""

    action: Literal["correct"]
    column: str
    expects: str
    value: str

    def matter(self) -> Matter:
        """The cell, as a row may have several corrections."""
        return *super().matter(), self.column

    def texts(self) -> dict[str, str]:
        """The free texts, with what the cell held and what it is to hold."""
        return super().texts() | {"expects": self.expects, "value": self.value}


class CodeDecision(DecisionBase):
    """A decision about an offence code that no line of the mapping holds."""

    about: Literal["unmapped_code"]
    offence_code: str = Field(pattern=r"^\d{5}$")

    def holds_in(self, edition: int) -> bool:
        """From its own edition on, as later draws hold the code too."""
        return self.edition <= edition

    def matter(self) -> Matter:
        """The code, in whichever edition."""
        return self.about, self.offence_code


class CodeAccepted(CodeDecision):
    """Reports with the code count under no crime type."""

    action: Literal["accept"]


class CodeCorrected(CodeDecision):
    """Reports with the code count as a crime type."""

    action: Literal["correct"]
    crime_type: str


class ShareAccepted(FileDecision):
    """More rows of a file may be rejected than its specification tolerates."""

    about: Literal["rejected_share"]
    action: Literal["accept"]

    def matter(self) -> Matter:
        """The file."""
        return self.about, self.edition, self.file, self.file_sha256[:SEEN_LETTERS]


class CheckDecision(DecisionBase):
    """A decision about a failed check, for the table's content that somebody saw."""

    about: Literal["failed_check"]
    table: str
    rule: str
    seen: Fingerprint

    def settles(self, table: str, rule: str, edition: int, fingerprint: str) -> bool:
        """Whether it is about this failed check and the table that it judged, and has not expired."""
        same_check = (self.table, self.rule, self.edition) == (table, rule, edition)
        return same_check and fingerprint.startswith(self.seen) and not self.expired(date.today())

    def matter(self) -> Matter:
        """The check, and what it judged."""
        return self.about, self.edition, self.table, self.rule, self.seen[:SEEN_LETTERS]


class CheckAccepted(CheckDecision):
    """What fails stands for good."""

    action: Literal["accept"]


class CheckWaived(CheckDecision):
    """What fails stands for a time."""

    action: Literal["waive"]
    expires_on: date

    @model_validator(mode="before")
    @classmethod
    def _says_until_when(cls, entry: object) -> object:
        if isinstance(entry, dict) and "expires_on" not in entry:
            raise ValueError("a check is waived for a time: name expires_on, or accept it for good")
        return entry


_Row = Annotated[RowAccepted | RowDropped | RowCorrected, Field(discriminator="action")]
_Code = Annotated[CodeAccepted | CodeCorrected, Field(discriminator="action")]
_Check = Annotated[CheckAccepted | CheckWaived, Field(discriminator="action")]
Decision = Annotated[_Row | _Code | ShareAccepted | _Check, Field(discriminator="about")]

_KINDS = (RowAccepted, RowDropped, RowCorrected, CodeAccepted, CodeCorrected, ShareAccepted, CheckAccepted, CheckWaived)
_WORDS = {name for kind in _KINDS for name in kind.model_fields}

Kind = TypeVar("Kind", bound=DecisionBase)


class Decisions(BaseModel):
    """The file as a whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decisions: list[Decision] = []

    @field_validator("decisions", mode="before")
    @classmethod
    def _fill(cls, entries: object) -> object:
        """Return the entries with the action `accept` where they have none, and without their empty fields.

        No list at all counts as an empty one: somebody took the last entry out.
        """
        if not isinstance(entries, list):
            return [] if entries is None else entries
        return [_filled(entry) if isinstance(entry, dict) else entry for entry in entries]

    def of(self, kind: type[Kind], edition: int) -> list[Kind]:
        """The decisions of one kind that hold in an edition, and have not expired."""
        today = date.today()
        return [
            decision
            for decision in self.decisions
            if isinstance(decision, kind) and decision.holds_in(edition) and not decision.expired(today)
        ]


def _filled(entry: dict[str, object]) -> dict[str, object]:
    words = {name: value for name, value in entry.items() if value is not None or name in ("about", "action")}
    return {"action": "accept"} | words


def load_decisions(folder: Path | None = None) -> Decisions:
    """The decisions of `decisions.yml`. Raises InputError naming file, line and what is allowed."""
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
            if corrected.setdefault(RowDecision.matter(decision), is_correction) != is_correction:
                raise _at(lines, index, f"the row of {name} is decided on as a whole: keep one entry on it")
        if decision.decision_id in names or (in_force and decision.matter() in matters):
            raise _at(lines, index, f"{name} is decided on another line already: keep one of them")
        names.add(decision.decision_id)
        if in_force:
            matters.add(decision.matter())
        if decision.decided_on > today:
            raise _at(lines, index, f"{name} is dated in the future: give the day of the decision")
        for word, text in decision.texts().items():
            personal = kind_within(text, named=word == "person")
            if personal:
                raise _at(
                    lines,
                    index,
                    f"the {word} of {name} looks like it holds {personal}: decisions are published, so say it without them",
                )
    return decisions


def seen_of(table: Table, rows: pd.DataFrame, files: pd.DataFrame) -> str:
    """Fingerprint of what a steward sees who decides on a check of an edition.

    It hashes the table's rows, less the decisions on them, and the hashes of the edition's files that the table can be
    made from: those of its own schema, or all where it has none of its own, as files of several schemas may enter it.
    """
    made_of = files[files["table_name"].str.startswith(f"{table.schema_name}.")]
    made_of = made_of if len(made_of) else files
    rows = rows.assign(decision=None) if "decision" in table.columns else rows
    hashes = " ".join(sorted(made_of["file_sha256"]))
    return hashlib.sha256(f"{table.fingerprint(rows)} {hashes}".encode()).hexdigest()


def check_crime_types(decisions: Decisions, crime_types: Collection[str]) -> None:
    """Raises InputError where a decision gives an offence code an unknown crime type."""
    for decision in decisions.decisions:
        if isinstance(decision, CodeCorrected) and decision.crime_type not in crime_types:
            raise InputError(
                f"{FILE}: {decision.decision_id} names the crime type {short(decision.crime_type)}, which is none: use one of {', '.join(crime_types)}."
            )


def check_editions(decisions: Decisions, editions: Collection[int]) -> None:
    """Raises InputError where a decision is about an unknown edition, and would never be replayed."""
    for decision in decisions.decisions:
        if decision.edition not in editions:
            raise InputError(
                f"{FILE}: {decision.decision_id} is about edition {decision.edition}, which is not in editions.csv: correct the edition, or add a line for it there."
            )


def check_rules(decisions: Decisions, decidable: Collection[tuple[str, str]]) -> None:
    """Raises InputError where a decision names a check that is not in `decidable`, the pairs of table and rule."""
    for decision in decisions.decisions:
        if isinstance(decision, CheckDecision) and (decision.table, decision.rule) not in decidable:
            raise InputError(
                f"{FILE}: {decision.decision_id} names the check {short(decision.table)} {short(decision.rule)}, which is none that can be decided on: use one of {', '.join(f'{table} {rule}' for table, rule in decidable)}."
            )


def _at(lines: Lines, index: int, sentence: str) -> InputError:
    return InputError(f"{FILE}, line {line_of(lines, ('decisions', index))}: {sentence}.")
