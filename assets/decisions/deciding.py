"""How a steward's decision becomes an entry of `decisions.yml`: looked up, written below the others, and never lost.

The file stays one that people read and edit: what stands in it is left as it is, comments too. Whoever writes at the same
time waits; the new file is read before it is put in place. What a decision does is in `setting_aside.py` and `table_checks.py`.
"""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from assets.asset_checks import fingerprint_of
from assets.decisions.table import refuse_numbers, unmapped_codes
from assets.extracts.landing import DeliveredFile, look_into, rows_of
from assets.extracts.layouts import load_specifications
from assets.extracts.rejecting import FILES, files_of, refuse_unreadable
from assets.extracts.trial import try_file
from checks.expectations import validate_table
from checks.rules import Rule, decidable_rules, rules, shape_rule
from warehouse import store
from warehouse.contracts import Row, contracts
from warehouse.decision_file import FILE, SEEN_LETTERS, Decision, load_decisions
from warehouse.edited_files import read_text, rewriting, short
from warehouse.errors import InputError
from warehouse.home import landing_folder, reference_folder
from warehouse.reference_files import load_reference


@dataclass(frozen=True)
class By:
    """Who decides, why, on which day, and until when."""

    person: str
    reason: str
    today: date
    expires_on: date | None = None

    def said(self) -> Row:
        """As an entry of the file says it."""
        if not self.person.strip() or not self.reason.strip():
            raise InputError("a decision needs a person and a reason: give both.")
        until = {"expires_on": self.expires_on} if self.expires_on else {}
        return {
            "person": self.person.strip(),
            "decided_on": self.today,
            **until,
            "reason": " ".join(self.reason.split()),
        }


def decide_on_check(table: str, rule: str, edition: int, seen: str, by: By) -> Decision:
    """Accept a failed check, or waive it until a day: for what somebody saw, by the fingerprint that stands beside the check.

    Raises InputError where there is no such check, where it is none to be decided on or holds, where nothing is stored yet, or
    where the data are others than those that were seen.
    """
    found = _decidable(table, rule)
    if edition not in store.stored_editions(contracts()[found.table]):
        raise InputError(
            f"{table} holds nothing of edition {edition} yet: start tryghed run {edition}, and decide then."
        )
    now = fingerprint_of(contracts()[found.table], edition)[:SEEN_LETTERS]
    if seen != now:
        raise InputError(
            f"the data of {table}, edition {edition}, are not those of the fingerprint {seen[:SEEN_LETTERS] or '(none)'}: look at the check again, and give what it shows as seen."
        )
    if not _fails(found, edition):
        raise InputError(f"{table} {rule} holds in edition {edition}: there is nothing to decide.")
    action = "waive" if by.expires_on else "accept"
    about = {"about": "failed_check", "action": action, "edition": edition, "table": table, "rule": rule, "seen": seen}
    return write(f"{edition}-{rule[:40]}", about, by)


def decide_on_row(
    edition: int,
    file: str,
    row: int,
    action: str,
    by: By,
    column: str | None = None,
    value: str | None = None,
    seen: str = "",
) -> Decision:
    """Accept a row that was set aside, drop it for good, or correct one of its cells; of the file that somebody saw."""
    delivered = _delivered(edition, file, seen)
    faults = [one for one in try_file(delivered.path, edition).rejected if one["row"] == row]
    if not faults:
        raise InputError(f"row {row} of {file} is not set aside: give the row that quality.rejected_rows names.")
    if action == "accept":
        for fault in faults:
            refuse_unreadable("a decision", fault, delivered)
    if action != "correct" and (column, value) != (None, None):
        raise InputError(
            f"a column and a value belong to a correction, and the row is to {action}: leave them out, or correct."
        )
    about: Row = {"about": "rejected_row", "action": action, "edition": edition, **_of(delivered), "row": row}
    if action == "correct":
        about |= _correction(delivered, row, column, value)
    return write(f"{edition}-row-{row}", about, by)


def _correction(file: DeliveredFile, row: int, column: str | None, value: str | None) -> Row:
    """What a correction says of a cell. Raises InputError where it would change nothing, or names no cell."""
    if column is None or value is None:
        raise InputError("a correction needs the column, by our name of it, and the value: give both.")
    expects = _cell(file, row, column)
    if value == expects:
        raise InputError(
            f"row {row} of {file.path.name} says that in {column} already: give what is to stand there in place of it."
        )
    return {"column": column, "expects": expects, "value": value}


def decide_on_share(edition: int, file: str, by: By, seen: str = "") -> Decision:
    """Accept that more rows of a file, as somebody saw it, are set aside than its specification tolerates."""
    delivered = _delivered(edition, file, seen)
    trial = try_file(delivered.path, edition)
    if trial.tolerated:
        raise InputError(f"{file}: no more rows are set aside than are tolerated: there is nothing to decide.")
    if trial.rejected_rows == delivered.rows:
        raise InputError(f"{file}: no row of it can count, and that is no delivery: ask for the file again.")
    about = {"about": "rejected_share", "action": "accept", "edition": edition, **_of(delivered)}
    return write(f"{edition}-share", about, by)


