"""The landing folder: which files an edition was given, which specification each fits, and their rows as text.

A file that cannot be read right is refused here, in one sentence, before anything is stored. What is wrong with single
rows is found later, by `parsing.py` and the rules of `checks/rows/`.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa

from assets.extracts.formats import batches_of, cells_of, format_of, names_of
from assets.extracts.formats.cells import without_odd_blanks
from assets.extracts.formats.excel import sheets
from assets.extracts.layouts import Format, Specification, Writing
from warehouse.contracts import Column, Row, Table, contracts
from warehouse.errors import InputError
from warehouse.home import landing_folder
from warehouse.personal import kind_by_heading, kind_by_values, kind_of_text

LOOKED_AT = 10_000
SYNTHETIC = "synthetic_"  # the beginning of the name of every made-up file
MADE_UP_HASHES = (
    ".made_up_sha256"  # in the landing folder: hashes of the made-up files, by which a renamed one is known
)
NAMED = 6  # columns in one sentence

_HIDDEN = re.compile(r"\.(?!\.)|~\$")  # what programs leave beside files: .DS_Store, ._svar.csv, ~$svar.xlsx


@dataclass(frozen=True)
class DeliveredFile:
    """One file of an edition, looked through, and the specification that fits it."""

    path: Path
    edition: int
    sha256: str
    bytes: int
    format: Format
    specification: Specification
    rows: int
    sheet: str | None

    @property
    def writing(self) -> Writing:
        """How its producer writes the edition's file."""
        return self.specification.writing_in(self.edition)

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
            "extract": self.specification.extract,
            "table_name": self.specification.table,
            "sheet": self.sheet,
            "rows_delivered": self.rows,
            "tolerated_percent": self.specification.tolerated_rejected_percent,
            "provenance": self.provenance,
        }


def file_of(row: Row, specifications: dict[str, Specification]) -> DeliveredFile:
    """The file that a row of quality.files is about."""
    path = landing_folder() / str(row["edition"]) / row["file"]
    specification = specifications[row["extract"]]
    return DeliveredFile(
        path,
        row["edition"],
        row["file_sha256"],
        row["bytes"],
        row["format"],
        specification,
        row["rows_delivered"],
        row["sheet"],
    )


def landed_editions() -> list[int]:
    """Editions that have a landing folder. Raises InputError for anything else that lies there."""
    found = []
    for path in _paths_in(landing_folder(), "landing"):
        if path.is_symlink():
            raise InputError(
                f"landing/{_plain(path.name)}: is a link to another place: put a folder with the edition's files there."
            )
        if not re.fullmatch(r"20\d\d", path.name) or not path.is_dir():
            raise InputError(
                f"landing/{_plain(path.name)}: is no folder of an edition: put files into landing/<edition>/, as landing/2026/."
            )
        found.append(int(path.name))
    return found


def delivered_files(edition: int, specifications: dict[str, Specification]) -> list[DeliveredFile]:
    """The edition's files in order of their names, each with its specification. Raises InputError for the first bad one."""
    paths = _paths_in(landing_folder() / str(edition), f"landing/{edition}")
    files = [look_into(path, edition, specifications) for path in paths]
    _refuse_twice(files)
    return files


def look_into(path: Path, edition: int, specifications: dict[str, Specification]) -> DeliveredFile:
    """What a file is. Raises InputError saying what is wrong with it and what to do."""
    try:
        _refuse_no_file(path)
        before = path.stat()
        try:
            return _looked_into(path, before.st_size, edition, specifications)
        finally:
            _refuse_changed(path, before)  # what was found in a file that changes meanwhile says nothing
    except OSError as error:
        raise InputError(
            f"{_plain(path.name)}: cannot be read ({error.strerror}): put the file there again, and run again."
        ) from None


def _looked_into(path: Path, size: int, edition: int, specifications: dict[str, Specification]) -> DeliveredFile:
    kind = format_of(path)
    specification = _fitting(path, kind, edition, specifications)
    with ThreadPoolExecutor(max_workers=1) as thread:
        hashed = thread.submit(_sha256, path)
        cells = cells_of(path, kind, specification.writing_in(edition))
    file = DeliveredFile(path, edition, hashed.result(), size, kind, specification, cells.rows, cells.sheet)
    _refuse_renamed(file)
    if not cells.rows:
        raise InputError(f"{_with_sheet(path, cells.sheet)}: has a header and no rows: ask for the file again.")
    _refuse_personal(file)
    return file


