"""Describe a delivered file that was inspected: its properties, its row in quality.files, and its path in messages.

All modules of this folder use the description. This module opens no files. `landing.py` finds and inspects the files.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from assets.extracts.layouts import Format, Layout, Specification, Writing
from warehouse import store
from warehouse.contracts import Table, contracts, records
from warehouse.home import landing_folder, path_for_reader
from warehouse.personal import kind_of_text

FILES = contracts()["quality.files"]
CELLS_SEARCHED = 10_000  # how many cells of a column are searched for personal data
SYNTHETIC = "synthetic_"  # the name of every made-up file begins with this
MADE_UP_HASHES = ".made_up_sha256"  # a file in the landing folder; its hashes show which files are made up


@dataclass(frozen=True)
class DeliveredFile:
    """A delivered file that was inspected. It has an edition, and a layout that fits the file."""

    path: Path
    sha256: str
    bytes: int
    format: Format
    layout: Layout
    rows: int
    sheet: str | None

    @property
    def edition(self) -> int:
        """The edition that the file belongs to."""
        return self.layout.edition

    @property
    def provenance(self) -> str:
        """Where the file comes from: `extract` if it was delivered, `synthetic` if it is a made-up sample."""
        return "synthetic" if self.path.name.startswith(SYNTHETIC) else "extract"

    def listed(self) -> "ListedFile":
        """Return the file's row of quality.files."""
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
    """A row of quality.files. The fields are the table's columns.

    The row has everything that the store knows about one delivered file.
    """

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
        """Return the description of the file that this row lists."""
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
    """Return the edition's rows of quality.files. Raises StoreError if the store does not have the edition."""
    return [ListedFile(**row) for row in records(store.read(FILES, [edition]))]


def delivered_for(table: Table, edition: int, specifications: dict[str, Specification]) -> list[DeliveredFile]:
    """Return the edition's stored files that have rows for the table. The files are sorted by name."""
    return [file.delivered(specifications) for file in listed_files(edition) if file.table_name == table.name]


def extracts_table(table: Table) -> Table:
    """Return the table in the schema `extracts` that stores the rows of `table` in their delivered form."""
    return contracts()[f"extracts.{table.schema_name}_{table.short_name}"]


def plain(name: str) -> str:
    """Return a name in a form that is safe to show: no control characters, no path separators, no personal data."""
    if kind := kind_of_text(name):
        return f"(a name that seems to contain {kind})"
    return re.sub(r"[^\w .,()+&'-]", "_", name) or "_"


def with_sheet(path: Path, sheet: str | None) -> str:
    """Return the path of a file for a message. If there is a sheet, the sheet's name follows the path."""
    return path_for_reader(path) + (f", sheet {sheet}" if sheet else "")


def place_of(path: Path, kind: Format, writing: Writing) -> str:
    """Return the file's path for a message.

    If the file is a workbook, the name of the sheet that is read follows the path.
    """
    xlsx = writing.formats.xlsx
    return with_sheet(path, xlsx.sheet if kind == "xlsx" and xlsx else None)
