"""The landing folder: list the delivered files of an edition, inspect each file, and read its rows as text.

This module refuses a bad file before anything is stored. The error's message says why. `matching.py` finds the layout
that fits a file, and `privacy.py` looks for personal data. `formats/` reads each format. `rejecting.py` finds the
faults of single rows later.
"""

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
from warehouse.store import hash_of_file

_HIDDEN = re.compile(r"\.(?!\.)|~\$")  # files that other programs leave behind: .DS_Store, ._svar.csv, ~$svar.xlsx


def landed_editions() -> list[int]:
    """Return the editions that have a landing folder.

    Raises InputError if the folder `landing` contains anything but the folders of editions, or a sample without its own
    reference files.
    """
    refuse_sample_without_its_reference()
    editions = []
    for path in _paths_in(landing_folder()):
        if path.is_symlink():
            raise InputError(
                f"{_safe_path(path)}: this is a link: replace it with a folder that holds the edition's files."
            )
        if not re.fullmatch(r"20\d\d", path.name) or not path.is_dir():
            example = path_for_reader(landing_folder() / "2026")
            raise InputError(
                f"{_safe_path(path)}: this is not the folder of an edition: put delivered files into a folder that is named after the year, such as {example}."
            )
        editions.append(int(path.name))
    return editions


def delivered_files(edition: int, specifications: dict[str, Specification]) -> list[DeliveredFile]:
    """Inspect the edition's files, and return them sorted by name.

    Raises InputError for the first file that has a fault.
    """
    files = [look_into(path, edition, specifications) for path in paths_of(edition)]
    _refuse_same_content(files)
    for file in files:
        refuse_beside_sample_reference(file)
    return files


def paths_of(edition: int) -> list[Path]:
    """Return the paths of an edition's files, sorted by name. Hidden files of other programs are left out."""
    return _paths_in(landing_folder() / str(edition))


def look_into(path: Path, edition: int, specifications: dict[str, Specification]) -> DeliveredFile:
    """Inspect a file, and find its format, its layout, its hash and the number of its rows.

    Raises InputError if the file has a fault. The error's message says what is wrong and what to do.
    """
    try:
        _refuse_bad_path(path)
        before = path.stat()
        try:
            return _looked_into(path, before.st_size, edition, specifications)
        finally:
            # This is checked even after an InputError. If the file was still being copied, the copying caused the fault.
            _refuse_changed(path, before)
    except OSError as error:
        raise InputError(
            f"{_safe_path(path)}: the file cannot be read ({error.strerror}): put the file into its folder again, then run again."
        ) from None


def _looked_into(path: Path, size: int, edition: int, specifications: dict[str, Specification]) -> DeliveredFile:
    kind = format_of(path)
    layout = fitting_layout(path, kind, edition, specifications)
    with ThreadPoolExecutor(max_workers=1) as thread:
        hashed = thread.submit(hash_of_file, path)
        cells = cells_of(path, kind, layout.writing)
    file = DeliveredFile(path, hashed.result(), size, kind, layout, cells.rows, cells.sheet)
    _refuse_renamed(file)
    if not cells.rows:
        raise InputError(
            f"{with_sheet(path, cells.sheet)}: there is a header, but there are no rows: ask for the file again."
        )
    refuse_personal(file)
    return file


def refuse_beside_sample_reference(file: DeliveredFile) -> None:
    """Refuse a real file if the run uses the sample's copy of the reference files.

    That copy has made-up baselines, and real figures would be compared with them.
    """
    sample = sample_reference_folder()
    if file.provenance != "synthetic" and reference_folder() == sample:
        raise InputError(
            f"{path_for_reader(file.path)}: this is a delivered file, but the reference files belong to the made-up sample: delete the sample's reference files in {path_for_reader(sample)} and the made-up files in the landing folder, then run again."
        )


def refuse_sample_without_its_reference() -> None:
    """Refuse the sample's files if the sample has no copy of the reference files, for example after an interruption.

    Made-up baselines and decisions would otherwise be written into the project's own reference files.
    """
    if os.environ.get("TRYGHED_REFERENCE") or sample_reference_folder().exists():
        return
    if any(landing_folder().glob(f"*/{SYNTHETIC}*")):
        raise InputError(
            f"{path_for_reader(landing_folder())}: the made-up files have no reference files of their own: run 'tryghed sample', which writes both, or delete the made-up files."
        )


