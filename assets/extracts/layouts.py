"""Specifications and layouts: how a producer writes its files, and how their columns correspond to our columns.

Every kind of data from every producer has a YAML file in `warehouse/reference/extracts/`. A `Specification` is the
content of such a YAML file. A `Layout` is the specification for one edition. If a producer changes columns, words or
formats, people edit only the YAML file, never the code. `matching.py` chooses the layout that fits a file, and
`formats/` reads the file.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from warehouse.contracts import Column, Table, contracts
from warehouse.edited_files import At, line_of, read_yaml, short
from warehouse.errors import InputError
from warehouse.home import path_for_reader, reference_file, reference_folder

NOT_ASKED = "not_asked"  # written in place of a column's name if the producer's file does not have the column
FIRST = 0  # stands for the first edition, whichever year that is
Format = Literal["csv", "xlsx", "sav", "parquet"]


def _is_trimmed(text: str) -> str:
    if text != text.strip() or not text:
        raise ValueError("write the text without blanks before or after it")
    return text


def _for_good(entry: object) -> object:
    """Return an entry of the YAML file as a dictionary keyed by edition.

    An entry that is not keyed by edition gets the key FIRST, so it is valid for all editions.
    """
    by_edition = isinstance(entry, dict) and bool(entry) and all(isinstance(key, int) for key in entry)
    return entry if by_edition or entry is None else {FIRST: entry}


def _is_day_format(written: str) -> str:
    """Check the format of a day, such as %d-%m-%Y, and return the format unchanged.

    Raises ValueError if the format does not have the day, the month and the year once each, as numbers. Names of months
    are refused, because they depend on the language.
    """
    parts = re.sub(r"%[dmYyHMSgf]|[-./ :,TZ]|kl\.", "", written)
    years = written.count("%Y") + written.count("%y")
    if parts or years != 1 or any(written.count(part) != 1 for part in ("%d", "%m")):
        raise ValueError(
            "write the format of a day in the style of %d-%m-%Y: use %d, %m and %Y (or %y) once each; a time of day may follow with %H, %M, %S and %g or %f"
        )
    return written


def _as_list(entry: object) -> object:
    return [entry] if isinstance(entry, str) else entry


Value = TypeVar("Value")
# Values keyed by edition. Each value is valid from that edition on. If the YAML file gives a value without an edition, the
# value is valid for all editions.
ByEdition = Annotated[dict[int, Value], BeforeValidator(_for_good)]
Name = Annotated[str, AfterValidator(_is_trimmed)]
Labels = dict[str, str]
DecimalMark = Literal[",", "."]
DayFormats = Annotated[
    tuple[Annotated[str, AfterValidator(_is_day_format)], ...], BeforeValidator(_as_list), Field(min_length=1)
]
CoordinateSystem = Annotated[str, Field(pattern=r"^EPSG:\d{4,5}$")]


class Part(BaseModel):
    """A part of the YAML file. The YAML file is refused if a part has an unknown key."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Csv(Part):
    """The settings for reading CSV files."""

    encoding: Literal["utf-8", "utf-8-sig", "windows-1252", "iso-8859-1", "iso-8859-15"]
    delimiter: Literal[";", ",", "\t", "|"]
    header_row: int = Field(default=1, ge=1, le=100)


class Xlsx(Part):
    """The settings for reading Excel workbooks.

    `sheet` is the name of the sheet that has the rows. `ignored_sheets` gives the sheets that are not read, each with a
    reason.
    """

    sheet: Name
    header_row: int = Field(default=1, ge=1, le=100)
    ignored_sheets: dict[str, str] = {}


class Plain(Part):
    """The settings for SPSS and Parquet. There are none, because the files themselves say how to read them."""


class Formats(Part):
    """The formats in which the producer sends the extract, with the settings of each format.

    If the producer does not use a format, that format is None.
    """

    csv: Csv | None = None
    xlsx: Xlsx | None = None
    sav: Plain | None = None
    parquet: Plain | None = None


@dataclass(frozen=True)
class Writing:
    """How a producer writes its files in one edition: formats, numbers, days, codes and coordinates.

    If the producer writes a day as text, it can have any of the `date_formats`. Excel, SPSS and Parquet can also store
    a day that is not text. It becomes text in the first of the `date_formats`.
    """

    formats: Formats
    decimal_mark: DecimalMark
    date_formats: tuple[str, ...]
    area_code_system: str
    rode_code_system: str | None = None
    coordinate_system: str | None = None
    thousands_mark: str | None = None
    empty_words: tuple[str, ...] = ()


