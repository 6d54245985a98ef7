"""Store the delivered files of a run: the list of files, their rows, the decisions, and the rejected rows.

Either all files are stored, or no file is stored. The run stops, and the store does not change, if the same file is in
two editions, if a file is missing although figures made from it were published, or if a file has too many rejected
rows. `landing.py` reads one file, and `rejecting.py` rejects rows. `intake_step.py` is the Dagster asset that calls
this module.
"""

import shlex
from collections import Counter, defaultdict
from dataclasses import asdict
from itertools import chain

import duckdb

from assets.decisions.decision_effects import on_share
from assets.decisions.decisions_table import file_decisions
from assets.extracts.files import FILES, DeliveredFile, extracts_table, listed_files, with_sheet
from assets.extracts.landing import delivered_files, landed_editions, rows_of
from assets.extracts.layouts import load_specifications, specification_path
from assets.extracts.rejecting import DECISIONS, REJECTED, RejectedRow, rejected_rows, write_rejected
from assets.lookups import engine_with_lookups
from checks.table_rules import decidable_rules
from warehouse import store
from warehouse.contracts import Table, contracts
from warehouse.decision_file import (
    SEEN_LETTERS,
    Decisions,
    check_crime_types,
    check_editions,
    check_rules,
    load_decisions,
)
from warehouse.errors import InputError
from warehouse.home import landing_folder, path_for_reader, reference_file
from warehouse.publishing import published_rows

DELIVERED = [table for table in contracts().values() if table.delivered]
TABLES = [FILES, *map(extracts_table, DELIVERED), DECISIONS, REJECTED]

RowCounts = dict[str, dict[int, int]]  # the number of stored rows: keyed by the table's name, then by the edition


def take_in(editions: list[int]) -> RowCounts:
    """Read the editions' landing folders into the store, and return how many rows were stored.

    These counts are keyed by the table's name, and then by the edition. Raises InputError for the first file that must
    not be stored. In this case, the store does not change.
    """
    decisions = load_decisions()
    check_rules(decisions, [(rule.table, rule.name) for rule in decidable_rules()])
    check_editions(decisions, store.read(contracts()["reference.editions"])["edition"].tolist())
    check_crime_types(decisions, store.read(contracts()["reference.crime_types"])["crime_type"].tolist())
    files = _files(editions)
    stored: RowCounts = defaultdict(dict)
    with store.all_or_none(), engine_with_lookups() as connection:
        for edition in editions:
            rows = [asdict(file.listed()) for file in files[edition]]
            stored[FILES.name][edition] = store.write(FILES, FILES.frame(rows), edition)
            hashes = {file.path.name: file.sha256 for file in files[edition]}
            decided = file_decisions(decisions, edition, hashes)
            stored[DECISIONS.name][edition] = store.write(DECISIONS, decided, edition)
            for table in DELIVERED:
                extract = extracts_table(table)
                stored[extract.name][edition] = _keep_as_delivered(
                    extract, _files_of_table(table, files[edition]), edition
                )
            stored[REJECTED.name][edition] = _reject(connection, files[edition], edition, decisions)
    return stored


# --- the files of the editions -----------------------------------------------------------------------------


def _files(editions: list[int]) -> dict[int, list[DeliveredFile]]:
    """Return the inspected files of each edition. Raises InputError for the first file that has a fault."""
    specifications, landed = load_specifications(), set(landed_editions())
    _refuse_unknown_editions(landed)
    files = {edition: delivered_files(edition, specifications) if edition in landed else [] for edition in editions}
    _refuse_files_of_two_editions(files)
    _refuse_missing_files(files)
    return files


def _refuse_unknown_editions(landed: set[int]) -> None:
    """Refuse a landing folder if its edition is not in editions.csv, because no run would ever read the folder."""
    described = {int(edition) for edition in store.read(contracts()["reference.editions"])["edition"]}
    for edition in sorted(landed - described):
        folder = landing_folder() / str(edition)
        raise InputError(
            f"{path_for_reader(folder)}: edition {edition} is not in {reference_file('editions.csv')}: add a line for the edition to that file, or move the folder."
        )


def _refuse_files_of_two_editions(files: dict[int, list[DeliveredFile]]) -> None:
    """Refuse a file if a file of another edition has the same content.

    Such a file is probably last year's file under a new name.
    """
    stored = [edition for edition in store.stored_editions(FILES) if edition not in files]
    by_hash = {file.file_sha256: file for edition in stored for file in listed_files(edition)}
    for edition, edition_files in sorted(files.items()):
        for file in edition_files:
            twin = by_hash.get(file.sha256)
            if twin:
                raise InputError(
                    f"{path_for_reader(file.path)}: the file has the same content as {twin.file} of edition {twin.edition}: replace this file with the file of edition {edition}."
                )
            by_hash[file.sha256] = file.listed()


