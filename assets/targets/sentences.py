"""Each verdict as sentences that a council member understands, in Danish and in English.

The words are lines of `words.csv` of the kind `sentence`; here they are put together, and the figures into them. What the
verdict is was decided in `verdicts.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from warehouse.errors import InputError
from warehouse.home import reference_file

LANGUAGES = ("da", "en")

_ABOUT = {
    "edition_before": "share",
    "every_year": "years",
    "trend_since_baseline": "trend",
    "baseline_gap": "gap",
    "baseline": "count",
}
_ABOUT_A_LIMIT = {"areas": "bydele", "answers": "share_limit", "reports": "count_limit"}
_FIGURES = ("value", "compared_value", "limit_value", "smallest_change_shown", "change", "tolerance")


@dataclass(frozen=True)
class VerdictRow:
    """A row of targets.verdicts but for its sentences; what the columns mean stands in the contract."""

    edition: int
    crime_year: int | None
    agreement_id: str
    target_id: str
    measure: str
    area_id: str
    compared_with: str
    compared_edition: int | None
    value: float | None
    unit: str
    reports: int | None
    compared_value: float | None
    change: float | None
    change_low: float | None
    change_high: float | None
    path_value: float | None
    smallest_change_shown: float | None
    dispersion: float | None
    literal: str
    statistical: str
    reason: str | None
    tolerance: float | None
    limit_value: float | None
    missing_to_limit: float | None
    design_effect: float | None
    breaks: str | None
    failed_checks: str | None
    decision: str | None
    status: str
    confidentiality: str
    provenance: str | None
    maturity: str
    method: str
    source_lines: str | None


class Words(dict[tuple[str, str], str]):
    """What each kind of word is called, by kind and word."""

    def __missing__(self, which: tuple[str, str]) -> str:
        """Raises InputError: somebody took out a line that readers need."""
        raise InputError(
            f"{reference_file('words.csv')} has no line for the {which[0]} {which[1]}: put it back, and start tryghed run."
        )


def sentence(row: VerdictRow, rule: str, made_of: str, words: Words, language: str) -> str:
    """Return what the words say, what the data can carry, and what could have been shown; or why nothing can be said.

    `rule` is the target's, `made_of` its measure's. Raises InputError where words.csv lacks a sentence.
    """
    figures = _figures(row, words, language)
    return " ".join(words["sentence", name].format(**figures) for name in _parts(row, rule, made_of))


def _parts(row: VerdictRow, rule: str, made_of: str) -> list[str]:
    """The names of the sentences that a verdict is put together from."""
    marks = ["made_up"] if row.provenance == "synthetic" else []
    if row.literal == "not_evaluable":
        waiting = row.compared_with == "goals" and row.reason == "missing_extract" and row.value is not None
        return [*marks, "reason.goals_not_known" if waiting else f"reason.{row.reason}"]
    parts = [*marks, f"literal.{_literal(row, rule)}.{row.literal}"]
    if row.confidentiality != "free":
        parts.append("hidden")
    subject = _ABOUT_A_LIMIT.get(made_of) if row.compared_with == "limit" else _ABOUT.get(row.compared_with)
    if subject:  # a full count needs no word on chance
        evaluable = row.statistical != "not_evaluable"
        parts.append(f"data.{subject}.{row.statistical}" if evaluable else f"data.{row.reason}")
    if row.statistical == "uncertain" and row.smallest_change_shown is not None:
        parts.append(f"shown.{subject}")
    if (row.dispersion or 0) > 1:
        parts.append("dispersion")
    if row.decision:
        parts.append("decided")
    return [*parts, "breaks"] if row.breaks else parts


def _literal(row: VerdictRow, rule: str) -> str:
    """What the words promise, as the sentences name it."""
    if row.compared_with == "baseline_gap" and row.tolerance:
        return "baseline_gap_tolerance"
    return rule if row.compared_with == "limit" else row.compared_with


def _figures(row: VerdictRow, words: Words, language: str) -> Mapping[str, str | int | None]:
    """The figures as readers write them: at most one decimal, two of small ones, and a comma in Danish."""
    figures: dict[str, str | int | None] = {name: written(getattr(row, name), language) for name in _FIGURES}
    breaks = [words.get(("sentence", f"undecided.{name}"), name) for name in (row.breaks or "").split()]
    return figures | {
        "fall": written(-row.change if row.change else None, language),
        "decision": row.decision,
        "unit": " %" if row.unit == "percent" and row.compared_with == "limit" else "",
        "year": row.crime_year or row.edition,
        "breaks": ", ".join(breaks),
    }


def written(value: float | None, language: str) -> str:
    """A figure as readers of the language write it: at most one decimal, two of small ones; a dash where there is none."""
    if value is None:
        return "-"
    text = f"{value:,.2f}" if abs(value) < 2 and value != int(value) else f"{value:,.1f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.translate(str.maketrans(",.", ".,")) if language == "da" else text
