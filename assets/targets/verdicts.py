"""Baselines and verdicts: which figures each target compares, in which editions, and what the rules say of them.

The rules themselves are in `assets/methods/verdicts.py`. A reading that cannot be made carries its reason; want of
data is never success.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import pandas as pd

from assets.crime.yearly import count_of
from assets.indicators.figures import (
    Address,
    breaks_between,
    breaks_of_pairs,
    breaks_said,
    conventions_of,
    lines_behind,
    provenance_of,
    versions_differ,
    with_unknown_rule,
    without_area,
)
from assets.methods import counts, shares, verdicts
from assets.methods.counts import Count
from assets.methods.disclosure import CONFIDENTIAL, FREE
from assets.methods.shares import Gap
from assets.methods.verdicts import Verdict, not_evaluable
from assets.quality.reconciliation import doubts, settled
from assets.survey.shares import gap_variances, points, share_of
from assets.tables import yearly_table
from assets.targets.dispersion import dispersion_before
from assets.targets.fixing import latest_acts, same_number
from assets.targets.sentences import Said, sentences, with_sentences
from checks.rules import rules
from warehouse.contracts import Row, contracts, records

METHODS = {"safety": shares.METHOD, "crime": counts.METHOD}  # by topic, where no figure says its own
EMPTY: Row = {"value": None, "status": "missing", "provenance": None, "maturity": "provisional"}


@dataclass(frozen=True)
class Known:
    """What verdicts are made of: the stored figures by address, and what the reference data say of them."""

    shares: dict[Address, Row]
    gap_variances: dict[tuple[Address, str], float]
    crime: dict[tuple[int, str, str], Row]
    bydele: dict[tuple[int, str], Row]
    numbers: dict[Address, Row]
    doubts: dict[Address, set[str]]
    settled: dict[int, str]
    waived: dict[tuple[int, str], set[str]]
    acts: dict[tuple[str, str, str], Row]
    measures: dict[str, Row]
    breaks: list[Row]
    values: dict[str, float]
    fewest_reports_shown: int
    police_bydele: set[str]

    def figure(self, edition: int, area_id: str, measure: str) -> Row:
        """The stored row of a measure, with its figure as `value`; EMPTY where there is none."""
        about = self.measures[measure]
        if about["crime_type"]:
            row = self.crime.get((edition, area_id, about["crime_type"]), EMPTY)
            column = "rate_per_1000" if about["unit"] == "reports_per_1000" else "reports"
        elif about["answer"]:
            row, column = self.shares.get((edition, area_id, measure), EMPTY), "share_percent"
        elif measure == "bydele_above_10_percent_unsafe":
            row, column = self.bydele.get((edition, area_id), EMPTY), "bydele_above"
        else:
            row, column = self.numbers.get((edition, area_id, measure), EMPTY), "value"
        named = (measure, about["crime_type"])
        doubts = {one for name in named for one in self.doubts.get((edition, area_id, name), ())}
        return row | {"value": row.get(column), "doubts": doubts, "settled": self.settled.get(edition)}

    def baseline(self, target: Row) -> Row:
        """The figure that a target starts from; of crime as the act fixed it, EMPTY where none did.

        A hidden figure is empty too.
        """
        now = self.figure(_publishing_edition(target) or 0, target["area_id"], target["measure"])
        if target["rule"] != "held_at_baseline":
            return now
        act = self.act(target, now)
        if _is_hidden(now) or 0 < ((act or EMPTY).get("reports") or 0) < self.fewest_reports_shown:
            return EMPTY | {"confidentiality": CONFIDENTIAL, "status": "normal", "provenance": now["provenance"]}
        if act is None:
            return EMPTY
        per_1000 = self.measures[target["measure"]]["unit"] == "reports_per_1000"
        count = count_of(act)
        limits: Row = {"rate_low_per_1000": None, "rate_high_per_1000": None}
        if count:
            interval = counts.rate_interval(count, self.values["confidence_level"])
            limits = {"rate_low_per_1000": interval.low, "rate_high_per_1000": interval.high}
        value = act["rate_per_1000"] if per_1000 else act["reports"]
        return now | act | limits | {"value": value, "status": "normal", "doubts": set()}  # somebody looked at it

    def act(self, target: Row, now: Row) -> Row | None:
        """The act that fixed the target's baseline; one on made-up figures holds for made-up ones alone."""
        act = self.acts.get((target["agreement_id"], target["target_id"], target["measure"]))
        made_up = act is not None and act["provenance"] == "synthetic" and now["provenance"] != "synthetic"
        return None if made_up else act


