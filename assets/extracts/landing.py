"""The landing folder: which files an edition was given, a look into each, and their rows as text.

Here belongs what is asked of a file as a whole: it is refused, in one sentence, before anything is stored. Which layout fits
it is decided in `matching.py`, whether it holds personal data in `privacy.py`; how each format is read is in `formats/`; what
is wrong with single rows is for `rejecting.py`.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa

from assets.extracts.files import MADE_UP_HASHES, SYNTHETIC, DeliveredFile, extracts_table, plain, with_sheet
from assets.extracts.formats import batches_of, cells_of, format_of
from assets.extracts.formats.cells import without_odd_blanks
from assets.extracts.layouts import Specification
from assets.extracts.matching import fitting_layout
from assets.extracts.privacy import free_texts, refuse_personal, refuse_personal_texts
from warehouse.contracts import Column
from warehouse.errors import InputError
from warehouse.home import landing_folder, path_for_reader, reference_folder, sample_reference_folder
from warehouse.personal import kind_of_text

_HIDDEN = re.compile(r"\.(?!\.)|~\$")  # what programs leave beside files: .DS_Store, ._svar.csv, ~$svar.xlsx


def landed_editions() -> list[int]:
    """Return the editions that have a landing folder. Raises InputError for anything else that lies there."""
    editions = []
    for path in _paths_in(landing_folder(), "landing"):
        if path.is_symlink():
            raise InputError(
                f"landing/{plain(path.name)}: is a link to another place: put a folder with the edition's files there."
            )
        if not re.fullmatch(r"20\d\d", path.name) or not path.is_dir():
            raise InputError(
                f"landing/{plain(path.name)}: is no folder of an edition: put files into landing/<edition>/, as landing/2026/."
            )
        editions.append(int(path.name))
    return editions


def delivered_files(edition: int, specifications: dict[str, Specification]) -> list[DeliveredFile]:
    """Return the edition's files in order of their names, each with its layout. Raises InputError for the first bad one."""
    files = [look_into(path, edition, specifications) for path in paths_of(edition)]
    _refuse_twice(files)
    for file in files:
        refuse_beside_sample_reference(file)
    return files


def paths_of(edition: int) -> list[Path]:
    """Return the paths of an edition's files in order of their names, without those that programs hide."""
    return _paths_in(landing_folder() / str(edition), f"landing/{edition}")


def look_into(path: Path, edition: int, specifications: dict[str, Specification]) -> DeliveredFile:
    """Return what a file is. Raises InputError saying what is wrong with it and what to do."""
    try:
        _refuse_no_file(path)
        before = path.stat()
        try:
            return _looked_into(path, before.st_size, edition, specifications)
        finally:
            _refuse_changed(path, before)  # a look into a file that changes meanwhile says nothing
    except OSError as error:
        raise InputError(
            f"{plain(path.name)}: cannot be read ({error.strerror}): put the file there again, and run again."
        ) from None


def _looked_into(path: Path, size: int, edition: int, specifications: dict[str, Specification]) -> DeliveredFile:
    kind = format_of(path)
    layout = fitting_layout(path, kind, edition, specifications)
    with ThreadPoolExecutor(max_workers=1) as thread:
        hashed = thread.submit(_sha256, path)
        cells = cells_of(path, kind, layout.writing)
    file = DeliveredFile(path, hashed.result(), size, kind, layout, cells.rows, cells.sheet)
    _refuse_renamed(file)
    if not cells.rows:
        raise InputError(f"{with_sheet(path, cells.sheet)}: has a header and no rows: ask for the file again.")
    refuse_personal(file)
    return file


def refuse_beside_sample_reference(file: DeliveredFile) -> None:
    """Refuse a delivered file while the reference files are the sample's copy: its baselines are made up."""
    sample = sample_reference_folder()
    if file.provenance != "synthetic" and reference_folder() == sample:
        raise InputError(
            f"{file.path.name}: is a delivered file, and the reference files are those of the made-up sample: delete {path_for_reader(sample)} and the sample's files, and run again."
        )


