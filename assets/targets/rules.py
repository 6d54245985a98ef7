"""The rules of an agreement. Each rule is a function that makes a verdict from figures and comparisons.

`cases.py` has the classes of figures and comparisons. A rule does not decide whether two figures may be compared. The
comparison's `forbidden_by` already gives the answer. The formulas of the literal and the statistical reading are in
`assets/methods/judgements.py`. To add a rule, write one function here and one line in `RULES`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from assets.methods import counts, judgements, shares
from assets.methods.judgements import Verdict, not_evaluable
from assets.methods.shares import Interval
from assets.targets.cases import Case, Comparison, Figure, Judged, Terms
from assets.targets.dispersion import Dispersion, dispersion_before

UNKNOWN_RULE = "question_unknown"

Judge = Callable[[Case, Terms], Judged]

RULES: dict[str, dict[str, Judge]] = {
    "falls_every_year": {
        "edition_before": lambda case, terms: fell_since(case.years[-1] if case.years else None, terms),
        "every_year": lambda case, terms: fell_every_year(case.since_baseline, terms),
        "trend_since_baseline": lambda case, terms: trend_since_baseline(case.since_baseline, terms),
    },
    "approaches_comparison_area": {"baseline_gap": lambda case, terms: gap_narrowed(case.baseline_gap, terms)},
    "held_at_baseline": {
        "baseline": lambda case, terms: held_at_baseline(
            case.baseline, dispersion_before(case.earlier, case.earlier_of_bydele, case.unit), terms
        )
    },
    "reported_every_year": {"report": lambda case, terms: reported()},
    "at_least": {"limit": lambda case, terms: at_least(case.figure, terms)},
    "at_most": {"limit": lambda case, terms: at_most(case.figure, terms)},
    "own_goals": {"goals": lambda case, terms: own_goals(case.figure)},
}
"""The functions that judge a case. The outer key is the rule's name. The inner key is what the figure is compared with."""


def fell_since(comparison: Comparison | None, terms: Terms) -> Judged:
    """Judge whether the share is below the share of the edition before."""
    if comparison is None:
        return Judged(not_evaluable("baseline_missing"))
    from_baseline = comparison.compared_edition == terms.baseline_edition
    reason = _why_not(comparison, "baseline_missing" if from_baseline else "not_consecutive")
    if from_baseline and not terms.baseline_known:
        reason = reason or "baseline_missing"
    if reason:
        return _against(not_evaluable(reason), comparison)
    verdict = judgements.below(comparison.change or 0.0, comparison.interval)
    return replace(
        _against(verdict, comparison),
        change=comparison.change,
        change_low=comparison.change_low,
        change_high=comparison.change_high,
        smallest_change_shown=comparison.smallest_change_shown,
        design_effect=comparison.design_effect,
    )


def fell_every_year(comparisons: Sequence[Comparison], terms: Terms) -> Judged:
    """Judge whether the share has fallen in every edition since the baseline."""
    reason = _why_no_series(comparisons, terms)
    if reason:
        return _over(comparisons, not_evaluable(reason))
    years = _years(comparisons)
    # The error is divided among the years, because a rise in a single year is enough for the reading `not_met`.
    together = 1 - (1 - terms.confidence) / len(years)
    pairs = pairwise(figure.share() for figure in _series(comparisons))
    verdict = judgements.each_below(
        [year.change or 0.0 for year in years],
        [year.interval for year in years],
        [_in_points(shares.change_interval(new, old, together)) for old, new in pairs],
    )
    return _over(comparisons, verdict)


def trend_since_baseline(comparisons: Sequence[Comparison], terms: Terms) -> Judged:
    """Judge whether a straight line through all shares since the baseline falls."""
    reason = _why_no_series(comparisons, terms)
    if reason:
        return _over(comparisons, not_evaluable(reason))
    figures = _series(comparisons)
    line = shares.trend({figure.edition: figure.share() for figure in figures}, terms.confidence, terms.power)
    interval = _in_points(line.interval)
    return replace(
        _over(comparisons, judgements.below(line.slope * 100, interval)),
        change=round(line.slope * 100, 10),
        change_low=interval.low if interval else None,
        change_high=interval.high if interval else None,
        smallest_change_shown=None if line.smallest_fall_shown is None else round(line.smallest_fall_shown * 100, 10),
        design_effect=figures[-1].design_effect if interval else None,
    )