@dataclass(frozen=True)
class Case:
    """One target in one edition, and the edition that publishes its baseline (None: the target has none)."""

    target: Row
    edition: int
    comparison_area_id: str
    baseline_edition: int | None
    baseline_known: bool
    baseline_changed: bool

    @property
    def area_id(self) -> str:
        """Area in which the target is measured."""
        return str(self.target["area_id"])

    @property
    def measure(self) -> str:
        """What is measured."""
        return str(self.target["measure"])

    @property
    def year(self) -> int:
        """The year that is judged: the edition, or its crime year."""
        return self.edition - 1 if self.target["period_of"] == "crime_year" else self.edition


def target_baselines(
    yearly_shares: pd.DataFrame,
    gaps: pd.DataFrame,
    yearly_types: pd.DataFrame,
    monitoring: pd.DataFrame,
    unsafe_bydele: pd.DataFrame,
    yearly_numbers: pd.DataFrame,
    reconciliation: pd.DataFrame,
    decisions: pd.DataFrame,
    measures: pd.DataFrame,
    targets: pd.DataFrame,
    fixed_baselines: pd.DataFrame,
    agreements: pd.DataFrame,
    series_breaks: pd.DataFrame,
    areas: pd.DataFrame,
    conventions: pd.DataFrame,
) -> pd.DataFrame:
    """The level that each target starts from, in the edition that publishes it."""
    known = _known(
        yearly_shares,
        gaps,
        yearly_types,
        monitoring,
        unsafe_bydele,
        yearly_numbers,
        reconciliation,
        decisions,
        fixed_baselines,
        measures,
        agreements,
        series_breaks,
        areas,
        conventions,
    )
    comparison = _comparison_areas(agreements)
    rows = [
        _baseline_row(target, comparison[target["agreement_id"]], known)
        for target in records(targets)
        if target["baseline_year"] is not None and target["rule"] != "reported_every_year"
    ]
    return contracts()["targets.baselines"].frame(rows)


def target_verdicts(
    yearly_shares: pd.DataFrame,
    gaps: pd.DataFrame,
    yearly_types: pd.DataFrame,
    monitoring: pd.DataFrame,
    unsafe_bydele: pd.DataFrame,
    yearly_numbers: pd.DataFrame,
    reconciliation: pd.DataFrame,
    decisions: pd.DataFrame,
    baselines: pd.DataFrame,
    measures: pd.DataFrame,
    targets: pd.DataFrame,
    fixed_baselines: pd.DataFrame,
    agreements: pd.DataFrame,
    series_breaks: pd.DataFrame,
    areas: pd.DataFrame,
    conventions: pd.DataFrame,
    words: pd.DataFrame,
) -> pd.DataFrame:
    """Every target in every edition of its agreement, read literally and statistically."""
    known = _known(
        yearly_shares,
        gaps,
        yearly_types,
        monitoring,
        unsafe_bydele,
        yearly_numbers,
        reconciliation,
        decisions,
        fixed_baselines,
        measures,
        agreements,
        series_breaks,
        areas,
        conventions,
    )
    said = sentences(records(words))
    rows = [
        _verdict_row(case, compared_with, known, said)
        for case in _cases(targets, agreements, baselines)
        for compared_with in RULES[case.target["rule"]]
    ]
    return contracts()["targets.verdicts"].frame(rows)


# --- what is judged ----------------------------------------------------------------------------------------