def rows_of(file: DeliveredFile) -> Iterator[pa.RecordBatch]:
    """The file's rows as the columns of its extracts table, in order. Raises InputError where the file changes meanwhile."""
    rows = 0
    try:
        for batch in _batches_of(file):
            rows += batch.num_rows
            yield batch
    except Exception:
        _refuse_other_bytes(file)  # what is wrong with them says nothing
        raise
    _refuse_other_bytes(file)
    if rows != file.rows:
        raise InputError(
            f"{_with_sheet(file.path, file.sheet)}: holds {file.rows} rows by its own count, and {rows} when it is read: ask for the file again."
        )


def _batches_of(file: DeliveredFile) -> Iterator[pa.RecordBatch]:
    named = file.specification.names_in(file.edition)
    schema = extracts_table(file.specification.target()).arrow_schema()
    texts, columns = _free_texts(file), file.specification.target().columns
    for batch in batches_of(file.path, file.format, file.writing, list(named.values())):
        rows = batch.num_rows
        _refuse_personal_texts(file, texts, batch)
        constants = {
            "edition": pa.repeat(pa.scalar(file.edition, pa.int64()), rows),
            "file": pa.repeat(file.path.name, rows),
            "file_sha256": pa.repeat(file.sha256, rows),
            "extract": pa.repeat(file.specification.extract, rows),
            "provenance": pa.repeat(file.provenance, rows),
            "sheet": pa.repeat(pa.scalar(file.sheet, pa.string()), rows),
        }
        delivered = {ours: _as_stored(batch.column(theirs), columns[ours]) for ours, theirs in named.items()}
        place = {"row": batch.column("row"), "malformed": batch.column("malformed")}
        found = constants | place | delivered
        yield pa.RecordBatch.from_arrays(
            [found[field.name] if field.name in found else pa.nulls(rows, field.type) for field in schema],
            schema=schema,
        )


def _as_stored(cells: pa.StringArray, column: Column) -> pa.StringArray:
    """The cells as delivered. Of a free text, in which nothing would show them, blanks that are no spaces are taken off."""
    return without_odd_blanks(cells) if column.is_free_text else cells


def extracts_table(table: Table) -> Table:
    """The table that keeps the rows for another as they were delivered."""
    return contracts()[f"extracts.{table.schema_name}_{table.short_name}"]


def _refuse_renamed(file: DeliveredFile) -> None:
    """What was made up must say so in its name, from which all that is made of it is marked."""
    listed = landing_folder() / MADE_UP_HASHES
    if file.provenance != "synthetic" and listed.exists() and file.sha256 in listed.read_text().split():
        raise InputError(
            f"{file.path.name}: is a file that tryghed sample made up, under another name: begin its name with {SYNTHETIC}, or delete it."
        )


def _paths_in(folder: Path, called: str) -> list[Path]:
    """What lies in the folder, but for the files that programs hide. Raises InputError where it may not be listed."""
    if folder.exists() and not os.access(folder, os.R_OK | os.X_OK):
        raise InputError(f"{called}: may not be opened: give the account that runs Tryghed the right to read it.")
    return sorted(path for path in folder.glob("*") if not _HIDDEN.match(path.name))


def _refuse_no_file(path: Path) -> None:
    kind = kind_of_text(path.name)
    if kind:
        among = sorted(one.name for one in path.parent.glob("*")).index(path.name) + 1 if path.exists() else 1
        raise InputError(f"{path.parent.name}, file {among} by name: its name looks like {kind}: rename it.")
    name = _plain(path.name)
    if name != path.name:
        raise InputError(
            f"{name}: the file's name holds characters that names do not need: rename it with letters, digits, blanks, - and _."
        )
    if path.is_symlink():
        raise InputError(f"{name}: is a link to another place: put the file itself there.")
    if path.is_dir():
        raise InputError(f"{name}: is a folder: put its files beside it.")
    if not path.exists():
        raise InputError(f"{name}: is not there: give the path of a file.")
    if not path.is_file():
        raise InputError(f"{name}: is no file: put the delivered file there.")
    if not os.access(path, os.R_OK):
        raise InputError(f"{name}: may not be read: give the account that runs Tryghed the right to read it.")


def _plain(name: str) -> str:
    """The name without anything that could be mistaken in a terminal or a path, or that is somebody's."""
    if kind := kind_of_text(name):
        return f"(a name that looks like {kind})"
    return re.sub(r"[^\w .,()+&'-]", "_", name) or "_"


def _with_sheet(path: Path, sheet: str | None) -> str:
    return f"{path.name}, sheet {sheet}" if sheet else path.name


def _place(path: Path, kind: Format, writing: Writing) -> str:
    """The file, and of a workbook the sheet that the specification reads."""
    xlsx = writing.formats.xlsx
    return _with_sheet(path, xlsx.sheet if kind == "xlsx" and xlsx else None)


