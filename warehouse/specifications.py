"""Extract specifications: what a producer's file looks like, and which column of it is which of ours.

One YAML file per kind and producer in `warehouse/reference/extracts/`. A producer's other columns, words or formats,
this year or for good, are lines there and never code. How a file is read is in `delivered_files.py`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from warehouse.contracts import Table, contracts
from warehouse.edited_files import At, line_of, read_yaml, short
from warehouse.errors import InputError
from warehouse.home import reference_folder

NOT_ASKED = "not_asked"
FIRST = 0
Format = Literal["csv", "xlsx", "sav", "parquet"]


def _is_trimmed(text: str) -> str:
    if text != text.strip() or not text:
        raise ValueError("write it without blanks around it")
    return text


def _for_good(entry: object) -> object:
    """An entry without editions holds from the first one on."""
    by_edition = isinstance(entry, dict) and bool(entry) and all(isinstance(key, int) for key in entry)
    return entry if by_edition or entry is None else {FIRST: entry}


def _is_day_format(written: str) -> str:
    """A day once, in numbers and with a year of four digits: anything else would have to be guessed."""
    parts = re.sub(r"%[dmYHMS]|[-./ :,T]", "", written)
    if parts or any(written.count(f"%{part}") != 1 for part in "dmY"):
        raise ValueError("write a day as in %d-%m-%Y: %d, %m and %Y once each, and %H, %M and %S for a time of day")
    return written


def _as_list(entry: object) -> object:
    return [entry] if isinstance(entry, str) else entry


Value = TypeVar("Value")
ByEdition = Annotated[dict[int, Value], BeforeValidator(_for_good)]  # for good, or by the edition from which it holds
Name = Annotated[str, AfterValidator(_is_trimmed)]
Labels = dict[str, str]
DecimalMark = Literal[",", "."]
DayFormats = Annotated[
    tuple[Annotated[str, AfterValidator(_is_day_format)], ...], BeforeValidator(_as_list), Field(min_length=1)
]
CoordinateSystem = Annotated[str, Field(pattern=r"^EPSG:\d{4,5}$")]


class Part(BaseModel):
    """A part of the file: a word that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Csv(Part):
    """Text with one row a line."""

    encoding: Literal["utf-8", "utf-8-sig", "windows-1252", "iso-8859-1"]
    delimiter: Literal[";", ",", "\t", "|"]
    header_row: int = Field(default=1, ge=1, le=100)


class Xlsx(Part):
    """An Excel workbook: the sheet that holds the rows, and others that are left alone for a reason."""

    sheet: Name
    header_row: int = Field(default=1, ge=1, le=100)
    ignored_sheets: dict[str, str] = {}


class Plain(Part):
    """A format that says itself how it is to be read: SPSS and Parquet."""


class Formats(Part):
    """The formats in which the producer sends the extract."""

    csv: Csv | None = None
    xlsx: Xlsx | None = None
    sav: Plain | None = None
    parquet: Plain | None = None


@dataclass(frozen=True)
class Writing:
    """How a producer writes its extract in an edition: formats, numbers, days, and whose codes and coordinates.

    Days are read in any of the day formats; days that a format holds as such are written in the first.
    """

    formats: Formats
    decimal_mark: DecimalMark
    date_formats: tuple[str, ...]
    area_code_system: str
    rode_code_system: str | None = None
    coordinate_system: str | None = None


class DeliveredColumn(Part):
    """One of our columns: what the producer calls it, and what its labels mean, for good or from an edition on."""

    name: ByEdition[Name]
    values: ByEdition[Labels] | None = None
    personal: bool = False

    def name_in(self, edition: int) -> str | None:
        """The producer's name in an edition; None where the column is not asked or not delivered."""
        name = _since(self.name, edition)
        return None if name == NOT_ASKED else name

    def labels_in(self, edition: int) -> Labels | None:
        """What the producer's labels mean in an edition; None where its values stand as they are."""
        return _since(self.values, edition) if self.values else None


class IgnoredColumn(Part):
    """A column of the file that is not read, and never stored."""

    reason: str = Field(min_length=1)
    personal: bool = False