def _known(
    yearly_shares: pd.DataFrame,
    gaps: pd.DataFrame,
    yearly_types: pd.DataFrame,
    monitoring: pd.DataFrame,
    unsafe_bydele: pd.DataFrame,
    yearly_numbers: pd.DataFrame,
    reconciliation: pd.DataFrame,
    decisions: pd.DataFrame,
    fixed_baselines: pd.DataFrame,
    measures: pd.DataFrame,
    agreements: pd.DataFrame,
    series_breaks: pd.DataFrame,
    areas: pd.DataFrame,
    conventions: pd.DataFrame,
) -> Known:
    crime = records(yearly_types) + records(monitoring)
    return Known(
        shares={(row["edition"], row["area_id"], row["measure"]): row for row in records(yearly_shares)},
        crime={(row["edition"], row["area_id"], row["crime_type"]): row for row in crime},
        gap_variances=gap_variances(gaps),
        bydele={(row["edition"], row["area_id"]): row for row in records(unsafe_bydele)},
        numbers={(row["edition"], row["area_id"], row["measure"]): row for row in records(yearly_numbers)},
        doubts=doubts(reconciliation),
        settled=settled(decisions),
        waived=_waived(decisions),
        acts=latest_acts(fixed_baselines),
        measures={row["measure"]: row for row in records(measures)},
        breaks=records(series_breaks),
        values=conventions_of(conventions),
        fewest_reports_shown=int(agreements["fewest_reports_shown"].max()),
        police_bydele=set(areas.loc[areas["level"] == "bydel", "area_id"]),
    )


def _waived(decisions: pd.DataFrame) -> dict[tuple[int, str], set[str]]:
    """Decisions that let a blocking check of an edition's files pass, by edition and the topic that stands on the files.

    One that has lapsed lets nothing pass.
    """
    blocking = {
        (rule.table, rule.name) for of_table in rules().values() for rule in of_table if rule.severity == "error"
    }
    found: dict[tuple[int, str], set[str]] = defaultdict(set)
    for row in records(decisions):
        if (row["table_name"], row["rule"]) in blocking and row["status"] == "in_force":
            topic = _TOPICS.get(row["table_name"].split(".")[0])
            if topic:
                found[row["edition"], topic].add(str(row["decision_id"]))
    return found


_TOPICS = {
    "police": "crime",
    "crime": "crime",
    "survey": "safety",
    "safety": "safety",
    "activities": "activities",
    "commitments": "commitments",
}


def _comparison_areas(agreements: pd.DataFrame) -> dict[str, str]:
    return dict(zip(agreements["agreement_id"], agreements["comparison_area_id"], strict=True))


def _publishing_edition(target: Row) -> int | None:
    """The edition that publishes the target's baseline year."""
    year = target["baseline_year"]
    return None if year is None else int(year) + (target["period_of"] == "crime_year")


def _cases(targets: pd.DataFrame, agreements: pd.DataFrame, baselines: pd.DataFrame) -> Iterator[Case]:
    """Each target in each edition of its agreement; a crime year is published by the edition after it."""
    reasons = {(row["agreement_id"], row["target_id"], row["measure"]): row["reason"] for row in records(baselines)}
    filled = {address for address, reason in reasons.items() if reason in (None, "confidential", "changed")}
    changed = {address for address, reason in reasons.items() if reason == "changed"}
    comparison = _comparison_areas(agreements)
    periods = {row["agreement_id"]: (row["first_day"], row["last_day"]) for row in records(agreements)}
    for target in records(targets):
        agreement_id = target["agreement_id"]
        address = (agreement_id, target["target_id"], target["measure"])
        for edition in _editions(target, *periods[agreement_id]):
            yield Case(
                target,
                edition,
                comparison[agreement_id],
                _publishing_edition(target),
                address in filled,
                address in changed,
            )


def _editions(target: Row, first_day: date, last_day: date) -> range:
    return range(first_day.year, last_day.year + 1 + (target["period_of"] == "crime_year"))


