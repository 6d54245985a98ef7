"""What came in, taken in as a whole: the files of the editions, their rows as delivered, and what is set aside of them.

All of it is stored or nothing: a file that cannot be read, or of which too much is set aside, leaves the store as it was.
Plain functions; the asset that calls them is in `extracts.py`, which rows are set aside is decided in `setting_aside.py`.
"""

import shlex
from collections import Counter, defaultdict
from itertools import chain

from assets.decisions.effects import on_share
from assets.decisions.table import file_decisions
from assets.extracts.landing import DeliveredFile, delivered_files, extracts_table, landed_editions, rows_of
from assets.extracts.layouts import load_specifications
from assets.extracts.rejecting import DECISIONS, FILES, REJECTED, delivered_for, files_of, set_aside
from checks.rules import decidable_rules
from warehouse import store
from warehouse.contracts import Row, Table, contracts
from warehouse.decision_file import (
    SEEN_LETTERS,
    Decisions,
    check_crime_types,
    check_editions,
    check_rules,
    load_decisions,
)
from warehouse.errors import InputError
from warehouse.publishing import published_rows

DELIVERED = [table for table in contracts().values() if table.delivered]
TABLES = [FILES, *map(extracts_table, DELIVERED), DECISIONS, REJECTED]

Written = dict[str, dict[int, int]]


def take_in(editions: list[int]) -> Written:
    """Read the landing folders of the editions into the store; the rows of each table and edition, by the table's name.

    Raises InputError for the first file that a run cannot go on with; the store is then as it was.
    """
    decided = load_decisions()
    check_rules(decided, [(rule.table, rule.name) for rule in decidable_rules()])
    check_editions(decided, store.read(contracts()["reference.editions"])["edition"].tolist())
    check_crime_types(decided, store.read(contracts()["reference.crime_types"])["crime_type"].tolist())
    found = _files(editions)
    written: Written = defaultdict(dict)
    with store.all_or_none():
        for edition in editions:
            rows = [file.row() for file in found[edition]]
            written[FILES.name][edition] = store.write(FILES, FILES.frame(rows), edition)
            hashes = {file.path.name: file.sha256 for file in found[edition]}
            written[DECISIONS.name][edition] = store.write(DECISIONS, file_decisions(decided, edition, hashes), edition)
            for table in DELIVERED:
                extract = extracts_table(table)
                written[extract.name][edition] = _keep_as_delivered(table, extract, edition)
            written[REJECTED.name][edition] = _set_aside(found[edition], edition, decided)
    return written


def _files(editions: list[int]) -> dict[int, list[DeliveredFile]]:
    """The files of each edition, known and looked through."""
    specifications, landed = load_specifications(), set(landed_editions())
    _refuse_unknown_editions(landed)
    found = {one: delivered_files(one, specifications) if one in landed else [] for one in editions}
    _refuse_another_editions(found)
    for edition, of_edition in found.items():
        _refuse_gone(edition, of_edition)
    return found


def _refuse_another_editions(found: dict[int, list[DeliveredFile]]) -> None:
    """The same bytes in two editions are last year's file under this year's name."""
    seen = {
        row["file_sha256"]: row for one in store.stored_editions(FILES) if one not in found for row in files_of(one)
    }
    for edition, of_edition in sorted(found.items()):
        for file in of_edition:
            other = seen.get(file.sha256)
            if other:
                raise InputError(
                    f"{file.path.name}: is the same file as {other['file']} of edition {other['edition']}: put the file of edition {edition} there."
                )
            seen[file.sha256] = file.row()


def _refuse_gone(edition: int, of_edition: list[DeliveredFile]) -> None:
    """Nothing good is replaced by nothing: of what was published, a table must have as many files as before.

    They may have other names: a file may stand in another's place. What was taken in and never published may go.
    """
    stored = {row["file"] for row in files_of(edition)} if edition in store.stored_editions(FILES) else set()
    if not stored:
        return
    before = [row for row in published_rows(FILES, edition) if row["file"] in stored]
    fewer = Counter(row["table_name"] for row in before) - Counter(file.specification.table for file in of_edition)
    there = {(file.path.name, file.specification.table) for file in of_edition}
    for row in before:
        if row["table_name"] in fewer and (row["file"], row["table_name"]) not in there:
            raise InputError(
                f"{row['file']}: was read from landing/{edition} before and is gone, and nothing good is replaced by nothing: put it back or another file in its place, or delete store/quality/files/{edition}.parquet if it is right that it is gone."
            )


def _refuse_unknown_editions(landed: set[int]) -> None:
    """A folder of an edition that nobody described would never be read."""
    known = {int(edition) for edition in store.read(contracts()["reference.editions"])["edition"]}
    for edition in sorted(landed - known):
        raise InputError(
            f"landing/{edition}: edition {edition} is not in editions.csv: add a line for it, or move the folder."
        )


def _keep_as_delivered(table: Table, extract: Table, edition: int) -> int:
    rows = chain.from_iterable(rows_of(file) for file in delivered_for(table, edition))
    return store.write_batches(extract, rows, edition)


def _set_aside(files: list[DeliveredFile], edition: int, decided: Decisions) -> int:
    """Store the rows that cannot count. Raises InputError where they are more than a file's specification tolerates."""
    rejected = [row for table in DELIVERED for row in set_aside(table, edition, decided)]
    for file in files:
        of_file = [row for row in rejected if row["file"] == file.path.name and row["decision"] is None]
        _refuse_too_many(file, of_file, decided)
    return store.write(REJECTED, REJECTED.frame(rejected), edition)


def _refuse_too_many(file: DeliveredFile, rejected: list[Row], decided: Decisions) -> None:
    """A file that loses many rows is often the wrong one; one that loses all of them is no delivery."""
    count, tolerated = len({row["row"] for row in rejected}), file.specification.tolerated_rejected_percent
    percent = 100 * count / file.rows
    if on_share(decided, file, count):
        return
    raise InputError(
        f"{file.path.name}{f', sheet {file.sheet}' if file.sheet else ''}: {count} of {file.rows} rows cannot count ({share_in_words(percent, tolerated)}): {faults_in_words(rejected)}: "
        f"ask for the file again, correct extracts/{file.specification.extract}.yml where its words are meant so{_or_accept(file) if count < file.rows else ''}."
    )


def share_in_words(percent: float, tolerated: float) -> str:
    """The share that cannot count and the one that is tolerated, with as many digits as it takes to tell them apart."""
    digits = next(digits for digits in range(2, 12) if round(percent, digits) != tolerated or percent == tolerated)
    return f"{percent:.{digits}f} %, and {tolerated:g} % are tolerated"


def _or_accept(file: DeliveredFile) -> str:
    return f", or accept it with tryghed decide share {file.edition} {shlex.quote(file.path.name)} --seen {file.sha256[:SEEN_LETTERS]}"


def faults_in_words(rejected: list[Row], most: int = 3) -> str:
    """The most frequent faults with their column and first row, never a value."""
    kinds = Counter((row["column_name"], row["reason"]) for row in rejected)
    first = {(row["column_name"], row["reason"]): row["row"] for row in sorted(rejected, key=lambda row: -row["row"])}
    said = [
        f"row {first[kind]}, column {kind[0]} {kind[1]}{f' (so do {times - 1} more)' if times > 1 else ''}"
        for kind, times in sorted(kinds.items(), key=lambda one: (-one[1], first[one[0]]))
    ]
    return "; ".join([*said[:most], *([f"and {len(said) - most} other faults"] if len(said) > most else [])])
