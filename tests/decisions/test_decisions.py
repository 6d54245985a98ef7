"""Tests of a steward's decisions: a decision is in force for the data that were seen, and lapses if the data change."""

import csv
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from assets.asset_checks import result
from assets.decisions.deciding import By, Cell, decide_on_check, decide_on_code, decide_on_row, decide_on_share
from assets.decisions.decisions_table import DECIDABLE
from assets.extracts.files import delivered_for
from assets.extracts.intake_step import first_rejected_rows
from assets.extracts.layouts import load_specifications
from assets.extracts.rejecting import rejected_rows
from assets.lookups import engine_with_lookups
from checks import outcomes
from checks.table_rules import rules
from pipelines.decide_job import StewardsDecision, written
from pipelines.definitions import defs
from tests.conftest import tryghed
from tests.delivering import decide, deliver, make, open_home, reports, rows, sha256, take_in, tree
from tests.scenarios import EDITION, RULE, TABLE, TODAY, listed, made_up, seen, two_sources, verdict
from tests.scenarios import make as judge
from warehouse import store
from warehouse.contracts import contracts
from warehouse.decision_file import load_decisions
from warehouse.errors import InputError

BY = By("A. Steward", "The police confirmed it.", TODAY)
UNTIL = By("A. Steward", "Until the list is there.", TODAY, TODAY + timedelta(days=30))


