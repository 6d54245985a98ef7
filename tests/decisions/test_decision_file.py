"""Tests of decisions.yml: each kind of decision has its own type, and an error message gives the line of the fault."""

from datetime import date
from pathlib import Path

import pytest

from warehouse.decision_file import (
    FILE,
    CheckAccepted,
    CheckDecision,
    CheckWaived,
    CodeAccepted,
    CodeCorrected,
    CodeDecision,
    RowAccepted,
    RowCorrected,
    RowDecision,
    RowDropped,
    ShareAccepted,
    load_decisions,
)
from warehouse.errors import InputError
from warehouse.home import path_for_reader

ROW = "about: rejected_row\nfile: a.csv\nfile_sha256: 0123456789ab\nrow: 9"
CELL = "column: area_code\nexpects: Valbyy\nvalue: Valby"
CODE = 'about: unmapped_code\noffence_code: "00001"'
SHARE = "about: rejected_share\nfile: a.csv\nfile_sha256: 0123456789ab"
CHECK = "about: failed_check\ntable: police.draws\nrule: few_reports_are_unmapped\nseen: 0123456789ab"


def written(folder: Path, *entries: str) -> Path:
    """Write decisions.yml with these entries from line 2 on, and return the folder.

    Fields that all entries need are added.
    """
    text = "decisions:\n"
    for number, entry in enumerate(entries, 1):
        common = (
            f"decision_id: d{number}\nedition: 2023\nperson: A. Steward\ndecided_on: 2023-05-02\nreason: Because.\n"
        )
        text += "- " + "\n  ".join((common + entry).splitlines()) + "\n"
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (ROW, RowAccepted),
        (f"{ROW}\naction: accept", RowAccepted),
        (f"{ROW}\naction: drop", RowDropped),
        (f"{ROW}\naction: drop\ncolumn:", RowDropped),  # an empty field counts as no field
        (f"{ROW}\naction: correct\n{CELL}", RowCorrected),
        (CODE, CodeAccepted),
        (f"{CODE}\naction: correct\ncrime_type: burglary", CodeCorrected),
        (SHARE, ShareAccepted),
        (CHECK, CheckAccepted),
        (f"{CHECK}\nexpires_on: 2099-01-01", CheckAccepted),
        (f"{CHECK}\naction: waive\nexpires_on: 2099-01-01", CheckWaived),
    ],
)
def test_each_kind_of_decision_is_a_type_of_its_own(tmp_path: Path, entry: str, kind: type) -> None:
    (decision,) = load_decisions(written(tmp_path, entry)).decisions
    assert type(decision) is kind


