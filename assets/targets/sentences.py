"""Each verdict as sentences that a council member understands, in Danish and in English.

The words are lines of `words.csv` of the kind `sentence`; here they are put together, and the figures into them. What the
verdict is was decided in `targets.py`.
"""

from warehouse.contracts import Row
from warehouse.errors import InputError

Said = dict[str, str]

LANGUAGES = ("da", "en")
BYDELE = "bydele_above_10_percent_unsafe"

_ABOUT = {
    "edition_before": "share",
    "every_year": "years",
    "trend_since_baseline": "trend",
    "baseline_gap": "gap",
    "baseline": "count",
}
_FIGURES = ("value", "compared_value", "limit_value", "smallest_change_shown", "change", "tolerance")


class Words(dict[tuple[str, str], str]):
    """What each kind of word is called, by kind and word."""

    def __missing__(self, which: tuple[str, str]) -> str:
        """Raises InputError: somebody took out a line that readers need."""
        raise InputError(f"words.csv has no line for the {which[0]} {which[1]}: put it back, and start tryghed run.")


def sentences(words: list[Row]) -> dict[str, Said]:
    """The sentences by language and name."""
    lines = [row for row in words if row["kind"] == "sentence"]
    return {language: {row["word"]: row[f"text_{language}"] for row in lines} for language in LANGUAGES}


def with_sentences(row: Row, rule: str, said: dict[str, Said]) -> Row:
    """The verdict's row with a sentence in each language; `rule` is the target's."""
    return row | {f"sentence_{language}": sentence(row, rule, said[language], language) for language in LANGUAGES}


def sentence(row: Row, rule: str, said: Said, language: str) -> str:
    """What the words say, what the data can carry, and what could have been shown; or why nothing can be said."""
    figures = _figures(row, said, language)
    return " ".join(_words(said, name).format(**figures) for name in _parts(row, rule))


def _parts(row: Row, rule: str) -> list[str]:
    """The names of the sentences that a verdict is put together from."""
    marks = ["made_up"] if row["provenance"] == "synthetic" else []
    if row["literal"] == "not_evaluable":
        waiting = row["compared_with"] == "goals" and row["reason"] == "missing_extract" and row["value"] is not None
        return [*marks, "reason.goals_not_known" if waiting else f"reason.{row['reason']}"]
    parts = [*marks, f"literal.{_literal(row, rule)}.{row['literal']}"]
    if row["confidentiality"] != "free":
        parts.append("hidden")
    about = _ABOUT.get(row["compared_with"], "bydele" if row["measure"] == BYDELE else None)
    if about:  # a full count needs no word on chance
        known = row["statistical"] != "not_evaluable"
        parts.append(f"data.{about}.{row['statistical']}" if known else f"data.{row['reason']}")
    if row["statistical"] == "uncertain" and row["smallest_change_shown"] is not None:
        parts.append(f"shown.{about}")
    if (row["dispersion"] or 0) > 1:
        parts.append("dispersion")
    if row["decision"]:
        parts.append("decided")
    return [*parts, "breaks"] if row["breaks"] else parts


def _literal(row: Row, rule: str) -> str:
    """What the words promise, as the sentences name it."""
    if row["compared_with"] == "baseline_gap" and row["tolerance"]:
        return "baseline_gap_tolerance"
    return rule if row["compared_with"] == "limit" else str(row["compared_with"])


def _figures(row: Row, said: Said, language: str) -> Row:
    """The figures as readers write them: at most one decimal, two of small ones, and a comma in Danish."""
    found: Row = {name: written(row[name], language) for name in _FIGURES}
    found["fall"] = written(-row["change"] if row["change"] else None, language)
    unit = " %" if row["unit"] == "percent" and row["compared_with"] == "limit" else ""
    breaks = [said.get(f"undecided.{one}", one) for one in (row["breaks"] or "").split()]
    return found | {
        "decision": row["decision"],
        "unit": unit,
        "year": row["crime_year"] or row["edition"],
        "breaks": ", ".join(breaks),
    }


def written(value: float | None, language: str) -> str:
    """A figure as readers of the language write it: at most one decimal, two of small ones; a dash where there is none."""
    if value is None:
        return "-"
    text = f"{value:,.2f}" if abs(value) < 2 and value != int(value) else f"{value:,.1f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.translate(str.maketrans(",.", ".,")) if language == "da" else text


def _words(said: Said, name: str) -> str:
    """Raises InputError: somebody took out a line that readers need."""
    if name not in said:
        raise InputError(f"words.csv has no line for the sentence {name}: put it back, and start tryghed run.")
    return said[name]