class DeliveredColumn(Part):
    """One of our columns in a specification.

    `name` is the producer's name for the column, and `values` translates the producer's labels into our values. If the
    producer's file does not have the column, `constant` can give the value of all rows in place of a name. These three
    fields are keyed by edition. `personal` says whether the column has personal data, or is None if nobody has declared
    this.
    """

    name: ByEdition[Name] = {FIRST: NOT_ASKED}
    constant: ByEdition[Name] | None = None
    values: ByEdition[Labels] | None = None
    personal: bool | None = None


class IgnoredColumn(Part):
    """A column of the producer's file that is not stored. `reason` says why."""

    reason: str = Field(min_length=1)
    personal: bool | None = None


@dataclass(frozen=True)
class LayoutColumn:
    """One of our columns in one edition: the column's contract, and how the producer's file delivers the column.

    `heading` is the column's name in the producer's file. If the file does not have the column, `constant` is the value
    of all rows, as the producer would write it. `labels` translates the producer's words into our values.
    `declared_personal` says whether the column has personal data. Each of these fields is None if the specification
    does not give it.
    """

    contract: Column
    heading: str | None
    constant: str | None
    labels: Labels | None
    declared_personal: bool | None

    @property
    def is_delivered(self) -> bool:
        """Whether the edition's rows have values in this column, either from the file or from a constant."""
        return self.heading is not None or self.constant is not None

    @property
    def is_personal(self) -> bool:
        """Whether the contract or the specification says that this column has personal data."""
        return self.contract.personal or self.declared_personal is True

    @property
    def is_declared(self) -> bool:
        """Whether the contract or the specification declares this column as personal or as not personal."""
        return self.contract.personal or self.declared_personal is not None


@dataclass(frozen=True)
class Layout:
    """What a specification says about the files of one edition (see `Specification.for_edition`).

    `columns` is keyed by our names of the columns, and `ignored` is keyed by the producer's headings.
    """

    edition: int
    extract: str
    table: Table
    producer: str
    file_names: str | None
    tolerated_rejected_percent: float
    row_key: tuple[str, ...]
    writing: Writing
    columns: dict[str, LayoutColumn]
    ignored: dict[str, IgnoredColumn]

    @property
    def headings(self) -> dict[str, str]:
        """The producer's headings, keyed by our names of the columns.

        Columns that the file does not have are left out.
        """
        return {name: column.heading for name, column in self.columns.items() if column.heading is not None}

    def heading_of(self, name: str) -> str:
        """Return the producer's heading of one of our columns.

        If the file does not have the column, return our name of the column.
        """
        return self.headings.get(name, name)

    def is_called(self, file: str) -> bool:
        """Return whether a file's name matches the specification's pattern `file_names`."""
        return self.file_names is not None and fnmatchcase(file.lower(), self.file_names.lower())


class Specification(Part):
    """The content of a YAML file: how to read one producer's files of one kind, in every edition."""

    extract: str = Field(pattern=r"^[a-z0-9_]+$")
    table: str
    producer: str = Field(min_length=1)
    note: str = Field(min_length=1)
    file_names: Name | None = None
    formats: ByEdition[Formats]
    decimal_mark: ByEdition[DecimalMark]
    thousands_mark: ByEdition[Literal[".", ",", " ", "'"]] | None = None
    empty_words: list[Name] = []
    date_format: ByEdition[DayFormats]
    area_code_system: ByEdition[str]
    rode_code_system: ByEdition[str] | None = None
    coordinate_system: ByEdition[CoordinateSystem] | None = None
    tolerated_rejected_percent: float = Field(ge=0, le=100)
    row_key: list[str] = Field(min_length=1)
    columns: dict[str, DeliveredColumn]
    ignored: dict[Name, IgnoredColumn] = {}

    def for_edition(self, edition: int) -> Layout:
        """Return the layout of one edition's files. The layout has the values that are valid in that edition."""
        writing = Writing(
            formats=_since(self.formats, edition),
            decimal_mark=_since(self.decimal_mark, edition),
            date_formats=_since(self.date_format, edition),
            area_code_system=_since(self.area_code_system, edition),
            rode_code_system=_since(self.rode_code_system, edition) if self.rode_code_system else None,
            coordinate_system=_since(self.coordinate_system, edition) if self.coordinate_system else None,
            thousands_mark=_since(self.thousands_mark, edition) if self.thousands_mark else None,
            empty_words=tuple(self.empty_words),
        )
        contract_columns = self.target().columns
        return Layout(
            edition=edition,
            extract=self.extract,
            table=self.target(),
            producer=self.producer,
            file_names=self.file_names,
            tolerated_rejected_percent=self.tolerated_rejected_percent,
            row_key=tuple(self.row_key),
            writing=writing,
            columns={
                name: _column_in(column, contract_columns[name], edition) for name, column in self.columns.items()
            },
            ignored=self.ignored,
        )

    @property
    def changes_in(self) -> set[int]:
        """The editions in which the columns or the formats of the producer's files change."""
        column_years = [year for column in self.columns.values() for year in (*column.name, *(column.constant or {}))]
        return {*column_years, *self.formats} - {FIRST}

    def target(self) -> Table:
        """Return the table that the files' rows belong to."""
        return contracts()[self.table]