@pytest.fixture
def home(tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data folder with reports, one of them with an unmapped code. The table of unmapped codes is made."""
    home = open_home(tmp_path / "home", monkeypatch, reference)
    with_code("00001", home)
    return home


def with_code(code: str, home: Path) -> None:
    lines = reports(300)
    lines[7]["Gern.kode"] = code
    deliver(home, EDITION, "anmeldelser.csv", lines)
    make(EDITION, TABLE)


def checked(table: str = TABLE, rule: str = RULE) -> dg.AssetCheckEvaluation:
    """Return the result of a check on the stored tables, in the form that Dagster shows."""
    judged = next(judged for judged in outcomes.judge(contracts()[table]) if judged.rule.name == rule)
    return result(contracts()[table], judged, load_decisions())


# --- a failed check ----------------------------------------------------------------------------------------


def test_a_failed_check_says_which_rows_and_how_to_decide_and_never_a_value(home: Path) -> None:
    check_result = checked()
    metadata = {name: value.value for name, value in check_result.metadata.items()}
    assert not check_result.passed
    assert (metadata["rows checked"], metadata["rows failing"], metadata["share failing %"]) == (1, 1, 100.0)
    assert metadata["severity"] == "warns"
    assert metadata["runbook"].startswith(f"## {TABLE} {RULE}\n")
    assert f"docs/CHECKS.md#policeunmapped_codes-{RULE}" in metadata["runbook"]
    assert str(metadata[f"to decide, edition {EDITION}"]).startswith(f"tryghed decide check {TABLE} {RULE} {EDITION}")
    assert re.fullmatch("[0-9a-f]{12}", str(metadata[f"seen, edition {EDITION}"]))
    assert check_result.partition is None
    editions = check_result.metadata["failing editions"]
    assert isinstance(editions, dg.TableMetadataValue)
    assert [(row.data["edition"], row.data["result"], row.data["rows failing"]) for row in editions.records] == [
        (str(EDITION), "fails", 1)
    ]
    shown = check_result.metadata["rows"]
    assert isinstance(shown, dg.TableMetadataValue)
    assert [row.data for row in shown.records] == [
        {"edition": "2023", "file": "anmeldelser.csv", "offence_code": "00001"}
    ]


@pytest.mark.parametrize(("by", "action"), [(BY, "accept"), (UNTIL, "waive")])
def test_a_decision_turns_the_check_green_and_is_listed(home: Path, by: By, action: str) -> None:
    decision = decide_on_check(TABLE, RULE, EDITION, seen(), by)
    assert (decision.action, decision.person, decision.decided_on) == (action, "A. Steward", TODAY)
    check_result = checked()
    assert check_result.passed
    for part in (decision.decision_id, "A. Steward", by.reason):
        assert part in (check_result.description or "")
    row = listed()[0]
    assert (row["status"], row["table_name"], row["rule"], row["reason"]) == ("in_force", TABLE, RULE, by.reason)


def test_a_decision_lapses_when_the_data_change_and_holds_again_for_what_was_seen(home: Path) -> None:
    decide_on_check(TABLE, RULE, EDITION, seen(), BY)
    with_code("00002", home)
    assert not checked().passed
    assert listed()[0]["status"] == "lapsed"
    with_code("00001", home)
    assert checked().passed
    assert listed()[0]["status"] == "in_force"


def test_an_expired_decision_does_nothing_more(home: Path, reference: Path) -> None:
    decide_on_check(TABLE, RULE, EDITION, seen(), UNTIL)
    path = reference / "decisions.yml"
    text = path.read_text(encoding="utf-8").replace(str(UNTIL.expires_on), str(TODAY - timedelta(days=1)))
    path.write_text(text.replace(f"decided_on: {TODAY}", f"decided_on: {TODAY - timedelta(days=9)}"), encoding="utf-8")
    assert not checked().passed
    assert listed()[0]["status"] == "expired"


def test_a_decision_on_one_edition_or_check_settles_no_other(home: Path) -> None:
    decide_on_check(TABLE, RULE, EDITION, seen(), BY)
    decision = load_decisions().decisions[0]
    fingerprint = str(decision.seen) + "0" * 52
    assert decision.settles(TABLE, RULE, EDITION, fingerprint)
    assert not decision.settles(TABLE, RULE, EDITION + 1, fingerprint)
    assert not decision.settles("police.draws", RULE, EDITION, fingerprint)
    assert not decision.settles(TABLE, "another", EDITION, fingerprint)
    assert not decision.settles(
        TABLE, RULE, EDITION, "f" + fingerprint[1:] if fingerprint[0] != "f" else "0" + fingerprint[1:]
    )


def test_a_decision_is_made_on_what_was_seen_or_not_at_all(home: Path) -> None:
    before = seen()
    with_code("00002", home)  # another run takes in another file meanwhile
    with pytest.raises(InputError, match="do not have the fingerprint"):
        decide_on_check(TABLE, RULE, EDITION, before, BY)
    with pytest.raises(InputError, match=r"fingerprint \(none\)"):
        decide_on_check(TABLE, RULE, EDITION, "", BY)
    assert not load_decisions().decisions


def test_a_check_that_holds_is_nothing_to_decide_on(home: Path) -> None:
    with_code("75111", home)
    with pytest.raises(InputError, match="there is nothing to decide"):
        decide_on_check(TABLE, RULE, EDITION, seen(), BY)


def test_a_decision_on_a_table_of_counts_lapses_with_the_files_that_were_counted(home: Path) -> None:
    """A decision lapses if other reports are delivered, even if the table has the same counts as before."""
    table, rule = "police.draws", "few_reports_are_unmapped"
    for code, green in (("00001", True), ("00002", False)):
        deliver(home, EDITION, "anmeldelser.csv", reports(100, **{"Gern.kode": code}))
        make(EDITION, table)
        if green:
            decide_on_check(table, rule, EDITION, seen(table), BY)
        assert checked(table, rule).passed == green


def test_an_expired_decision_on_a_code_does_nothing_and_another_may_follow(home: Path, reference: Path) -> None:
    path = reference / "decisions.yml"
    old = (
        "decisions:\n- decision_id: old\n  about: unmapped_code\n  action: correct\n  edition: 2023\n  offence_code: '00001'\n"
        "  crime_type: burglary\n  person: A\n  decided_on: 2023-05-01\n  expires_on: 2023-06-01\n  reason: Because.\n"
    )
    path.write_text(old, encoding="utf-8")
    with_code("00001", home)
    listed_code = rows(TABLE, EDITION)[0]
    assert (listed_code["decision"], listed_code["reports"]) == (None, 1)
    decide_on_code(EDITION, "00001", "threats", BY)
    with_code("00001", home)
    counted = [row for row in rows("police.reports", EDITION) if row["offence_code"] == "00001"]
    assert [row["crime_type"] for row in counted] == ["threats"]


def test_a_share_that_is_tolerated_is_nothing_to_decide_on(late_report_file: Path) -> None:
    with pytest.raises(InputError, match="there is nothing to decide"):
        decide_on_share(EDITION, late_report_file.name, BY)


REFUSED = {
    "a check that is none": ((TABLE, "no_such_rule", EDITION, BY), "has no check 'no_such_rule': use one of these checks"),
    "a table that is none": (("police.nothing", RULE, EDITION, BY), "has no check"),
    "a check of the program": (("quality.row_counts", "delivered_is_kept_and_rejected", EDITION, BY), "no decision can be made about the check"),
    "a line of our own": (("reference.published_figures", "two_published_values", EDITION, BY), "because the cause of the failure can be corrected"),
    "an edition that is not there": ((TABLE, RULE, 2024, BY), "has no rows of edition 2024 yet"),
    "nobody": ((TABLE, RULE, EDITION, By(" ", "x", TODAY)), "needs a person and a reason"),
    "no reason": ((TABLE, RULE, EDITION, By("A", " ", TODAY)), "needs a person and a reason"),
    "a day that is over": ((TABLE, RULE, EDITION, By("A", "Because.", TODAY, date(2020, 1, 1))), "expires_on is before decided_on"),
    "somebody's name": ((TABLE, RULE, EDITION, By("A", "Jens Opdigtet said so", TODAY)), "seems to contain names"),
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSED)
def test_a_decision_that_cannot_be_meant_is_one_sentence_and_changes_nothing(
    home: Path, reference: Path, why: str
) -> None:
    arguments, message = REFUSED[why]
    before = tree(reference)
    with pytest.raises(InputError, match=re.escape(message)):
        table, rule, edition, by = arguments
        decide_on_check(table, rule, edition, seen(), by)
    assert {name: hashed for name, hashed in tree(reference).items() if not name.endswith(".lock")} == before


def test_every_table_with_a_decidable_check_is_partitioned_and_no_rule_of_the_program_is_decidable() -> None:
    assert all(contracts()[table].partitioned for table in DECIDABLE)
    for of_table in rules().values():
        for rule in of_table:
            program = rule.what_to_do.startswith("This is a fault of the program") or rule.table.startswith(
                "reference."
            )
            assert not (rule.decidable and program), rule.name


# --- rows, shares and codes --------------------------------------------------------------------------------


@pytest.fixture
def late_report_file(home: Path) -> Path:
    """Return the path of a file of 300 reports that was taken in. Row 9 is rejected, because its date is too late."""
    lines = reports(300)
    lines[7]["Anmeldelsesdato"] = "03-03-2023"
    path = deliver(home, EDITION, "anmeldelser.csv", lines)
    take_in([EDITION])
    return path


def test_the_page_shows_which_rows_were_rejected_by_file_and_row_and_no_value(late_report_file: Path) -> None:
    names = ("file", "row", "rule", "column_name", "decision")
    shown = [record.data for record in first_rejected_rows(EDITION).records]
    expected = [{name: str(row[name] or "") for name in names} for row in rows("quality.rejected_rows", EDITION)]
    assert shown == expected
    assert {(row["file"], row["row"], row["column_name"]) for row in shown} == {
        (late_report_file.name, "9", "Anmeldelsesdato")
    }


def test_a_row_is_corrected_by_what_it_says_now(late_report_file: Path) -> None:
    decision = decide_on_row(EDITION, late_report_file.name, 9, "correct", BY, Cell("reported_on", "03-03-2022"))
    assert (decision.expects, decision.value) == ("03-03-2023", "03-03-2022")
    make(EDITION)
    assert str({row["row"]: row["reported_on"] for row in rows("police.reports", EDITION)}[9]) == "2022-03-03"


def test_a_correction_fails_once_the_cell_says_something_else(late_report_file: Path, reference: Path) -> None:
    decide_on_row(EDITION, late_report_file.name, 9, "correct", BY, Cell("reported_on", "03-03-2022"))
    path = reference / "decisions.yml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("expects: 03-03-2023", "expects: 04-03-2023"), encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"expects a different value in row 9, column reported_on of anmeldelser\.csv"):
        take_in([EDITION])


def test_a_correction_fails_once_the_source_is_mended_and_lapses_while_it_is_not(late_report_file: Path) -> None:
    decide_on_row(EDITION, late_report_file.name, 9, "correct", BY, Cell("reported_on", "03-03-2022"))
    before = late_report_file.read_bytes()
    late_report_file.write_bytes(before.replace(b"Valby", b"VALBY", 1))
    take_in([EDITION])  # another file with the same cell: the correction has lapsed, and a warning says so
    assert rows("quality.file_decisions", EDITION)[0]["status"] == "lapsed"
    late_report_file.write_bytes(before.replace(b"03-03-2023", b"04-03-2022"))
    with pytest.raises(InputError, match=r"delete the entry if the producer has corrected the cell"):
        take_in([EDITION])


def test_a_row_that_was_dropped_stays_rejected_and_counts_no_longer_as_undecided(late_report_file: Path) -> None:
    decide_on_row(EDITION, late_report_file.name, 9, "drop", BY)
    make(EDITION, "quality.row_counts")
    counts = rows("quality.row_counts", EDITION)[0]
    assert (counts["rows_kept"], counts["rows_rejected"], counts["rows_dropped"], counts["rejected_percent"]) == (
        299,
        1,
        1,
        0,
    )
    rejected = rows("quality.rejected_rows", EDITION)[0]
    assert (rejected["counts"], rejected["decision"]) == (False, f"{EDITION}-row-9-1")


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [(10, "reported_on", "row 10 of anmeldelser.csv is not rejected"), (9, "journal_number", "holds personal data"), (9, "x", "has no column 'x'")],
)  # fmt: skip
def test_a_row_that_cannot_be_meant_is_refused_before_anything_of_it_is_written(
    late_report_file: Path, reference: Path, row: int, column: str, message: str
) -> None:
    before = (reference / "decisions.yml").read_bytes()
    with pytest.raises(InputError, match=message):
        decide_on_row(EDITION, late_report_file.name, row, "correct", BY, Cell(column, "x"))
    assert (reference / "decisions.yml").read_bytes() == before


def deliver_too_many_rejected(home: Path) -> Path:
    """Replace the file that was taken in by a file with too many rejected rows: 1 of 10. Return the file's path."""
    lines = reports(10)
    lines[0]["Gern.kode"] = "x"
    return deliver(home, EDITION, "anmeldelser.csv", lines)


def test_what_was_seen_counts_though_another_file_was_taken_in_meanwhile(late_report_file: Path) -> None:
    with pytest.raises(InputError, match="is not the file with the fingerprint 000000000000"):
        decide_on_row(EDITION, late_report_file.name, 9, "drop", BY, seen="0" * 12)
    decide_on_row(EDITION, late_report_file.name, 9, "drop", BY, seen=sha256(late_report_file)[:12])


def test_a_row_of_which_nothing_can_be_read_is_not_accepted(home: Path) -> None:
    lines = reports(300)
    lines[7]["Gern.kode"] = ""
    path = deliver(home, EDITION, "anmeldelser.csv", lines)
    take_in([EDITION])
    with pytest.raises(
        InputError,
        match=r"row 9 of anmeldelser\.csv cannot be accepted, because no figure .* \(column Gern\.kode: is empty",
    ):
        decide_on_row(EDITION, path.name, 9, "accept", BY)
    assert not load_decisions().decisions


def test_a_file_of_which_no_row_counts_is_not_accepted(home: Path) -> None:
    path = deliver(home, EDITION, "anmeldelser.csv", reports(2, **{"Gern.kode": "x"}))
    with pytest.raises(InputError, match="all rows of the file are rejected"):
        decide_on_share(EDITION, path.name, BY, sha256(path)[:12])


def test_a_column_and_a_value_belong_to_a_correction(late_report_file: Path) -> None:
    with pytest.raises(InputError, match="only a correction has a column and a value, but the action is 'accept'"):
        decide_on_row(EDITION, late_report_file.name, 9, "accept", BY, Cell("reported_on", "03-03-2022"))


FORMS = {
    "a row with nothing said to be done": ({"about": "rejected_row", "file": "anmeldelser.csv", "row": 9}, "the field 'action' is empty: choose accept, correct or drop"),
    "half a cell": ({"about": "rejected_row", "file": "anmeldelser.csv", "row": 9, "action": "correct", "column": "reported_on"}, "a correction needs a column and a value"),
    "a check that is to be dropped": ({"about": "failed_check", "table": TABLE, "rule": RULE, "seen": "0" * 12, "action": "drop"}, "'action' does not apply if 'about' is 'failed_check'"),
    "a code to be corrected to nothing": ({"about": "unmapped_code", "offence_code": "00001", "action": "correct"}, "'action' does not apply if 'about' is 'unmapped_code'"),
    "a share with a rule": ({"about": "rejected_share", "file": "anmeldelser.csv", "rule": RULE}, "'rule' does not apply if 'about' is 'rejected_share'"),
    "no code": ({"about": "unmapped_code", "offence_code": ""}, "the offence code '' needs no decision"),
    "letters for a code": ({"about": "unmapped_code", "offence_code": "abc"}, "the offence code 'abc' needs no decision"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_says_what_does_not_belong_together_is_refused(late_report_file: Path, form: str) -> None:
    fields, message = FORMS[form]
    config = StewardsDecision(edition=EDITION, reason="Because.", **fields)
    with pytest.raises(InputError, match=message):
        written(config, "A. Steward", TODAY)
    assert not load_decisions().decisions


def test_an_entry_of_an_edition_that_is_none_stops_the_run(home: Path, reference: Path) -> None:
    decide(reference, {"about": "unmapped_code", "edition": 2042, "offence_code": "00001"})
    with pytest.raises(InputError, match=r"decision 'd1' is about edition 2042, which is not in .*editions\.csv"):
        take_in([EDITION])


@pytest.mark.parametrize("seen", ["", "0" * 12, "short"])
def test_a_share_or_a_row_of_a_file_that_nobody_saw_is_not_decided_on(
    home: Path, late_report_file: Path, seen: str
) -> None:
    late_report_file.write_bytes(
        late_report_file.read_bytes().replace(b"Valby", b"VALBY", 1)
    )  # the file changes after a run took it in
    with pytest.raises(InputError, match="is not the file"):
        decide_on_row(EDITION, late_report_file.name, 9, "drop", BY, seen=seen)
    path = deliver_too_many_rejected(home)
    seen = seen if seen != "short" else sha256(path)[:11]
    with pytest.raises(InputError, match="is not the file"):
        decide_on_share(EDITION, path.name, BY, seen)
    assert not load_decisions().decisions
    decide_on_share(EDITION, path.name, BY, sha256(path)[:12])


def test_a_code_that_the_mapping_or_no_report_holds_is_nothing_to_decide_on(home: Path) -> None:
    for code in ("75111", "99998"):  # a mapped code, and a code that no report has
        with pytest.raises(InputError, match=f"the offence code '{code}' needs no decision in edition 2023"):
            decide_on_code(EDITION, code, "burglary", BY)


def test_a_decision_on_a_code_lapses_once_the_mapping_holds_it(
    home: Path, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide_on_code(EDITION, "00001", "burglary", BY)
    make(EDITION, TABLE)
    assert listed()[0]["status"] == "in_force"
    path = reference / "offence_codes.csv"
    head, first, *others = path.read_text(encoding="utf-8").splitlines()
    columns = dict(zip(head.split(","), next(csv.reader([first])), strict=True))
    columns |= {"first_code": "00001", "last_code": "00001", "valid_from": "2000-01-01", "valid_to": ""}
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("\n".join([head, *others, first]) + "\n")
        csv.writer(file).writerow(columns.values())
    open_home(home, monkeypatch, reference)
    make(EDITION, TABLE)
    assert listed()[0]["status"] == "lapsed"


@pytest.mark.parametrize(
    ("table", "rule"),
    [(TABLE, "no_such_rule"), ("police.nothing", RULE), ("quality.row_counts", "delivered_is_kept_and_rejected")],
)
def test_an_entry_on_a_check_that_is_none_to_be_decided_on_stops_the_run(
    home: Path, reference: Path, table: str, rule: str
) -> None:
    decide(reference, {"about": "failed_check", "edition": EDITION, "table": table, "rule": rule, "seen": "0" * 12})
    with pytest.raises(
        InputError, match=rf"decisions\.yml: decision 'd1' names the check '{table} {rule}', but no decision can"
    ):
        take_in([EDITION])


def test_the_number_of_a_report_or_respondent_is_no_reason(home: Path, late_report_file: Path, reference: Path) -> None:
    answers = contracts()["extracts.survey_answers"]
    of_file = {
        "edition": EDITION,
        "file": "svar.csv",
        "file_sha256": "0" * 64,
        "extract": "vendor",
        "provenance": "extract",
    }
    numbers = ("R-00017", "17")
    store.write(
        answers,
        answers.frame([of_file | {"row": 2 + at, "respondent_number": number} for at, number in enumerate(numbers)]),
        EDITION,
    )
    rejected_journal_number = "0100-75111-00008-22"  # the journal number in row 9, which is rejected
    for reason, person in (
        (f"See {rejected_journal_number}.", "A"),
        ("nr_R-00017 said so.", "A"),
        ("Because.", "A on R-00017"),
    ):
        with pytest.raises(
            InputError, match=r"seems to contain journal numbers|contains a (journal|respondent) number of edition 2023"
        ):
            decide_on_code(EDITION, "00001", None, By(person, reason, TODAY))
    decide_on_row(EDITION, late_report_file.name, 9, "drop", By("A", "Row 17 of 2023.", TODAY))
    path = reference / "decisions.yml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("Row 17 of 2023.", "Respondent R-00017."), encoding="utf-8"
    )
    with pytest.raises(InputError, match="the field 'person' or 'reason' contains a respondent number of edition 2023"):
        listed()


def test_a_share_and_a_code_are_decided_on_too(home: Path) -> None:
    decide_on_code(EDITION, "00001", "burglary", BY)
    path = deliver_too_many_rejected(home)
    with pytest.raises(
        InputError, match="or accept the rejected rows with the command tryghed decide share 2023 anmeldelser"
    ) as stopped:
        take_in([EDITION])
    decide_on_share(EDITION, path.name, BY, str(stopped.value).split("--seen ")[1].split(";")[0])
    take_in([EDITION])
    files = delivered_for(contracts()["police.reports"], EDITION, load_specifications())
    with engine_with_lookups() as connection:
        assert not rejected_rows(connection, files, load_decisions())[0].counts
    with pytest.raises(InputError, match=r"the crime type .* is not known"):
        decide_on_code(EDITION, "00002", "arson", BY)


# --- the file ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_who_decide_at_once_lose_nothing(home: Path) -> None:
    codes = [f"{number:05}" for number in range(40)]
    lines = [line | {"Gern.kode": code} for line, code in zip(reports(300), [*codes, *["75111"] * 260], strict=True)]
    deliver(home, EDITION, "anmeldelser.csv", lines)
    make(EDITION, TABLE)
    with ThreadPoolExecutor(8) as several:
        written = list(several.map(lambda code: decide_on_code(EDITION, code, None, BY), codes))
    assert sorted(str(decision.offence_code) for decision in load_decisions().decisions) == codes
    assert len({decision.decision_id for decision in written}) == len(codes)


def test_what_people_wrote_in_the_file_stays_as_it_was(home: Path, reference: Path) -> None:
    path = reference / "decisions.yml"
    path.write_text(
        "# ours\ndecisions:\n\n  # of last year\n  - decision_id: mine   # short\n    about: unmapped_code\n    edition: 2023\n"
        '    offence_code: "00009"\n    person: B. Steward\n    decided_on: 2023-05-02\n    reason: Because.\n',
        encoding="utf-8",
    )
    before = path.read_text(encoding="utf-8")
    decide_on_code(EDITION, "00001", None, BY)
    assert path.read_text(encoding="utf-8").startswith(before)
    assert [decision.offence_code for decision in load_decisions().decisions] == ["00009", "00001"]


ENTRY = "decision_id: mine\n{0}about: unmapped_code\n{0}edition: 2023\n{0}offence_code: '00009'\n{0}person: B\n{0}decided_on: 2023-05-02\n{0}reason: Because.\n"


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("decisions: []\n", 1), ("decisions:\n", 1), ("decisions: []", 1), ("# none\ndecisions: []\n# yet\n", 1),
        ("decisions:\n- " + ENTRY.format("  "), 2), ("decisions:\n    - " + ENTRY.format("      ") + "# the end", 2),
    ],
)  # fmt: skip
def test_an_entry_is_added_to_a_list_as_people_write_it(home: Path, reference: Path, text: str, entries: int) -> None:
    (reference / "decisions.yml").write_text(text, encoding="utf-8")
    decide_on_code(EDITION, "00001", None, BY)
    assert len(load_decisions().decisions) == entries


@pytest.mark.parametrize("text", ["decisions: &all\n- " + ENTRY.format("  ") + "...\n", "{decisions: []}\n"])
def test_a_list_that_no_entry_can_be_added_to_stays_as_it_is(home: Path, reference: Path, text: str) -> None:
    (reference / "decisions.yml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="an entry cannot be added at the end"):
        decide_on_code(EDITION, "00001", None, BY)
    assert (reference / "decisions.yml").read_text(encoding="utf-8") == text


def test_line_ends_rights_and_links_stay_as_they_were(home: Path, reference: Path, tmp_path: Path) -> None:
    linked_file = tmp_path / "kept.yml"
    linked_file.write_bytes(b"# ours\r\ndecisions: []\r\n")
    linked_file.chmod(0o664)
    (reference / "decisions.yml").unlink()
    (reference / "decisions.yml").symlink_to(linked_file)
    decide_on_code(EDITION, "00001", None, BY)
    assert (reference / "decisions.yml").is_symlink()
    assert linked_file.stat().st_mode & 0o777 == 0o664
    assert linked_file.read_bytes().count(b"\n") == linked_file.read_bytes().count(b"\r\n")
    assert len(load_decisions().decisions) == 1


def test_a_row_is_decided_on_in_one_way(late_report_file: Path) -> None:
    decide_on_row(EDITION, late_report_file.name, 9, "drop", BY)
    with pytest.raises(
        InputError, match=r"there is another decision|has the same id as an earlier entry|is not rejected"
    ):
        decide_on_row(EDITION, late_report_file.name, 9, "accept", BY)
    with pytest.raises(InputError, match=r"there is another decision|is not rejected"):
        decide_on_row(EDITION, late_report_file.name, 9, "correct", BY, Cell("reported_on", "03-03-2022"))
    assert len(load_decisions().decisions) == 1


@pytest.mark.parametrize("text", ["decisions:\n- about: x\n", "decisions: [\n", "nothing: 1\n"])
def test_a_file_that_cannot_be_read_is_not_written_to(home: Path, reference: Path, text: str) -> None:
    path = reference / "decisions.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"decisions\.yml"):
        decide_on_code(EDITION, "00001", None, BY)
    assert path.read_text(encoding="utf-8") == text


def test_a_file_that_is_gone_is_one_sentence_and_leaves_nothing_behind(home: Path, reference: Path) -> None:
    (reference / "decisions.yml").unlink()
    before = tree(reference)
    with pytest.raises(InputError, match=r"decisions\.yml is missing: put the file back"):
        decide_on_code(EDITION, "00001", None, BY)
    assert tree(reference) == before


def test_the_same_thing_is_decided_once(home: Path) -> None:
    decide_on_check(TABLE, RULE, EDITION, seen(), BY)
    with pytest.raises(InputError, match="has the same id as an earlier entry, or is about the same"):
        decide_on_check(TABLE, RULE, EDITION, seen(), BY)


# --- what it does elsewhere --------------------------------------------------------------------------------


def test_figures_that_do_not_agree_give_a_verdict_once_somebody_lets_them_stand() -> None:
    def decided(tables: dict[str, pd.DataFrame]) -> None:
        two_sources(50, 200)(tables)
        row = {
            "edition": 2022, "decision_id": "d1", "about": "failed_check", "action": "accept", "table_name": "quality.reconciliation",
            "rule": "figures_agree", "seen": "0" * 12, "person": "A. Steward", "decided_on": date(2022, 5, 2), "reason": "Attempts.",
            "status": "in_force",
        }  # fmt: skip
        tables["decisions"] = contracts()["quality.decisions"].frame([row])

    lines = made_up("burglary_reports", {(2021, "tingbjerg_husum"): (100, None)})
    row = verdict(judge(lines, decided), "2b", 2022, "baseline", "burglary")
    assert (row["literal"], row["reason"], row["decision"]) == ("met", None, "d1")
    assert row["failed_checks"] == "two_police_sources"
    assert "det er besluttet at bruge dem (beslutning d1)" in row["sentence_da"]


def test_a_verdict_names_the_decision_that_let_a_blocking_check_of_its_files_pass() -> None:
    def waived(tables: dict[str, pd.DataFrame]) -> None:
        two_sources(50, 55)(tables)
        row = {
            "edition": 2022, "decision_id": "d1", "about": "failed_check", "action": "waive", "table_name": "police.draws",
            "rule": "few_reports_are_unmapped", "seen": "0" * 12, "person": "A", "decided_on": date(2022, 5, 2), "reason": "x",
            "status": "in_force",
        }  # fmt: skip
        tables["decisions"] = contracts()["quality.decisions"].frame([row])

    tables = judge(made_up("burglary_reports", {(2021, "tingbjerg_husum"): (100, None)}), waived)
    row = verdict(tables, "2b", 2022, "baseline", "burglary")
    assert (row["literal"], row["decision"]) == ("met", "d1")
    assert "Tallene bestod ikke en kontrol, men det er besluttet at bruge dem (beslutning d1)." in row["sentence_da"]
    assert verdict(tables, "2b", 2023, "baseline", "burglary")["decision"] is None


@pytest.mark.parametrize("status", ["lapsed", "expired"])
@pytest.mark.parametrize(
    ("table", "rule"), [("quality.reconciliation", "figures_agree"), ("police.draws", "few_reports_are_unmapped")]
)
def test_a_verdict_names_no_decision_that_lapsed_or_expired(table: str, rule: str, status: str) -> None:
    def lapsed(tables: dict[str, pd.DataFrame]) -> None:
        two_sources(50, 55)(tables)
        row = {
            "edition": 2022, "decision_id": "d1", "about": "failed_check", "action": "accept", "table_name": table, "rule": rule,
            "seen": "0" * 12, "person": "A", "decided_on": date(2022, 5, 2), "reason": "x", "status": status,
        }  # fmt: skip
        tables["decisions"] = contracts()["quality.decisions"].frame([row])

    tables = judge(made_up("burglary_reports", {(2021, "tingbjerg_husum"): (100, None)}), lapsed)
    assert verdict(tables, "2b", 2022, "baseline", "burglary")["decision"] is None


@pytest.mark.slow
def test_the_command_writes_a_decision_and_says_what_to_do_next(home: Path, reference: Path) -> None:
    who = ("--person", "A. Steward", "--reason", "The police confirmed it.")
    accepted = tryghed(home, "decide", "check", TABLE, RULE, str(EDITION), seen(), *who, reference=reference)
    assert accepted.code == 0, accepted.err
    assert f"Next: run 'tryghed run {EDITION}', then commit the file." in accepted.out
    with_wrong_day = tryghed(
        home,
        "decide",
        "check",
        TABLE,
        RULE,
        str(EDITION),
        seen(),
        *who,
        "--expires-on",
        "2023-02-30",
        reference=reference,
    )
    assert (with_wrong_day.code, "Traceback" in with_wrong_day.err) == (2, False)
    with_wrong_rule = tryghed(
        home, "decide", "check", TABLE, "nothing", str(EDITION), "0" * 12, *who, reference=reference
    )
    assert (with_wrong_rule.code, "no check" in with_wrong_rule.err and "nothing" in with_wrong_rule.err) == (2, True)


def test_the_job_in_dagster_writes_a_decision_and_refuses_what_cannot_be_meant(home: Path) -> None:
    form = {
        "about": "failed_check",
        "edition": EDITION,
        "table": TABLE,
        "rule": RULE,
        "person": "A. Steward",
        "reason": "Confirmed.",
        "seen": seen(),
    }
    job = defs.resolve_job_def("decide")
    with dg.DagsterInstance.ephemeral() as instance:
        result_of_job = job.execute_in_process({"ops": {"decision": {"config": form}}}, instance=instance)
        assert result_of_job.success
        for wrong in ({"rule": "nothing"}, {"expires_on": "31-02-2027"}, {"person": ""}):
            config = {"ops": {"decision": {"config": form | wrong}}}
            assert not job.execute_in_process(config, instance=instance, raise_on_error=False).success
    assert checked().passed
