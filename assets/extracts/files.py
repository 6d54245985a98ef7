"""A delivered file that was looked through: what is known of it, and how it and its rows are named."""

import re
from dataclasses import dataclass
from pathlib import Path

from assets.extracts.layouts import Format, Layout, Specification, Writing
from warehouse.contracts import Row, Table, contracts
from warehouse.home import landing_folder
from warehouse.personal import kind_of_text

LOOKED_AT = 10_000
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

    def row(self) -> Row:
        """The file as a row of quality.files."""
        return {
            "edition": self.edition,
            "file": self.path.name,
            "file_sha256": self.sha256,
            "bytes": self.bytes,
            "format": self.format,
            "extract": self.layout.extract,
            "table_name": self.layout.table.name,
            "sheet": self.sheet,
            "rows_delivered": self.rows,
            "tolerated_percent": self.layout.tolerated_rejected_percent,
            "provenance": self.provenance,
        }


def file_of(row: Row, specifications: dict[str, Specification]) -> DeliveredFile:
    """The file that a row of quality.files is about."""
    return DeliveredFile(
        path=landing_folder() / str(row["edition"]) / row["file"],
        sha256=row["file_sha256"],
        bytes=row["bytes"],
        format=row["format"],
        layout=specifications[row["extract"]].for_edition(row["edition"]),
        rows=row["rows_delivered"],
        sheet=row["sheet"],
    )


def extracts_table(table: Table) -> Table:
    """The table that keeps the rows for another as they were delivered."""
    return contracts()[f"extracts.{table.schema_name}_{table.short_name}"]


def plain(name: str) -> str:
    """The name without anything that could be mistaken in a terminal or a path, or that is somebody's."""
    if kind := kind_of_text(name):
        return f"(a name that looks like {kind})"
    return re.sub(r"[^\w .,()+&'-]", "_", name) or "_"


def with_sheet(path: Path, sheet: str | None) -> str:
    """The file's name, and its sheet's where it has one."""
    return f"{path.name}, sheet {sheet}" if sheet else path.name


def place_of(path: Path, kind: Format, writing: Writing) -> str:
    """The file, and of a workbook the sheet that the specification reads."""
    xlsx = writing.formats.xlsx
    return with_sheet(path, xlsx.sheet if kind == "xlsx" and xlsx else None)