@dataclass(frozen=True)
class Fault:
    """A mistake in a specification.

    `at` is the mistake's place in the YAML file. `text` says what is wrong and what to do.
    """

    at: At
    text: str


def specification_path(extract: str) -> str:
    """Return the path of a specification as text for a message."""
    return reference_file(f"extracts/{extract}.yml")


def load_specifications(folder: Path | None = None) -> dict[str, Specification]:
    """Return all specifications, keyed by the extract's name.

    Raises InputError if a specification has a mistake. The error's message names the file and the line, and says what
    is allowed there.
    """
    folder = folder or reference_folder() / "extracts"
    specifications: dict[str, Specification] = {}
    for path in sorted(folder.glob("[!.]*")):
        if path.suffix != ".yml":
            raise InputError(
                f"{path_for_reader(path.with_name(short(path.name)))}: the file is not read, because its name does not end in .yml: rename it if it is a specification, or move it elsewhere."
            )
        specification, lines = read_yaml(path, Specification)
        for fault in _faults(specification):
            raise InputError(f"{path_for_reader(path)}, line {line_of(lines, fault.at)}: {fault.text}.")
        if specification.extract in specifications or specification.extract != path.stem:
            raise InputError(
                f"{path_for_reader(path)}, line {line_of(lines, ('extract',))}: the field 'extract' must hold the file's name without .yml: write {path.stem}."
            )
        specifications[specification.extract] = specification
    return specifications


def refuse_unknown_systems(specifications: dict[str, Specification], code_systems: Collection[str]) -> None:
    """Refuse a specification if it names a code system that is not in area_codes.csv."""
    for name, specification in specifications.items():
        in_use = [specification.area_code_system, specification.rode_code_system or {}]
        for system in (system for by_edition in in_use for system in by_edition.values()):
            if system not in code_systems:
                raise InputError(
                    f"{specification_path(name)}: the code system '{short(system)}' is not in {reference_file('area_codes.csv')}: add the producer's codes to that file, or use one of {', '.join(sorted(code_systems))}."
                )


def _since(by_edition: dict[int, Value], edition: int) -> Value:
    """Return the value that is valid in an edition.

    If the edition is earlier than all keys of `by_edition`, return the earliest key's value.
    """
    return by_edition[max((year for year in by_edition if year <= edition), default=min(by_edition))]


def _column_in(column: DeliveredColumn, contract: Column, edition: int) -> LayoutColumn:
    heading = _since(column.name, edition)
    return LayoutColumn(
        contract=contract,
        heading=None if heading == NOT_ASKED else heading,
        constant=_since(column.constant, edition) if column.constant else None,
        labels=_since(column.values, edition) if column.values else None,
        declared_personal=column.personal,
    )


def _faults(specification: Specification) -> list[Fault]:
    """Return the mistakes in a specification.

    If names are unknown or missing, no other mistakes are searched for.
    """
    table = contracts().get(specification.table)
    if table is None or not table.delivered:
        delivered = ", ".join(name for name, contract in contracts().items() if contract.delivered)
        return [
            Fault(
                ("table",), f"'{short(specification.table)}' is not a table of delivered rows: use one of {delivered}"
            )
        ]
    columns = table.delivered_columns
    faults = [
        Fault(("columns", name), f"'{short(name)}' is not a column of {table.name}: use one of {', '.join(columns)}")
        for name in specification.columns
        if name not in columns
    ]
    faults += [
        Fault(
            ("columns",),
            f"the column {name} is missing, but every row of {table.name} needs it: write what the producer calls it",
        )
        for name, column in columns.items()
        if column.required and name not in specification.columns
    ]
    faults += [
        Fault(("row_key",), f"row_key names '{short(name)}', which is none of the columns above")
        for name in specification.row_key
        if name not in specification.columns
    ]
    if faults:
        return faults
    checks = (_name_faults, _constant_faults, _place_faults)
    faults = [fault for check in checks for fault in check(specification)]
    return faults + [fault for name in specification.columns for fault in _label_faults(specification, name)]


