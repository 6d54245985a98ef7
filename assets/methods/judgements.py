"""The formulas of verdicts: the literal and the statistical reading of a target from figures and intervals.

Each function returns both readings; neither depends on the other. A reading that cannot be made is `not_evaluable`, with a
reason. `assets/targets/rules.py` decides which figures and intervals each rule of an agreement passes to these functions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from assets.methods.limits import Array
from assets.methods.shares import Interval

METHOD = "full_count/1"  # the method of measures that are counted completely, such as meetings and activities

Literally = Literal["met", "not_met", "not_evaluable"]
Statistically = Literal["met", "not_met", "uncertain", "not_evaluable"]


@dataclass(frozen=True)
class Verdict:
    """The literal and the statistical reading of a target, and the reason if one of them cannot be made."""

    literal: Literally
    statistical: Statistically
    reason: str | None = None


def not_evaluable(reason: str) -> Verdict:
    """Return a verdict that has neither reading, because of `reason`."""
    return Verdict("not_evaluable", "not_evaluable", reason)


def literal_directions(changes: Array) -> Array:
    """Return the direction of each change: fall, rise or no_change. It is None if the change is not known."""
    moved = np.round(changes, 9)
    words = np.select([moved < 0, moved > 0], ["fall", "rise"], "no_change").astype(object)
    words[np.isnan(moved)] = None
    return words


def statistical_directions(low: Array, high: Array, unchanged: Array | float = 0.0) -> Array:
    """Return fall or rise for each change whose interval excludes `unchanged`, and uncertain for all others.

    `unchanged` is 0 for differences and 1 for ratios.
    """
    return np.select([high < unchanged, low > unchanged], ["fall", "rise"], "uncertain").astype(object)


def below(change: float, interval: Interval | None, limit: float = 0.0) -> Verdict:
    """Judge the target that a change is below `limit`, as in "falls every year" and "approaches the comparison area".

    The statistical reading is met if the whole interval is below the limit, and not_met if the whole interval is above it.
    """
    literal: Literally = "met" if round(change - limit, 9) < 0 else "not_met"
    if interval is None:
        return Verdict(literal, "not_evaluable", "answers_unknown")
    if interval.low > limit:
        return Verdict(literal, "not_met")
    return Verdict(literal, "met" if interval.high < limit else "uncertain")


def each_below(
    changes: Sequence[float], intervals: Sequence[Interval | None], together: Sequence[Interval | None]
) -> Verdict:
    """Judge the target that each of several changes is below 0, as in "falls every year" over all years.

    The statistical reading is met if each of `intervals` is below 0. These intervals need no adjustment, because all of them
    have to be below 0. The statistical reading is not_met if one of `together` is above 0. `together` has wider intervals of
    the same changes, at the level of the first step of Holm's method (Holm 1979). They are wider because a single rise among
    several years is enough and may happen by chance.
    """
    literal: Literally = "met" if all(round(change, 9) < 0 for change in changes) else "not_met"
    known_intervals = [interval for interval in intervals if interval is not None]
    if any(interval.low > 0 for interval in together if interval is not None):
        return Verdict(literal, "not_met")
    if len(known_intervals) < len(changes):
        return Verdict(literal, "not_evaluable", "answers_unknown")
    return Verdict(literal, "met" if all(interval.high < 0 for interval in known_intervals) else "uncertain")


def held_at_baseline(value: float, baseline: float, ratio: Interval | None, tolerance: float) -> Verdict:
    """Judge the target that a count or rate `value` is not above the baseline.

    The baseline is a random count too, so the statistical reading is made from `ratio`, the interval of `value / baseline`. The
    reading is not_met if the interval is above 1. Otherwise the reading is met if the interval is below 1 + tolerance, and
    uncertain if not. `ratio` is None if a count is not known.
    """
    literal: Literally = (
        "met" if round(value - baseline, 6) <= 0 else "not_met"
    )  # a fixed baseline is written with 9 decimals
    if ratio is None:
        return Verdict(literal, "not_evaluable", "missing_extract")
    if ratio.low > 1:
        return Verdict(literal, "not_met")
    return Verdict(literal, "met" if ratio.high < 1 + tolerance else "uncertain")


def at_least(value: float, limit: float, low: float | None, high: float | None) -> Verdict:
    """Judge the target that a figure is at least the limit.

    `low` and `high` are the limits of the figure's interval. For a full count both are the number itself. A share or a number of
    reports that has no interval gets no statistical reading.
    """
    literal: Literally = "met" if value >= limit else "not_met"
    if low is None or high is None:
        return Verdict(literal, "not_evaluable", "answers_unknown")
    if high < limit:
        return Verdict(literal, "not_met")
    return Verdict(literal, "met" if low >= limit else "uncertain")


def at_most(value: float, limit: float, low: float | None, high: float | None) -> Verdict:
    """Judge the target that a figure is at most the limit.

    `low` and `high` are the limits of the figure's interval. For a full count both are the number itself. A figure without an
    interval gets no statistical reading. An example is a published number of areas whose shares are uncertain.
    """
    literal: Literally = "met" if value <= limit else "not_met"
    if low is None or high is None:
        return Verdict(literal, "not_evaluable", "answers_unknown")
    if low > limit:
        return Verdict(literal, "not_met")
    return Verdict(literal, "met" if high <= limit else "uncertain")


def every_one(met: int, out_of: int, not_known: int) -> Verdict:
    """Judge the target that all goals of a plan are met: of `out_of` goals, `met` are met and `not_known` are still open.

    The target is not met as soon as one goal is not met. Otherwise it is not evaluable as long as goals are open. Both readings
    are the same, because goals are counted completely.
    """
    if met + not_known < out_of:
        return Verdict("not_met", "not_met")
    if not_known:
        return not_evaluable("goals_not_known")
    return not_evaluable("missing_extract") if out_of == 0 else Verdict("met", "met")
