"""Reads the data stewards' decisions from `decisions.yml`. Each kind of decision has its own class.

A decision about a row or a file contains the SHA-256 of the file. A decision about a failed check contains the
fingerprint of the table. If the file or the table has changed since the decision was made, the decision lapses. No
decision has an effect after its last day.

`assets/decisions/decision_effects.py` applies decisions. `assets/decisions/deciding.py` writes decisions to
`decisions.yml`, which is a reference file.
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
SEEN_LETTERS = 12  # people see this many letters of a fingerprint

Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{12,64}$")]
Matter = tuple[str | int | None, ...]


class DecisionBase(BaseModel):
    """Base class of all decisions, with the fields that every decision has.

    These fields are the decision's id, the edition, the person who decided, the day of the decision, the last day on
    which the decision applies, and the reason. The last day is optional.
    """

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
        """Return the names of this kind's fields, except for the fields that all decisions have."""
        return [name for name in cls.model_fields if name not in {*DecisionBase.model_fields, "about", "action"}]

    def expired(self, today: date) -> bool:
        """Return whether the decision's last day is before `today`. A decision without a last day never expires."""
        return self.expires_on is not None and self.expires_on < today

    def holds_in(self, edition: int) -> bool:
        """Return whether the decision applies to the edition."""
        return self.edition == edition

    @abstractmethod
    def matter(self) -> Matter:
        """Return a tuple that says what the decision is about. Two decisions in force must not have the same tuple."""

    def texts(self) -> dict[str, str]:
        """Return the decision's free texts, keyed by the field's name.

        `load_decisions` searches these texts for personal data.
        """
        return {"person": self.person, "reason": self.reason}


class FileDecision(DecisionBase):
    """Base class of decisions about a file, or about a row of a file.

    The decision names the file and the file's SHA-256. If the file's content has changed since the decision was made,
    the decision does not apply.
    """

    file: str
    file_sha256: Fingerprint

    def holds_for(self, file: str, file_sha256: str) -> bool:
        """Return whether the decision is about this file with this content.

        The decision can contain only the first characters of the SHA-256.
        """
        return self.file == file and file_sha256.startswith(self.file_sha256)


class RowDecision(FileDecision):
    """Base class of decisions about a rejected row."""

    about: Literal["rejected_row"]
    row: int = Field(ge=1)

    def matter(self) -> Matter:
        """Return a tuple that identifies the row by the edition, the file, the file's SHA-256 and the row's number."""
        return self.about, self.edition, self.file, self.file_sha256[:SEEN_LETTERS], self.row


class RowAccepted(RowDecision):
    """Decision to use a rejected row in figures, without changing the row."""

    action: Literal["accept"]


class RowDropped(RowDecision):
    """Decision to leave a rejected row out of all figures. Nobody has to decide on the row again."""

    action: Literal["drop"]


class RowCorrected(RowDecision):
    """Decision to correct one cell of a rejected row.

    `expects` is the cell's old content, and `value` is the cell's new content.
    """

    action: Literal["correct"]
    column: str
    expects: str
    value: str

    def matter(self) -> Matter:
        """Return a tuple that identifies the row and the column, because several cells of a row can be corrected."""
        return *super().matter(), self.column

    def texts(self) -> dict[str, str]:
        """Return the decision's free texts, including the old and the new content of the cell."""
        return super().texts() | {"expects": self.expects, "value": self.value}


class CodeDecision(DecisionBase):
    """Base class of decisions about an offence code that no line of offence_codes.csv covers."""

    about: Literal["unmapped_code"]
    offence_code: str = Field(pattern=r"^\d{5}$")

    def holds_in(self, edition: int) -> bool:
        """Return whether the decision applies to this edition.

        The decision applies to its own edition and to all later editions, because later files contain the code too.
        """
        return self.edition <= edition

    def matter(self) -> Matter:
        """Return a tuple that identifies the offence code.

        The tuple does not contain the edition, because the decision applies to several editions.
        """
        return self.about, self.offence_code


class CodeAccepted(CodeDecision):
    """Decision that the reports with this offence code belong to no crime type."""

    action: Literal["accept"]


class CodeCorrected(CodeDecision):
    """Decision to count the reports with this offence code under the crime type that `crime_type` names."""

    action: Literal["correct"]
    crime_type: str


class ShareAccepted(FileDecision):
    """Decision to accept a file that has a higher share of rejected rows than the file's specification tolerates."""

    about: Literal["rejected_share"]
    action: Literal["accept"]

    def matter(self) -> Matter:
        """Return a tuple that identifies the file by the edition, the file's name and the file's SHA-256."""
        return self.about, self.edition, self.file, self.file_sha256[:SEEN_LETTERS]