def _name_faults(specification: Specification) -> list[Fault]:
    """Return the faults of names in the specification.

    It is a fault if a heading is used twice, or if a required column is missing in an edition.
    """
    faults = []
    for edition in sorted({FIRST, *specification.changes_in}):
        layout = specification.for_edition(edition)
        read_as: dict[str, str] = {}
        for name, heading in layout.headings.items():
            if heading in read_as:
                text = (
                    f"the heading '{short(heading)}' is already read as {read_as[heading]}: give {name} another heading"
                )
                faults.append(Fault(("columns", name), text))
            elif heading in layout.ignored:
                text = f"the heading '{short(heading)}' is already under ignored: give {name} another heading"
                faults.append(Fault(("columns", name), text))
            read_as[heading] = name
        faults += [
            Fault(
                ("columns", name),
                f"the column {name} is required, but in some editions it has neither a name nor a constant: give it one of them from the first edition on",
            )
            for name, column in layout.columns.items()
            if column.contract.required and not column.is_delivered
        ]
    return faults


def _constant_faults(specification: Specification) -> list[Fault]:
    """Return the faults of constants in the specification.

    It is a fault if a column has both a name and a constant, or if its constant is not a possible value of the column.
    """
    faults = []
    for name, column in specification.columns.items():
        for edition, constant in (column.constant or {}).items():
            layout = specification.for_edition(edition)
            if any(heading != NOT_ASKED for heading in column.name.values()):
                faults.append(
                    Fault(("columns", name), f"the column {name} has both a name and a constant: delete one of them")
                )
            elif not _is_readable(constant, layout.columns[name], layout.writing):
                faults.append(
                    Fault(
                        ("columns", name),
                        f"the constant of {name} is not a value that the column can hold: write it as the producer would",
                    )
                )
    return faults


def _is_readable(constant: str, column: LayoutColumn, writing: Writing) -> bool:
    contract = column.contract
    if column.labels is not None or contract.allowed:
        return constant in (column.labels if column.labels is not None else contract.allowed or ())
    if contract.type == "date":
        return any(_is_day(constant, date_format) for date_format in writing.date_formats)
    if contract.type in ("integer", "number"):
        fraction = "" if contract.type == "integer" else rf"({re.escape(writing.decimal_mark)}\d+)?"
        return re.fullmatch(rf"-?\d+{fraction}", constant) is not None
    return contract.pattern is None or re.fullmatch(contract.pattern, constant) is not None


def _is_day(text: str, date_format: str) -> bool:
    try:
        return bool(datetime.strptime(text, date_format.replace("%g", "%f")))
    except ValueError:
        return False


def _place_faults(specification: Specification) -> list[Fault]:
    """Return the faults of code systems and coordinate systems in the specification.

    It is a fault if the column `rode_code` has no code system, or if the coordinates have no coordinate system. It is
    also a fault if a coordinate system is unknown.
    """
    faults = []
    if "rode_code" in specification.columns and specification.rode_code_system is None:
        text = "the column rode_code needs a rode_code_system: add it, with the name of a code system in area_codes.csv"
        faults.append(Fault(("columns", "rode_code"), text))
    if "coordinate_x" in specification.columns and specification.coordinate_system is None:
        text = "the column coordinate_x needs a coordinate_system: add one, such as EPSG:25832"
        faults.append(Fault(("columns", "coordinate_x"), text))
    faults += [
        Fault(("coordinate_system",), f"{system} is not a known coordinate system: use one from the EPSG register")
        for system in (specification.coordinate_system or {}).values()
        if not _is_coordinate_system(system)
    ]
    return faults


def _is_coordinate_system(name: str) -> bool:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return bool(CRS.from_user_input(name))
    except CRSError:
        return False


def _label_faults(specification: Specification, name: str) -> list[Fault]:
    allowed = specification.target().columns[name].allowed
    values = specification.columns[name].values
    if values is None or allowed is None:
        return []
    return [
        Fault(
            ("columns", name, "values"),
            f"'{short(meaning)}' is not a value of the column {name}: use one of {', '.join(allowed)}",
        )
        for labels in values.values()
        for meaning in labels.values()
        if meaning not in allowed
    ]
