"""Every decision of the stewards with what became of it: made late, when all that decisions are about is there.

What a line of `decisions.yml` must say is in `warehouse/decisions.py`, how one is written in `writing.py`. What decisions
on files, rows and codes do happens where the files are taken in; a failed check is settled in `asset_checks.py`.
"""

from collections.abc import Iterable

import pandas as pd

from assets.asset_checks import fingerprint_of
from assets.tables import each, needs, table_asset
from checks.rules import decidable_rules
from warehouse import store
from warehouse.contracts import Row, contracts, records
from warehouse.decisions import FILE, Decision, Decisions, decision_row, load_decisions
from warehouse.errors import InputError

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


def all_decisions(file_decisions: pd.DataFrame, decided: Decisions, edition: int) -> pd.DataFrame:
    """The edition's decisions on files, rows and codes, and those on failed checks: in force, lapsed or expired.

    Raises InputError where one that somebody wrote by hand holds the number of a respondent or report.
    """
    refuse_numbers(
        " ".join(f"{one.person} {one.reason}" for one in decided.decisions if one.holds_in(edition)), [edition]
    )
    on_checks = [
        decision_row(one, edition, lapsed=not _is_as_seen(one))
        for one in decided.decisions
        if one.about == "failed_check" and one.edition == edition
    ]
    others = [row for row in records(file_decisions) if row["about"] != "failed_check"]
    for row in others:
        if row["about"] == "unmapped_code" and row["status"] == "in_force" and is_mapped(row["offence_code"], edition):
            row["status"] = "lapsed"
    rows: list[Row] = [*others, *on_checks]
    return DECISIONS.frame(sorted(rows, key=lambda row: row["decision_id"]))


def unmapped_codes(edition: int) -> set[str]:
    """Codes of the edition's reports that have no type by the mapping."""
    return set(store.read(UNMAPPED, [edition])["offence_code"]) if edition in store.stored_editions(UNMAPPED) else set()


def refuse_numbers(said: str, editions: Iterable[int]) -> None:
    """Raises InputError where a reason or name holds the number of a respondent or report, counting or not, of the editions.

    A number of a few letters is none that anybody could be found by, and could be a row or a year.
    """
    for table, column in NUMBERS_OF_PERSONS:
        for edition in set(editions) & set(store.stored_editions(table)):
            numbers = store.distinct(table, edition, column)
            if any(len(number) >= SHORTEST_NUMBER and number in said for number in numbers):
                raise InputError(
                    f"{FILE}: a person or reason holds a {column.replace('_', ' ')} of edition {edition}, and they are published: name the row of the file instead."
                )


def is_mapped(offence_code: str, edition: int) -> bool:
    """Whether the newest mapping holds the code, and for every report of the edition, so that a decision does nothing."""
    if offence_code in unmapped_codes(edition):
        return False
    lines = store.read(MAPPING)
    newest = lines[lines["mapping_version"] == lines["mapping_version"].max()]
    code = int(offence_code)
    return bool(((newest["first_code"].astype(int) <= code) & (code <= newest["last_code"].astype(int))).any())


def _is_as_seen(one: Decision) -> bool:
    """Whether the check's table holds in the edition what it held when somebody decided."""
    table = contracts().get(str(one.table))
    if table is None or one.edition not in store.stored_editions(table):
        return False
    return fingerprint_of(table, one.edition).startswith(str(one.seen))


def _of_edition(edition: int) -> pd.DataFrame:
    return all_decisions(store.read(EARLY, [edition]), load_decisions(), edition)


ASSETS = [
    table_asset(DECISIONS, each(_of_edition), needs([EARLY, MAPPING, *(contracts()[name] for name in DECIDABLE)])),
]
