"""Tests that small counts stay hidden from an attacker who has every published table and a linear-programming solver.

The attacker uses the published tables only. The class `Attacker` shares no code with the functions that hide the counts.
"""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from assets.methods.disclosure import CONFIDENTIAL, FREE, SECONDARY, Cells, hide
from tests.scenarios import REFERENCE, TH, make, model_frame
from warehouse.contracts import Row, contracts, records

KINDS = ("burglary", "theft_robbery", "violence_weapons", "harassment", "vandalism", "narcotics", "threats", "other")
PARTS = ("burglary", "theft_robbery", "violence_weapons")
BYDELE = sorted(REFERENCE["areas"].loc[REFERENCE["areas"]["level"] == "bydel", "area_id"])
INSIDE = {TH: "bydel_broenshoej_husum", "folehaven": "bydel_valby", "amager_partnership": "bydel_amager_vest"}
EDITION = 2022


# --- the search itself, on systems that can be solved by hand ----------------------------------------------


def hidden(values: list[int], coefficients: list[list[int]], shown: list[bool] | None = None) -> list[str]:
    size = np.ones(len(values), dtype=bool)
    cells = Cells(np.array(values, float), size if shown is None else np.array(shown), size, np.array(values, float))
    return hide(cells, np.array(coefficients, float), 5)


def test_a_small_count_alone_would_follow_from_its_total() -> None:
    assert hidden([3, 20, 30, 53], [[1, 1, 1, -1]]) == [CONFIDENTIAL, SECONDARY, FREE, FREE]


def test_a_sum_that_leaves_too_little_room_is_given_more() -> None:
    # 3 + 5 = 8: if the 5 is hidden too, both counts can be 0 to 8
    # 1 + 3 = 4: all three counts are small, and the 4 would follow from 94 - 90
    assert hidden([3, 5, 8], [[1, 1, -1]]) == [CONFIDENTIAL, SECONDARY, FREE]
    assert hidden([1, 3, 4, 90, 94], [[1, 1, -1, 0, 0], [0, 0, 1, 1, -1]])[:4] == [CONFIDENTIAL] * 3 + [SECONDARY]


def test_two_small_counts_whose_sum_is_told_need_a_third() -> None:
    assert hidden([1, 2, 20, 30, 53], [[1, 1, 1, 1, -1]]) == [CONFIDENTIAL, CONFIDENTIAL, SECONDARY, FREE, FREE]


def test_zeros_and_large_counts_are_shown() -> None:
    assert hidden([0, 5, 5], [[1, 1, -1]]) == [FREE, FREE, FREE]


def test_a_zero_beside_a_small_count_is_hidden_with_it() -> None:
    assert hidden([3, 0, 20, 23, 0, 7, 7], [[1, 1, 1, -1, 0, 0, 0], [0, 0, 0, 0, 1, 1, -1]]) == [
        CONFIDENTIAL, SECONDARY, SECONDARY, FREE, FREE, FREE, FREE,
    ]  # fmt: skip


def test_a_zero_is_hidden_even_where_hiding_another_would_do() -> None:
    # if zeros were never hidden, a hidden count would be known to be above 0
    cells = Cells(np.array([3.0, 0, 20, 23]), np.ones(4, bool), np.ones(4, bool), np.array([3.0, 1e9, 20, 1e6]))
    assert hide(cells, np.array([[1.0, 1, 1, -1]]), 5) == [CONFIDENTIAL, SECONDARY, SECONDARY, FREE]


def test_a_remainder_that_nobody_prints_is_found_by_subtraction_and_so_the_smaller_area_is_hidden() -> None:
    # 98 of the bydel's 100 reports are from the partnership area, so 2 are from outside it
    assert hidden([98, 100, 2], [[1, -1, 1]], [True, True, False]) == [SECONDARY, FREE, FREE]


def test_the_cheapest_is_hidden_first() -> None:
    cells = Cells(
        np.array([3.0, 20, 30, 40, 93]), np.ones(5, bool), np.ones(5, bool), np.array([3.0, 1e9, 30, 40, 1e6])
    )
    statuses = hide(cells, np.array([[1.0, 1, 1, 1, -1]]), 5)
    assert statuses == [CONFIDENTIAL, FREE, SECONDARY, FREE, FREE]


def test_what_cannot_be_hidden_is_said() -> None:
    with pytest.raises(ValueError, match="cannot be protected"):
        hidden([3], [[1]])  # the count itself is known


# --- an attacker with every published table ----------------------------------------------------------------


