"""Compute the parts of a comparison that SQL cannot compute: the change, its interval and its two directions.

`comparisons.sql` decides which figures are compared, and which comparisons are allowed. Each row compares two figures.
The columns `figure_*` describe the first figure, and the columns `against_*` describe the second figure. The columns
`whole_*` and `against_whole_*` describe the comparison area's figures of the same two editions. Each kind of interval
is computed by one call of a function in `assets/methods/`, for all rows at once.
"""

import numpy as np
import pandas as pd

from assets.methods import counts, shares
from assets.methods.counts import Counts
from assets.methods.judgements import literal_directions, statistical_directions
from assets.methods.limits import Array
from assets.methods.shares import Gaps, Shares
from warehouse.contracts import contracts

COMPUTED = (
    "value",
    "compared_value",
    "change",
    "change_low",
    "change_high",
    "standard_error",
    "smallest_change_shown",
    "design_effect",
    "reason",
)
RATIOS = ("ratio", "rate_ratio")


def with_changes(comparisons: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Add values, changes, intervals and directions to the rows of `comparisons.sql`.

    The result is the table indicators.comparisons. Each row belongs to exactly one kind of comparison. Each kind has
    its own function in this module.
    """
    compared_with, made_of = comparisons["compared_with"], comparisons["made_of"]
    more_than_a_pair = compared_with.isin(["baseline_gap", "municipality_change", "years"])
    against_whole = made_of.eq("reports") & compared_with.eq("municipality")
    kinds = {
        _pairs_of_shares: made_of.eq("answers") & ~more_than_a_pair,
        _pairs_of_counts: made_of.eq("reports") & ~more_than_a_pair & ~against_whole,
        _pairs_of_full_counts: ~made_of.isin(["answers", "reports"]),
        _rates_against_the_municipality: against_whole,
        _gaps: compared_with.eq("baseline_gap"),
        _years_together: compared_with.eq("years"),
        _changes_against_the_municipality: compared_with.eq("municipality_change"),
    }
    computed = pd.concat([compute(comparisons[of_kind], conventions) for compute, of_kind in kinds.items()])
    rows = comparisons.drop(columns="reason").join(computed)
    rows = rows.assign(**_directions(rows))
    return rows[list(contracts()["indicators.comparisons"].columns)]


def _pairs_of_shares(rows: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Compute the difference of two shares in points.

    The difference may be a gap between an area and the municipality. If the variance of the gap is known, the interval
    is computed from this variance.
    """
    confidence, power = conventions["confidence_level"], conventions["power"]
    new, old = _shares(rows, "figure_"), _shares(rows, "against_")
    value, compared_value = _numbers(rows, "figure_value"), _numbers(rows, "against_value")
    limits = shares.gap_limits(new, old, _variances(rows["gap_error"]), confidence)
    smallest = shares.smallest_falls_shown(new, old, confidence, power)
    error = _numbers(rows, "gap_error")
    few = rows[["figure_status", "against_status"]].isin(["low_reliability"]).any(axis=1).to_numpy(bool)
    return _of_survey(rows, value, compared_value, limits, smallest, few).assign(standard_error=error)


def _gaps(rows: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Compute in points how much a gap has changed since the baseline's edition.

    A gap is the area's share minus the comparison area's share. The change is the edition's gap minus the gap in the
    baseline's edition.
    """
    confidence, power = conventions["confidence_level"], conventions["power"]
    new = Gaps(_shares(rows, "figure_"), _shares(rows, "whole_"), _variances(rows["gap_error"]))
    old = Gaps(_shares(rows, "against_"), _shares(rows, "against_whole_"), _variances(rows["against_gap_error"]))
    value = _numbers(rows, "figure_value") - _numbers(rows, "whole_value")
    compared_value = _numbers(rows, "against_value") - _numbers(rows, "against_whole_value")
    limits = shares.gap_change_limits(new, old, confidence)
    smallest = shares.smallest_narrowings_shown(new, old, confidence, power)
    statuses = rows[["figure_status", "against_status", "whole_status", "against_whole_status"]]
    few = statuses.isin(["low_reliability"]).any(axis=1).to_numpy(bool)
    # Two editions are independent samples.
    error = np.hypot(_numbers(rows, "gap_error"), _numbers(rows, "against_gap_error"))
    return _of_survey(rows, value, compared_value, limits, smallest, few).assign(standard_error=error)


def _of_survey(
    rows: pd.DataFrame, value: Array, compared_value: Array, limits: tuple[Array, Array], smallest: Array, few: Array
) -> pd.DataFrame:
    """Return the computed columns for changes of shares or gaps.

    If a number of answers is not known or is too small, the row gets a reason in place of an interval. If
    `comparisons.sql` has already given the row a reason, the row gets neither a change nor an interval.
    """
    usable = rows["reason"].isna().to_numpy(bool)
    unknown = usable & np.isnan(limits[0])
    shown = usable & ~unknown & ~few
    reasons = np.select(
        [unknown, usable & few], ["answers_unknown", "too_few_answers"], rows["reason"].to_numpy(object)
    )
    return _computed(
        rows,
        value=value,
        compared_value=compared_value,
        change=np.where(usable, value - compared_value, np.nan),
        change_low=np.where(shown, np.round(limits[0] * 100, 10), np.nan),
        change_high=np.where(shown, np.round(limits[1] * 100, 10), np.nan),
        smallest_change_shown=np.where(shown, np.round(smallest * 100, 10), np.nan),
        design_effect=np.where(shown, np.nan_to_num(_numbers(rows, "figure_design_effect"), nan=1.0), np.nan),
        reason=reasons,
    )


def _pairs_of_counts(rows: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Compute the ratio of two rates, or of two numbers of reports.

    If only the rates are known and not the counts, the ratio has no interval.
    """
    value, compared_value = _numbers(rows, "figure_value"), _numbers(rows, "against_value")
    new, old = _counts(rows, "figure_"), _counts(rows, "against_")
    limits = counts.rate_ratio_limits(new, old, conventions["confidence_level"])
    return _of_counts(rows, value, compared_value, _ratio(value, compared_value), limits)


def _rates_against_the_municipality(rows: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Compute the ratio of an area's rate to the municipality's rate.

    If the figures are numbers of reports, their rates are compared instead, because areas differ in size.
    """
    new, old = _counts(rows, "figure_", per_resident=True), _counts(rows, "against_", per_resident=True)
    value, compared_value = _numbers(rows, "figure_value"), _numbers(rows, "against_value")
    of_numbers = rows["unit"].eq("reports").to_numpy(bool)
    ratio = np.where(of_numbers, _ratio(_rates(new), _rates(old)), _ratio(value, compared_value))
    limits = counts.rate_ratio_limits(new, old, conventions["confidence_level"])
    return _of_counts(rows, value, compared_value, ratio, limits)


def _years_together(rows: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Compute the ratio of a figure to several earlier years taken together.

    A rate is divided by the rate of the whole period. A number of reports is divided by the mean number of reports per
    year. The ratio is NaN if the divisor is 0.
    """
    new, old = _counts(rows, "figure_"), _counts(rows, "together_")
    per_1000 = np.where(rows["unit"].eq("reports"), 1.0, 1000.0)
    ratio = _ratio(_rates(new), _rates(old))
    limits = counts.rate_ratio_limits(new, old, conventions["confidence_level"])
    return _of_counts(rows, _numbers(rows, "figure_value"), _rates(old) * per_1000, ratio, _where_ratio(limits, ratio))


def _changes_against_the_municipality(rows: pd.DataFrame, conventions: dict[str, float]) -> pd.DataFrame:
    """Divide the area's change since the baseline by the municipality's change since the baseline.

    Each change is a ratio of two rates or of two numbers of reports. If one of the four counts is 0, there is no
    interval.
    """
    names = ("figure_", "against_", "whole_", "against_whole_")
    four = [_counts(rows, name) for name in names]
    rates = [_rates(area_counts) for area_counts in four]
    value, compared_value = _ratio(rates[0], rates[1]), _ratio(rates[2], rates[3])
    ratio = _ratio(value, compared_value)
    reports = np.stack([area_counts.reports for area_counts in four])
    limits = counts.ratio_of_ratios_limits(ratio, reports, conventions["confidence_level"])
    return _of_counts(rows, value, compared_value, ratio, _where_ratio(limits, ratio))


def _of_counts(
    rows: pd.DataFrame, value: Array, compared_value: Array, ratio: Array, limits: tuple[Array, Array]
) -> pd.DataFrame:
    """Return the computed columns for ratios of rates or counts. A row without an interval has a reason.

    The reason is `missing_extract` if only the rates are known and not the counts, and `zero_count` if a count is 0. If
    `comparisons.sql` has already given the row a reason, the row gets neither a change nor an interval.
    """
    usable = rows["reason"].isna().to_numpy(bool)
    without_interval = usable & np.isnan(limits[0])
    without_count = without_interval & ~_counted(rows)
    return _computed(
        rows,
        value=value,
        compared_value=compared_value,
        change=np.where(usable, ratio, np.nan),
        change_low=np.where(usable, limits[0], np.nan),
        change_high=np.where(usable, limits[1], np.nan),
        reason=np.select(
            [without_count, without_interval], ["missing_extract", "zero_count"], rows["reason"].to_numpy(object)
        ),
    )


def _counted(rows: pd.DataFrame) -> Array:
    """Return for each row whether the numbers of reports of both figures are known.

    If rates are compared, both numbers of residents must be known too. The result is true for a row that compares more
    than two figures, because `comparisons.sql` has already checked these rows.
    """
    pair = rows["compared_with"].isin(["edition_before", "baseline", "earlier_edition", "municipality"]).to_numpy(bool)
    per_resident = rows["change_unit"].eq("rate_ratio") | rows["unit"].ne("reports")
    reports_known = rows[["figure_reports", "against_reports"]].notna().all(axis=1)
    residents = rows[["figure_population_low_residents", "against_population_low_residents"]].notna().all(axis=1)
    return ~pair | (reports_known & (residents | ~per_resident)).to_numpy(bool)


def _pairs_of_full_counts(rows: pd.DataFrame, _conventions: dict[str, float]) -> pd.DataFrame:
    """Compute the difference of two figures that are neither shares nor counts of reports.

    The difference of two full counts has no interval. A figure may also say how many areas have a value above a limit.
    The interval of the difference of two such figures is computed from their intervals.
    """
    usable = rows["reason"].isna().to_numpy(bool)
    value, compared_value = _numbers(rows, "figure_value"), _numbers(rows, "against_value")
    of_areas = rows["made_of"].eq("areas").to_numpy(bool)
    low = np.where(
        of_areas, _numbers(rows, "figure_value_low") - _numbers(rows, "against_value_high"), value - compared_value
    )
    high = np.where(
        of_areas, _numbers(rows, "figure_value_high") - _numbers(rows, "against_value_low"), value - compared_value
    )
    unknown = usable & np.isnan(low + high)
    return _computed(
        rows,
        value=value,
        compared_value=compared_value,
        change=np.where(usable, value - compared_value, np.nan),
        change_low=np.where(usable & of_areas, low, np.nan),
        change_high=np.where(usable & of_areas, high, np.nan),
        reason=np.where(unknown, "answers_unknown", rows["reason"].to_numpy(object)),
    )


def _directions(rows: pd.DataFrame) -> dict[str, Array]:
    """Return the literal and the statistical direction of each change.

    The change itself shows the literal direction. The interval of the change shows the statistical direction. For a
    full count, both directions are the same.
    """
    of_ratio = rows["change_unit"].isin(RATIOS).to_numpy(bool)
    unchanged = np.where(of_ratio, 1.0, 0.0)
    change, low, high = (_numbers(rows, name) for name in ("change", "change_low", "change_high"))
    # If the compared value is 0, there is no ratio. Then the difference is used.
    difference = _numbers(rows, "value") - _numbers(rows, "compared_value")
    literal = literal_directions(np.where(np.isnan(change), difference, change - unchanged))
    literal[rows["reason"].notna().to_numpy(bool) & np.isnan(change)] = None
    full_count = ~rows["made_of"].isin(["answers", "reports", "areas"]).to_numpy(bool)
    statistical = np.where(full_count, literal, statistical_directions(low, high, unchanged))
    statistical[rows["reason"].notna().to_numpy(bool)] = None
    return {"literal": literal, "statistical": statistical}


# --- columns in the form that `assets/methods` takes ---------------------------------------------------------------


def _shares(rows: pd.DataFrame, name: str) -> Shares:
    """Return shares as fractions, from the columns whose names begin with `name`.

    A design effect that is not known becomes 1.
    """
    error = _numbers(rows, f"{name}standard_error") / 100
    return Shares(
        value=_numbers(rows, f"{name}value") / 100,
        low=_numbers(rows, f"{name}rounding_low") / 100,
        high=_numbers(rows, f"{name}rounding_high") / 100,
        answers=_numbers(rows, f"{name}answers"),
        design_effect=np.nan_to_num(_numbers(rows, f"{name}design_effect"), nan=1.0),
        variance=error**2,
    )


def _counts(rows: pd.DataFrame, name: str, *, per_resident: bool = False) -> Counts:
    """Return counts and their divisors, from the columns whose names begin with `name`.

    The divisors are `population_low` and `population_high`. If the figure is a number of reports and `per_resident` is
    false, both divisors are the number of years. In all other cases they are numbers of residents.
    """
    of_numbers = rows["unit"].eq("reports").to_numpy(bool) & (not per_resident)
    years = _numbers(rows, "years_together") if name == "together_" else np.ones(len(rows))
    return Counts(
        reports=_numbers(rows, f"{name}reports"),
        population_low=np.where(of_numbers, years, _numbers(rows, f"{name}population_low_residents")),
        population_high=np.where(of_numbers, years, _numbers(rows, f"{name}population_high_residents")),
    )


def _rates(counted: Counts) -> Array:
    """Return each count per resident or per year.

    The count is divided by the mean of its two divisors, which `_counts` describes.
    """
    return counted.reports / ((counted.population_low + counted.population_high) / 2)


def _ratio(value: Array, compared_value: Array) -> Array:
    """Return `value / compared_value`, or NaN if the compared value is 0 or not known."""
    return np.divide(value, compared_value, out=np.full(len(value), np.nan), where=np.nan_to_num(compared_value) != 0)


def _where_ratio(limits: tuple[Array, Array], ratio: Array) -> tuple[Array, Array]:
    return np.where(np.isnan(ratio), np.nan, limits[0]), np.where(np.isnan(ratio), np.nan, limits[1])


def _variances(errors: pd.Series) -> Array:
    """Convert standard errors of gaps in points to variances of gaps between fractions."""
    return (errors.to_numpy(float, na_value=np.nan) / 100) ** 2


def _numbers(rows: pd.DataFrame, name: str) -> Array:
    return rows[name].to_numpy(float, na_value=np.nan)


def _computed(rows: pd.DataFrame, **columns: Array) -> pd.DataFrame:
    """Return a table with all columns of COMPUTED. If a column is not in `columns`, its values are NaN."""
    empty = np.full(len(rows), np.nan)
    return pd.DataFrame({name: columns.get(name, empty) for name in COMPUTED}, index=rows.index)