class Specification(Part):
    """One producer's extract of one kind."""

    extract: str = Field(pattern=r"^[a-z0-9_]+$")
    table: str
    producer: str = Field(min_length=1)
    note: str = Field(min_length=1)
    file_names: Name | None = None
    formats: ByEdition[Formats]
    decimal_mark: ByEdition[DecimalMark]
    date_format: ByEdition[DayFormats]
    area_code_system: ByEdition[str]
    rode_code_system: ByEdition[str] | None = None
    coordinate_system: ByEdition[CoordinateSystem] | None = None
    tolerated_rejected_percent: float = Field(ge=0, le=100)
    row_key: list[str] = Field(min_length=1)
    columns: dict[str, DeliveredColumn]
    ignored: dict[Name, IgnoredColumn] = {}

    def names_in(self, edition: int) -> dict[str, str]:
        """The producer's name of each of our columns in an edition, of those that it delivers."""
        named = {ours: column.name_in(edition) for ours, column in self.columns.items()}
        return {ours: name for ours, name in named.items() if name is not None}

    def writing_in(self, edition: int) -> Writing:
        """How the producer writes the extract in an edition."""
        return Writing(
            _since(self.formats, edition),
            _since(self.decimal_mark, edition),
            _since(self.date_format, edition),
            _since(self.area_code_system, edition),
            _since(self.rode_code_system, edition) if self.rode_code_system else None,
            _since(self.coordinate_system, edition) if self.coordinate_system else None,
        )

    @property
    def changes_in(self) -> set[int]:
        """Editions from which on something is another than before."""
        written = (self.formats, self.decimal_mark, self.date_format, self.area_code_system)
        named = [year for column in self.columns.values() for year in column.name]
        return {*named, *(year for entry in written for year in entry)} - {FIRST}

    def is_called(self, file: str) -> bool:
        """Whether the specification says that a file of this name is its producer's."""
        return self.file_names is not None and fnmatchcase(file.lower(), self.file_names.lower())

    def target(self) -> Table:
        """The table that the extract's rows belong to."""
        return contracts()[self.table]


@dataclass(frozen=True)
class Fault:
    """Something in a specification that cannot be meant: where, and what to do."""

    at: At
    text: str


def load_specifications(folder: Path | None = None) -> dict[str, Specification]:
    """Every specification by its extract's name. Raises InputError naming file, line and what is allowed."""
    folder = folder or reference_folder() / "extracts"
    found: dict[str, Specification] = {}
    for path in sorted(folder.glob("[!.]*")):
        if path.suffix != ".yml":
            raise InputError(f"extracts/{short(path.name)} is not read: a specification's name ends in .yml.")
        specification, lines = read_yaml(path, Specification)
        for fault in _faults(specification):
            raise InputError(f"extracts/{path.name}, line {line_of(lines, fault.at)}: {fault.text}.")
        if specification.extract in found or specification.extract != path.stem:
            raise InputError(
                f"extracts/{path.name}, line {line_of(lines, ('extract',))}: the extract must be called {path.stem}, as its file."
            )
        found[specification.extract] = specification
    return found


def refuse_unknown_systems(specifications: dict[str, Specification], known: Collection[str]) -> None:
    """Raises InputError where a specification's areas are written in codes that area_codes.csv has not."""
    for name, specification in specifications.items():
        named = [specification.area_code_system, specification.rode_code_system or {}]
        for system in (system for by_edition in named for system in by_edition.values()):
            if system not in known:
                raise InputError(
                    f"extracts/{name}.yml: {short(system)} is no code system of area_codes.csv: add the producer's codes there, or use one of {', '.join(sorted(known))}."
                )


def _since(by_edition: dict[int, Value], edition: int) -> Value:
    """The entry of the newest edition up to this one; the first entry holds for earlier ones too."""
    return by_edition[max((year for year in by_edition if year <= edition), default=min(by_edition))]


def _faults(specification: Specification) -> list[Fault]:
    """What the specification names that is not there."""
    table = contracts().get(specification.table)
    if table is None or not table.delivered:
        known = ", ".join(name for name, one in contracts().items() if one.delivered)
        return [Fault(("table",), f"{short(specification.table)} takes no extracts: use one of {known}")]
    ours = table.delivered_columns
    faults = [
        Fault(("columns", name), f"{short(name)} is no column of {table.name}: use one of {', '.join(ours)}")
        for name in specification.columns
        if name not in ours
    ]
    faults += [
        Fault(
            ("columns",), f"{name} is missing, and every row of {table.name} needs it: say what the producer calls it"
        )
        for name, column in ours.items()
        if column.required and name not in specification.columns
    ]
    faults += [
        Fault(("row_key",), f"{short(name)} of the row key is none of the columns above")
        for name in specification.row_key
        if name not in specification.columns
    ]
    if "rode_code" in specification.columns and specification.rode_code_system is None:
        faults.append(Fault(("columns", "rode_code"), "rode_code needs a rode_code_system: say whose numbers they are"))
    return faults + [
        fault for name in specification.columns if name in ours for fault in _label_faults(specification, name)
    ]


def _label_faults(specification: Specification, name: str) -> list[Fault]:
    allowed = specification.target().columns[name].allowed
    values = specification.columns[name].values
    if values is None or allowed is None:
        return []
    return [
        Fault(("columns", name, "values"), f"{short(meaning)} is no value of {name}: use one of {', '.join(allowed)}")
        for labels in values.values()
        for meaning in labels.values()
        if meaning not in allowed
    ]
