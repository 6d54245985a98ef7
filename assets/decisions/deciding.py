"""Check a data steward's decision, and append it to `decisions.yml`.

People also edit `decisions.yml` by hand, so the existing entries and comments stay as they are. If two processes write
at the same time, the second process waits for the first. The old file is replaced only if the new file can be read
without errors. `decision_effects.py` says what a decision does.
"""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import yaml

from assets.asset_checks import fingerprint_of
from assets.decisions.decisions_table import refuse_numbers, unmapped_codes
from assets.extracts.file_trial import try_file
from assets.extracts.files import FILES, DeliveredFile, listed_files
from assets.extracts.landing import look_into, refuse_sample_without_its_reference, rows_of
from assets.extracts.layouts import load_specifications
from assets.extracts.rejecting import refuse_unreadable
from checks.expectations import validate_table
from checks.table_rules import Rule, decidable_rules, rules, shape_rule
from warehouse import store
from warehouse.contracts import contracts
from warehouse.decision_file import FILE, SEEN_LETTERS, Decision, load_decisions
from warehouse.edited_files import read_text, rewriting, short
from warehouse.errors import InputError
from warehouse.home import landing_folder, path_for_reader, reference_file, reference_folder
from warehouse.reference_files import load_reference

Entry = dict[str, str | int | date]
RowAction = Literal["accept", "correct", "drop"]


@dataclass(frozen=True)
class By:
    """The person who decides, the reason and the day.

    `expires_on` is the last day on which the decision is in force. It is None if the decision does not expire.
    """

    person: str
    reason: str
    today: date
    expires_on: date | None = None

    def entry(self) -> Entry:
        """Return these fields of an entry in `decisions.yml`: the person, the reason, the day, and the last day if any.

        Raises InputError if the person or the reason is empty.
        """
        if not self.person.strip() or not self.reason.strip():
            raise InputError("a decision needs a person and a reason: give both.")
        until: Entry = {"expires_on": self.expires_on} if self.expires_on else {}
        return {
            "person": self.person.strip(),
            "decided_on": self.today,
            **until,
            "reason": " ".join(self.reason.split()),
        }


@dataclass(frozen=True)
class Cell:
    """A cell to correct. `column` is the column's name in the specification, and `value` is the cell's new value."""

    column: str
    value: str


def cell_of(column: str | None, value: str | None) -> Cell | None:
    """Return the cell to correct. Return None if both the column and the value are None.

    The column and the value come from a command or a form. Raises InputError if only one of the two is given.
    """
    if column is None and value is None:
        return None
    if column is None or value is None:
        raise InputError(
            "a correction needs a column and a value: give both, and use the column's name from the specification."
        )
    return Cell(column, value)


def decide_on_check(table: str, rule: str, edition: int, seen: str, by: By) -> Decision:
    """Write a decision about a failed check. It waives the check if `by.expires_on` is set, and accepts it otherwise.

    `seen` is the fingerprint that Dagster shows with the check. It identifies the data that the steward saw.

    Raises InputError in these cases: the table has no such check; no decision can be made about the check; the check
    does not fail; the edition is not stored yet; or the data have changed since the steward saw them.
    """
    decidable = _decidable(table, rule)
    if edition not in store.stored_editions(contracts()[table]):
        raise InputError(f"{table} has no rows of edition {edition} yet: run 'tryghed run {edition}', then decide.")
    now = fingerprint_of(contracts()[table], edition)[:SEEN_LETTERS]
    if seen != now:
        raise InputError(
            f"the data of {table}, edition {edition}, do not have the fingerprint {seen[:SEEN_LETTERS] or '(none)'}: look at the check again, then give the fingerprint that it shows now."
        )
    if not _fails(decidable, edition):
        raise InputError(f"the check '{table} {rule}' does not fail in edition {edition}: there is nothing to decide.")
    details: Entry = {
        "about": "failed_check",
        "action": "waive" if by.expires_on else "accept",
        "edition": edition,
        "table": table,
        "rule": rule,
        "seen": seen,
    }
    return write(f"{edition}-{rule[:40]}", details, by)