def decide_on_code(edition: int, offence_code: str, crime_type: str | None, by: By) -> Decision:
    """Say what an offence code's reports count as, or accept that they count under no crime type."""
    about = {"about": "unmapped_code", "action": "accept", "edition": edition, "offence_code": offence_code}
    known = sorted(load_reference()["reference.crime_types"]["crime_type"])
    if crime_type not in (None, *known):
        raise InputError(f"the crime type is none: use one of {', '.join(known)}.")
    if offence_code not in unmapped_codes(edition):
        raise InputError(
            f"no report of edition {edition} has the offence code {short(offence_code)} and no type by offence_codes.csv: there is nothing to decide; give a code that police.unmapped_codes lists."
        )
    if crime_type:
        about |= {"action": "correct", "crime_type": crime_type}
    return write(f"{edition}-code-{offence_code}", about, by)


def _fails(rule: Rule, edition: int) -> bool:
    """Whether the check fails in the edition as the store is now."""
    outcomes = validate_table(contracts()[rule.table], [rule])
    return any(one.of_edition(edition) for one in outcomes if one.rule.name == rule.name)


def _decidable(table: str, rule: str) -> Rule:
    of_table = [*rules().get(table, ()), *([shape_rule(contracts()[table])] if table in contracts() else [])]
    found = next((one for one in of_table if one.name == rule), None)
    if found is None:
        known = sorted(f"{one.table} {one.name}" for one in decidable_rules())
        raise InputError(f"{table} has no check {rule}: those that can be decided on are {', '.join(known)}.")
    if not found.decidable:
        raise InputError(
            f"{table} {rule} is no check to be decided on, as what fails can be mended: {found.what_to_do}"
        )
    return found


def _delivered(edition: int, file: str, seen: str) -> DeliveredFile:
    """The file as it lies in the landing folder. Raises InputError where it is not what was seen, or else what the last run took in."""
    path = next((one for one in (landing_folder() / str(edition)).rglob("*") if one.name == file), None)
    if path is None:
        raise InputError(f"landing/{edition} has no file of this name: give the name as quality.files has it.")
    found = look_into(path, edition, load_specifications())
    stored = files_of(edition) if edition in store.stored_editions(FILES) else []
    known = [seen] if seen else [row["file_sha256"] for row in stored if row["file"] == file]
    if not any(len(one) >= SEEN_LETTERS and found.sha256.startswith(one) for one in known):
        raise InputError(
            f"{file} is not {f'the file of the fingerprint {seen[:SEEN_LETTERS]}' if seen else 'the file that the last run took in'}: look at what the failed run or tryghed extracts check says of it now, and give the fingerprint that stands there as seen."
        )
    return found


def _of(file: DeliveredFile) -> Row:
    return {"file": file.path.name, "file_sha256": file.sha256[:SEEN_LETTERS]}


def _cell(file: DeliveredFile, row: int, column: str) -> str:
    """What the file says in a cell. Raises InputError where it has no such row or column."""
    if column not in file.specification.columns:
        raise InputError(
            f"the column is none of {file.specification.table}: use one of {', '.join(file.specification.columns)}."
        )
    if file.specification.target().columns[column].personal or file.specification.columns[column].personal:
        raise InputError(f"{column} holds personal data, and those do not belong into {FILE}: ask for the file again.")
    for batch in rows_of(file):
        numbers = batch.column("row").to_pylist()
        if row in numbers:
            return str(batch.column(column)[numbers.index(row)].as_py() or "")
    raise InputError(f"{file.path.name} has no row {row}: give the row that quality.rejected_rows names.")


# --- the file ----------------------------------------------------------------------------------------------


def write(name: str, about: Row, by: By) -> Decision:
    """Write one decision below the others, under a name that no other has.

    Raises InputError where the file, as it stands or with the new entry, is none that can be read.
    """
    refuse_numbers(f"{by.person} {by.reason}", store.stored_editions(FILES))
    with rewriting(reference_folder() / FILE) as path:
        taken = {one.decision_id for one in load_decisions().decisions}
        entry = {"decision_id": _free_name(re.sub(r"[^a-z0-9_-]", "-", name.lower())[:50], taken), **about, **by.said()}
        line_end = "\r\n" if b"\r\n" in path.read_bytes() else "\n"
        path.write_text(_with(read_text(path), entry), encoding="utf-8", newline=line_end)
        written = _read_again(path.parent, len(taken))
    return written[-1]


def _read_again(folder: Path, before: int) -> list[Decision]:
    """The decisions of the new file. Raises InputError where it cannot be read, or has not one more than the one before."""
    try:
        found = load_decisions(folder).decisions
    except InputError as error:
        if "not readable as YAML" not in str(error):
            raise
        found = []
    if len(found) != before + 1:
        raise InputError(
            f"{FILE}: no entry can be added at its end as it is written: begin the list with a line 'decisions:' and each entry with '- ', or add the entry by hand."
        )
    return found


def _free_name(name: str, taken: set[str]) -> str:
    numbered = (f"{name}-{number}" for number in range(1, len(taken) + 2))
    return next(one for one in numbered if one not in taken)


def _with(text: str, entry: dict[str, Any]) -> str:
    """The file's text with one more entry at its end."""
    lines = yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=1000)
    begun = re.sub(r"^decisions:\s*\[\]\s*$", "decisions:", text.rstrip(), flags=re.MULTILINE)
    indent = re.search(r"^decisions:\s*\n(?:\s*#.*\n|\s*\n)*( *)- ", begun, flags=re.MULTILINE)
    spaces = indent.group(1) if indent else ""
    return begun + "\n" + "".join(f"{spaces}{line}\n" for line in lines.splitlines())