def gap_narrowed(gap: Comparison | None, terms: Terms) -> Judged:
    """Judge whether the gap to the comparison area has narrowed since the baseline by more than the tolerance.

    The result also has a `path_value`: the gap that this edition would have if the gap shrank in a straight line, from
    the baseline's gap to 0 in the agreement's target year. After that year, `path_value` is 0.
    """
    if gap is None:
        return Judged(not_evaluable("baseline_missing"), unit="percentage_points")
    reason = "series_break" if gap.forbidden_by else _why_empty(gap.whole, "missing_extract")
    reason = reason or (None if terms.baseline_known else "baseline_missing")
    reason = reason or _why_empty(gap.against, "baseline_missing") or _why_empty(gap.against_whole, "baseline_missing")
    if reason:
        return replace(_against(not_evaluable(reason), gap), compared_value=None, unit="percentage_points")
    years, passed = terms.target_year - gap.compared_edition, gap.edition - gap.compared_edition
    smallest = gap.smallest_change_shown
    return Judged(
        judgements.below(gap.change or 0.0, gap.interval, -terms.tolerance),
        gap.compared_edition,
        gap.compared_value,
        value=gap.value,
        unit="percentage_points",
        change=gap.change,
        change_low=gap.change_low,
        change_high=gap.change_high,
        path_value=(gap.compared_value or 0.0) * max(1 - passed / years, 0.0),
        smallest_change_shown=None if smallest is None else smallest + terms.tolerance,
        design_effect=gap.design_effect,
        breaks=gap.breaks,
        behind=gap.behind,
    )


def held_at_baseline(comparison: Comparison | None, varied: Dispersion | None, terms: Terms) -> Judged:
    """Judge whether the number or rate of reports is no higher than the baseline.

    The statistical reading takes into account that both the figure and the baseline are random counts.
    """
    if comparison is None:
        return Judged(not_evaluable("baseline_missing"))
    figure, baseline = comparison.figure, comparison.against
    reason = _why_not(comparison, "baseline_missing")
    if reason or figure is None or baseline is None:
        return _against(not_evaluable(reason or "baseline_missing"), comparison)
    value, level = figure.value or 0.0, baseline.value or 0.0
    new, old = figure.count(terms.unit), baseline.count(terms.unit)
    if new is None or old is None:
        return _against(judgements.held_at_baseline(value, level, None, terms.tolerance), comparison)
    ratio = varied.ratio if varied else 1.0
    interval = counts.rate_ratio_interval(new, old, terms.confidence, ratio)
    return replace(
        _against(judgements.held_at_baseline(value, level, interval, terms.tolerance), comparison),
        change=comparison.change,
        change_low=interval.low,
        change_high=interval.high,
        smallest_change_shown=counts.smallest_rise_shown(old, new.population_low, terms.confidence, ratio),
        dispersion=varied.ratio if varied else None,
        behind=(*comparison.behind, *(varied.figures if varied else ())),
    )


def reported() -> Judged:
    """Return the verdict "met", because a monitored type only has to be reported. A hidden figure counts as reported."""
    return Judged(Verdict("met", "met"))


def at_least(figure: Figure, terms: Terms) -> Judged:
    """Judge whether the figure is at least the limit.

    The result also says how far the figure is below the limit. If the figure is a share of activities, the result says
    how many more activities are needed to reach the limit.
    """
    value, limit = figure.value or 0.0, terms.limit_value
    missing = max(limit - value, 0)
    if terms.full_count and terms.unit == "percent":
        missing = max(math.ceil(limit / 100 * (figure.out_of or 0)) - (figure.counted or 0), 0)
    return Judged(judgements.at_least(value, limit, *_interval(figure, terms)), missing_to_limit=missing)


