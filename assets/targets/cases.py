"""The typed input of the rules: figures, comparisons and the terms of a target, as `cases.sql` selects them.

This module compares and judges nothing. The contracts of the tables in the schema indicators say what the columns mean.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
from pydantic import BaseModel, ConfigDict

from assets.methods.counts import Count
from assets.methods.disclosure import FREE
from assets.methods.judgements import Verdict
from assets.methods.shares import Interval, Share
from assets.sql_files import sql

UNCERTAIN = ("answers", "areas", "reports")  # a measure made of anything else is a full count


class Figure(BaseModel):
    """A figure of indicators.yearly.

    It is a share in per cent, a number of reports with residents, or a full count with its parts.
    """

    model_config = ConfigDict(frozen=True)

    edition: int
    area_id: str
    measure: str
    value: float | None
    value_low: float | None
    value_high: float | None
    rounding_low: float | None
    rounding_high: float | None
    answers: int | None
    standard_error: float | None
    design_effect: float | None
    reports: int | None
    population_low_residents: int | None
    population_high_residents: int | None
    counted: int | None
    out_of: int | None
    not_known: int | None
    status: str
    confidentiality: str
    failed_checks: str | None
    decision: str | None
    waived_checks: str | None
    provenance: str | None
    maturity: str
    method: str
    source_lines: str | None

    @property
    def is_hidden(self) -> bool:
        """Whether the count is hidden. A hidden count gets no verdict, because "met" or "not met" would narrow it down."""
        return self.confidentiality != FREE

    def why_empty(self, missing: str) -> str | None:
        """Return the reason why the figure cannot be used, or None if it can be used.

        If there is no figure, the reason is `missing`.
        """
        if self.status == "low_reliability":
            return "too_few_answers"
        if self.is_hidden:
            return "confidential"
        if self.value is not None:
            return None
        return "conflict" if self.status == "conflict" else missing

    def share(self) -> Share:
        """Return the share as a fraction, in the form that `assets/methods` takes.

        If the design effect is not known, it is taken as 1.
        """
        value, error = (self.value or 0.0) / 100, self.standard_error
        low, high = (value if limit is None else limit / 100 for limit in (self.rounding_low, self.rounding_high))
        variance = None if error is None else (error / 100) ** 2
        return Share(value, low, high, self.answers, self.design_effect or 1.0, variance)

    def count(self, unit: str) -> Count | None:
        """Return the reports, and for a rate the number of residents.

        For a number of reports, the residents are replaced by 1. Return None if the reports or the residents are not known.
        """
        if self.reports is None:
            return None
        if unit != "reports_per_1000":
            return Count(self.reports, 1, 1)
        low, high = self.population_low_residents, self.population_high_residents
        return None if low is None or high is None else Count(self.reports, low, high)


class Comparison(BaseModel):
    """A row of indicators.comparisons with its two figures.

    For the change of a gap it also has the two figures of the comparison area.
    """

    model_config = ConfigDict(frozen=True)

    edition: int
    area_id: str
    compared_with: str
    compared_edition: int
    value: float | None
    compared_value: float | None
    change: float | None
    change_low: float | None
    change_high: float | None
    smallest_change_shown: float | None
    design_effect: float | None
    breaks: str | None
    forbidden_by: str | None
    figure: Figure | None
    against: Figure | None
    whole: Figure | None = None
    against_whole: Figure | None = None

    @property
    def interval(self) -> Interval | None:
        """The interval of the change, in the unit of the change."""
        if self.change_low is None or self.change_high is None:
            return None
        return Interval(self.change_low, self.change_high)

    @property
    def behind(self) -> tuple[Figure, ...]:
        """The figures that the comparison is computed from, without the judged figure."""
        return tuple(figure for figure in (self.whole, self.against, self.against_whole) if figure is not None)


@dataclass(frozen=True)
class Terms:
    """The terms of a target: what the agreement says beyond the rule, and the conventions that the readings need."""

    unit: str
    full_count: bool
    tolerance: float
    limit_value: float
    baseline_edition: int | None
    baseline_known: bool
    target_year: int
    confidence: float
    power: float


@dataclass(frozen=True)
class Judged:
    """A verdict with the numbers that a reader needs to follow it.

    `value` and `unit` are set only if they differ from those of the judged figure. `behind` has the other figures that the
    verdict is computed from.
    """

    verdict: Verdict
    compared_edition: int | None = None
    compared_value: float | None = None
    value: float | None = None
    unit: str | None = None
    change: float | None = None
    change_low: float | None = None
    change_high: float | None = None
    path_value: float | None = None
    smallest_change_shown: float | None = None
    dispersion: float | None = None
    limit_value: float | None = None
    missing_to_limit: float | None = None
    design_effect: float | None = None
    breaks: str | None = None
    behind: tuple[Figure, ...] = ()


class Case(BaseModel):
    """A target in one edition of its agreement: the target's terms, the judged figure, and the comparisons of that figure."""

    model_config = ConfigDict(frozen=True)

    agreement_id: str
    target_id: str
    measure: str
    area_id: str
    rule: str
    first_year: int
    last_year: int
    target_year: int
    baseline_year: int | None
    limit_value: float | None
    tolerance: float | None
    unit: str
    made_of: str
    of_crime: bool
    edition: int
    baseline_edition: int | None
    figure: Figure
    baseline: Comparison | None
    baseline_gap: Comparison | None
    years: tuple[Comparison, ...]
    earlier: tuple[Comparison, ...]
    earlier_of_bydele: tuple[Comparison, ...]
    baseline_known: bool
    baseline_changed: bool

    @property
    def year(self) -> int:
        """The year that is judged: that of the edition, or the edition's crime year."""
        return self.edition - 1 if self.of_crime else self.edition

    @property
    def since_baseline(self) -> tuple[Comparison, ...]:
        """The comparisons since the baseline.

        They compare each edition with the one before, and the judged figure with each earlier edition.
        """
        first = self.baseline_edition or self.edition
        return *self.years, *(comparison for comparison in self.earlier if comparison.compared_edition >= first)

    def terms(self, confidence: float, power: float) -> Terms:
        """Return the terms of the target, with the conventions that the readings need."""
        return Terms(
            unit=self.unit,
            full_count=self.made_of not in UNCERTAIN,
            tolerance=self.tolerance or 0.0,
            limit_value=self.limit_value or 0.0,
            baseline_edition=self.baseline_edition,
            baseline_known=self.baseline_known,
            target_year=self.target_year,
            confidence=confidence,
            power=power,
        )


def read_cases(connection: duckdb.DuckDBPyConnection) -> Iterator[Case]:
    """Yield every target in every edition of its agreement, in order.

    `connection` has the tables of the schemas indicators, targets and reference, and the lookup tables.
    """
    cursor = connection.execute(sql("targets/cases"))
    names = [column[0] for column in cursor.description or []]
    for row in cursor.fetchall():
        yield Case.model_validate(dict(zip(names, row, strict=True)))
