"""Make the tables of decisions. They show the status of each decision: in force, lapsed or expired.

`quality.decisions` is made after the checked tables, because a decision about a check lapses if the checked table
changes. `warehouse/decision_file.py` defines the fields of `decisions.yml`.
"""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from datetime import date

import pandas as pd

from assets.asset_checks import fingerprint_of
from assets.tables import each, needs, table_asset
from checks.table_rules import decidable_rules
from warehouse import store
from warehouse.contracts import contracts, records
from warehouse.decision_file import (
    FILE,
    CheckDecision,
    Decision,
    Decisions,
    FileDecision,
    RowCorrected,
    load_decisions,
)
from warehouse.errors import InputError
from warehouse.home import reference_file

DECISIONS = contracts()["quality.decisions"]
EARLY = contracts()["quality.file_decisions"]
UNMAPPED = contracts()["police.unmapped_codes"]
MAPPING = contracts()["reference.offence_codes"]
NUMBERS_OF_PERSONS = (
    (contracts()["extracts.survey_answers"], "respondent_number"),
    (contracts()["extracts.police_reports"], "journal_number"),
)
SHORTEST_NUMBER = 6
DECIDABLE = sorted({rule.table for rule in decidable_rules()})


def file_decisions(decided: Decisions, edition: int, hashes: Mapping[str, str]) -> pd.DataFrame:
    """Return the edition's rows of quality.file_decisions.

    `hashes` has the hashes of the edition's files, keyed by file name. A decision about a file has lapsed if
    the file is gone, or if it was delivered again with different content. Whether a decision about a check has lapsed
    is found out later, by `all_decisions`.
    """
    rows = []
    for decision in decided.decisions:
        if decision.holds_in(edition):
            lapsed = isinstance(decision, FileDecision) and not decision.holds_for(
                decision.file, hashes.get(decision.file, "")
            )
            rows.append(_row(decision, edition, lapsed=lapsed))
    return EARLY.frame(rows)


def all_decisions(early: pd.DataFrame, decided: Decisions, edition: int) -> pd.DataFrame:
    """Return all decisions of the edition with their status. The status is in force, lapsed or expired.

    `early` has the edition's rows of quality.file_decisions. Raises InputError if the person or the reason of a
    decision contains a number that identifies a respondent or a report. This can happen if somebody wrote the entry by
    hand.
    """
    of_edition = [decision for decision in decided.decisions if decision.holds_in(edition)]
    refuse_numbers(" ".join(f"{decision.person} {decision.reason}" for decision in of_edition), [edition])
    rows = [row for row in records(early) if row["about"] != "failed_check"]
    for row in rows:
        if row["about"] == "unmapped_code" and row["status"] == "in_force" and is_mapped(row["offence_code"], edition):
            row["status"] = "lapsed"
    on_checks = [decision for decision in of_edition if isinstance(decision, CheckDecision)]
    rows += [_row(decision, edition, lapsed=not _is_as_seen(decision)) for decision in on_checks]
    return DECISIONS.frame(sorted(rows, key=lambda row: row["decision_id"]))


def _row(decision: Decision, edition: int, *, lapsed: bool) -> dict[str, object]:
    """Return a decision as a row of the tables of decisions.

    If the decision corrects a cell, the old and the new value of the cell are left out, because they may be
    confidential.
    """
    fields = decision.model_dump(exclude={"edition", "file_sha256", "expects", "value", "table", "column"})
    status = "expired" if decision.expired(date.today()) else "lapsed" if lapsed else "in_force"
    fields |= {"edition": edition, "status": status}
    if isinstance(decision, CheckDecision):
        fields["table_name"] = decision.table
    if isinstance(decision, RowCorrected):
        fields["column_name"] = decision.column
    return fields


def unmapped_codes(edition: int) -> set[str]:
    """Return the offence codes in the edition's reports for which offence_codes.csv has no line."""
    return set(store.read(UNMAPPED, [edition])["offence_code"]) if edition in store.stored_editions(UNMAPPED) else set()


def refuse_numbers(text: str, editions: Iterable[int]) -> None:
    """Raise InputError if a text contains a number that identifies a respondent or a report.

    The text is the person and the reason of a decision. The function searches it for the numbers of kept and rejected
    rows. Numbers with fewer than `SHORTEST_NUMBER` characters are allowed, because they may just as well be years or
    row numbers.
    """
    for table, column in NUMBERS_OF_PERSONS:
        for edition in set(editions) & set(store.stored_editions(table)):
            numbers = store.distinct(table, edition, column)
            if any(len(number) >= SHORTEST_NUMBER and number in text for number in numbers):
                raise InputError(
                    f"{reference_file(FILE)}: the field 'person' or 'reason' contains a {column.replace('_', ' ')} of edition {edition}, but both fields are published: give the number of the row in the file instead."
                )


def is_mapped(offence_code: str, edition: int) -> bool:
    """Return whether the mapping now covers all of the edition's reports that have the code.

    If so, a decision about the code has no effect.
    """
    if offence_code in unmapped_codes(edition):
        return False
    lines = store.read(MAPPING)
    newest = lines[lines["mapping_version"] == lines["mapping_version"].max()]
    code = int(offence_code)
    return bool(((newest["first_code"].astype(int) <= code) & (code <= newest["last_code"].astype(int))).any())


def _is_as_seen(decision: CheckDecision) -> bool:
    """Return whether the checked edition of the table still has the decision's fingerprint."""
    table = contracts().get(decision.table)
    if table is None or decision.edition not in store.stored_editions(table):
        return False
    return fingerprint_of(table, decision.edition).startswith(decision.seen)


def _of_edition(decisions: Decisions, edition: int) -> pd.DataFrame:
    return all_decisions(store.read(EARLY, [edition]), decisions, edition)


ASSETS = [
    table_asset(
        DECISIONS,
        each(_of_edition, lambda: nullcontext(load_decisions())),
        needs([EARLY, MAPPING, *(contracts()[name] for name in DECIDABLE)]),
    ),
]
