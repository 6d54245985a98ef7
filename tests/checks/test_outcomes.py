"""Tests of check results: a result covers all editions of a table. Earlier results are kept in the store and reused."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from assets.asset_checks import result, undecided
from assets.tables import each, key, table_asset
from checks import outcomes
from checks.expectations import Outcome, validate_table
from checks.outcomes import KEYS_KEPT, judge
from checks.table_rules import Rule, rules
from tests.delivering import open_home
from warehouse import store
from warehouse.contracts import Row, Table, contracts
from warehouse.decision_file import Decisions

CHANGES = contracts()["police.draw_changes"]
RULE = "changes_add_up"  # a blocking rule that judges single rows
GOOD, BAD = 103, 104


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return open_home(tmp_path / "home", monkeypatch)


def changes(edition: int, reports: int, rows: int = 1) -> list[Row]:
    """Return rows of changes between two draws. The changes add up to 103 reports, and the row says `reports`."""
    of_row = {
        "edition": edition, "extract": "police", "crime_year": 2020, "drawn_on": date(2022, 3, 1), "drawn_before_on": date(2021, 3, 1),
        "reports_before": 100, "reports": reports, "added": 5, "removed": 3, "moved_in": 2, "moved_out": 1, "provenance": "extract",
    }  # fmt: skip
    return [of_row | {"crime_type": f"type_{number:02}"} for number in range(rows)]


def write(edition: int, reports: int, rows: int = 1) -> None:
    store.write(CHANGES, CHANGES.frame(changes(edition, reports, rows)), edition)


def failing(rule: str = RULE) -> list[int | None]:
    """Return the editions in which the rule fails."""
    judged = next(judged for judged in judge(CHANGES) if judged.rule.name == rule)
    return [failure.edition for failure in judged.failures]


@pytest.fixture
def validated_editions(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[int] | None]]:
    """Return a list that grows by one entry each time Great Expectations runs.

    An entry is the list of validated editions, or None if all editions were validated.
    """
    times: list[list[int] | None] = []

    def validate(table: Table, of_table: Iterable[Rule], editions: Iterable[int] | None = None) -> list[Outcome]:
        times.append(None if editions is None else list(editions))
        return validate_table(table, of_table, editions)

    monkeypatch.setattr(outcomes, "validate_table", validate)
    return times  # type: ignore[return-value]


def test_a_fault_of_an_older_edition_stays_red_when_a_later_one_is_made(
    validated_editions: list[list[int] | None],
) -> None:
    write(2021, BAD)
    write(2022, GOOD)
    assert failing() == [2021]
    write(2023, GOOD)
    assert failing() == [2021]
    assert validated_editions == [None, [2023]]  # the earlier results are reused
    write(2021, GOOD)
    assert failing() == []


def test_the_files_that_changed_are_judged_anew_and_nothing_where_none_did(
    validated_editions: list[list[int] | None],
) -> None:
    for edition in (2020, 2021, 2022):
        write(edition, GOOD)
    assert failing() == []
    write(2021, BAD)
    assert failing() == [2021]
    assert validated_editions == [None, [2021]]
    write(2022, GOOD)  # the content is the same as before
    assert failing() == [2021]
    assert validated_editions == [None, [2021]]


def test_an_edition_that_is_gone_takes_its_failures_with_it(home: Path) -> None:
    write(2020, BAD)
    write(2021, BAD)
    assert failing() == [2020, 2021]
    (home / "store" / "police" / "draw_changes" / "2020.parquet").unlink()
    assert failing() == [2021]


def test_what_other_rules_found_is_not_carried_in(
    validated_editions: list[list[int] | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(2021, BAD)
    assert failing() == [2021]
    monkeypatch.setattr(outcomes, "_judged_by", lambda name: "other rules")
    write(2022, GOOD)
    assert failing() == [2021]
    assert validated_editions == [None, None]


def test_what_is_damaged_or_gone_is_judged_anew(home: Path) -> None:
    write(2021, BAD)
    failing()
    path = home / "store" / "police" / "draw_changes.checks.json"
    for text in (path.read_text(encoding="utf-8")[:-20], "{}", ""):
        path.write_text(text, encoding="utf-8")
        assert failing() == [2021]
    path.unlink()
    assert [judged.rule.name for judged in judge(CHANGES) if judged.failures] == [RULE]


def test_the_same_rows_are_kept_as_the_same_bytes_and_no_more_keys_than_are_shown(home: Path) -> None:
    write(2021, BAD, rows=25)
    judged = judge(CHANGES)
    failure = next(outcome for outcome in judged if outcome.rule.name == RULE).failures[0]
    assert (failure.rows, len(failure.keys)) == (25, KEYS_KEPT)
    path = home / "store" / "police" / "draw_changes.checks.json"
    before = path.read_bytes()
    judge(CHANGES)
    assert path.read_bytes() == before


def test_a_key_twice_within_an_edition_and_a_row_in_another_editions_file_are_faults_of_the_shape() -> None:
    write(2021, GOOD)
    assert failing("shape") == []
    frame = CHANGES.frame([*changes(2022, GOOD), *changes(2022, GOOD)])
    store.write(CHANGES, frame, 2022)
    assert failing("shape") == [2022]
    store.write(CHANGES, CHANGES.frame(changes(2021, GOOD)), 2022)
    assert failing("shape") == [2022]


def test_a_rule_that_reads_another_table_is_judged_again_when_only_that_one_changed() -> None:
    counted, draws = contracts()["crime.counted"], contracts()["police.draws"]
    draw = {
        "edition": 2022, "extract": "police", "crime_year": 2021, "drawn_on": date(2022, 3, 1), "delivered_in_edition": 2022, "files": 1,
        "counts": True, "reports": 10, "reports_unmapped": 0, "reports_undecided": 0,
        "reports_place_unknown": 0, "reports_place_less_exact": 0, "provenance": "extract",
    }  # fmt: skip
    store.write(counted, counted.frame([]), 2022)
    store.write(draws, draws.frame([]), 2022)
    rule = "every_mapped_report_is_counted_once"

    def fails() -> list[str]:
        return [judged.rule.name for judged in judge(counted) if judged.failures]

    assert fails() == []
    store.write(draws, draws.frame([draw]), 2022)
    assert fails() == [rule]
    assert [judged.rule.name for judged in judge(counted) if judged.failures] == [rule]


def test_no_rule_that_compares_rows_or_tables_is_judged_edition_by_edition() -> None:
    for of_table in rules().values():
        for rule in of_table:
            several = rule.sql and any(word in rule.sql for word in ("JOIN", "OVER", "EXISTS", "(SELECT", "GROUP"))
            others = [table for table in contracts().values() if table.name != rule.table and table.name in rule.names]
            assert not (rule.judges_single_rows and (several or others or rule.rows_of)), rule.name
    assert sum(rule.judges_single_rows for of_table in rules().values() for rule in of_table) > 30


def test_one_result_names_each_failing_edition_with_a_sentence_of_its_own() -> None:
    write(2021, BAD)
    write(2022, GOOD)
    write(2023, BAD, rows=2)
    judged = next(outcome for outcome in judge(CHANGES) if outcome.rule.name == RULE)
    check_result = result(CHANGES, judged, Decisions())
    assert (check_result.passed, check_result.partition, check_result.metadata["rows failing"].value) == (
        False,
        None,
        3,
    )
    assert undecided(check_result) == {2021: 1, 2023: 2}
    sentences = (check_result.description or "").splitlines()
    assert [sentence.split(" fails at ")[0] for sentence in sentences] == [
        f"police.draw_changes, edition {edition}: {RULE}" for edition in (2021, 2023)
    ]
    editions = check_result.metadata["failing editions"]
    assert isinstance(editions, dg.TableMetadataValue)
    assert [
        tuple(row.data[name] for name in ("edition", "result", "rows checked", "rows failing"))
        for row in editions.records
    ] == [("2021", "fails", 1, 1), ("2023", "fails", 2, 2)]


@pytest.mark.parametrize(("older", "stops"), [(GOOD, False), (BAD, True)])
def test_the_step_that_makes_a_table_stops_what_comes_after_it_when_an_older_edition_is_at_fault(
    older: int, stops: bool
) -> None:
    write(2022, older)
    table = table_asset(CHANGES, each(lambda _, edition: CHANGES.frame(changes(edition, GOOD)), nullcontext), [])
    steps_run: list[str] = []

    @dg.asset(deps=[key(CHANGES)])
    def downstream() -> None:
        steps_run.append("downstream")

    range_of_run = {"dagster/asset_partition_range_start": "2023", "dagster/asset_partition_range_end": "2024"}
    result = dg.materialize([table, downstream], raise_on_error=False, tags=range_of_run)
    assert (result.success, steps_run) == ((False, []) if stops else (True, ["downstream"]))
    of_rule = [evaluation for evaluation in result.get_asset_check_evaluations() if evaluation.check_name == RULE]
    assert [(evaluation.passed, evaluation.blocking, evaluation.partition) for evaluation in of_rule] == [
        (not stops, True, None)
    ]
    partitions = [
        event.partition for event in result.get_asset_materialization_events() if event.asset_key == key(CHANGES)
    ]
    assert partitions == ["2023", "2024"]  # the rows are stored although the check fails


def test_an_edition_that_a_table_lacks_is_a_failure_of_that_edition() -> None:
    editions, verdicts = contracts()["reference.editions"], contracts()["targets.verdicts"]
    rule = "every_target_in_every_edition"
    outcome = Outcome(
        next(of_table for of_table in rules()[verdicts.name] if of_table.name == rule), ({"edition": 2022},)
    )
    store.write(verdicts, verdicts.frame([]), 2021)
    assert [failure.edition for failure in outcomes._judged(verdicts, outcome).failures] == [2022]
    assert editions.name in (outcome.rule.rows_of or "")
