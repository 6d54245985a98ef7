"""From published lines to one figure: which value counts, its rounding band, and the lines behind it.

Serves shares, counts and rates alike. What an interval is made of a figure is in `assets/methods/`.
"""

from collections import defaultdict
from dataclasses import dataclass

import pandas as pd

from assets.methods.shares import Interval, rounding_band
from warehouse.contracts import Row, records

Address = tuple[int, str, str]

UNKNOWN_RULE = "question_unknown"


@dataclass(frozen=True)
class Figure:
    """A published figure of one edition, area and measure; without a value where its sources disagree."""

    value: float | None
    band: Interval
    approximate: bool
    answers: int | None
    lines: str

    @property
    def conflict(self) -> bool:
        """Whether its sources disagree and nobody has chosen."""
        return self.value is None


def figures(published_figures: pd.DataFrame, published_choices: pd.DataFrame) -> dict[Address, Figure]:
    """One figure for each edition, area and measure that anything was published of."""
    chosen = {(row["edition"], row["area_id"], row["measure"]): row["source_id"] for row in records(published_choices)}
    lines: dict[Address, list[Row]] = defaultdict(list)
    for row in records(published_figures):
        lines[row["edition"], row["area_id"], row["measure"]].append(row)
    return {address: _figure(rows, chosen.get(address)) for address, rows in lines.items()}


def conventions_of(conventions: pd.DataFrame) -> dict[str, float]:
    """The conventions' values by name."""
    return dict(zip(conventions["convention"], conventions["value"].astype(float), strict=True))


def breaks_between(series_breaks: list[Row], area_id: str, measure: str, first: int, last: int) -> list[Row]:
    """The breaks that a comparison of two editions of a series crosses. A break without a measure is every share's."""
    early, late = sorted((first, last))
    return [
        row
        for row in series_breaks
        if row["area_id"] in (None, area_id)
        and (row["measure"] == measure or (row["measure"] is None and not measure.endswith(("_reports", "_per_1000"))))
        and early < row["first_edition"] <= late
    ]


def forbidding(crossed: list[Row], one: Row, other: Row | None) -> list[str]:
    """What forbids that two figures of a series are compared: breaks by name, or versions of which nobody has decided.

    The versions are those of the area and of the rule that says what an answer counts as. A break of that kind whose effect
    is `noted` is the decision that allows it.
    """
    allowed = {row["kind"] for row in crossed if row["effect"] == "noted"}
    named = [row["break_id"] for row in crossed if row["effect"] == "not_comparable"]
    return named or sorted(f"{kind}_versions" for kind in versions_differ(one, other) - allowed)


def breaks_said(crossed: list[Row], forbids: list[str], *pairs: tuple[Row, Row | None]) -> str | None:
    """What a comparison says of breaks: those that forbid it, else those that are allowed and noted.

    Of a share that was only published nobody knows by which rule its answers were counted: a comparison with one that was
    counted here says so.
    """
    noted = [row["break_id"] for row in crossed]
    if any(_one_is_unknown(one, other) for one, other in pairs):
        noted.append(UNKNOWN_RULE)
    return " ".join(forbids or noted) or None


def _one_is_unknown(one: Row, other: Row | None) -> bool:
    rules = [row.get("rule_version") for row in (one, other or {})]
    shares = all(row.get("share_percent") is not None for row in (one, other or {}))
    return shares and rules.count(None) == 1


def versions_differ(one: Row, other: Row | None) -> set[str]:
    """The kinds of version that two figures do not have in common."""
    return {kind for column, kind in _VERSIONS if _differ(one.get(column), (other or {}).get(column))}


_VERSIONS = (("area_version", "area"), ("rule_version", "question"))


def _differ(one: int | None, other: int | None) -> bool:
    return None not in (one, other) and one != other


def version_in(versions: list[Row], area_id: str, year: int) -> int | None:
    """The area's version in a year; None for an area that nobody has described."""
    for row in versions:
        from_year = row["valid_from"].year if row["valid_from"] else 0
        to_year = row["valid_to"].year if row["valid_to"] else 9999
        if row["area_id"] == area_id and from_year <= year <= to_year:
            return int(row["area_version"])
    return None


def lines_behind(*rows: Row) -> str | None:
    """The published lines behind several stored rows, each once and in order; None where there are none."""
    lines = {int(line) for row in rows for line in (row.get("source_lines") or "").split()}
    return " ".join(map(str, sorted(lines))) or None


def provenance_of(*rows: Row) -> str | None:
    """Where a figure made of several comes from: made up as soon as one of them is; None where there are none."""
    found = {row.get("provenance") for row in rows}
    return next((one for one in ("synthetic", "extract", "published") if one in found), None)


def _figure(rows: list[Row], chosen: str | None) -> Figure:
    """The most precisely printed value, if all agree with it within rounding, or the one that somebody chose."""
    printed = " ".join(str(row["file_line"]) for row in rows)
    counted = [row for row in rows if row["source_id"] == chosen] or rows
    best = max(counted, key=lambda row: (row["decimals"], row["answers"] is not None))
    bands = [rounding_band(row["value"], row["decimals"]) for row in counted]
    band = rounding_band(best["value"], best["decimals"])
    agree = all(other.low < band.high and band.low < other.high for other in bands)
    answers = {row["answers"] for row in counted if row["answers"] is not None}
    return Figure(
        value=best["value"] if agree else None,
        band=band if agree else Interval(min(one.low for one in bands), max(one.high for one in bands)),
        approximate=all(row["approximate"] for row in counted),
        answers=min(answers) if answers else None,
        lines=printed,
    )