class CheckDecision(DecisionBase):
    """Base class of decisions about a failed check of a table.

    The decision names the fingerprint of the table's content. If the content has changed since the decision was made,
    the decision does not apply.
    """

    about: Literal["failed_check"]
    table: str
    rule: str
    seen: Fingerprint

    def settles(self, table: str, rule: str, edition: int, fingerprint: str) -> bool:
        """Return whether the decision lets this failed check pass.

        The decision must name the same table, rule and edition, and must not have expired. `fingerprint`, the
        fingerprint of the checked content, must begin with the decision's `seen`.
        """
        same_check = (self.table, self.rule, self.edition) == (table, rule, edition)
        return same_check and fingerprint.startswith(self.seen) and not self.expired(date.today())

    def matter(self) -> Matter:
        """Return a tuple that identifies the check by the edition, the table, the rule and the content's fingerprint."""
        return self.about, self.edition, self.table, self.rule, self.seen[:SEEN_LETTERS]


class CheckAccepted(CheckDecision):
    """Decision to let a failed check pass. This decision does not need a last day."""

    action: Literal["accept"]


class CheckWaived(CheckDecision):
    """Decision to let a failed check pass for a limited time. This decision needs a last day, `expires_on`."""

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
    """The content of `decisions.yml`: a list of decisions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decisions: list[Decision] = []

    @field_validator("decisions", mode="before")
    @classmethod
    def _fill(cls, entries: object) -> object:
        """Return the entries without their empty fields. An entry that lacks `action` gets the action `accept`.

        Return an empty list if the file has no entry below `decisions:`.
        """
        if not isinstance(entries, list):
            return [] if entries is None else entries
        return [_without_empty_fields(entry) if isinstance(entry, dict) else entry for entry in entries]

    def of(self, kind: type[Kind], edition: int) -> list[Kind]:
        """Return the decisions of one kind that apply to the edition. Expired decisions are left out."""
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
    """Return the decisions of `decisions.yml`.

    Raises InputError if the file has a fault. The message names the file and the line, and says what is allowed.
    """
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
            # a row has one entry that accepts or drops it, or one entry for each cell that is corrected
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
    """Return the fingerprint of the table's content in one edition, as a SHA-256 in hex.

    A decision about a failed check contains this fingerprint. The fingerprint covers the rows, except for the column
    `decision`, and the SHA-256 of each file delivered for the table's schema. If no file was delivered for the schema,
    it covers the SHA-256 of every delivered file of the edition instead.
    """
    files_of_schema = files[files["table_name"].str.startswith(f"{table.schema_name}.")]
    if len(files_of_schema):
        files = files_of_schema
    rows = rows.assign(decision=None) if "decision" in table.columns else rows
    hashes = " ".join(sorted(files["file_sha256"]))
    return hashlib.sha256(f"{table.fingerprint(rows)} {hashes}".encode()).hexdigest()


def check_crime_types(decisions: Decisions, crime_types: Collection[str]) -> None:
    """Raise InputError if a decision gives an offence code an unknown crime type."""
    for decision in decisions.decisions:
        if isinstance(decision, CodeCorrected) and decision.crime_type not in crime_types:
            raise InputError(
                f"{reference_file(FILE)}: decision '{decision.decision_id}' names the crime type '{short(decision.crime_type)}', which is not known: use one of {', '.join(crime_types)}."
            )


def check_editions(decisions: Decisions, editions: Collection[int]) -> None:
    """Raise InputError if a decision is about an unknown edition, because the decision would never have an effect."""
    for decision in decisions.decisions:
        if decision.edition not in editions:
            raise InputError(
                f"{reference_file(FILE)}: decision '{decision.decision_id}' is about edition {decision.edition}, which is not in {reference_file('editions.csv')}: correct the edition of the decision, or add a line for the edition to that file."
            )


def check_rules(decisions: Decisions, decidable: Collection[tuple[str, str]]) -> None:
    """Raise InputError if a decision is about a check on which nobody can decide.

    `decidable` lists the checks on which a data steward can decide, as pairs of a table's name and a rule's name.
    """
    for decision in decisions.decisions:
        if isinstance(decision, CheckDecision) and (decision.table, decision.rule) not in decidable:
            raise InputError(
                f"{reference_file(FILE)}: decision '{decision.decision_id}' names the check '{short(decision.table)} {short(decision.rule)}', but no decision can be made about that check: use one of {', '.join(f'{table} {rule}' for table, rule in decidable)}."
            )


def _at(path: Path, lines: Lines, index: int, sentence: str) -> InputError:
    return InputError(f"{shown_path(path)}, line {line_of(lines, ('decisions', index))}: {sentence}.")