def counted(seed: int, size: float) -> pd.DataFrame:
    """Return made-up counts for every bydel, every partnership area and the municipality.

    Many of the counts are small.
    """
    draw = np.random.default_rng(seed)
    counts: dict[tuple[str, str], int] = {}
    for kind in KINDS:
        for bydel in BYDELE:
            inner = [area for area, whole in INSIDE.items() if whole == bydel]
            counts[bydel, kind] = 0
            for area in inner:
                counts[area, kind] = int(draw.poisson(size * draw.choice([0.2, 1, 5])))
                counts[bydel, kind] += counts[area, kind]
            counts[bydel, kind] += int(draw.poisson(size * draw.choice([0.1, 1, 8])))
        counts["copenhagen", kind] = sum(counts[bydel, kind] for bydel in BYDELE) + int(draw.poisson(2))
    for area in ("copenhagen", *BYDELE, *INSIDE):
        counts[area, "citizen_facing"] = sum(counts[area, kind] for kind in PARTS) + int(draw.poisson(size))
    return contracts()["crime.counted"].frame([_counted_row(area, kind, n) for (area, kind), n in counts.items()])


def _counted_row(area_id: str, kind: str, number: int, edition: int = EDITION) -> Row:
    return {
        "edition": edition, "crime_year": edition - 1, "area_id": area_id, "crime_type": kind, "extract": "police",
        "counted_from": "counts" if kind == "citizen_facing" else "reports", "drawn_on": date(edition, 2, 15), "reports": number,
        "zero_in_doubt": False, "population_residents": 10_000, "provenance": "synthetic",
    }  # fmt: skip


def published(counts: pd.DataFrame) -> dict[str, pd.DataFrame]:
    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        tables["counted"] = counts

    return make([], spoil)


class Attacker:
    """Find limits of the hidden counts: turn the published tables into equations and inequalities, and solve them."""

    def __init__(self, tables: dict[str, pd.DataFrame], unknown_places: dict[str, int]) -> None:
        """`unknown_places`: the number of reports of each type without a bydel.

        The attacker knows it from another source.
        """
        rows = records(tables["yearly_types"]) + records(tables["monitoring"])
        self.shown = {(row["area_id"], row["crime_type"]): row for row in rows if row["status"] == "normal"}
        self.secret = [cell for cell, row in self.shown.items() if row["confidentiality"] != FREE]
        self.equal: list[tuple[dict[Any, float], float]] = []
        self.most: list[tuple[dict[Any, float], float]] = []
        for kind in KINDS:
            self._says(
                {("copenhagen", kind): 1} | {(bydel, kind): -1 for bydel in BYDELE}, unknown_places[kind], self.equal
            )
            for area, bydel in INSIDE.items():
                self._says({(area, kind): 1, (bydel, kind): -1}, 0, self.most)
        for area in {area for area, _ in self.shown}:
            self._says({(area, part): 1 for part in PARTS} | {(area, "citizen_facing"): -1}, 0, self.most)

    def _says(self, terms: dict[Any, float], right: float, system: list[Any]) -> None:
        unknown = {cell: factor for cell, factor in terms.items() if cell in self.secret}
        known_sum = sum(
            factor * self.shown[cell]["reports"] for cell, factor in terms.items() if cell not in self.secret
        )
        if unknown:
            system.append((unknown, right - known_sum))

    def limits(self, cell: Any) -> tuple[float, float]:
        def matrix(known: list[Any]) -> tuple[Any, Any]:
            if not known:
                return None, None
            return (
                np.array([[terms.get(cell, 0.0) for cell in self.secret] for terms, _ in known]),
                np.array([right for _, right in known]),
            )

        goal = np.array([float(secret_cell == cell) for secret_cell in self.secret])
        low_and_high = []
        for sign in (1, -1):
            equal, most = matrix(self.equal), matrix(self.most)
            solution = linprog(sign * goal, A_ub=most[0], b_ub=most[1], A_eq=equal[0], b_eq=equal[1], bounds=(0, None))
            low_and_high.append(sign * solution.fun if solution.success else -sign * np.inf)
            assert solution.status in (0, 3), solution.message
        return low_and_high[0], low_and_high[1]


def places_unknown(counts: pd.DataFrame) -> dict[str, int]:
    numbers = {(row["area_id"], row["crime_type"]): row["reports"] for row in records(counts)}
    return {kind: numbers["copenhagen", kind] - sum(numbers[bydel, kind] for bydel in BYDELE) for kind in KINDS}


SYSTEMS = [
    pytest.param(seed, size, marks=[pytest.mark.slow] if seed > 0 else [])
    for seed in range(10)
    for size in (2.0, 6.0, 20.0)
]