def _baseline_row(target: Row, comparison_area_id: str, known: Known) -> Row:
    edition = _publishing_edition(target) or 0
    figure = known.baseline(target)
    now = known.figure(edition, target["area_id"], target["measure"])
    other = known.figure(edition, comparison_area_id, target["measure"])
    is_share = known.measures[target["measure"]]["answer"] is not None
    gap = figure["value"] - other["value"] if is_share and None not in (figure["value"], other["value"]) else None
    low, high = ("share_low_percent", "share_high_percent") if is_share else ("rate_low_per_1000", "rate_high_per_1000")
    is_count = known.measures[target["measure"]]["unit"] == "reports"
    act = known.act(target, now) if is_share else None
    changed = act is not None and not _as_fixed(act, figure, other, target["rule"])
    figure = figure | _fixing(act) if act else figure
    reason = "changed" if changed else _why_no_baseline(figure, now)
    behind = [figure, other] if target["rule"] == "approaches_comparison_area" else [figure]
    if is_share and reason is None and act is None and any(one["provenance"] != "published" for one in behind):
        reason = "not_fixed"
    return {
        "edition": edition,
        "crime_year": edition - 1 if target["period_of"] == "crime_year" else None,
        "agreement_id": target["agreement_id"],
        "target_id": target["target_id"],
        "measure": target["measure"],
        "area_id": target["area_id"],
        "value": act["share_percent"] if act and changed else None if reason == "not_fixed" else figure["value"],
        "newest_value": now["value"],
        "value_low": None if is_count or reason else figure.get(low),
        "value_high": None if is_count or reason else figure.get(high),
        "unit": known.measures[target["measure"]]["unit"],
        "reports": figure.get("reports"),
        "comparison_area_id": comparison_area_id if is_share else None,
        "gap": None if reason else gap,
        "status": figure["status"],
        "reason": reason,
        "fixed_by": figure.get("fixed_by"),
        "fixed_on": figure.get("fixed_on"),
        "fixed_from": figure.get("made_from"),
        "fixed_because": figure.get("reason"),
        "confidentiality": figure.get("confidentiality") or FREE,
        "provenance": figure["provenance"],
        "maturity": figure["maturity"],
        "source_lines": figure.get("source_lines"),
    }


def _as_fixed(act: Row, figure: Row, other: Row, rule: str) -> bool:
    """Whether a share, and of a gap the one that it is compared with, are still those that were fixed."""
    pairs = [(act["share_percent"], figure["value"]), (act["comparison_percent"], other["value"])]
    return all(same_number(*pair) for pair in (pairs if rule == "approaches_comparison_area" else pairs[:1]))


def _fixing(act: Row) -> Row:
    return {name: act[name] for name in ("fixed_by", "fixed_on", "made_from", "reason")}


def _why_no_baseline(figure: Row, now: Row) -> str | None:
    if figure["value"] is not None:
        return None
    if _is_hidden(figure):
        return "confidential"
    if now["status"] == "conflict":
        return "conflict"
    return "baseline_missing" if now["status"] == "missing" else "not_fixed"


def _verdict_row(case: Case, compared_with: str, known: Known, said: dict[str, Said]) -> Row:
    """The columns that every verdict has, and what its rule adds to them."""
    target = case.target
    figure = known.figure(case.edition, case.area_id, case.measure)
    row: Row = {
        "edition": case.edition,
        "crime_year": case.year if target["period_of"] == "crime_year" else None,
        "agreement_id": target["agreement_id"],
        "target_id": target["target_id"],
        "measure": case.measure,
        "area_id": case.area_id,
        "compared_with": compared_with,
        "value": figure["value"],
        "unit": known.measures[case.measure]["unit"],
        "reports": figure.get("reports"),
        "tolerance": target["tolerance"],
        "limit_value": target["limit_value"],
        "status": figure["status"],
        "confidentiality": figure.get("confidentiality") or FREE,
        "maturity": figure["maturity"],
        "method": figure.get("method") or METHODS.get(known.measures[case.measure]["topic"], verdicts.METHOD),
    }
    reason = _outside_period(case) or _without_value(figure, case)
    judged: Row = (
        {"verdict": not_evaluable(reason)} if reason else RULES[target["rule"]][compared_with](case, figure, known)
    )
    verdict: Verdict = judged.pop("verdict")
    behind = judged.pop("behind", [])
    doubtful = [one for one in (figure, *behind) if one.get("doubts")]
    failed = sorted(
        {name for one in doubtful for name in one["doubts"]} | ({"fixed_baseline"} if case.baseline_changed else set())
    )
    unsettled = case.baseline_changed or any(one["settled"] is None for one in doubtful)
    if unsettled and verdict.literal != "not_evaluable":
        verdict = not_evaluable("failed_check")
    judged["breaks"] = with_unknown_rule(judged.get("breaks"), [figure, *behind])
    row |= {"source_lines": lines_behind(figure, *behind), "provenance": provenance_of(figure, *behind)}
    topic = known.measures[case.measure]["topic"]
    decided = sorted(
        {str(one["settled"]) for one in doubtful if one["settled"]} | known.waived.get((case.edition, topic), set())
    )
    row |= {"failed_checks": " ".join(failed) or None, "decision": " ".join(decided) or None}
    row |= judged | {"literal": verdict.literal, "statistical": verdict.statistical, "reason": verdict.reason}
    columns = contracts()["targets.verdicts"].columns
    return row | with_sentences({name: row.get(name) for name in columns}, target["rule"], said)


