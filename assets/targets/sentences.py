"""Write each verdict in sentences that a council member understands, in Danish and in English.

The sentences are lines of `words.csv`, with placeholders for figures. This module chooses the sentences and fills in
the figures. The verdict itself is made in `verdicts.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

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
    """A row of the table targets.verdicts, without its sentences. The table's contract says what the columns mean."""

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
    """The texts of `words.csv` in one language. Each key consists of the columns `kind` and `word` of a line."""

    def __missing__(self, kind_and_word: tuple[str, str]) -> str:
        """Raise InputError, because the file has no line for this kind and word."""
        kind, word = kind_and_word
        raise InputError(
            f"{reference_file('words.csv')} has no line for the {kind} '{word}': put the line back, then run 'tryghed run'."
        )


def read_words(connection: duckdb.DuckDBPyConnection, language: str) -> Words:
    """Return the texts of words.csv in one language, and a text for each break of series_breaks.csv.

    `connection` has the reference tables, under their own names. Raises InputError if words.csv has no text for a kind
    of break.
    """
    lines = connection.execute(f"SELECT kind, word, text_{language} FROM reference.words").fetchall()
    words = Words({(kind, word): text for kind, word, text in lines})
    breaks = connection.execute("SELECT break_id, kind, first_edition FROM reference.series_breaks").fetchall()
    for break_id, kind, first_edition in breaks:
        text = words["sentence", "break_from"].format(what=words["break", kind], edition=first_edition)
        words["series_break", break_id] = text
    return words


def sentence(row: VerdictRow, rule: str, made_of: str, words: Words, language: str) -> str:
    """Return the sentences that describe a verdict.

    They give the literal reading, the statistical reading, and the smallest change that would be detected. If there is
    no verdict, the sentences say why. `rule` is the target's rule. `made_of` says what the target's measure is made of,
    such as answers or reports. Raises InputError if words.csv has no line for a sentence.
    """
    figures = _figures(row, words, language)
    sentences = " ".join(words["sentence", name].format(**figures) for name in _parts(row, rule, made_of))
    return sentences.replace("..", ".")  # an abbreviation such as "mio. kr." ends a sentence with its own full stop


def _parts(row: VerdictRow, rule: str, made_of: str) -> list[str]:
    """Return the names of the sentences that describe the verdict, in order."""
    marks = ["made_up"] if row.provenance == "synthetic" else []
    if row.literal == "not_evaluable":
        return [*marks, f"reason.{row.reason}"]
    parts = [*marks, f"literal.{_literal(row, rule)}.{row.literal}"]
    if row.confidentiality != "free":
        parts.append("hidden")
    subject = _ABOUT_A_LIMIT.get(made_of) if row.compared_with == "limit" else _ABOUT.get(row.compared_with)
    if subject:  # a full count has no subject: it has no interval, so it needs no sentence about chance
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
    """Return the middle part of a sentence's name, such as `at_least` in `literal.at_least.met`.

    It says what the target asks for.
    """
    if row.compared_with == "baseline_gap" and row.tolerance:
        return "baseline_gap_tolerance"
    return rule if row.compared_with == "limit" else row.compared_with


def _figures(row: VerdictRow, words: Words, language: str) -> Mapping[str, str | int | None]:
    """Return a value for each placeholder that a sentence may have. The language decides how numbers are written."""
    figures: dict[str, str | int | None] = {name: written(getattr(row, name), language) for name in _FIGURES}
    in_unit = words["with_unit", row.unit]
    baseline_year = None
    if row.compared_edition is not None:  # an edition publishes the crime of the year before
        baseline_year = row.compared_edition - (row.crime_year is not None)
    return figures | {
        "value_with_unit": in_unit.format(value=figures["value"]),
        "limit_with_unit": in_unit.format(value=figures["limit_value"]),
        "fall": written(-row.change if row.change else None, language),
        "baseline_year": baseline_year,
        "decision": ", ".join((row.decision or "").split()),
        "year": row.crime_year or row.edition,
        "breaks": "; ".join(_break(name, words) for name in (row.breaks or "").split()),
    }


def _break(name: str, words: Words) -> str:
    """Describe a break in the series in words.

    The break is either listed in series_breaks.csv, or it is a change that nobody has decided on yet.
    """
    undecided = words.get(("sentence", f"undecided.{name}"))
    return undecided or words["series_break", name]


def written(value: float | None, language: str) -> str:
    """Return a figure as text, or a dash if there is no figure. Danish writes `1.234,5`, and English writes `1,234.5`.

    A figure between -2 and 2 has at most two decimals. Every other figure has at most one.
    """
    if value is None:
        return "-"
    text = f"{value:,.2f}" if abs(value) < 2 and value != int(value) else f"{value:,.1f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.translate(str.maketrans(",.", ".,")) if language == "da" else text
