"""Taking the editions' files in as a whole: which files they have, their rows as delivered, and the rejected ones.

Here belongs what is decided about all files together: that all of them are stored or none, that a file is in no other
edition, that none has gone, and that not too much of one is rejected. A file that a run cannot go on with leaves the store
as it was. How one file is read is in `landing.py`; which rows are rejected is in `rejecting.py`; the Dagster asset that
calls this is in `intake_step.py`.
"""

import shlex
from collections import Counter, defaultdict
from dataclasses import asdict
from itertools import chain

import duckdb

from assets.decisions.decisions_table import file_decisions
from assets.decisions.effects import on_share
from assets.extracts.files import FILES, DeliveredFile, extracts_table, listed_files
from assets.extracts.landing import delivered_files, landed_editions, rows_of
from assets.extracts.layouts import load_specifications
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
from warehouse.home import reference_file
from warehouse.publishing import published_rows

DELIVERED = [table for table in contracts().values() if table.delivered]
TABLES = [FILES, *map(extracts_table, DELIVERED), DECISIONS, REJECTED]

RowCounts = dict[str, dict[int, int]]  # rows that were stored, by the table's name and the edition


def take_in(editions: list[int]) -> RowCounts:
    """Read the landing folders of the editions into the store, and return how many rows each table has of each edition.

    Raises InputError for the first file that a run cannot go on with; the store is then as it was.
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
                stored[extract.name][edition] = _keep_as_delivered(extract, _of_table(table, files[edition]), edition)
            stored[REJECTED.name][edition] = _reject(connection, files[edition], edition, decisions)
    return stored


# --- the files of the editions -----------------------------------------------------------------------------


def _files(editions: list[int]) -> dict[int, list[DeliveredFile]]:
    """Return the files of each edition, looked through. Raises InputError for the first that cannot be right."""
    specifications, landed = load_specifications(), set(landed_editions())
    _refuse_unknown_editions(landed)
    files = {edition: delivered_files(edition, specifications) if edition in landed else [] for edition in editions}
    _refuse_files_of_two_editions(files)
    _refuse_gone(files)
    return files


def _refuse_unknown_editions(landed: set[int]) -> None:
    """Refuse the folder of an edition that nobody described: it would never be read."""
    described = {int(edition) for edition in store.read(contracts()["reference.editions"])["edition"]}
    for edition in sorted(landed - described):
        raise InputError(
            f"landing/{edition}: edition {edition} is not in {reference_file('editions.csv')}: add a line for it, or move the folder."
        )


def _refuse_files_of_two_editions(files: dict[int, list[DeliveredFile]]) -> None:
    """Refuse the same bytes in two editions: they are last year's file under this year's name."""
    stored = [edition for edition in store.stored_editions(FILES) if edition not in files]
    by_hash = {file.file_sha256: file for edition in stored for file in listed_files(edition)}
    for edition, of_edition in sorted(files.items()):
        for file in of_edition:
            twin = by_hash.get(file.sha256)
            if twin:
                raise InputError(
                    f"{file.path.name}: is the same file as {twin.file} of edition {twin.edition}: put the file of edition {edition} there."
                )
            by_hash[file.sha256] = file.listed()


def _refuse_gone(files: dict[int, list[DeliveredFile]]) -> None:
    """Refuse to replace something good by nothing: of what was published, a table must have as many files as before.

    They may have other names: a file may stand in another's place. What was taken in and never published may go.
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
                raise InputError(
                    f"{row['file']}: was read from landing/{edition} before and is gone, and nothing good is replaced by nothing: put it back or another file in its place, or delete store/quality/files/{edition}.parquet if it is right that it is gone."
                )


# --- their rows --------------------------------------------------------------------------------------------


def _of_table(table: Table, files: list[DeliveredFile]) -> list[DeliveredFile]:
    """Return the files whose rows belong to a table, in the order of their names."""
    return [file for file in files if file.layout.table.name == table.name]


def _keep_as_delivered(extract: Table, files: list[DeliveredFile], edition: int) -> int:
    return store.write_batches(extract, chain.from_iterable(map(rows_of, files)), edition)


def _reject(
    connection: duckdb.DuckDBPyConnection, files: list[DeliveredFile], edition: int, decisions: Decisions
) -> int:
    """Store the rejected rows. Raises InputError where they are more than a file's specification tolerates."""
    rejected = [row for table in DELIVERED for row in rejected_rows(connection, _of_table(table, files), decisions)]
    for file in files:
        undecided = [row for row in rejected if row.file == file.path.name and row.decision is None]
        _refuse_too_many(file, undecided, decisions)
    return write_rejected(rejected, edition)


def _refuse_too_many(file: DeliveredFile, rejected: list[RejectedRow], decisions: Decisions) -> None:
    """Refuse a file that loses many rows, as it is often the wrong one; one that loses all of them is no delivery."""
    count, tolerated = len({row.row for row in rejected}), file.layout.tolerated_rejected_percent
    percent = 100 * count / file.rows
    if on_share(decisions, file, count):
        return
    raise InputError(
        f"{file.path.name}{f', sheet {file.sheet}' if file.sheet else ''}: {count} of {file.rows} rows cannot count ({share_in_words(percent, tolerated)}): {faults_in_words(rejected)}: "
        f"ask for the file again, correct {reference_file(f'extracts/{file.layout.extract}.yml')} where its words are meant so{_or_accept(file) if count < file.rows else ''}."
    )


def share_in_words(percent: float, tolerated: float) -> str:
    """Return the rejected share and the tolerated one, in per cent, with as many digits as it takes to tell them apart."""
    digits = next(digits for digits in range(2, 12) if round(percent, digits) != tolerated or percent == tolerated)
    return f"{percent:.{digits}f} %, and {tolerated:g} % are tolerated"


def _or_accept(file: DeliveredFile) -> str:
    return f", or accept it with tryghed decide share {file.edition} {shlex.quote(file.path.name)} --seen {file.sha256[:SEEN_LETTERS]}"


def faults_in_words(rejected: list[RejectedRow], most: int = 3) -> str:
    """Return the `most` most frequent faults, each with its column and first row, never a value."""
    kinds = Counter((row.column_name, row.reason) for row in rejected)
    first_rows = {(row.column_name, row.reason): row.row for row in sorted(rejected, key=lambda row: -row.row)}
    most_frequent = sorted(kinds.items(), key=lambda kind: (-kind[1], first_rows[kind[0]]))
    faults = [
        f"row {first_rows[column, reason]}, column {column} {reason}{f' (so do {times - 1} more)' if times > 1 else ''}"
        for (column, reason), times in most_frequent
    ]
    return "; ".join([*faults[:most], *([f"and {len(faults) - most} other faults"] if len(faults) > most else [])])