def decide_on_row(
    edition: int, file: str, row: int, action: RowAction, by: By, cell: Cell | None = None, seen: str = ""
) -> Decision:
    """Write a decision that accepts a rejected row, drops the row for good, or corrects one of the row's cells.

    `seen` is the fingerprint of the file that the steward saw. If no fingerprint is given, the file that the last run
    read is meant.

    Raises InputError in these cases: the landing folder does not have this file; the row is not rejected; the row
    cannot be accepted; or the cell cannot be corrected.
    """
    delivered = _delivered(edition, file, seen)
    faults = [fault for fault in try_file(delivered.path, edition).rejected if fault.row == row]
    if not faults:
        raise InputError(
            f"row {row} of {file} is not rejected, or there is already a decision about it: give a row of quality.rejected_rows that has no decision."
        )
    if action == "accept":
        for fault in faults:
            refuse_unreadable("", fault, delivered)
    if action != "correct" and cell is not None:
        raise InputError(
            f"only a correction has a column and a value, but the action is '{action}': leave out the column and the value, or use the action 'correct'."
        )
    details: Entry = {
        "about": "rejected_row",
        "action": action,
        "edition": edition,
        **_file_fields(delivered),
        "row": row,
    }
    if action == "correct":
        details |= _correction(delivered, row, cell)
    return write(f"{edition}-row-{row}", details, by)


def _correction(file: DeliveredFile, row: int, cell: Cell | None) -> Entry:
    """Return the fields that only a correction has: the column, the value in the file, and the new value.

    Raises InputError if no cell is given, or if the cell already has the new value.
    """
    if cell is None:
        raise InputError(
            "a correction needs a column and a value: give both, and use the column's name from the specification."
        )
    expects = _delivered_cell(file, row, cell.column)
    if cell.value == expects:
        raise InputError(
            f"row {row} of {file.path.name} already has this value in the column {cell.column}: give the value that should replace it."
        )
    return {"column": cell.column, "expects": expects, "value": cell.value}


def decide_on_share(edition: int, file: str, by: By, seen: str = "") -> Decision:
    """Write a decision that accepts a file with more rejected rows than the specification tolerates.

    `seen` is the fingerprint of the file that the steward saw. If no fingerprint is given, the file that the last run
    read is meant.

    Raises InputError in these cases: the landing folder does not have this file; the rejected rows are tolerated
    anyway; or all rows are rejected.
    """
    delivered = _delivered(edition, file, seen)
    trial = try_file(delivered.path, edition)
    if trial.tolerated:
        raise InputError(f"{file}: the share of rejected rows is tolerated, so there is nothing to decide.")
    if trial.rejected_rows == delivered.rows:
        raise InputError(
            f"{file}: all rows of the file are rejected, so it cannot be accepted: ask for the file again."
        )
    details: Entry = {"about": "rejected_share", "action": "accept", "edition": edition, **_file_fields(delivered)}
    return write(f"{edition}-share", details, by)


def decide_on_code(edition: int, offence_code: str, crime_type: str | None, by: By) -> Decision:
    """Write a decision that says to which crime type the reports with this offence code belong.

    If `crime_type` is None, these reports belong to no crime type. Raises InputError if the crime type is unknown, or
    if the code is not one of the edition's codes in police.unmapped_codes.
    """
    crime_types = sorted(load_reference()["reference.crime_types"]["crime_type"])
    if crime_type not in (None, *crime_types):
        raise InputError(
            f"the crime type '{short(str(crime_type))}' is not known: use one of {', '.join(crime_types)}."
        )
    if offence_code not in unmapped_codes(edition):
        raise InputError(
            f"the offence code '{short(offence_code)}' needs no decision in edition {edition}, because it is not in police.unmapped_codes: give a code from that table."
        )
    details: Entry = {"about": "unmapped_code", "action": "accept", "edition": edition, "offence_code": offence_code}
    if crime_type:
        details |= {"action": "correct", "crime_type": crime_type}
    return write(f"{edition}-code-{offence_code}", details, by)


def _fails(rule: Rule, edition: int) -> bool:
    """Run the check now, and return whether it fails in the stored edition."""
    outcomes = validate_table(contracts()[rule.table], [rule])
    return any(outcome.of_edition(edition) for outcome in outcomes if outcome.rule.name == rule.name)


def _decidable(table: str, name: str) -> Rule:
    """Return the rule `name` of a table.

    Raises InputError if the table has no such rule, or if no decision can be made about the rule.
    """
    of_table = [*rules().get(table, ()), *([shape_rule(contracts()[table])] if table in contracts() else [])]
    rule = next((rule for rule in of_table if rule.name == name), None)
    if rule is None:
        decidable = sorted(f"{rule.table} {rule.name}" for rule in decidable_rules())
        raise InputError(f"{table} has no check '{name}': use one of these checks: {', '.join(decidable)}.")
    if not rule.decidable:
        raise InputError(
            f"no decision can be made about the check '{table} {name}', because the cause of the failure can be corrected: {rule.what_to_do}"
        )
    return rule