def at_most(figure: Figure, terms: Terms) -> Judged:
    """Judge whether the figure is at most the limit.

    The result also says by how much the figure is above the limit.
    """
    value, limit = figure.value or 0.0, terms.limit_value
    verdict = judgements.at_most(value, limit, *_interval(figure, terms))
    return Judged(verdict, missing_to_limit=max(value - limit, 0))


def own_goals(figure: Figure) -> Judged:
    """Judge whether every goal of the plan is met.

    The result also says how many goals are not met or not known yet.
    """
    met, out_of, not_known = figure.counted or 0, figure.out_of or 0, figure.not_known or 0
    verdict = judgements.every_one(met, out_of, not_known)
    return Judged(verdict, limit_value=out_of, missing_to_limit=out_of - met)


# --- what several rules need -----------------------------------------------------------------------------------


def _interval(figure: Figure, terms: Terms) -> tuple[float | None, float | None]:
    """Return the lower and the upper limit of the figure's interval.

    For a full count, both limits are the figure itself.
    """
    return (figure.value, figure.value) if terms.full_count else (figure.value_low, figure.value_high)


def _why_not(comparison: Comparison, missing: str) -> str | None:
    return "series_break" if comparison.forbidden_by else _why_empty(comparison.against, missing)


def _why_empty(figure: Figure | None, missing: str) -> str | None:
    return missing if figure is None else figure.why_empty(missing)


def _years(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return the comparisons of each edition with the edition before, the oldest comparison first."""
    return [comparison for comparison in comparisons if comparison.compared_with == "edition_before"]


def _series(comparisons: Sequence[Comparison]) -> list[Figure]:
    """Return all figures from the baseline to the judged figure, the oldest figure first."""
    years = _years(comparisons)
    figures = [years[0].against, *(year.figure for year in years)] if years else []
    return [figure for figure in figures if figure is not None]


def _why_no_series(comparisons: Sequence[Comparison], terms: Terms) -> str | None:
    """Return the reason why the editions since the baseline cannot be judged together.

    Return None if they can be judged.
    """
    if not terms.baseline_known or not comparisons:
        return "baseline_missing"
    if any(comparison.forbidden_by for comparison in comparisons):
        return "series_break"
    reasons = (_why_empty(year.against, "not_consecutive") for year in _years(comparisons))
    return next((reason for reason in reasons if reason), None)


def _over(comparisons: Sequence[Comparison], verdict: Verdict) -> Judged:
    """Return a verdict on all editions since the baseline.

    Add the baseline, the breaks and all figures, but no `change`.
    """
    figures = _series(comparisons)
    if not figures:
        return Judged(verdict)
    first = _years(comparisons)[0].compared_edition
    value = figures[0].value if figures[0].edition == first else None
    return Judged(verdict, first, value, breaks=_breaks_of(comparisons), behind=tuple(figures))


def _breaks_of(comparisons: Sequence[Comparison]) -> str | None:
    """Return the breaks of the first forbidden comparison. If none is forbidden, return the breaks of all comparisons.

    The result is one text: the breaks with spaces between them. `question_unknown` comes last.
    """
    forbidden = [comparison for comparison in comparisons if comparison.forbidden_by][:1]
    words = {word for comparison in forbidden or comparisons for word in (comparison.breaks or "").split()}
    marks = words & {UNKNOWN_RULE}
    return " ".join([*sorted(words - marks), *marks]) or None


def _against(verdict: Verdict, comparison: Comparison) -> Judged:
    """Return a verdict. Add the edition, the figures and the breaks of the comparison, but not its `change`."""
    value = comparison.against.value if comparison.against else None
    return Judged(verdict, comparison.compared_edition, value, breaks=comparison.breaks, behind=comparison.behind)


def _in_points(interval: Interval | None) -> Interval | None:
    return Interval(interval.low * 100, interval.high * 100) if interval else None
