"""What a target makes of two figures: the literal reading of the words, and the statistical one.

One function per rule of an agreement. Each returns both readings side by side; neither is ever merged into the
other, and a reading that cannot be made is `not_evaluable` with a reason. Which figures are compared is decided in
`assets/targets/rules.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from assets.methods.limits import Array
from assets.methods.shares import Interval

METHOD = "full_count/1"  # of what is counted whole, as meetings and activities

Literally = Literal["met", "not_met", "not_evaluable"]
Statistically = Literal["met", "not_met", "uncertain", "not_evaluable"]


@dataclass(frozen=True)
class Verdict:
    """The two readings, and why one of them cannot be made."""

    literal: Literally
    statistical: Statistically
    reason: str | None = None


def not_evaluable(reason: str) -> Verdict:
    """Neither reading can be made."""
    return Verdict("not_evaluable", "not_evaluable", reason)


def literal_directions(changes: Array) -> Array:
    """What the point figures say of each change: fall, rise or no_change; None where the change is not known."""
    moved = np.round(changes, 9)
    words = np.select([moved < 0, moved > 0], ["fall", "rise"], "no_change").astype(object)
    words[np.isnan(moved)] = None
    return words


def statistical_directions(low: Array, high: Array, unchanged: Array | float = 0.0) -> Array:
    """What each interval can carry: a direction only where it leaves out no change, which is 0 of a difference and 1 of a ratio."""
    return np.select([high < unchanged, low > unchanged], ["fall", "rise"], "uncertain").astype(object)


def below(change: float, interval: Interval | None, limit: float = 0.0) -> Verdict:
    """Promised: the change lies below `limit`. Serves "falls every year" and "approaches the comparison area".

    Statistical: met where the whole interval lies below the limit, not_met where it lies above.
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
    """Promised: every one of several changes lies below 0. Serves "falls every year" over all of the years.

    Statistical: met where every interval lies below 0, unadjusted; not_met where some year rose, which is asked of all at
    once: of intervals at the level of the first step of Holm's method (Holm 1979), `together`.
    """
    literal: Literally = "met" if all(round(change, 9) < 0 for change in changes) else "not_met"
    known_intervals = [interval for interval in intervals if interval is not None]
    if any(interval.low > 0 for interval in together if interval is not None):
        return Verdict(literal, "not_met")
    if len(known_intervals) < len(changes):
        return Verdict(literal, "not_evaluable", "answers_unknown")
    return Verdict(literal, "met" if all(interval.high < 0 for interval in known_intervals) else "uncertain")


def held_at_baseline(value: float, baseline: float, ratio: Interval | None, tolerance: float) -> Verdict:
    """Promised: the count or the rate `value` is not above the baseline's.

    The baseline is itself a random count: not_met where the interval of the rates' ratio lies above 1, met where it
    lies below 1 + tolerance, else uncertain; not_met goes first where both hold. `ratio` is None where a count is not known.
    """
    literal: Literally = "met" if round(value - baseline, 6) <= 0 else "not_met"  # a fixed rate has 9 decimals
    if ratio is None:
        return Verdict(literal, "not_evaluable", "missing_extract")
    if ratio.low > 1:
        return Verdict(literal, "not_met")
    return Verdict(literal, "met" if ratio.high < 1 + tolerance else "uncertain")


def at_least(value: float, limit: float, low: float | None, high: float | None) -> Verdict:
    """Promised: the figure is at least the limit. `low` and `high` are what it surely is not below and not above.

    Of a full count both are the number itself. A share or a number of reports is read by its interval, and has no statistical
    reading without one.
    """
    literal: Literally = "met" if value >= limit else "not_met"
    if low is None or high is None:
        return Verdict(literal, "not_evaluable", "answers_unknown")
    if high < limit:
        return Verdict(literal, "not_met")
    return Verdict(literal, "met" if low >= limit else "uncertain")


def at_most(value: float, limit: float, low: float | None, high: float | None) -> Verdict:
    """Promised: the number is at most the limit. `low` and `high` are what it surely is not below and not above.

    Of a full count both are the number itself. A share or a number of reports is read by its interval. A number that was read
    off uncertain shares and only published has neither.
    """
    literal: Literally = "met" if value <= limit else "not_met"
    if low is None or high is None:
        return Verdict(literal, "not_evaluable", "answers_unknown")
    if low > limit:
        return Verdict(literal, "not_met")
    return Verdict(literal, "met" if high <= limit else "uncertain")


def every_one(kept: int, out_of: int, not_known: int) -> Verdict:
    """Promised: each of the plan's own goals is kept. One that is not kept decides, whatever the others become.

    A full count, so both readings say the same; goals of which nobody knows yet are no success.
    """
    if kept + not_known < out_of:
        return Verdict("not_met", "not_met")
    return not_evaluable("missing_extract") if not_known or out_of == 0 else Verdict("met", "met")