def _outside_period(case: Case) -> str | None:
    if case.year == case.target["baseline_year"]:
        return "baseline_year"
    if case.year < case.target["first_year"]:
        return "period_not_started"
    return "period_over" if case.year > case.target["last_year"] else None


def _without_value(figure: Row, case: Case) -> str | None:
    if figure["status"] == "low_reliability":
        return "too_few_answers"
    if _is_hidden(figure):
        return None if case.target["rule"] == "reported_every_year" else "confidential"
    if figure["value"] is None:
        return "conflict" if figure["status"] == "conflict" else "missing_extract"
    return None


def _is_hidden(figure: Row) -> bool:
    """A count that stays in the store has no verdict either: met or not met would narrow it down."""
    return (figure.get("confidentiality") or FREE) != FREE


# --- the rules ---------------------------------------------------------------------------------------------


def _fell_since(case: Case, figure: Row, known: Known) -> Row:
    """This edition's share against the one before."""
    before = case.edition - 1
    other = known.figure(before, case.area_id, case.measure)
    row, crossed = _against(case, before, {case.area_id: (figure, other)}, known)
    from_baseline = before == case.baseline_edition
    reason = crossed or _other_missing(other, "baseline_missing" if from_baseline else "not_consecutive")
    if from_baseline and not case.baseline_known:
        reason = reason or "baseline_missing"
    if reason:
        return row | {"verdict": not_evaluable(reason)}
    new, old = share_of(figure), share_of(other)
    interval = shares.change_interval(new, old, known.values["confidence_level"])
    change = figure["value"] - other["value"]
    return (
        row
        | _share_columns(new, old, change, interval, known)
        | {"verdict": verdicts.below(change, _in_points(interval))}
    )


def _fell_every_year(case: Case, figure: Row, known: Known) -> Row:
    """All editions since the baseline's, each against the one before: every one has to have fallen."""
    first = case.baseline_edition or case.edition
    series = {edition: known.figure(edition, case.area_id, case.measure) for edition in range(first, case.edition + 1)}
    row, reason = _comparable(case, series, known)
    if reason:
        return row | {"verdict": not_evaluable(reason)}
    pairs = list(pairwise(share_of(one) for one in series.values()))
    confidence = known.values["confidence_level"]
    together = 1 - (1 - confidence) / len(pairs)
    return row | {
        "verdict": verdicts.each_below(
            [(new.value - old.value) * 100 for old, new in pairs],
            [_in_points(shares.change_interval(new, old, confidence)) for old, new in pairs],
            [_in_points(shares.change_interval(new, old, together)) for old, new in pairs],
        )
    }


def _comparable(case: Case, series: dict[int, Row], known: Known) -> tuple[Row, str | None]:
    """What a series since the baseline is compared over, and why it cannot be."""
    first = min(series)
    row, _ = _against(case, first, {case.area_id: (series[case.edition], series[first])}, known)
    reason = None if case.baseline_known else "baseline_missing"
    for edition, other in series.items():
        against, crossed = _against(case, edition, {case.area_id: (series[case.edition], other)}, known)
        if crossed and reason is None:
            row["breaks"] = against["breaks"]
        reason = reason or crossed or _other_missing(other, "not_consecutive")
    return row | {"behind": list(series.values())}, reason


def _trend_since_baseline(case: Case, figure: Row, known: Known) -> Row:
    """A straight line through every edition since the baseline's."""
    first = case.baseline_edition or case.edition
    series = {edition: known.figure(edition, case.area_id, case.measure) for edition in range(first, case.edition + 1)}
    row, reason = _comparable(case, series, known)
    if reason:
        return row | {"verdict": not_evaluable(reason)}
    values = known.values
    line = shares.trend(
        {edition: share_of(one) for edition, one in series.items()}, values["confidence_level"], values["power"]
    )
    interval = _in_points(line.interval)
    return row | {
        "smallest_change_shown": points(line.smallest_fall_shown),
        "change": points(line.slope),
        "change_low": interval.low if interval else None,
        "change_high": interval.high if interval else None,
        "design_effect": figure["design_effect"] if interval else None,
        "verdict": verdicts.below(line.slope * 100, interval),
    }


