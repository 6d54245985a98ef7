"""Tests of the view in `assets/indicators/published_figures.sql`, which makes one figure from its published lines."""

from datetime import date

import duckdb
import pytest

from assets.sql_files import sql
from warehouse.contracts import Row, contracts

LINE: Row = {
    "edition": 2020, "area_id": "a", "measure": "unsafe", "source_id": "s1", "value": 10.0, "decimals": 0, "approximate": False,
    "answers": None, "file_line": 2,
}  # fmt: skip


CHOICE: Row = {
    "edition": 2020, "area_id": "a", "measure": "unsafe", "person": "A. Steward", "decided_on": date(2024, 1, 1),
    "reason": "made up",
}  # fmt: skip


def figure(*lines: Row, chosen: str | None = None) -> Row:
    """Return the figure that is made from the lines.

    `chosen` is the source that published_choices.csv names, if any.
    """
    rows = {
        "published_figures": [LINE | {"file_line": number} | line for number, line in enumerate(lines, 2)],
        "published_choices": [CHOICE | {"source_id": chosen}] if chosen else [],
    }
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA reference")
        for name, lines_of_table in rows.items():
            table = contracts()[f"reference.{name}"]
            connection.register(name, table.arrow(table.frame(lines_of_table)))
            connection.execute(f"CREATE TABLE reference.{name} AS FROM {name}")
        connection.execute(sql("indicators/published_figures"))
        figures: list[Row] = connection.execute("FROM published_figure").to_arrow_table().to_pylist()
    assert len(figures) == 1
    return figures[0]


@pytest.mark.parametrize(
    ("value", "decimals", "band"),
    [(10.0, 0, (9.5, 10.5)), (10.3, 1, (10.25, 10.35)), (10.4, 1, (10.35, 10.45)), (0.07, 2, (0.065, 0.075))],
)
def test_one_line_is_the_figure_with_its_rounding_band(value: float, decimals: int, band: tuple[float, float]) -> None:
    row = figure({"value": value, "decimals": decimals, "answers": 400, "approximate": True})
    assert row == {
        "edition": 2020, "area_id": "a", "measure": "unsafe", "value": value, "low": band[0], "high": band[1],
        "approximate": True, "answers": 400, "lines": "2", "first_line": 2,
    }  # fmt: skip


def test_of_lines_that_agree_the_most_precise_counts_and_the_fewest_answers() -> None:
    row = figure(
        {"value": 10, "answers": 500},
        {"source_id": "s2", "value": 10.4, "decimals": 1, "answers": 400, "approximate": True},
    )
    assert (row["value"], row["low"], row["high"], row["answers"]) == (10.4, 10.35, 10.45, 400)
    assert (row["lines"], row["first_line"], row["approximate"]) == ("2 3", 2, False)


def test_of_two_as_precise_the_one_with_answers_counts() -> None:
    assert (
        figure({"value": 10.31, "decimals": 2}, {"source_id": "s2", "value": 10.31, "decimals": 2, "answers": 9})[
            "answers"
        ]
        == 9
    )


def test_lines_are_named_in_the_order_of_their_sources() -> None:
    row = figure({"source_id": "s2"}, {"source_id": "s1"})
    assert (row["lines"], row["first_line"]) == ("3 2", 2)


def test_lines_that_disagree_are_a_conflict_over_all_their_bands() -> None:
    row = figure({"value": 10}, {"source_id": "s2", "value": 12}, {"source_id": "s3", "value": 10.4, "decimals": 1})
    assert (row["value"], row["low"], row["high"], row["lines"]) == (None, 9.5, 12.5, "2 3 4")


def test_bands_that_only_touch_disagree() -> None:
    """The band of numbers that round to 10.3 and the band of numbers that round to 10.4 touch at 10.35.

    Rounding errors of binary numbers must not make the two bands overlap.
    """
    assert figure({"value": 10.3, "decimals": 1}, {"source_id": "s2", "value": 10.4, "decimals": 1})["value"] is None


def test_a_choice_settles_a_conflict_and_every_line_stays_named() -> None:
    row = figure({"value": 10, "answers": 400}, {"source_id": "s2", "value": 12, "decimals": 1}, chosen="s1")
    assert (row["value"], row["low"], row["high"], row["answers"], row["lines"]) == (10, 9.5, 10.5, 400, "2 3")
