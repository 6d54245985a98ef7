"""From published lines to one figure: which value counts, its rounding band, and the lines behind it.

Serves shares, counts and rates alike. What an interval is made of a figure is in `assets/methods/`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
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

    The versions are those of the area and of the rule that says what an answer counts as. A `noted` break of that kind that
    names the version which begins with it is the decision that allows it; every version between the two needs one.
    """
    allowed = {(row["kind"], row["begins_version"]) for row in crossed if row["effect"] == "noted"}
    named = [row["break_id"] for row in crossed if row["effect"] == "not_comparable"]
    undecided = {kind for kind, versions in _versions_between(one, other or {}) if not versions <= allowed}
    return named or sorted(f"{kind}_versions" for kind in undecided)


def breaks_of_pairs(pairs: Iterable[tuple[list[Row], Row, Row]]) -> tuple[list[Row], list[str]]:
    """Of several pairs of figures the breaks that lie between them, and what forbids to compare one of the pairs; each once.

    A pair comes with the breaks that it crosses.
    """
    crossed: list[Row] = []
    forbids: list[str] = []
    for between, one, other in pairs:
        crossed += [row for row in between if row not in crossed]
        forbids += [name for name in forbidding(between, one, other) if name not in forbids]
    return crossed, forbids


def _versions_between(one: Row, other: Row) -> Iterator[tuple[str, set[tuple[str, int]]]]:
    """Of each kind the versions that begin between two figures."""
    for column, kind in _VERSIONS:
        if _differ(one.get(column), other.get(column)):
            first, last = sorted((one[column], other[column]))
            yield kind, {(kind, version) for version in range(first + 1, last + 1)}


def breaks_said(crossed: list[Row], forbids: list[str]) -> str | None:
    """What a comparison says of breaks: those that forbid it, else those that are allowed and noted."""
    return " ".join(forbids or [row["break_id"] for row in crossed]) or None


def with_unknown_rule(said: str | None, compared: list[Row]) -> str | None:
    """The same with a mark where shares that were counted here are compared with some that were only published.

    Of those nobody knows by which rule their answers were counted.
    """
    rules = {row.get("rule_version") for row in compared if row.get("share_percent") is not None}
    mixed = None in rules and len(rules) > 1
    return f"{said} {UNKNOWN_RULE}" if mixed and said else UNKNOWN_RULE if mixed else said


def versions_differ(one: Row, other: Row | None) -> set[str]:
    """The kinds of version that two figures do not have in common."""
    return {kind for column, kind in _VERSIONS if _differ(one.get(column), (other or {}).get(column))}


def without_area(other: Row | None) -> Row:
    """Another area's figure, of which the area's version does not matter."""
    return (other or {}) | {"area_version": None}


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
