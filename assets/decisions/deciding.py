"""How a steward's decision becomes an entry of `decisions.yml`: looked up, written below the others, and never lost.

The file stays one that people read and edit: what stands in it is left as it is, comments too. Whoever writes at the same
time waits; the new file is read before it is put in place. What a decision does is in `effects.py`.
"""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import yaml

from assets.asset_checks import fingerprint_of
from assets.decisions.decisions_table import refuse_numbers, unmapped_codes
from assets.extracts.files import FILES, DeliveredFile, listed_files
from assets.extracts.landing import look_into, rows_of
from assets.extracts.layouts import load_specifications
from assets.extracts.rejecting import refuse_unreadable
from assets.extracts.trial import try_file
from checks.expectations import validate_table
from checks.table_rules import Rule, decidable_rules, rules, shape_rule
from warehouse import store
from warehouse.contracts import contracts
from warehouse.decision_file import FILE, SEEN_LETTERS, Decision, load_decisions
from warehouse.edited_files import read_text, rewriting, short
from warehouse.errors import InputError
from warehouse.home import landing_folder, reference_file, reference_folder
from warehouse.reference_files import load_reference

Entry = dict[str, str | int | date]
RowAction = Literal["accept", "correct", "drop"]


@dataclass(frozen=True)
class By:
    """Who decides, why, on which day, and until when."""

    person: str
    reason: str
    today: date
    expires_on: date | None = None

    def entry(self) -> Entry:
        """Return the fields of an entry that say so. Raises InputError where the person or the reason is empty."""
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
    """A cell to correct: the column, by our name of it, and what is to stand there."""

    column: str
    value: str


def cell_of(column: str | None, value: str | None) -> Cell | None:
    """Return the cell that a command or form names, None where it names none. Raises InputError for half of one."""
    if column is None and value is None:
        return None
    if column is None or value is None:
        raise InputError("a correction needs the column, by our name of it, and the value: give both.")
    return Cell(column, value)


def decide_on_check(table: str, rule: str, edition: int, seen: str, by: By) -> Decision:
    """Accept a failed check, or waive it until a day: for what somebody saw, by the fingerprint that stands beside the check.

    Raises InputError where there is no such check, where it holds or cannot be decided on, where nothing is stored yet,
    or where the data are not those that somebody saw.
    """
    decidable = _decidable(table, rule)
    if edition not in store.stored_editions(contracts()[table]):
        raise InputError(
            f"{table} holds nothing of edition {edition} yet: start tryghed run {edition}, and decide then."
        )
    now = fingerprint_of(contracts()[table], edition)[:SEEN_LETTERS]
    if seen != now:
        raise InputError(
            f"the data of {table}, edition {edition}, are not those of the fingerprint {seen[:SEEN_LETTERS] or '(none)'}: look at the check again, and give what it shows as seen."
        )
    if not _fails(decidable, edition):
        raise InputError(f"{table} {rule} holds in edition {edition}: there is nothing to decide.")
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
    """Accept a rejected row, drop it for good, or correct one of its cells; of the file that somebody saw.

    Raises InputError where the file is not the one that was seen, where the row is not rejected or cannot be accepted, or where
    the cell cannot be corrected.
    """
    delivered = _delivered(edition, file, seen)
    faults = [fault for fault in try_file(delivered.path, edition).rejected if fault.row == row]
    if not faults:
        raise InputError(f"row {row} of {file} is not set aside: give the row that quality.rejected_rows names.")
    if action == "accept":
        for fault in faults:
            refuse_unreadable("a decision", fault, delivered)
    if action != "correct" and cell is not None:
        raise InputError(
            f"a column and a value belong to a correction, and the row is to {action}: leave them out, or correct."
        )
    details: Entry = {"about": "rejected_row", "action": action, "edition": edition, **_of(delivered), "row": row}
    if action == "correct":
        details |= _correction(delivered, row, cell)
    return write(f"{edition}-row-{row}", details, by)


def _correction(file: DeliveredFile, row: int, cell: Cell | None) -> Entry:
    """Return the fields of an entry on a corrected cell. Raises InputError if they change nothing or name no cell."""
    if cell is None:
        raise InputError("a correction needs the column, by our name of it, and the value: give both.")
    expects = _delivered_cell(file, row, cell.column)
    if cell.value == expects:
        raise InputError(
            f"row {row} of {file.path.name} says that in {cell.column} already: give what is to stand there in place of it."
        )
    return {"column": cell.column, "expects": expects, "value": cell.value}


def decide_on_share(edition: int, file: str, by: By, seen: str = "") -> Decision:
    """Accept that more rows of a file, as somebody saw it, are rejected than its specification tolerates.

    Raises InputError where the file is not the one that was seen, where no more are rejected, or where all rows are.
    """
    delivered = _delivered(edition, file, seen)
    trial = try_file(delivered.path, edition)
    if trial.tolerated:
        raise InputError(f"{file}: no more rows are set aside than are tolerated: there is nothing to decide.")
    if trial.rejected_rows == delivered.rows:
        raise InputError(f"{file}: no row of it can count, and that is no delivery: ask for the file again.")
    details: Entry = {"about": "rejected_share", "action": "accept", "edition": edition, **_of(delivered)}
    return write(f"{edition}-share", details, by)


