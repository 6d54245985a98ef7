"""The formulas of `assets/methods/` in plain Python, for one figure at a time.

The tests compare the vectorised formulas with these plain formulas. A share is a dictionary with the fields of `Share`.
None means that a value is not known.
"""

import math
from itertools import product
from statistics import NormalDist

from scipy import optimize, special, stats

FEW = 10


def effective_answers(weight):
    """Return the effective number of answers by Kish (1965): (sum w)^2 / sum w^2."""
    return float(weight.sum() ** 2 / (weight**2).sum())


def z_of(confidence):
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def worth(share):
    if share["variance"] and 0 < share["value"] < 1:
        return share["value"] * (1 - share["value"]) / share["variance"]
    return (share["answers"] or 0) / (1.0 if share["variance"] is not None else share["design_effect"])


def variance_at(share, value):
    return value * (1 - value) / worth(share)


def ends(share):
    return max(share["low"], 0.0), min(share["high"], 1.0)


def wilson(value, answers, confidence):
    z = z_of(confidence)
    middle = value + z * z / (2 * answers)
    reach = z * math.sqrt(value * (1 - value) / answers + z * z / (4 * answers * answers))
    return (middle - reach) / (1 + z * z / answers), (middle + reach) / (1 + z * z / answers)


def clopper_pearson(successes, answers, confidence):
    tail = (1 - confidence) / 2
    low = 0.0 if successes <= 0 else float(stats.beta.ppf(tail, successes, answers - successes + 1))
    high = 1.0 if successes >= answers else float(stats.beta.ppf(1 - tail, successes + 1, answers - successes))
    return low, high


def published(share, confidence):
    if share["answers"] is None:
        return None
    low, high = ends(share)
    return _published_at(low, share, confidence)[0], _published_at(high, share, confidence)[1]


def _published_at(value, share, confidence):
    answers = share["answers"]
    if value in (0.0, 1.0):
        return clopper_pearson(value * answers, answers, confidence)
    error = math.sqrt(value * (1 - value) / answers * share["design_effect"])
    logit = math.log(value / (1 - value))
    reach = float(stats.t.ppf(0.5 + confidence / 2, answers - 1)) * error / (value * (1 - value))
    return float(special.expit(logit - reach)), float(special.expit(logit + reach))


def change(new, old, confidence):
    if new["answers"] is None or old["answers"] is None:
        return None
    corners = [_change_at(new, old, *values, confidence) for values in product(ends(new), ends(old))]
    return min(low for low, _ in corners), max(high for _, high in corners)


def _change_at(new, old, new_value, old_value, confidence):
    difference = new_value - old_value
    pairs = ((new, new_value), (old, old_value))
    if min(worth(share) * min(value, 1 - value) for share, value in pairs) < FEW:
        (new_low, new_high), (old_low, old_high) = (
            wilson(value, min(worth(share), share["answers"]), confidence) for share, value in pairs
        )
        return (
            difference - math.hypot(new_value - new_low, old_high - old_value),
            difference + math.hypot(new_high - new_value, old_value - old_low),
        )
    reach = z_of(confidence) * math.sqrt(sum(variance_at(share, value) for share, value in pairs))
    return difference - reach, difference + reach


def gap(area, comparison, variance, confidence):
    if variance is None:
        return change(area, comparison, confidence)
    difference, reach = area["value"] - comparison["value"], z_of(confidence) * math.sqrt(variance)
    return difference - reach, difference + reach


def gap_variance(area, comparison, variance, area_value, comparison_value):
    if variance is not None:
        return variance
    return variance_at(area, area_value) + variance_at(comparison, comparison_value)


def gap_change(new, old, confidence):
    """Return the confidence interval of the change from the old gap to the new gap.

    Each gap is a tuple of the area's share, the comparison area's share and the gap's variance.
    """
    shares = (new[0], new[1], old[0], old[1])
    if any(share["answers"] is None for share in shares):
        return None
    limits = []
    for values in product(*map(ends, shares)):
        total = values[0] - values[1] - values[2] + values[3]
        if min(worth(share) * min(value, 1 - value) for share, value in zip(shares, values, strict=True)) < FEW:
            below = above = 0.0
            for share, value, sign in zip(shares, values, (1, -1, -1, 1), strict=True):
                low, high = wilson(value, min(worth(share), share["answers"]), confidence)
                below += ((value - low) if sign > 0 else (high - value)) ** 2
                above += ((high - value) if sign > 0 else (value - low)) ** 2
            limits += [total - math.sqrt(below), total + math.sqrt(above)]
            continue
        spread = math.sqrt(gap_variance(*new, *values[:2]) + gap_variance(*old, *values[2:]))
        limits += [total - z_of(confidence) * spread, total + z_of(confidence) * spread]
    return min(limits), max(limits)


def smallest_fall(new, old, confidence, power):
    z = z_of(confidence) + NormalDist().inv_cdf(power)
    rounding = (new["high"] - new["low"] + old["high"] - old["low"]) / 2
    before = old["value"]

    def excess(fall):
        return fall - rounding - z * math.sqrt(variance_at(old, before) + variance_at(new, before - fall))

    if not (old["answers"] and new["answers"] and before > 0 and excess(before) > 0):
        return None
    no_fall = 1e-12  # above 0, because 0 is another solution if the old share is 1 and exact
    return float(optimize.brentq(excess, no_fall, before, xtol=1e-15))


def smallest_narrowing(new, old, confidence, power):
    total = sum(gap_variance(*gap, gap[0]["value"], gap[1]["value"]) for gap in (new, old))
    rounding = sum(share["high"] - share["low"] for share in (*new[:2], *old[:2])) / 2
    return rounding + (z_of(confidence) + NormalDist().inv_cdf(power)) * math.sqrt(total)


def poisson(reports, confidence):
    tail = (1 - confidence) / 2
    low = float(stats.chi2.ppf(tail, 2 * reports)) / 2 if reports else 0.0
    return low, float(stats.chi2.ppf(1 - tail, 2 * reports + 2)) / 2


def rate(count, confidence):
    """Return the confidence interval of the rate per 1,000 residents.

    A count is a tuple of the reports, the lowest population and the highest population.
    """
    low, high = poisson(count[0], confidence)
    return low / count[2] * 1000, high / count[1] * 1000


def rate_ratio(new, old, confidence, dispersion):
    total = new[0] + old[0]
    if total == 0:
        return 0.0, math.inf
    share = clopper_pearson(new[0] / max(1.0, dispersion), total / max(1.0, dispersion), confidence)

    def ratio(part, population_new, population_old):
        return math.inf if part >= 1 else part / (1 - part) * population_old / population_new

    return ratio(share[0], new[2], old[1]), ratio(share[1], new[1], old[2])


def ratio_of_ratios(ratio, reports, confidence):
    if min(reports) == 0:
        return None
    reach = z_of(confidence) * math.sqrt(sum(1 / number for number in reports))
    return ratio * math.exp(-reach), ratio * math.exp(reach)