def _gap_narrowed(case: Case, figure: Row, known: Known) -> Row:
    """The gap to the comparison area against the baseline's, and where the path to no gap would be."""
    first = case.baseline_edition or case.edition
    now = known.figure(case.edition, case.comparison_area_id, case.measure)
    then = known.figure(first, case.area_id, case.measure)
    then_comparison = known.figure(first, case.comparison_area_id, case.measure)
    pairs = {case.area_id: (figure, then), case.comparison_area_id: (now, then_comparison)}
    row, crossed = _against(case, first, pairs, known)
    if crossed is None and versions_differ(figure, without_area(now)):
        crossed, row["breaks"] = "series_break", "question_versions"
    row |= {"unit": "percentage_points", "value": None, "compared_value": None, "behind": [now, then, then_comparison]}
    reason = (
        crossed
        or _other_missing(now, "missing_extract")
        or (None if case.baseline_known else "baseline_missing")
        or _other_missing(then, "baseline_missing")
        or _other_missing(then_comparison, "baseline_missing")
    )
    if reason:
        return row | {"verdict": not_evaluable(reason)}
    gap, baseline_gap = figure["value"] - now["value"], then["value"] - then_comparison["value"]
    gaps = (
        Gap(share_of(figure), share_of(now), _gap_variance(case, case.edition, known)),
        Gap(share_of(then), share_of(then_comparison), _gap_variance(case, first, known)),
    )
    confidence, power = known.values["confidence_level"], known.values["power"]
    change, limits = gap - baseline_gap, _in_points(shares.gap_change_interval(*gaps, confidence))
    smallest = points(shares.smallest_narrowing_shown(*gaps, confidence, power)) if limits else None
    years, passed = case.target["last_year"] - first, case.edition - first
    return row | {
        "value": gap,
        "compared_value": baseline_gap,
        "change": change,
        "change_low": limits.low if limits else None,
        "change_high": limits.high if limits else None,
        "path_value": baseline_gap * (1 - passed / years),
        "smallest_change_shown": None if smallest is None else smallest + case.target["tolerance"],
        "design_effect": figure["design_effect"] if limits else None,
        "verdict": verdicts.below(change, limits, -case.target["tolerance"]),
    }


def _gap_variance(case: Case, edition: int, known: Known) -> float | None:
    return known.gap_variances.get(((edition, case.area_id, case.measure), case.comparison_area_id))


def _held_at_baseline(case: Case, figure: Row, known: Known) -> Row:
    """Rates for a measure per 1000 residents, counts for a number of reports, as the words have it."""
    first = case.baseline_edition or case.edition
    other = known.baseline(case.target)
    row, crossed = _against(case, first, {case.area_id: (figure, other)}, known)
    reason = crossed or _other_missing(other, "baseline_missing")
    if reason:
        return row | {"verdict": not_evaluable(reason)}
    count = _count_per_1000 if known.measures[case.measure]["unit"] == "reports_per_1000" else _count
    new, old = count(figure), count(other)
    if new is None or old is None:
        return row | {
            "verdict": verdicts.held_at_baseline(figure["value"], other["value"], None, case.target["tolerance"])
        }
    varied = dispersion_before(figure, case.measure, known.crime.values(), known.police_bydele, known.breaks, count)
    ratio = varied.ratio if varied else 1.0
    confidence = known.values["confidence_level"]
    interval = counts.rate_ratio_interval(new, old, confidence, ratio)
    return row | {
        "verdict": verdicts.held_at_baseline(figure["value"], other["value"], interval, case.target["tolerance"]),
        "change": figure["value"] / other["value"] if other["value"] else None,
        "change_low": interval.low,
        "change_high": interval.high,
        "dispersion": varied.ratio if varied else None,
        "smallest_change_shown": counts.smallest_rise_shown(old, new.population_low, confidence, ratio),
        "behind": [*row["behind"], *(varied.rows if varied else [])],
    }


