"""Make the verdict on each target in each edition of the target's agreement.

A verdict has a literal and a statistical reading. The rules are in `rules.py`. This module decides when there is no
verdict, and fills the columns of the published table. Missing data never make a target "met".
"""

from collections.abc import Iterable
from dataclasses import asdict

import duckdb
import pandas as pd

from assets.methods.judgements import Verdict, not_evaluable
from assets.targets.cases import Case, Figure, Judged, Terms, read_cases
from assets.targets.rules import RULES
from assets.targets.sentences import LANGUAGES, VerdictRow, read_words, sentence
from warehouse.contracts import contracts

MADE_UP_FIRST = ("synthetic", "extract", "published")


def verdicts(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return the table targets.verdicts. It has a row for each target, edition and kind of comparison.

    `connection` has the tables of the schemas `indicators`, `targets` and `reference`, and also the lookup tables.
    """
    conventions = dict(connection.execute("SELECT convention, value FROM reference.conventions").fetchall())
    words = {language: read_words(connection, language) for language in LANGUAGES}
    rows = []
    for case in read_cases(connection):
        terms = case.terms(conventions["confidence_level"], conventions["power"])
        for compared_with in RULES[case.rule]:
            row = verdict_row(case, compared_with, terms)
            sentences = {
                f"sentence_{language}": sentence(row, case.rule, case.made_of, words[language], language)
                for language in LANGUAGES
            }
            rows.append(asdict(row) | sentences)
    return contracts()["targets.verdicts"].frame(rows)


def verdict_row(case: Case, compared_with: str, terms: Terms) -> VerdictRow:
    """Return the verdict on a case as a row of targets.verdicts, without its sentences.

    `compared_with` says what the judged figure is compared with, such as `baseline`.
    """
    figure = case.figure
    reason = _outside_period(case) or _without_value(case)
    judged = Judged(not_evaluable(reason)) if reason else RULES[case.rule][compared_with](case, terms)
    behind = (figure, *judged.behind)
    doubtful = [figure_behind for figure_behind in behind if figure_behind.failed_checks]
    verdict = _unless_in_doubt(judged.verdict, case, doubtful)
    failed = _words(figure_behind.failed_checks for figure_behind in doubtful)
    failed |= {"fixed_baseline"} if case.baseline_changed else set()
    decisions = _words([*(figure_behind.decision for figure_behind in doubtful), figure.waived_checks])
    return VerdictRow(
        edition=case.edition,
        crime_year=case.year if case.of_crime else None,
        agreement_id=case.agreement_id,
        target_id=case.target_id,
        measure=case.measure,
        area_id=case.area_id,
        compared_with=compared_with,
        compared_edition=judged.compared_edition,
        value=figure.value if judged.unit is None else judged.value,
        unit=judged.unit or case.unit,
        reports=figure.reports,
        compared_value=judged.compared_value,
        change=judged.change,
        change_low=judged.change_low,
        change_high=judged.change_high,
        path_value=judged.path_value,
        smallest_change_shown=judged.smallest_change_shown,
        dispersion=judged.dispersion,
        literal=verdict.literal,
        statistical=verdict.statistical,
        reason=verdict.reason,
        tolerance=case.tolerance,
        limit_value=case.limit_value if judged.limit_value is None else judged.limit_value,
        missing_to_limit=judged.missing_to_limit,
        design_effect=judged.design_effect,
        breaks=judged.breaks,
        failed_checks=" ".join(sorted(failed)) or None,
        decision=" ".join(sorted(decisions)) or None,
        status=figure.status,
        confidentiality=figure.confidentiality,
        provenance=_provenance(behind),
        maturity=figure.maturity,
        method=figure.method,
        source_lines=" ".join(sorted(_words(figure_behind.source_lines for figure_behind in behind), key=int)) or None,
    )


def _outside_period(case: Case) -> str | None:
    if case.year == case.baseline_year:
        return "baseline_year"
    if case.year < case.first_year:
        return "period_not_started"
    return "period_over" if case.year > case.last_year else None


def _without_value(case: Case) -> str | None:
    """Return the reason why the judged figure cannot be used. Return None if the figure can be used.

    A hidden figure of a monitored type can be used, because a monitored type only has to be reported.
    """
    reason = case.figure.why_empty("missing_extract")
    return None if reason == "confidential" and case.rule == "reported_every_year" else reason


def _unless_in_doubt(verdict: Verdict, case: Case, doubtful: list[Figure]) -> Verdict:
    """Return the verdict, or the verdict "not evaluable" if the verdict is in doubt.

    It is in doubt if the baseline has changed, or if a figure failed a check and nobody has accepted the failure.
    """
    unsettled = case.baseline_changed or any(figure.decision is None for figure in doubtful)
    return not_evaluable("failed_check") if unsettled and verdict.literal != "not_evaluable" else verdict


def _words(texts: Iterable[str | None]) -> set[str]:
    return {word for text in texts for word in (text or "").split()}


def _provenance(figures: Iterable[Figure]) -> str | None:
    """Return the provenance of a verdict. If at least one of the figures is made up, the verdict counts as made up."""
    provenances = {figure.provenance for figure in figures}
    return next((provenance for provenance in MADE_UP_FIRST if provenance in provenances), None)
