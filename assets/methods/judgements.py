"""Formulas for verdicts: the literal and the statistical reading of a target.

The functions make both readings from figures and intervals. Neither reading depends on the other reading. If a reading
cannot be made, it is `not_evaluable` and the verdict has a reason. `assets/targets/rules.py` decides which figures and
intervals each rule of an agreement passes to these functions.
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
    """The literal and the statistical reading of a target. If a reading is `not_evaluable`, `reason` says why."""

    literal: Literally
    statistical: Statistically
    reason: str | None = None


def not_evaluable(reason: str) -> Verdict:
    """Return a verdict with the reason. Both of its readings are `not_evaluable`."""
    return Verdict("not_evaluable", "not_evaluable", reason)


def literal_directions(changes: Array) -> Array:
    """Return the direction of each change: fall, rise or no_change. It is None if the change is not known."""
    moved = np.round(changes, 9)
    words = np.select([moved < 0, moved > 0], ["fall", "rise"], "no_change").astype(object)
    words[np.isnan(moved)] = None
    return words


def statistical_directions(low: Array, high: Array, unchanged: Array | float = 0.0) -> Array:
    """Return the direction that the interval of each change shows: fall, rise or uncertain.

    The direction is fall if the whole interval is below `unchanged`. It is rise if the whole interval is above
    `unchanged`. In all other cases it is uncertain. `unchanged` is 0 for differences and 1 for ratios.
    """
    return np.select([high < unchanged, low > unchanged], ["fall", "rise"], "uncertain").astype(object)


def below(change: float, interval: Interval | None, limit: float = 0.0) -> Verdict:
    """Judge a target that requires a change to be below `limit`.

    Two examples are "falls every year" and "approaches the comparison area". The statistical reading is met if the
    whole interval is below the limit. It is not_met if the whole interval is above the limit.
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
    """Judge a target that requires several changes to be below 0. An example is "falls every year" over all years.

    `intervals` and `together` have one interval for each change. The statistical reading is met if every interval in
    `intervals` is below 0. These intervals need no adjustment, because all of them have to be below 0. The statistical
    reading is not_met if any interval in `together` is above 0. The intervals in `together` are wider, because among
    several years a single rise can happen by chance. They have the confidence level of the first step in Holm (1979).
    """
    literal: Literally = "met" if all(round(change, 9) < 0 for change in changes) else "not_met"
    known_intervals = [interval for interval in intervals if interval is not None]
    if any(interval.low > 0 for interval in together if interval is not None):
        return Verdict(literal, "not_met")
    if len(known_intervals) < len(changes):
        return Verdict(literal, "not_evaluable", "answers_unknown")
    return Verdict(literal, "met" if all(interval.high < 0 for interval in known_intervals) else "uncertain")


def held_at_baseline(value: float, baseline: float, ratio: Interval | None, tolerance: float) -> Verdict:
    """Judge a target that requires a count or a rate to be no higher than the baseline.

    `ratio` is the interval of `value / baseline`. It is None if a count is not known. The statistical reading is made
    from this interval, because the baseline is a random count too. The reading is not_met if the whole interval is
    above 1. If not, the reading is met if the whole interval is below 1 + tolerance. In all other cases it is
    uncertain.
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
    """Judge a target that requires a figure to be at least `limit`.

    `low` and `high` are the limits of the figure's interval. For a full count, both are the figure itself. If a share
    or a number of reports has no interval, the statistical reading is not_evaluable.
    """
    literal: Literally = "met" if value >= limit else "not_met"
    if low is None or high is None:
        return Verdict(literal, "not_evaluable", "answers_unknown")
    if high < limit:
        return Verdict(literal, "not_met")
    return Verdict(literal, "met" if low >= limit else "uncertain")


def at_most(value: float, limit: float, low: float | None, high: float | None) -> Verdict:
    """Judge a target that requires a figure to be at most `limit`.

    `low` and `high` are the limits of the figure's interval. For a full count, both are the figure itself. If the
    figure has no interval, the statistical reading is not_evaluable. For example, a published number of areas has no
    interval, although it depends on uncertain shares.
    """
    literal: Literally = "met" if value <= limit else "not_met"
    if low is None or high is None:
        return Verdict(literal, "not_evaluable", "answers_unknown")
    if low > limit:
        return Verdict(literal, "not_met")
    return Verdict(literal, "met" if high <= limit else "uncertain")


def every_one(met: int, out_of: int, not_known: int) -> Verdict:
    """Judge a target that requires all goals of a plan to be met.

    The plan has `out_of` goals: `met` goals are met, `not_known` goals are still open, and the rest are not met. If any
    goal is not met, the target is not met. If not, the target is not evaluable as long as a goal is open, or if the
    plan has no goals. Both readings are the same, because goals are counted completely.
    """
    if met + not_known < out_of:
        return Verdict("not_met", "not_met")
    if not_known:
        return not_evaluable("goals_not_known")
    return not_evaluable("missing_extract") if out_of == 0 else Verdict("met", "met")
