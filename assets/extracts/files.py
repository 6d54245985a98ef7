"""A delivered file that was looked through: what it is, how the store lists it, and how a sentence names it.

Here belongs what all of this folder says of one file. Which files there are is in `landing.py`; nothing here opens one.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from assets.extracts.layouts import Format, Layout, Specification, Writing
from warehouse import store
from warehouse.contracts import Table, contracts, records
from warehouse.home import landing_folder
from warehouse.personal import kind_of_text

FILES = contracts()["quality.files"]
LOOKED_AT = 10_000  # cells of a column that are judged by what they look like
SYNTHETIC = "synthetic_"  # the beginning of the name of every made-up file
MADE_UP_HASHES = (
    ".made_up_sha256"  # in the landing folder: hashes of the made-up files, by which a renamed one is known
)


@dataclass(frozen=True)
class DeliveredFile:
    """One file of an edition, looked through, and the layout that fits it."""

    path: Path
    sha256: str
    bytes: int
    format: Format
    layout: Layout
    rows: int
    sheet: str | None

    @property
    def edition(self) -> int:
        """The edition in whose folder it lies."""
        return self.layout.edition

    @property
    def provenance(self) -> str:
        """Whether the file was delivered or is a made-up sample."""
        return "synthetic" if self.path.name.startswith(SYNTHETIC) else "extract"

    def listed(self) -> "ListedFile":
        """Return the file as the store lists it."""
        return ListedFile(
            edition=self.edition,
            file=self.path.name,
            file_sha256=self.sha256,
            bytes=self.bytes,
            format=self.format,
            extract=self.layout.extract,
            table_name=self.layout.table.name,
            sheet=self.sheet,
            rows_delivered=self.rows,
            tolerated_percent=self.layout.tolerated_rejected_percent,
            provenance=self.provenance,
        )


@dataclass(frozen=True)
class ListedFile:
    """A row of quality.files: what the store keeps of a delivered file. The fields are the table's columns."""

    edition: int
    file: str
    file_sha256: str
    bytes: int
    format: Format
    extract: str
    table_name: str
    sheet: str | None
    rows_delivered: int
    tolerated_percent: float
    provenance: str

    def delivered(self, specifications: dict[str, Specification]) -> DeliveredFile:
        """Return the file again as it was looked through, with the layout that fitted it."""
        return DeliveredFile(
            path=landing_folder() / str(self.edition) / self.file,
            sha256=self.file_sha256,
            bytes=self.bytes,
            format=self.format,
            layout=specifications[self.extract].for_edition(self.edition),
            rows=self.rows_delivered,
            sheet=self.sheet,
        )


def listed_files(edition: int) -> list[ListedFile]:
    """Return the edition's files as the store lists them. Raises StoreError where it has no such edition."""
    return [ListedFile(**row) for row in records(store.read(FILES, [edition]))]


def delivered_for(table: Table, edition: int, specifications: dict[str, Specification]) -> list[DeliveredFile]:
    """Return the edition's stored files whose rows belong to a table, in the order of their names."""
    return [file.delivered(specifications) for file in listed_files(edition) if file.table_name == table.name]


def extracts_table(table: Table) -> Table:
    """Return the table that keeps the rows of another one as they were delivered."""
    return contracts()[f"extracts.{table.schema_name}_{table.short_name}"]


def plain(name: str) -> str:
    """Return the name without anything that could be mistaken in a terminal or a path, or that is somebody's."""
    if kind := kind_of_text(name):
        return f"(a name that looks like {kind})"
    return re.sub(r"[^\w .,()+&'-]", "_", name) or "_"


def with_sheet(path: Path, sheet: str | None) -> str:
    """Return the file's name, and its sheet's where it has one."""
    return f"{path.name}, sheet {sheet}" if sheet else path.name


def place_of(path: Path, kind: Format, writing: Writing) -> str:
    """Return the file's name, and of a workbook the sheet that the layout reads."""
    xlsx = writing.formats.xlsx
    return with_sheet(path, xlsx.sheet if kind == "xlsx" and xlsx else None)
