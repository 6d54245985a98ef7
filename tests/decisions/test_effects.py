"""Tests of the effect of each kind of decision. These tests need neither a decision file nor a store."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.decisions.decision_effects import Settled, on_cells, on_check, on_row, on_share
from assets.sql_files import sql
from warehouse.decision_file import Decisions, RowAccepted, RowCorrected, RowDropped

BASE: dict[str, Any] = {"decision_id": "d1", "edition": 2023, "person": "A", "decided_on": date(2023, 5, 2), "reason": "x"}  # fmt: skip
FILE: dict[str, Any] = {"file": "a.csv", "file_sha256": "0123456789ab"}
ROW = BASE | FILE | {"about": "rejected_row", "row": 9}
HASH = "0123456789ab" + "0" * 52


def corrected(row: int, column: str, value: str) -> RowCorrected:
    return RowCorrected(**ROW | {"action": "correct", "row": row, "column": column, "expects": "?", "value": value})


@pytest.mark.parametrize("still_at_fault", [True, False])
def test_an_accepted_row_counts_and_a_dropped_one_never_does(still_at_fault: bool) -> None:
    accepted, dropped = RowAccepted(**ROW, action="accept"), RowDropped(**ROW, action="drop")
    assert on_row(accepted, still_at_fault=still_at_fault) == Settled("d1", counts=True)
    assert on_row(dropped, still_at_fault=still_at_fault) == Settled("d1", counts=False)


def test_a_correction_settles_a_fault_that_it_mends_and_no_other() -> None:
    correction = corrected(9, "area_code", "Valby")
    assert on_row(correction, still_at_fault=False) == Settled("d1", counts=True)
    assert on_row(correction, still_at_fault=True) is None


def test_corrected_cells_are_replaced_and_all_others_stay() -> None:
    cells = [corrected(1, "area", "Valby"), corrected(2, "area", "O'Hara"), corrected(1, "day", "1")]
    delivered = "(VALUES (1, 'Valbyy', 'x'), (2, 'Ohara', 'y'), (3, 'Vesterbro', 'z')) AS delivered(row, area, day)"
    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT {on_cells(cells)} FROM {delivered} ORDER BY row").fetchall()
        unchanged = connection.execute(f"SELECT {on_cells([])} FROM {delivered} ORDER BY row").fetchall()
    assert rows == [(1, "Valby", "1"), (2, "O'Hara", "y"), (3, "Vesterbro", "z")]
    assert unchanged[0] == (1, "Valbyy", "x")


@dataclass(frozen=True)
class LayoutStub:
    tolerated_rejected_percent: float


@dataclass(frozen=True)
class DeliveredFileStub:
    """A stand-in for a delivered file.

    It has only the attributes that a decision about its share of rejected rows needs.
    """

    rows: int = 100
    edition: int = 2023
    path: Path = Path("a.csv")
    sha256: str = HASH
    layout: LayoutStub = LayoutStub(1.0)


ACCEPTED = Decisions.model_validate({"decisions": [BASE | FILE | {"about": "rejected_share", "action": "accept"}]})


@pytest.mark.parametrize(
    ("decisions", "file", "rejected_rows", "taken_in"),
    [
        (Decisions(), DeliveredFileStub(), 1, True),  # exactly the tolerated number of rows
        (Decisions(), DeliveredFileStub(), 2, False),
        (ACCEPTED, DeliveredFileStub(), 2, True),
        (ACCEPTED, DeliveredFileStub(), 99, True),
        (ACCEPTED, DeliveredFileStub(), 100, False),  # no row is left
        (ACCEPTED, DeliveredFileStub(sha256="f" * 64), 2, False),  # the content is not the content that was seen
        (ACCEPTED, DeliveredFileStub(path=Path("b.csv")), 2, False),
        (ACCEPTED, DeliveredFileStub(edition=2024), 2, False),
    ],
)
def test_a_share_is_tolerated_or_accepted_for_the_file_that_was_seen(
    decisions: Decisions, file: Any, rejected_rows: int, taken_in: bool
) -> None:
    assert on_share(decisions, file, rejected_rows) is taken_in


def test_a_check_passes_by_the_decision_on_what_it_judged() -> None:
    entry = BASE | {"about": "failed_check", "table": "police.draws", "rule": "few", "seen": "0123456789ab"}
    expired = entry | {"decision_id": "d0", "expires_on": date(2023, 6, 1)}
    decisions = Decisions.model_validate({"decisions": [expired, entry]})
    decision = on_check(decisions, "police.draws", "few", 2023, HASH)
    assert decision is not None
    assert decision.decision_id == "d1"
    assert on_check(decisions, "police.draws", "few", 2023, "f" * 64) is None
    assert on_check(decisions, "police.draws", "few", 2023, None) is None  # a check that nobody can decide on
    assert on_check(decisions, "police.draws", "few", 2024, HASH) is None
    assert on_check(decisions, "police.draws", "many", 2023, HASH) is None
    assert on_check(decisions, "police.counts", "few", 2023, HASH) is None


def test_codes_are_decided_by_what_is_in_force_and_about_codes() -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA quality")
        connection.execute(
            """
            CREATE TABLE quality.file_decisions AS
            FROM (VALUES (2023, 'd1', 'unmapped_code', 'in_force', '00001', 'burglary'), (2023, 'd2', 'unmapped_code', 'expired', '00002', 'threats'),
                         (2023, 'd3', 'unmapped_code', 'lapsed', '00003', NULL), (2023, 'd4', 'rejected_row', 'in_force', NULL, NULL),
                         (2023, 'd5', 'unmapped_code', 'in_force', '00005', NULL))
              AS decided(edition, decision_id, about, status, offence_code, crime_type)
            """
        )
        connection.execute(sql("decisions/decided_codes"))
        rows = connection.execute("FROM decided_codes ORDER BY offence_code").fetchall()
    assert rows == [(2023, "00001", "burglary", "d1"), (2023, "00005", None, "d5")]