def _fitting(path: Path, kind: Format, edition: int, specifications: dict[str, Specification]) -> Specification:
    """The one specification whose columns the file has. Raises InputError saying what is missing from the nearest."""
    headers = {
        name: header
        for name, specification in specifications.items()
        if (header := names_of(path, kind, specification.writing_in(edition))) is not None
    }
    fitting = [name for name, header in headers.items() if _fits(specifications[name], edition, header)]
    for name in fitting:
        _refuse_doubled(_place(path, kind, specifications[name].writing_in(edition)), headers[name])
    if fitting:
        return specifications[_by_file_name(path, fitting, specifications)]
    _refuse_other_years(path, kind, edition, specifications)
    raise _no_fit(path, kind, edition, headers, specifications)


def _by_file_name(path: Path, fitting: list[str], specifications: dict[str, Specification]) -> str:
    """The one of the fitting specifications that knows the file's name, or the one that asks for none."""
    called = path.name.removeprefix(SYNTHETIC)
    claimed = [name for name in fitting if specifications[name].is_called(called)]
    found = claimed or [name for name in fitting if specifications[name].file_names is None]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            f"{path.name}: fits the specifications {' and '.join(found)}: say under file_names of one what its files are called."
        )
    asked = " or ".join(f"{specifications[name].file_names} ({name})" for name in fitting)
    raise InputError(
        f"{path.name}: has the columns of files that are called {asked}: rename it so, or correct file_names in the specification."
    )


def _fits(specification: Specification, edition: int, header: tuple[str, ...]) -> bool:
    expected = set(specification.names_in(edition).values())
    return expected <= set(header) <= _known_names(specification, edition)


def _known_names(specification: Specification, edition: int) -> set[str]:
    return {*specification.names_in(edition).values(), *specification.ignored}


def _refuse_other_years(path: Path, kind: Format, edition: int, specifications: dict[str, Specification]) -> None:
    """A file that fits in the years of another edition is mostly the file of another edition."""
    for name, specification in specifications.items():
        for year in sorted(specification.changes_in, reverse=True):
            header = names_of(path, kind, specification.writing_in(year))
            if header is not None and _fits(specification, year, header):
                raise InputError(
                    f"{path.name}: has the columns that {name} has from edition {year} on, and they differ in edition {edition}: put the file of edition {edition} there, or correct extracts/{name}.yml."
                )


def _no_fit(
    path: Path,
    kind: Format,
    edition: int,
    headers: dict[str, tuple[str, ...]],
    specifications: dict[str, Specification],
) -> InputError:
    """What keeps the file from the specification that shares most columns with it."""
    known = {name: _known_names(specifications[name], edition) for name in headers}
    shared = {name: len(known[name] & set(header)) for name, header in headers.items()}
    nearest = max(shared, key=lambda name: shared[name], default=None)
    # fewer than half in common is chance: its other headings could be values
    if nearest is None or 2 * shared[nearest] < max(1, min(len(headers[nearest]), len(known[nearest]))):
        if kind == "xlsx":
            return _no_such_sheet(path, edition, specifications)
        kinds = ", ".join(
            sorted({name for name, one in specifications.items() if getattr(one.writing_in(edition).formats, kind)})
        )
        return InputError(
            f"{path.name}: no specification knows a {kind} file with such columns, delimiter or sheet (there are {kinds or 'none'} for {kind}): ask for the file as before, or write a specification for it."
        )
    header, specification = headers[nearest], specifications[nearest]
    place = _place(path, kind, specification.writing_in(edition))
    _refuse_doubled(place, header)
    missing = [name for name in specification.names_in(edition).values() if name not in header]
    unknown = [_safe(index, name) for index, name in enumerate(header, 1) if name not in known[nearest]]
    found = "; ".join(
        f"{what} {_listed(names)}" for what, names in (("missing", missing), ("unknown", unknown)) if names
    )
    return InputError(
        f"{place}: is nearest to {nearest}, but its columns differ in edition {edition} ({found}): ask for the file as before, or say in extracts/{nearest}.yml what they are called now{_how(specification, missing, unknown)}."
    )


def _no_such_sheet(path: Path, edition: int, specifications: dict[str, Specification]) -> InputError:
    """Of a workbook, most often the sheet has another name, or the headings stand in another row."""
    layouts = [one.writing_in(edition).formats.xlsx for one in specifications.values()]
    read = sorted({f"{one.sheet} (row {one.header_row})" for one in layouts if one})
    return InputError(
        f"{path.name}: no specification knows its columns on its sheets {_listed(sheets(path))}; the sheets that are read, with the row of their headings, are {', '.join(read)}: rename the sheet, put the headings into their row, or write a specification for it."
    )