def _count_per_1000(figure: Row) -> Count | None:
    return count_of(figure)


def _count(figure: Row) -> Count | None:
    """Reports of a year as they are, where the words promise a number."""
    return None if figure["reports"] is None else Count(figure["reports"], 1, 1)


def _reported(case: Case, figure: Row, known: Known) -> Row:
    """The figure is there, shown or hidden, and that is all that is promised."""
    return {"verdict": Verdict("met", "met")}


def _at_least(case: Case, figure: Row, known: Known) -> Row:
    """A full count; of a share of activities, how many activities are missing to it."""
    limit = case.target["limit_value"]
    missing = max(limit - figure["value"], 0)
    if known.measures[case.measure]["unit"] == "percent":
        missing = max(math.ceil(limit / 100 * figure["out_of"]) - figure["counted"], 0)
    return {"missing_to_limit": missing, "verdict": verdicts.at_least(figure["value"], limit)}


def _at_most(case: Case, figure: Row, known: Known) -> Row:
    """The number of bydele is read off their uncertain shares; every other number is a full count."""
    limit, low, high = case.target["limit_value"], figure["value"], figure["value"]
    if case.measure == "bydele_above_10_percent_unsafe":
        low, sure = figure["bydele_surely_above"], figure["bydele_surely_not_above"]
        high = None if sure is None else figure["bydele"] - sure
    return {
        "missing_to_limit": max(figure["value"] - limit, 0),
        "verdict": verdicts.at_most(figure["value"], limit, low, high),
    }


def _own_goals(case: Case, figure: Row, known: Known) -> Row:
    """Each goal of the focus area; those that are not kept, or not known yet, are missing."""
    return {
        "limit_value": figure["out_of"],
        "missing_to_limit": figure["out_of"] - figure["counted"],
        "verdict": verdicts.every_one(figure["counted"], figure["out_of"], figure["not_known"]),
    }


RULES: dict[str, dict[str, Callable[[Case, Row, Known], Row]]] = {
    "falls_every_year": {
        "edition_before": _fell_since,
        "every_year": _fell_every_year,
        "trend_since_baseline": _trend_since_baseline,
    },
    "approaches_comparison_area": {"baseline_gap": _gap_narrowed},
    "held_at_baseline": {"baseline": _held_at_baseline},
    "reported_every_year": {"report": _reported},
    "at_least": {"limit": _at_least},
    "at_most": {"limit": _at_most},
    "own_goals": {"goals": _own_goals},
}


def _against(case: Case, edition: int, pairs: dict[str, tuple[Row, Row]], known: Known) -> tuple[Row, str | None]:
    """What is compared with, the breaks that lie between, and series_break where one of them forbids it.

    `pairs` has an area's figure of this edition and of the other; the first is the target's own area.
    """
    crossed, forbids = breaks_of_pairs(
        (breaks_between(known.breaks, area_id, case.measure, edition, case.edition), *pair)
        for area_id, pair in pairs.items()
    )
    row = {
        "compared_edition": edition,
        "compared_value": pairs[case.area_id][1]["value"],
        "breaks": breaks_said(crossed, forbids),
        "behind": [other for _, other in pairs.values()],
    }
    return row, "series_break" if forbids else None


def _other_missing(other: Row, reason: str) -> str | None:
    if other["status"] == "low_reliability":
        return "too_few_answers"
    if _is_hidden(other):
        return "confidential"
    if other["value"] is not None:
        return None
    return "conflict" if other["status"] == "conflict" else reason


def _in_points(interval: shares.Interval | None) -> shares.Interval | None:
    return shares.Interval(interval.low * 100, interval.high * 100) if interval else None


def _share_columns(
    new: shares.Share, old: shares.Share, change: float, interval: shares.Interval | None, known: Known
) -> Row:
    row: Row = {"change": change}
    if interval is None or new.answers is None or old.answers is None:
        return row
    smallest = shares.smallest_fall_shown(new, old, known.values["confidence_level"], known.values["power"])
    return row | {
        "change_low": points(interval.low),
        "change_high": points(interval.high),
        "smallest_change_shown": points(smallest),
        "design_effect": new.design_effect,
    }


ASSETS = [yearly_table("targets.baselines", target_baselines), yearly_table("targets.verdicts", target_verdicts)]