def decide_on_code(edition: int, offence_code: str, crime_type: str | None, by: By) -> Decision:
    """Say what an offence code's reports count as, or accept that they count under no crime type.

    Raises InputError for an unknown crime type, or where no report of the edition has the code without a type.
    """
    crime_types = sorted(load_reference()["reference.crime_types"]["crime_type"])
    if crime_type not in (None, *crime_types):
        raise InputError(f"the crime type is none: use one of {', '.join(crime_types)}.")
    if offence_code not in unmapped_codes(edition):
        raise InputError(
            f"no report of edition {edition} has the offence code {short(offence_code)} and no type by {reference_file('offence_codes.csv')}: there is nothing to decide; give a code that police.unmapped_codes lists."
        )
    details: Entry = {"about": "unmapped_code", "action": "accept", "edition": edition, "offence_code": offence_code}
    if crime_type:
        details |= {"action": "correct", "crime_type": crime_type}
    return write(f"{edition}-code-{offence_code}", details, by)


def _fails(rule: Rule, edition: int) -> bool:
    """Whether the check fails in the edition as the store is now."""
    outcomes = validate_table(contracts()[rule.table], [rule])
    return any(outcome.of_edition(edition) for outcome in outcomes if outcome.rule.name == rule.name)


def _decidable(table: str, name: str) -> Rule:
    """Return the rule of a table. Raises InputError for an unknown name, or a rule that cannot be decided on."""
    of_table = [*rules().get(table, ()), *([shape_rule(contracts()[table])] if table in contracts() else [])]
    rule = next((rule for rule in of_table if rule.name == name), None)
    if rule is None:
        decidable = sorted(f"{rule.table} {rule.name}" for rule in decidable_rules())
        raise InputError(f"{table} has no check {name}: those that can be decided on are {', '.join(decidable)}.")
    if not rule.decidable:
        raise InputError(f"{table} {name} is no check to be decided on, as what fails can be mended: {rule.what_to_do}")
    return rule


def _delivered(edition: int, name: str, seen: str) -> DeliveredFile:
    """Return the file in the landing folder. Raises InputError if it is not the one seen, or last taken in."""
    path = next((path for path in (landing_folder() / str(edition)).rglob("*") if path.name == name), None)
    if path is None:
        raise InputError(f"landing/{edition} has no file of this name: give the name as quality.files has it.")
    file = look_into(path, edition, load_specifications())
    stored = listed_files(edition) if edition in store.stored_editions(FILES) else []
    expected = [seen] if seen else [listed.file_sha256 for listed in stored if listed.file == name]
    if not any(len(letters) >= SEEN_LETTERS and file.sha256.startswith(letters) for letters in expected):
        raise InputError(
            f"{name} is not {f'the file of the fingerprint {seen[:SEEN_LETTERS]}' if seen else 'the file that the last run took in'}: look at what the failed run or tryghed extracts check says of it now, and give the fingerprint that stands there as seen."
        )
    return file


def _of(file: DeliveredFile) -> Entry:
    return {"file": file.path.name, "file_sha256": file.sha256[:SEEN_LETTERS]}


def _delivered_cell(file: DeliveredFile, row: int, column: str) -> str:
    """Return the text of a cell of the file. Raises InputError where it has no such row or column."""
    columns = file.layout.columns
    if column not in columns:
        raise InputError(f"the column is none of {file.layout.table.name}: use one of {', '.join(columns)}.")
    if columns[column].is_personal:
        raise InputError(
            f"{column} holds personal data, and those do not belong into {reference_file(FILE)}: ask for the file again."
        )
    for batch in rows_of(file):
        numbers = batch.column("row").to_pylist()
        if row in numbers:
            return str(batch.column(column)[numbers.index(row)].as_py() or "")
    raise InputError(f"{file.path.name} has no row {row}: give the row that quality.rejected_rows names.")


# --- the file ----------------------------------------------------------------------------------------------


def write(name: str, details: Entry, by: By) -> Decision:
    """Write one decision below the others, under a name of its own.

    Raises InputError where the file cannot be read, as it stands or with the new entry.
    """
    refuse_numbers(f"{by.person} {by.reason}", store.stored_editions(FILES))
    with rewriting(reference_folder() / FILE) as path:
        used_ids = {decision.decision_id for decision in load_decisions().decisions}
        decision_id = _free_name(re.sub(r"[^a-z0-9_-]", "-", name.lower())[:50], used_ids)
        entry: Entry = {"decision_id": decision_id, **details, **by.entry()}
        line_end = "\r\n" if b"\r\n" in path.read_bytes() else "\n"
        path.write_text(_with(read_text(path), entry), encoding="utf-8", newline=line_end)
        written = _read_again(path.parent, len(used_ids))
    return written[-1]


def _read_again(folder: Path, before: int) -> list[Decision]:
    """Return the decisions of the new file. Raises InputError if it is unreadable or not longer by one."""
    try:
        decisions = load_decisions(folder).decisions
    except InputError as error:
        if "not readable as YAML" not in str(error):
            raise
        decisions = []
    if len(decisions) != before + 1:
        raise InputError(
            f"{reference_file(FILE)}: no entry can be added at its end as it is written: begin the list with a line 'decisions:' and each entry with '- ', or add the entry by hand."
        )
    return decisions


def _free_name(name: str, used_ids: set[str]) -> str:
    numbered = (f"{name}-{number}" for number in range(1, len(used_ids) + 2))
    return next(candidate for candidate in numbered if candidate not in used_ids)


def _with(text: str, entry: Entry) -> str:
    """The file's text with one more entry at its end."""
    lines = yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=1000)
    begun = re.sub(r"^decisions:\s*\[\]\s*$", "decisions:", text.rstrip(), flags=re.MULTILINE)
    indent = re.search(r"^decisions:\s*\n(?:\s*#.*\n|\s*\n)*( *)- ", begun, flags=re.MULTILINE)
    spaces = indent.group(1) if indent else ""
    return begun + "\n" + "".join(f"{spaces}{line}\n" for line in lines.splitlines())