@pytest.mark.parametrize(("seed", "size"), SYSTEMS)
def test_an_attacker_is_left_with_every_small_count_and_with_a_wide_range_of_the_others(seed: int, size: float) -> None:
    counts = counted(seed, size)
    tables = published(counts)
    attacker = Attacker(tables, places_unknown(counts))
    true = {(row["area_id"], row["crime_type"]): row["reports"] for row in records(counts)}
    assert {cell for cell, number in true.items() if 1 <= number <= 4} <= set(attacker.secret)
    assert attacker.secret
    for cell in attacker.secret:
        low, high = attacker.limits(cell)
        if 1 <= true[cell] <= 4:
            assert low <= 1 + 1e-6, cell
            assert high >= 4 - 1e-6, cell
        else:
            assert high - low >= 4 - 1e-6, cell


def test_hiding_the_small_counts_alone_would_not_do() -> None:
    counts = counted(1, 6.0)
    tables = published(counts)
    for name in ("yearly_types", "monitoring"):  # show again the counts that were hidden to protect other counts
        numbers = {(row["area_id"], row["crime_type"]): row["reports"] for row in records(counts)}
        rows = [
            row | {"reports": number, "confidentiality": FREE}
            if row["confidentiality"] != FREE and (number := numbers[row["area_id"], row["crime_type"]]) >= 5
            else row
            for row in records(tables[name])
        ]
        tables[name] = contracts()[f"crime.{name}"].frame(rows)
    attacker = Attacker(tables, places_unknown(counts))
    limits = [attacker.limits(cell) for cell in attacker.secret]
    assert any(low > 1 + 1e-6 or high < 4 - 1e-6 for low, high in limits)


def test_nothing_that_follows_from_a_hidden_count_is_printed() -> None:
    tables = published(counted(2, 6.0))
    for name in ("yearly_types", "monitoring"):
        for row in records(tables[name]):
            if row["confidentiality"] != FREE:
                follows = (
                    "reports",
                    "rate_per_1000",
                    "rate_low_per_1000",
                    "rate_high_per_1000",
                    "population_residents",
                )
                assert {row[column] for column in follows} == {None}


def verdicts_of(numbers: dict[int, int]) -> dict[int, Row]:
    """Return the verdicts on violence in Tingbjerg-Husum by edition.

    `numbers` has the counted reports of each edition.
    """
    rows = [_counted_row(TH, "violence_weapons", number, edition) for edition, number in numbers.items()]
    verdicts = published(contracts()["crime.counted"].frame(rows))["verdicts"]
    return {row["edition"]: row for row in records(verdicts) if row["measure"] == "violence_weapons_reports"}


@pytest.mark.parametrize("numbers", [{2021: 20, 2022: 3}, {2021: 3, 2022: 20}, {2021: 2, 2022: 3}])
def test_a_verdict_on_a_hidden_count_or_a_hidden_baseline_tells_nothing(numbers: dict[int, int]) -> None:
    row = verdicts_of(numbers)[2022]
    assert (row["literal"], row["statistical"], row["reason"]) == ("not_evaluable", "not_evaluable", "confidential")
    hidden_columns = ("change", "change_low", "change_high", "smallest_change_shown", "missing_to_limit")
    assert {row[column] for column in hidden_columns} == {None}
    assert row["value"] == (20 if numbers[2022] == 20 else None)
    assert row["compared_value"] is None


def test_a_monitored_type_is_reported_even_where_its_count_is_hidden() -> None:
    rows = [_counted_row(TH, "harassment", 3)]
    verdicts = records(published(contracts()["crime.counted"].frame(rows))["verdicts"])
    row = next(
        change for change in verdicts if (change["edition"], change["measure"]) == (EDITION, "harassment_reports")
    )
    assert (row["literal"], row["value"], row["reports"], row["confidentiality"]) == ("met", None, None, CONFIDENTIAL)


def hidden_of(rows: list[Row], **replaced: pd.DataFrame) -> dict[str, str]:
    """Return the confidentiality of each count, keyed by area. All rows must have the same crime type."""
    return {area_id: status for (area_id, _), status in hidden_cells(rows, **replaced).items()}