def rows_of(file: DeliveredFile) -> Iterator[pa.RecordBatch]:
    """Yield the file's rows in order, in batches for a table of the schema `extracts`.

    Raises InputError if the file changes while it is read, or if the number of rows differs from the inspection's
    count.
    """
    rows = 0
    try:
        for batch in _batches_of(file):
            rows += batch.num_rows
            yield batch
    except Exception:
        _refuse_changed_bytes(file)  # if the file has changed, the change is the fault to report
        raise
    _refuse_changed_bytes(file)
    if rows != file.rows:
        raise InputError(
            f"{with_sheet(file.path, file.sheet)}: {file.rows} rows were counted, but {rows} rows were read: ask for the file again."
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
    """Return a column's cells in the form in which they are stored.

    Tabs, line ends and no-break spaces around a free text are removed. All other cells are stored as delivered. If such
    a character is in one of them, a rule rejects the row, so that somebody notices the character.
    """
    return without_odd_blanks(cells) if column.is_free_text else cells


def _refuse_renamed(file: DeliveredFile) -> None:
    """Refuse a file from `tryghed sample` if its name no longer begins with `synthetic_`.

    The file is recognized by its hash. Under another name, its made-up figures would be taken for real ones.
    """
    listed = landing_folder() / MADE_UP_HASHES
    if file.provenance != "synthetic" and listed.exists() and file.sha256 in listed.read_text().split():
        raise InputError(
            f"{path_for_reader(file.path)}: this is a made-up file from 'tryghed sample', but its name does not say so: let the name begin with {SYNTHETIC}, or delete the file."
        )


def _paths_in(folder: Path) -> list[Path]:
    """Return the paths in a folder, sorted by name. Hidden files of other programs are left out.

    Raises InputError if Tryghed does not have the right to open the folder.
    """
    if folder.exists() and not os.access(folder, os.R_OK | os.X_OK):
        raise InputError(
            f"{path_for_reader(folder)}: the folder cannot be opened: allow the account that runs Tryghed to read it."
        )
    return sorted(path for path in folder.glob("*") if not _HIDDEN.match(path.name))


def _safe_path(path: Path) -> str:
    """Return the path as text for a message. The file's name is made safe to show."""
    return path_for_reader(path.parent / plain(path.name))


def _refuse_bad_path(path: Path) -> None:
    """Refuse a path if it is not a readable file, or if the file's name is not safe to show or looks personal."""
    kind = kind_of_text(path.name)
    if kind:
        neighbours = sorted(neighbour.name for neighbour in path.parent.glob("*"))
        position = neighbours.index(path.name) + 1 if path.name in neighbours else 1
        raise InputError(
            f"{path_for_reader(path.parent)}, file {position} when sorted by name: the file's name seems to contain {kind}: rename the file."
        )
    place = _safe_path(path)
    if plain(path.name) != path.name:
        raise InputError(
            f"{place}: the file's name has unusual characters (each is shown here as '_'): rename the file, using only letters, digits, spaces, hyphens and underscores."
        )
    if path.is_symlink():
        raise InputError(f"{place}: this is a link: replace it with the file itself.")
    if path.is_dir():
        raise InputError(f"{place}: this is a folder: move the files in it to the folder above.")
    if not path.exists():
        raise InputError(f"{place}: the file does not exist: give the path of a file that exists.")
    if not path.is_file():
        raise InputError(f"{place}: this is not a regular file: replace it with the delivered file.")
    if not os.access(path, os.R_OK):
        raise InputError(f"{place}: the file cannot be read: allow the account that runs Tryghed to read it.")


def _refuse_same_content(files: list[DeliveredFile]) -> None:
    name_by_hash: dict[str, str] = {}
    for file in files:
        if file.sha256 in name_by_hash:
            raise InputError(
                f"{path_for_reader(file.path)}: the file has the same content as {name_by_hash[file.sha256]}: delete one of the two files."
            )
        name_by_hash[file.sha256] = file.path.name


def _refuse_changed(path: Path, before: os.stat_result) -> None:
    after = path.stat()
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise _changed(path)


def _refuse_changed_bytes(file: DeliveredFile) -> None:
    """Refuse a file if its content has changed since the inspection."""
    try:
        same = hash_of_file(file.path) == file.sha256
    except OSError:
        same = False
    if not same:
        raise _changed(file.path)


def _changed(path: Path) -> InputError:
    return InputError(
        f"{path_for_reader(path)}: the file changed while it was being read: wait until it has been copied completely, then run again."
    )
