"""Classes for the input of the rules: figures, comparisons, and the terms of a target.

`cases.sql` selects this input. This module neither compares figures nor judges targets. Many fields of the classes are
columns of tables in the schema `indicators`. The contracts of these tables say what the columns mean.
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
    """A figure of indicators.yearly, or a baseline that a person has fixed (set permanently)."""

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
        """Whether the count is hidden.

        A target for a hidden count gets no verdict, because "met" or "not met" would narrow down what the count can be.
        A monitored type gets its verdict even then, because it only has to be reported.
        """
        return self.confidentiality != FREE

    def why_empty(self, missing: str) -> str | None:
        """Return the reason why the figure cannot be used. Return None if the figure can be used.

        If the figure has no value and no other reason applies, the reason is `missing`.
        """
        if self.status == "low_reliability":
            return "too_few_answers"
        if self.is_hidden:
            return "confidential"
        if self.value is not None:
            return None
        return "conflict" if self.status == "conflict" else missing

    def share(self) -> Share:
        """Return the figure as a share between 0 and 1, for the functions of `assets/methods`.

        If the design effect is not known, it is taken as 1.
        """
        value, error = (self.value or 0.0) / 100, self.standard_error
        low, high = (value if limit is None else limit / 100 for limit in (self.rounding_low, self.rounding_high))
        variance = None if error is None else (error / 100) ** 2
        return Share(value, low, high, self.answers, self.design_effect or 1.0, variance)

    def count(self, unit: str) -> Count | None:
        """Return the number of reports and the number of residents, for the functions of `assets/methods`.

        `unit` is the unit of the measure. Only a rate needs the residents. For any other unit, their number is given as
        1. Return None if a needed number is not known.
        """
        if self.reports is None:
            return None
        if unit != "reports_per_1000":
            return Count(self.reports, 1, 1)
        low, high = self.population_low_residents, self.population_high_residents
        return None if low is None or high is None else Count(self.reports, low, high)


class Comparison(BaseModel):
    """A row of indicators.comparisons, with the two figures that are compared.

    `figure` is the judged figure, and `against` is the figure that it is compared with. If the row compares the gaps of
    two editions, `whole` and `against_whole` are the comparison area's figures: `whole` in the edition of `figure`, and
    `against_whole` in the edition of `against`.
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
        """The interval of the change, in the unit of the change. None if the limits of the interval are not known."""
        if self.change_low is None or self.change_high is None:
            return None
        return Interval(self.change_low, self.change_high)

    @property
    def behind(self) -> tuple[Figure, ...]:
        """The figures that the comparison is computed from, except the judged figure."""
        return tuple(figure for figure in (self.whole, self.against, self.against_whole) if figure is not None)


@dataclass(frozen=True)
class Terms:
    """The terms that a rule judges by: those of the target in the agreement, and the project's conventions."""

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
    """A verdict, and the numbers that a reader needs to follow the verdict.

    `value` and `unit` are set only if the rule does not judge the figure itself but, for example, a gap. `behind` has
    the figures that the verdict is computed from, except the judged figure.
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
    """A target in one edition: its terms, the figure that is judged, and the comparisons that its rule reads."""

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
        """The year that is judged.

        It is the edition's crime year if the figure is about crime, otherwise the edition's own year.
        """
        return self.edition - 1 if self.of_crime else self.edition

    @property
    def since_baseline(self) -> tuple[Comparison, ...]:
        """The comparisons of figures since the baseline.

        They compare each edition with the edition before, and the judged figure with the figure of each earlier
        edition.
        """
        first = self.baseline_edition or self.edition
        return *self.years, *(comparison for comparison in self.earlier if comparison.compared_edition >= first)

    def terms(self, confidence: float, power: float) -> Terms:
        """Return the terms that the target's rule judges by.

        `confidence` and `power` are conventions of this project.
        """
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
    """Yield a case for each target in each edition of the target's agreement, in order.

    `connection` has the tables of the schemas `indicators`, `targets` and `reference`, and also the lookup tables.
    """
    cursor = connection.execute(sql("targets/cases"))
    names = [column[0] for column in cursor.description or []]
    for row in cursor.fetchall():
        yield Case.model_validate(dict(zip(names, row, strict=True)))