def _refuse_missing_files(files: dict[int, list[DeliveredFile]]) -> None:
    """Refuse an edition if a table now has fewer files than when the edition was published.

    Otherwise, published figures would vanish. Only the number of files is compared, so a file can be replaced by a file
    with another name. Files that were stored, but never published, are not counted.
    """
    stored_editions = set(store.stored_editions(FILES)) & set(files)
    published = published_rows(FILES) if stored_editions else []
    for edition in sorted(stored_editions):
        stored = {file.file for file in listed_files(edition)}
        before = [row for row in published if row["edition"] == edition and row["file"] in stored]
        fewer = Counter(row["table_name"] for row in before) - Counter(
            file.layout.table.name for file in files[edition]
        )
        delivered = {(file.path.name, file.layout.table.name) for file in files[edition]}
        for row in before:
            if row["table_name"] in fewer and (row["file"], row["table_name"]) not in delivered:
                missing, stored_list = landing_folder() / str(edition) / row["file"], store.path_of(FILES, edition)
                raise InputError(
                    f"{path_for_reader(missing)}: the file is missing, but figures made from it were published: put it back, put another file in its place, or delete {path_for_reader(stored_list)} if the file should no longer count."
                )


# --- their rows --------------------------------------------------------------------------------------------


def _files_of_table(table: Table, files: list[DeliveredFile]) -> list[DeliveredFile]:
    """Return the table's files, sorted by name."""
    return [file for file in files if file.layout.table.name == table.name]


def _keep_as_delivered(extract: Table, files: list[DeliveredFile], edition: int) -> int:
    return store.write_batches(extract, chain.from_iterable(map(rows_of, files)), edition)


def _reject(
    connection: duckdb.DuckDBPyConnection, files: list[DeliveredFile], edition: int, decisions: Decisions
) -> int:
    """Store the rejected rows of an edition, and return their number.

    Raises InputError if a file has too many rejected rows that no decision settles (see `_refuse_too_many`).
    """
    rejected = [
        row for table in DELIVERED for row in rejected_rows(connection, _files_of_table(table, files), decisions)
    ]
    for file in files:
        undecided = [row for row in rejected if row.file == file.path.name and row.decision is None]
        _refuse_too_many(file, undecided, decisions)
    return write_rejected(rejected, edition)


def _refuse_too_many(file: DeliveredFile, rejected: list[RejectedRow], decisions: Decisions) -> None:
    """Refuse a file with more rejected rows than its specification tolerates, unless a decision accepts them.

    A file with so many rejected rows is often the wrong file. If all rows are rejected, no decision can accept the
    file.
    """
    count, tolerated = len({row.row for row in rejected}), file.layout.tolerated_rejected_percent
    percent = 100 * count / file.rows
    if on_share(decisions, file, count):
        return
    share, specification = share_in_words(percent, tolerated), specification_path(file.layout.extract)
    too_many = f"{with_sheet(file.path, file.sheet)}: {count} of {file.rows} rows are rejected ({share})"
    faults = faults_in_words(rejected)
    if count == file.rows:
        raise InputError(
            f"{too_many}: ask for the file again, or correct {specification} if the file is right; faults: {faults}."
        )
    raise InputError(
        f"{too_many}: ask for the file again, correct {specification} if the file is right, or accept the rejected rows with the command {_command_to_accept(file)}; faults: {faults}."
    )


def share_in_words(percent: float, tolerated: float) -> str:
    """Return a text that gives the share of rejected rows and the tolerated share."""
    return f"{rejected_share(percent, tolerated)} %, but at most {tolerated:g} % is tolerated"


def rejected_share(percent: float, tolerated: float) -> str:
    """Return the share of rejected rows as text, in per cent.

    The text has two decimals, or more if two would make the share look equal to the tolerated share.
    """
    digits = next(digits for digits in range(2, 12) if round(percent, digits) != tolerated or percent == tolerated)
    return f"{percent:.{digits}f}"


def _command_to_accept(file: DeliveredFile) -> str:
    return f"tryghed decide share {file.edition} {shlex.quote(file.path.name)} --seen {file.sha256[:SEEN_LETTERS]}"


def faults_in_words(rejected: list[RejectedRow], most: int = 3) -> str:
    """Return a text that describes the most frequent faults of the rejected rows, up to `most` faults.

    The text gives each fault's column and reason, and the first row with the fault. It does not show the values of
    cells.
    """
    kinds = Counter((row.column_name, row.reason) for row in rejected)
    first_rows = {(row.column_name, row.reason): row.row for row in sorted(rejected, key=lambda row: -row.row)}
    most_frequent = sorted(kinds.items(), key=lambda kind: (-kind[1], first_rows[kind[0]]))
    faults = [
        f"row {first_rows[column, reason]}, column {column}: {reason}{f' (and in {times - 1} more rows)' if times > 1 else ''}"
        for (column, reason), times in most_frequent
    ]
    return "; ".join(
        [*faults[:most], *([f"and {len(faults) - most} more kinds of fault"] if len(faults) > most else [])]
    )