def rows_of(file: DeliveredFile) -> Iterator[pa.RecordBatch]:
    """Yield the file's rows as the columns of its extracts table, in order. Raises InputError where the file changes meanwhile."""
    rows = 0
    try:
        for batch in _batches_of(file):
            rows += batch.num_rows
            yield batch
    except Exception:
        _refuse_other_bytes(file)  # what is wrong with bytes that changed says nothing of the file
        raise
    _refuse_other_bytes(file)
    if rows != file.rows:
        raise InputError(
            f"{with_sheet(file.path, file.sheet)}: holds {file.rows} rows by its own count, and {rows} when it is read: ask for the file again."
        )


def _batches_of(file: DeliveredFile) -> Iterator[pa.RecordBatch]:
    layout, texts = file.layout, free_texts(file.layout)
    schema = extracts_table(layout.table).arrow_schema()
    for batch in batches_of(file.path, file.format, layout.writing, list(layout.headings.values())):
        rows = batch.num_rows
        refuse_personal_texts(file, texts, batch)
        constants = {
            "edition": pa.repeat(pa.scalar(file.edition, pa.int64()), rows),
            "file": pa.repeat(file.path.name, rows),
            "file_sha256": pa.repeat(file.sha256, rows),
            "extract": pa.repeat(layout.extract, rows),
            "provenance": pa.repeat(file.provenance, rows),
            "sheet": pa.repeat(pa.scalar(file.sheet, pa.string()), rows),
        }
        delivered = {
            name: _as_stored(batch.column(heading), layout.columns[name].contract)
            for name, heading in layout.headings.items()
        }
        place = {"row": batch.column("row"), "malformed": batch.column("malformed")}
        columns = constants | place | delivered
        yield pa.RecordBatch.from_arrays(
            [columns[field.name] if field.name in columns else pa.nulls(rows, field.type) for field in schema],
            schema=schema,
        )


def _as_stored(cells: pa.StringArray, column: Column) -> pa.StringArray:
    """Return the cells as delivered; of a free text, in which nothing would show them, without blanks that are no spaces."""
    return without_odd_blanks(cells) if column.is_free_text else cells


def _refuse_renamed(file: DeliveredFile) -> None:
    """Refuse a made-up file without its mark: by its name all that is made of it is marked."""
    listed = landing_folder() / MADE_UP_HASHES
    if file.provenance != "synthetic" and listed.exists() and file.sha256 in listed.read_text().split():
        raise InputError(
            f"{file.path.name}: is a file that tryghed sample made up, under another name: begin its name with {SYNTHETIC}, or delete it."
        )


def _paths_in(folder: Path, called: str) -> list[Path]:
    """Return what lies in the folder, without the files that programs hide. Raises InputError where it may not be listed."""
    if folder.exists() and not os.access(folder, os.R_OK | os.X_OK):
        raise InputError(f"{called}: may not be opened: give the account that runs Tryghed the right to read it.")
    return sorted(path for path in folder.glob("*") if not _HIDDEN.match(path.name))


def _refuse_no_file(path: Path) -> None:
    kind = kind_of_text(path.name)
    if kind:
        among = (
            sorted(neighbour.name for neighbour in path.parent.glob("*")).index(path.name) + 1 if path.exists() else 1
        )
        raise InputError(f"{path.parent.name}, file {among} by name: its name looks like {kind}: rename it.")
    name = plain(path.name)
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


def _refuse_twice(files: list[DeliveredFile]) -> None:
    name_by_hash: dict[str, str] = {}
    for file in files:
        if file.sha256 in name_by_hash:
            raise InputError(f"{file.path.name}: is the same file as {name_by_hash[file.sha256]}: delete one of them.")
        name_by_hash[file.sha256] = file.path.name


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