def hidden_cells(rows: list[Row], **replaced: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return the confidentiality of each count, keyed by area and crime type."""
    tables = REFERENCE | {"counted": contracts()["crime.counted"].frame(rows)} | replaced
    confidentiality = model_frame("crime.confidentiality", tables)
    return {(row["area_id"], row["crime_type"]): row["confidentiality"] for row in records(confidentiality)}


def test_the_threshold_is_the_agreements() -> None:
    agreements = REFERENCE["agreements"].assign(fewest_reports_shown=8)
    assert hidden_of([_counted_row(TH, "harassment", 7)], agreements=agreements) == {TH: CONFIDENTIAL}


def agreements(**thresholds: int) -> pd.DataFrame:
    """Return one agreement for each area.

    `thresholds` has the fewest reports that the area's agreement allows to show.
    """
    line = records(REFERENCE["agreements"])[0]
    rows = [
        line | {"agreement_id": area_id, "area_id": area_id, "fewest_reports_shown": threshold}
        for area_id, threshold in thresholds.items()
    ]
    return contracts()["reference.agreements"].frame(rows)


def test_each_area_has_the_threshold_of_its_own_agreement() -> None:
    theirs = agreements(tingbjerg_husum=5, folehaven=10)
    rows = [_counted_row(area, "harassment", 7) for area in (TH, "folehaven", "bydel_valby", "bydel_vanloese")]
    assert hidden_of(rows, agreements=theirs) == {
        TH: FREE, "folehaven": CONFIDENTIAL, "bydel_valby": CONFIDENTIAL, "bydel_vanloese": CONFIDENTIAL,
    }  # fmt: skip


def test_a_large_count_beside_a_small_one_needs_the_room_of_its_own_threshold() -> None:
    values = np.array([3.0, 20, 30, 53])
    cells = Cells(values, np.ones(4, bool), np.ones(4, bool), values)
    equation = np.array([[1.0, 1, 1, -1]])
    assert hide(cells, equation, 5) == [CONFIDENTIAL, SECONDARY, FREE, FREE]
    # with a threshold of 25, the count 20 is small and must be able to be 1 to 24
    # 3 and 20 alone do not suffice, because their sum of 23 is known
    assert hide(cells, equation, np.array([5, 25, 5, 5])) == [CONFIDENTIAL, CONFIDENTIAL, SECONDARY, FREE]


def test_a_grouping_of_several_totals_hides_what_follows_from_each() -> None:
    totals = contracts()["reference.crime_types"].frame(
        [row | {"role": "total"} if row["crime_type"] == "other" else row for row in records(REFERENCE["crime_types"])]
    )
    kinds = (*PARTS, "other", "citizen_facing")
    rows = [_counted_row(TH, kind, number) for kind, number in zip(kinds, (3, 20, 30, 53, 60), strict=True)]
    statuses = hidden_cells(rows, crime_types=totals)
    # the first total allows 0 to 3 burglaries, and the second 0 to 10
    # a total is hidden first, because no target uses its count
    assert [statuses[TH, kind] for kind in kinds] == [CONFIDENTIAL, FREE, FREE, SECONDARY, FREE]


def test_what_of_a_bydel_lies_outside_the_partnership_area_is_a_small_count_too() -> None:
    rows = [_counted_row(TH, "harassment", 98), _counted_row("bydel_broenshoej_husum", "harassment", 100)]
    assert SECONDARY in hidden_of(rows).values()  # otherwise 100 - 98 would reveal a count of 2
    rows[0]["reports"] = 90
    assert set(hidden_of(rows).values()) == {FREE}


def test_what_a_failed_check_tells_is_taken_in() -> None:
    """A verdict can reveal in `failed_checks` that the counts of the types exceed their total.

    If the total 100 and the counts 60 and 39 are shown, an attacker then knows that the third count is 2 or more.
    """
    numbers = {"citizen_facing": 100, "theft_robbery": 60, "burglary": 39, "violence_weapons": 3}
    rows = [_counted_row(TH, kind, number) for kind, number in numbers.items()]
    tables = published(contracts()["crime.counted"].frame(rows))
    failed_checks = {
        row["failed_checks"]
        for row in records(tables["verdicts"])
        if row["edition"] == EDITION and row["failed_checks"]
    }
    assert failed_checks == {"types_and_total"}
    shown = {row["crime_type"]: row["reports"] for row in records(tables["yearly_types"]) if row["reports"] is not None}
    hidden = sorted(numbers.keys() - shown.keys())
    assert len(hidden) > 1  # if only violence were hidden, it would be known to be 2 or more
    # an attacker knows the shown counts, and that the types exceed their total by at least 1
    signs = {kind: -1.0 if kind == "citizen_facing" else 1.0 for kind in numbers}
    shown_sum = sum(signs[kind] * number for kind, number in shown.items() if kind in numbers)
    goal = np.array([float(kind == "violence_weapons") for kind in hidden])
    least = np.array([[-signs[kind] for kind in hidden]])
    lowest = linprog(goal, A_ub=least, b_ub=[shown_sum - 1], bounds=(0, None))
    highest = linprog(-goal, A_ub=least, b_ub=[shown_sum - 1], bounds=(0, None))
    assert lowest.fun <= 1 + 1e-6
    assert highest.status == 3 or -highest.fun >= 4 - 1e-6


# --- every published table of all editions -----------------------------------------------------------------

EDITIONS = range(2018, 2026)


@pytest.fixture(scope="module")
def everything() -> tuple[dict[str, pd.DataFrame], dict[Any, int], set[Any]]:
    """Return the tables of eight editions, the true counts, and the keys of the hidden counts.

    The key of a count is its edition, area and crime type.
    """
    drawn = {edition: counted(edition, 6.0).assign(edition=edition, crime_year=edition - 1) for edition in EDITIONS}
    counts = pd.concat(drawn.values(), ignore_index=True)
    tables = published(counts)
    true = {(row["edition"], row["area_id"], row["crime_type"]): row["reports"] for row in records(counts)}
    rows = records(tables["yearly_types"]) + records(tables["monitoring"])
    secret = {(row["edition"], row["area_id"], row["crime_type"]) for row in rows if row["confidentiality"] != FREE}
    return tables, true, secret


def kinds_of(tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    return {row["measure"]: row["crime_type"] for row in records(tables["measures"]) if row["crime_type"]}


@pytest.mark.slow
def test_no_verdict_baseline_or_reading_of_any_edition_is_made_of_a_hidden_count(everything: Any) -> None:
    tables, _, secret = everything
    kinds, rows_checked = kinds_of(tables), 0
    for row in records(tables["verdicts"]):
        kind = kinds.get(row["measure"])
        if row["compared_with"] == "baseline" and kind:
            is_hidden, baseline_is_hidden = (
                (edition, row["area_id"], kind) in secret for edition in (row["edition"], 2021)
            )
            made = ("change", "change_low", "change_high", "smallest_change_shown", "missing_to_limit", "dispersion")
            if (is_hidden or baseline_is_hidden) and row["edition"] > 2021:
                rows_checked += 1
                assert {row[name] for name in made} == {None}
                assert (row["literal"], row["statistical"]) == ("not_evaluable", "not_evaluable")
            assert not (is_hidden and (row["value"], row["reports"]) != (None, None))
            assert not (baseline_is_hidden and row["compared_value"] is not None)
    for row in records(tables["baselines"]):
        if (row["edition"], row["area_id"], kinds.get(row["measure"])) in secret:
            rows_checked += 1
            assert {row[name] for name in ("value", "newest_value", "value_low", "value_high", "reports")} == {None}
    for row in records(tables["readings"]):
        years = {"against_2019": (2019,), "against_mean_2017_2019": (2017, 2018, 2019)}.get(row["reading"], (2020,))
        areas = (
            (row["area_id"], "copenhagen") if row["reading"] == "against_municipalitys_change" else (row["area_id"],)
        )
        cells = {(year + 1, area, kinds[row["measure"]]) for year in (*years, row["crime_year"]) for area in areas}
        if cells & secret:
            rows_checked += 1
            assert {row[name] for name in ("ratio", "ratio_low", "ratio_high")} == {None}
    assert rows_checked > 20


@pytest.mark.slow
def test_an_attacker_with_rates_intervals_and_populations_of_all_editions_is_left_with_as_much(everything: Any) -> None:
    tables, true, secret = everything
    rows = records(tables["yearly_types"]) + records(tables["monitoring"])
    for row in rows:  # these numbers would reveal a hidden count
        numbers = (
            "reports", "rate_per_1000", "rate_low_per_1000", "rate_high_per_1000", "published_reports", "published_rate_per_1000",
            "population_residents", "population_low_residents", "population_high_residents",
        )  # fmt: skip
        if row["confidentiality"] != FREE:
            assert {row[name] for name in numbers} == {None}
    for edition in EDITIONS[:3]:
        of_edition = {name: tables[name][tables[name]["edition"] == edition] for name in ("yearly_types", "monitoring")}
        numbers_of = {
            (area, kind): number for (its_edition, area, kind), number in true.items() if its_edition == edition
        }
        unknown = {
            kind: numbers_of["copenhagen", kind] - sum(numbers_of[bydel, kind] for bydel in BYDELE) for kind in KINDS
        }
        attacker = Attacker(of_edition, unknown)
        assert set(attacker.secret) == {(area, kind) for its_edition, area, kind in secret if its_edition == edition}
        for cell in attacker.secret:
            low, high = attacker.limits(cell)
            wide = low <= 1 + 1e-6 and high >= 4 - 1e-6 if 1 <= numbers_of[cell] <= 4 else high - low >= 4 - 1e-6
            assert wide, (edition, cell)
