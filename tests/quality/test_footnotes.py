"""Tests of footnotes, which tell readers about the failed checks that stop nothing, and about nothing else."""

from pathlib import Path

import pytest

from assets.decisions.deciding import By, decide_on_check
from assets.quality.footnotes import FOOTNOTE_RULES, FOOTNOTES, failing_in_store, footnote_rows
from checks.table_rules import Rule, rules
from pipelines.full_status import decisions_in_force, footnotes
from tests.delivering import deliver, make, open_home, published_in_memory, reports
from tests.scenarios import EDITION, RULE, TABLE, TODAY, listed, seen
from warehouse import store
from warehouse.contracts import Row, contracts
from warehouse.decision_file import load_decisions

BY = By("A. Steward", "The list gets it next year.", TODAY)


@pytest.fixture
def home(tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home with made-up reports. One report has an offence code that is not in the mapping.

    The tables are made up to the table that lists this code.
    """
    home = open_home(tmp_path / "home", monkeypatch, reference)
    lines = reports(300)
    lines[7]["Gern.kode"] = "00001"
    deliver(home, EDITION, "synthetic_anmeldelser.csv", lines)
    make(EDITION, TABLE)
    return home


def footnotes_by_rule(edition: int = EDITION) -> dict[str, Row]:
    return {row["rule"]: row for row in footnote_rows(failing_in_store(), edition, load_decisions())}


def test_a_warning_reaches_readers_in_both_languages_without_a_number(home: Path) -> None:
    row = footnotes_by_rule()[RULE]
    assert (row["table_name"], row["decision"], row["provenance"]) == (TABLE, None, "synthetic")
    assert "gerningskode" in row["text_da"]
    assert "offence code" in row["text_en"]
    assert not any(letter.isdigit() for text in (row["text_da"], row["text_en"]) for letter in text)
    assert RULE not in footnotes_by_rule(EDITION - 1)


def test_one_that_was_decided_on_names_the_decision(home: Path) -> None:
    decision = decide_on_check(TABLE, RULE, EDITION, seen(), BY)
    assert footnotes_by_rule()[RULE]["decision"] == decision.decision_id


def test_what_holds_has_no_footnote(home: Path) -> None:
    deliver(home, EDITION, "synthetic_anmeldelser.csv", reports(300))
    make(EDITION, TABLE)
    assert RULE not in footnotes_by_rule()


def test_figures_of_published_sources_are_published_and_entries_of_people_come_from_nowhere(home: Path) -> None:
    assert {
        footnote["provenance"]
        for footnote in footnotes_by_rule(2021).values()
        if footnote["table_name"].startswith("reference.")
    } <= {"published"}
    decisions = contracts()["quality.decisions"]
    lapsed = {
        "edition": EDITION, "decision_id": "d1", "about": "rejected_row", "action": "drop", "file": "gone.csv", "row": 1,
        "person": "A", "decided_on": TODAY, "reason": "x", "status": "lapsed",
    }  # fmt: skip
    store.write(decisions, decisions.frame([lapsed]), EDITION)
    assert footnotes_by_rule()["decision_is_in_force"]["provenance"] is None


def test_the_status_tells_footnotes_and_decisions_in_force(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shown_texts() -> tuple[list[tuple[str, tuple[int, ...], bool, bool]], list[str]]:
        tables = {
            "footnotes": FOOTNOTES.frame(list(footnotes_by_rule().values())),
            "decisions": decisions.frame(listed()),
        }
        with published_in_memory(tables) as connection:
            shown_footnotes = [
                (footnote.text, footnote.editions, footnote.accepted, footnote.made_up)
                for footnote in footnotes(connection)
            ]
            return shown_footnotes, [decision.reason for decision in decisions_in_force(connection)]

    monkeypatch.setenv("TRYGHED_LANGUAGE", "da")
    decisions = contracts()["quality.decisions"]
    text = footnotes_by_rule()[RULE]["text_da"]
    assert shown_texts() == ([(text, (EDITION,), False, True)], [])
    decide_on_check(TABLE, RULE, EDITION, seen(), BY)
    assert shown_texts() == ([(text, (EDITION,), True, True)], [BY.reason])


def test_a_check_that_blocks_and_was_let_pass_is_told_too(home: Path) -> None:
    table, rule = "police.draws", "few_reports_are_unmapped"
    deliver(home, EDITION, "synthetic_anmeldelser.csv", reports(100, **{"Gern.kode": "00001"}))
    make(EDITION, TABLE, table)
    decision = decide_on_check(table, rule, EDITION, seen(table), BY)
    row = footnotes_by_rule()[rule]
    assert (row["table_name"], row["decision"], row["text_en"][:15]) == (table, decision.decision_id, "So many reports")


def test_what_can_fail_in_published_data_has_a_footnote_and_nothing_else() -> None:
    for of_table in rules().values():
        for rule in of_table:
            assert bool(rule.footnote_da) == bool(rule.footnote_en) == (rule.severity == "warning" or rule.decidable)
    assert sum(map(len, FOOTNOTE_RULES.values())) > 15
    fields = rules()[TABLE][0].model_dump()
    for wrong in ({"footnote_da": None}, {"severity": "error", "decidable": False}):
        with pytest.raises(ValueError, match="give footnote_da and footnote_en to a rule that warns or is decidable"):
            Rule(**fields | wrong)