FAULTS = {
    "a kind that is none": ("about: row", 7, "decisions.1.about: Input should be 'rejected_row', 'unmapped_code', 'rejected_share' or 'failed_check'."),
    "no kind": ("row: 9", 2, "decisions.1.about: Input should be 'rejected_row', 'unmapped_code', 'rejected_share' or 'failed_check'."),
    "a row that is waived": (f"{ROW}\naction: waive", 11, "decisions.1.action: Input should be 'accept', 'drop' or 'correct' for rejected_row."),
    "a check that is dropped": (f"{CHECK}\naction: drop", 11, "decisions.1.action: Input should be 'accept' or 'waive' for failed_check."),
    "a share that is dropped": (f"{SHARE}\naction: drop", 10, "decisions.1.action: Input should be 'accept'."),
    "an empty action": (f"{CODE}\naction:", 9, "decisions.1.action: Input should be 'accept' or 'correct' for unmapped_code."),
    "a row that is dropped and corrected": (f"{ROW}\naction: drop\ncolumn: area_code", 2, "decisions.1: with 'about: rejected_row' and 'action: drop', a decision needs these fields, and no field of another kind of decision: file, file_sha256, row."),
    "a cell that is corrected to nothing": (f"{ROW}\naction: correct\ncolumn: area_code", 2, "'action: correct', a decision needs these fields, and no field of another kind of decision: column, expects, file, file_sha256, row, value."),
    "a code that is corrected to nothing": (f"{CODE}\naction: correct", 2, "'action: correct', a decision needs these fields, and no field of another kind of decision: crime_type, offence_code."),
    "a share of a row": (f"{SHARE}\nrow: 9", 2, "with 'about: rejected_share' and 'action: accept', a decision needs these fields, and no field of another kind of decision: file, file_sha256."),
    "a check that is waived for good": (f"{CHECK}\naction: waive", 2, "decisions.1: a check can only be waived until a certain day: add that day as expires_on, or write 'action: accept' to accept the failure for good."),
    "a day before the decision": (f"{CHECK}\nexpires_on: 2023-05-01", 2, "expires_on is before decided_on: correct one of the two days."),
    "a word that is none": (f"{SHARE}\nbecause: x", 10, "decisions.1.because: an entry of this kind has no such field: use one of decision_id, edition, person, decided_on, expires_on, reason, file, file_sha256, about, action."),
    "letters for a code": ("about: unmapped_code\noffence_code: abcde", 8, r"decisions.1.offence_code: String should match pattern '^\d{5}$'."),
    "no row": (ROW.replace("row: 9", "row: 0"), 10, "decisions.1.row: Input should be greater than or equal to 1."),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_the_line_that_it_stands_on_and_what_is_allowed(tmp_path: Path, fault: str) -> None:
    entry, line, sentence = FAULTS[fault]
    with pytest.raises(InputError) as refused:
        load_decisions(written(tmp_path, entry))
    assert str(refused.value).startswith(f"{path_for_reader(tmp_path)}/decisions.yml, line {line}: decisions.1")
    assert str(refused.value).endswith(sentence)


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ((ROW, f"{ROW}\naction: drop"), "'d2' has the same id as an earlier entry, or is about the same"),
        ((f"{ROW}\naction: drop", f"{ROW}\naction: correct\n{CELL}"), "decision 'd2' and another entry are about the same row"),
        ((f"{ROW}\naction: correct\n{CELL}", f"{ROW}\naction: correct\n{CELL}"), "'d2' has the same id as an earlier entry, or is about the same"),
        ((CODE, f"{CODE}\naction: correct\ncrime_type: burglary"), "'d2' has the same id as an earlier entry, or is about the same"),
        ((SHARE, SHARE), "'d2' has the same id as an earlier entry, or is about the same"),
        ((CHECK, f"{CHECK}\naction: waive\nexpires_on: 2099-01-01"), "'d2' has the same id as an earlier entry, or is about the same"),
    ],
)  # fmt: skip
def test_one_matter_is_decided_once(tmp_path: Path, entries: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        load_decisions(written(tmp_path, *entries))


def test_two_cells_of_a_row_are_corrected_and_what_has_expired_is_decided_anew(tmp_path: Path) -> None:
    second = CELL.replace("area_code", "reported_on")
    expired = f"{CODE}\nexpires_on: 2023-06-01"
    corrections = (f"{ROW}\naction: correct\n{CELL}", f"{ROW}\naction: correct\n{second}")
    decided = load_decisions(written(tmp_path, *corrections, expired, CODE))
    assert [decision.decision_id for decision in decided.of(RowCorrected, 2023)] == ["d1", "d2"]
    assert [decision.decision_id for decision in decided.of(CodeDecision, 2023)] == ["d4"]


def test_a_code_is_decided_on_for_later_editions_too_and_nothing_else_is(tmp_path: Path) -> None:
    decided = load_decisions(written(tmp_path, CODE, ROW, SHARE, CHECK))
    kinds = (CodeDecision, RowDecision, ShareAccepted, CheckDecision)
    assert [len(decided.of(kind, 2024)) for kind in kinds] == [1, 0, 0, 0]
    assert [len(decided.of(kind, 2023)) for kind in kinds] == [1, 1, 1, 1]
    assert [len(decided.of(kind, 2022)) for kind in kinds] == [0, 0, 0, 0]


def test_a_decision_about_a_file_holds_for_the_content_that_was_seen(tmp_path: Path) -> None:
    (decision,) = load_decisions(written(tmp_path, SHARE)).of(ShareAccepted, 2023)
    assert decision.holds_for("a.csv", "0123456789ab" + "0" * 52)
    assert not decision.holds_for("a.csv", "f" * 64)
    assert not decision.holds_for("b.csv", "0123456789ab" + "0" * 52)
    assert not decision.expired(date.today())