def _how(specification: Specification, missing: list[str], unknown: list[str]) -> str:
    """How the specification says that a column is gone or new; one that every row needs is never not asked."""
    columns = specification.target().delivered_columns
    optional = {
        name
        for ours, column in specification.columns.items()
        if not columns[ours].required
        for name in column.name.values()
    }
    said = ["not_asked for one that is gone"] if optional & set(missing) else []
    said += ["ignored with a reason for one that is new"] if unknown else []
    return f" ({', '.join(said)})" if said else ""


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _refuse_doubled(place: str, header: tuple[str, ...]) -> None:
    for index, name in enumerate(header):
        if name in header[:index]:
            raise InputError(
                f"{place}: two columns are called {_safe(index + 1, name) or 'nothing'}: ask for a file in which each has its own name."
            )


def _safe(position: int, name: str) -> str:
    """A column's name, or only its place where the name could be a value of a file without a header."""
    looks_like_a_heading = re.fullmatch(r"[^\W\d][\w .,/()%?-]{0,59}", name) and not re.search(r"\d{4}|@", name)
    return name if looks_like_a_heading and not kind_of_text(name) else f"column {position}"


def _refuse_personal(file: DeliveredFile) -> None:
    """A column that looks personal must be declared so; its heading and its first rows are looked at here."""
    undeclared = [name for name in _header(file) if name not in _declared(file)]
    columns = file.specification.target().columns
    named = file.specification.names_in(file.edition)
    numbers = {theirs for ours, theirs in named.items() if columns[ours].type != "text"}
    for name in undeclared:
        _refuse_kind(file, name, kind_by_heading(name))
    for batch in islice(batches_of(file.path, file.format, file.writing, undeclared), 1 if undeclared else 0):
        for name in undeclared:
            _refuse_kind(file, name, kind_by_values(batch.column(name).slice(0, LOOKED_AT), name in numbers))


def _refuse_personal_texts(file: DeliveredFile, texts: list[str], batch: pa.RecordBatch) -> None:
    """The same of all later rows, for the columns that keep any text as it is."""
    for name in texts:
        _refuse_kind(file, name, kind_by_values(batch.column(name)))


def refuse_personal_cells(file: DeliveredFile, name: str, cells: pa.Array) -> None:
    """Raises InputError where cells of a column that is not declared as personal look so."""
    if name not in _declared(file):
        _refuse_kind(file, name, kind_by_values(cells))


def _free_texts(file: DeliveredFile) -> list[str]:
    """Columns of which no rule says what a cell may be: the rest is set aside where it is not what it should be."""
    columns = file.specification.target().columns
    return [
        theirs
        for ours, theirs in file.specification.names_in(file.edition).items()
        if columns[ours].is_free_text
        if theirs not in _declared(file)
    ]


def _declared(file: DeliveredFile) -> set[str]:
    """Columns of which the contract or the specification says whether they are personal."""
    specification = file.specification
    columns = specification.target().columns
    return {
        theirs
        for ours, theirs in specification.names_in(file.edition).items()
        if columns[ours].personal or specification.columns[ours].personal is not None
    } | {name for name, column in specification.ignored.items() if column.personal is not None}


def _header(file: DeliveredFile) -> tuple[str, ...]:
    return names_of(file.path, file.format, file.writing) or ()


def _refuse_kind(file: DeliveredFile, name: str, kind: str | None) -> None:
    if kind:
        raise InputError(
            f"{_with_sheet(file.path, file.sheet)}, column {name}: looks like {kind} and is not declared as personal: ask for the file without it, or declare it in extracts/{file.specification.extract}.yml with personal: true, or personal: false where it only looks so."
        )


def _refuse_twice(files: list[DeliveredFile]) -> None:
    seen: dict[str, str] = {}
    for file in files:
        if file.sha256 in seen:
            raise InputError(f"{file.path.name}: is the same file as {seen[file.sha256]}: delete one of them.")
        seen[file.sha256] = file.path.name


def _refuse_changed(path: Path, before: os.stat_result) -> None:
    after = path.stat()
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise _changed(path)


def _refuse_other_bytes(file: DeliveredFile) -> None:
    try:
        same = _sha256(file.path) == file.sha256
    except OSError:
        same = False
    if not same:
        raise _changed(file.path)


def _changed(path: Path) -> InputError:
    return InputError(f"{path.name}: changed while it was read: wait until it is copied whole, and run again.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