def _delivered(edition: int, name: str, seen: str) -> DeliveredFile:
    """Return the file of this name in the edition's landing folder.

    `seen` is the fingerprint of the file that the steward saw. If no fingerprint is given, the file that the last run
    read is meant. Raises InputError if the file is missing, or if it has another fingerprint.
    """
    folder = landing_folder() / str(edition)
    path = next((path for path in folder.rglob("*") if path.name == name), None)
    if path is None:
        raise InputError(
            f"{path_for_reader(folder)} has no file '{short(name)}': give the name of a file that quality.files lists."
        )
    file = look_into(path, edition, load_specifications())
    stored = listed_files(edition) if edition in store.stored_editions(FILES) else []
    expected = [seen] if seen else [listed.file_sha256 for listed in stored if listed.file == name]
    if not any(len(letters) >= SEEN_LETTERS and file.sha256.startswith(letters) for letters in expected):
        raise InputError(
            f"{name} is not {f'the file with the fingerprint {seen[:SEEN_LETTERS]}' if seen else 'the file that the last run read'}: look at the file again with 'tryghed extracts check', then give the fingerprint that this command shows."
        )
    return file


def _file_fields(file: DeliveredFile) -> Entry:
    return {"file": file.path.name, "file_sha256": file.sha256[:SEEN_LETTERS]}


def _delivered_cell(file: DeliveredFile, row: int, column: str) -> str:
    """Return the text that a cell has in the delivered file.

    Raises InputError if the file has no such row or column, or if the column has personal data.
    """
    columns = file.layout.columns
    if column not in columns:
        raise InputError(f"{file.layout.table.name} has no column '{short(column)}': use one of {', '.join(columns)}.")
    if columns[column].is_personal:
        raise InputError(
            f"the column {column} holds personal data, which must not be written to {reference_file(FILE)}: ask for a corrected file instead."
        )
    for batch in rows_of(file):
        numbers = batch.column("row").to_pylist()
        if row in numbers:
            return str(batch.column(column)[numbers.index(row)].as_py() or "")
    raise InputError(f"{file.path.name} has no row {row}: give a row from quality.rejected_rows.")


# --- the file ----------------------------------------------------------------------------------------------


def write(name: str, details: Entry, by: By) -> Decision:
    """Append a decision to `decisions.yml`, and return the decision. Its id is new and begins with `name`.

    Raises InputError if the person or the reason contains a number that identifies a respondent or a report. Also
    raises InputError if the file cannot be read, either before or after the new entry is added.
    """
    refuse_numbers(f"{by.person} {by.reason}", store.stored_editions(FILES))
    refuse_sample_without_its_reference()
    with rewriting(reference_folder() / FILE) as path:
        used_ids = {decision.decision_id for decision in load_decisions().decisions}
        decision_id = _free_name(re.sub(r"[^a-z0-9_-]", "-", name.lower())[:50], used_ids)
        entry: Entry = {"decision_id": decision_id, **details, **by.entry()}
        line_end = "\r\n" if b"\r\n" in path.read_bytes() else "\n"
        path.write_text(_with_entry(read_text(path), entry), encoding="utf-8", newline=line_end)
        written = _read_again(path.parent, len(used_ids))
    return written[-1]


def _read_again(folder: Path, before: int) -> list[Decision]:
    """Read the new file, and return its decisions. `before` is the number of decisions in the old file.

    Raises InputError if the new file cannot be read, or if it does not have exactly one decision more than the old
    file.
    """
    try:
        decisions = load_decisions(folder).decisions
    except InputError as error:
        if "cannot be read as YAML" not in str(error):
            raise
        decisions = []
    if len(decisions) != before + 1:
        raise InputError(
            f"{reference_file(FILE)}: an entry cannot be added at the end of the file: begin the list with a line 'decisions:' and each entry with '- ', or add the entry by hand."
        )
    return decisions


def _free_name(name: str, used_ids: set[str]) -> str:
    numbered = (f"{name}-{number}" for number in range(1, len(used_ids) + 2))
    return next(candidate for candidate in numbered if candidate not in used_ids)


def _with_entry(text: str, entry: Entry) -> str:
    """Return the file's text with the new entry at the end. The entry is indented like the other entries."""
    lines = yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=1000)
    with_list = re.sub(r"^decisions:\s*\[\]\s*$", "decisions:", text.rstrip(), flags=re.MULTILINE)
    indent = re.search(r"^decisions:\s*\n(?:\s*#.*\n|\s*\n)*( *)- ", with_list, flags=re.MULTILINE)
    spaces = indent.group(1) if indent else ""
    return with_list + "\n" + "".join(f"{spaces}{line}\n" for line in lines.splitlines())
