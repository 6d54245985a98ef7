"""Which counts of crime leave the store, and which are hidden: small ones, and others for their sake.

Here is said which cells there are and what ties them together; the search itself is in `assets/methods/disclosure.py`. The
small counts stay in `crime.counted`, which is not published.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from assets.methods import disclosure
from assets.methods.disclosure import Cells
from assets.tables import yearly_table
from warehouse.contracts import Row, contracts, records

Cell = tuple[str, str]  # area and crime type
Counts = dict[Cell, int]

OF_A_TARGET, OF_A_WHOLE = 1e9, 1e6  # what hiding such a cell costs, beside a report more or less


@dataclass(frozen=True)
class Places:
    """Areas of a crime year: the municipality's bydele, and the bydele that each smaller area lies in."""

    bydele: dict[str, set[str]]
    holders: dict[str, frozenset[str]]
    municipality_of: dict[str, str]


@dataclass
class System:
    """Cells in order, and equations between them; a remainder is a cell that nobody is shown."""

    counts: Counts
    cost: dict[Cell, float]
    remainders: list[tuple[int, bool]] = field(default_factory=list)
    equations: list[dict[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Number the cells."""
        self.number = {cell: number for number, cell in enumerate(self.counts)}

    def add(self, parts: list[Cell], wholes: list[Cell], *, guarded: bool | None = None) -> None:
        """The parts are the wholes, but for what everybody knows; with `guarded`, but for a remainder that nobody is shown.

        Parts that are more than their whole contradict it, which `failed_checks` of a verdict tells: that they are more, and
        not by how much, is known then.
        """
        parts, wholes = ([cell for cell in cells if cell in self.number] for cells in (parts, wholes))
        if not parts or not wholes:
            return
        equation = {self.number[cell]: 1 for cell in parts} | {self.number[cell]: -1 for cell in wholes}
        if guarded is not None:
            remainder = sum(self.counts[cell] for cell in wholes) - sum(self.counts[cell] for cell in parts)
            contradicted = remainder < 0
            equation[len(self.counts) + len(self.remainders)] = -1 if contradicted else 1
            self.remainders.append((-remainder - 1, False) if contradicted else (remainder, guarded))
        self.equations.append(equation)

    def cells(self) -> Cells:
        """All cells, the remainders last."""
        mine, rest = len(self.counts), len(self.remainders)
        return Cells(
            values=np.array([*self.counts.values(), *(value for value, _ in self.remainders)], dtype=float),
            shown=np.array([True] * mine + [False] * rest),
            guarded=np.array([True] * mine + [guarded for _, guarded in self.remainders]),
            cost=np.array([*(self.cost[cell] for cell in self.counts), *[np.inf] * rest]),
        )

    def coefficients(self) -> np.ndarray:
        """One row for each equation, one column for each cell."""
        found = np.zeros((len(self.equations), len(self.counts) + len(self.remainders)))
        for row, equation in enumerate(self.equations):
            found[row, list(equation)] = list(equation.values())
        return found


def confidentiality(
    counted: pd.DataFrame,
    areas: pd.DataFrame,
    area_members: pd.DataFrame,
    crime_types: pd.DataFrame,
    agreements: pd.DataFrame,
    targets: pd.DataFrame,
    measures: pd.DataFrame,
) -> pd.DataFrame:
    """One row for each counted cell: whether its count is free, confidential, or hidden for another's sake."""
    threshold = int(agreements["fewest_reports_shown"].max())
    parts = set(crime_types.loc[crime_types["role"] == "target", "crime_type"])
    promised = _promised(targets, measures)
    rows: list[Row] = []
    for edition, counts in sorted(counts_by_edition(counted).items()):
        system = _system(counts, places_on(areas, area_members, date(edition - 1, 12, 31)), parts, promised)
        found = disclosure.hide(system.cells(), system.coefficients(), threshold)
        rows += [
            {"edition": edition, "area_id": area_id, "crime_type": kind, "confidentiality": status}
            for (area_id, kind), status in zip(counts, found, strict=False)  # the remainders come after the cells
        ]
    return contracts()["crime.confidentiality"].frame(rows)


def first_sources(counted: list[Row]) -> dict[tuple[int, str, str], Row]:
    """The count that a cell takes: report by report before the police's own, the newest draw before older ones."""
    own = [row for row in counted if row["crime_year"] == row["edition"] - 1]  # not a new draw of an earlier year
    order = sorted(own, key=lambda row: (row["counted_from"] == "reports", row["drawn_on"], row["extract"]))
    return {(row["edition"], row["area_id"], row["crime_type"]): row for row in order}


def counts_by_edition(counted: pd.DataFrame) -> dict[int, Counts]:
    """Reports of each area and crime type, by edition, in order."""
    found: dict[int, Counts] = defaultdict(dict)
    for (edition, area_id, kind), row in sorted(first_sources(records(counted)).items()):
        found[edition][area_id, kind] = row["reports"]
    return found


def _promised(targets: pd.DataFrame, measures: pd.DataFrame) -> set[Cell]:
    """Cells that a target is held against; another is hidden in their place where there is one."""
    kinds = {row["measure"]: row["crime_type"] for row in records(measures) if row["crime_type"]}
    return {
        (row["area_id"], kinds[row["measure"]])
        for row in records(targets)
        if row["rule"] == "held_at_baseline" and row["measure"] in kinds
    }


def _system(counts: Counts, places: Places, parts: set[str], promised: set[Cell]) -> System:
    cost = {
        cell: number + OF_A_TARGET * (cell in promised) + OF_A_WHOLE * (cell[0] in places.bydele)
        for cell, number in counts.items()
    }
    system = System(counts, cost)
    for kind in sorted({kind for _, kind in counts}):
        for municipality, bydele in sorted(places.bydele.items()):
            system.add([(bydel, kind) for bydel in sorted(bydele)], [(municipality, kind)])
        for inner, wholes in _within({area_id for area_id, _ in counts}, places):
            system.add([(area, kind) for area in inner], [(whole, kind) for whole in wholes], guarded=True)
    for area_id in sorted({area_id for area_id, _ in counts}):
        system.add([(area_id, part) for part in sorted(parts)], [(area_id, "citizen_facing")], guarded=False)
    return system


def _within(counted: set[str], places: Places) -> list[tuple[list[str], list[str]]]:
    """Smaller areas that lie in the same bydele, with those bydele; with the municipality where a bydel is not counted."""
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for area_id in sorted(counted & places.holders.keys()):
        holders = places.holders[area_id]
        known = holders and holders <= counted
        found[tuple(sorted(holders)) if known else (places.municipality_of.get(area_id, ""),)].append(area_id)
    return [(inner, list(wholes)) for wholes, inner in found.items()]


def wholes_of(counted: set[str], places: Places) -> list[tuple[list[str], list[str]]]:
    """Areas that lie beside each other in a greater one, with that: bydele in the municipality, smaller areas in bydele."""
    whole = [(sorted(bydele & counted), [one]) for one, bydele in sorted(places.bydele.items()) if one in counted]
    return [*((inner, wholes) for inner, wholes in whole if inner), *_within(counted, places)]


def places_on(areas: pd.DataFrame, area_members: pd.DataFrame, day: date) -> Places:
    """What lies in what on a day, through as many areas between as there are."""
    levels = {row["area_id"]: row["level"] for row in records(areas) if _holds(row, day)}
    versions = {row["area_id"]: row["area_version"] for row in records(areas) if _holds(row, day)}
    members: dict[str, set[str]] = defaultdict(set)
    for row in records(area_members):
        if versions.get(row["area_id"]) == row["area_version"]:
            members[row["area_id"]].add(row["member_area_id"])
    inside = {area_id: _all_inside(area_id, members) for area_id in levels}
    of_level = defaultdict(list)
    for area_id, level in levels.items():
        of_level[level].append(area_id)
    smaller = [area_id for level in ("partnership_area", "survey_bydel") for area_id in of_level[level]]
    return Places(
        bydele={
            one: {bydel for bydel in of_level["bydel"] if bydel in inside[one]} for one in of_level["municipality"]
        },
        holders={
            area_id: frozenset(bydel for bydel in of_level["bydel"] if (inside[area_id] | {area_id}) & inside[bydel])
            for area_id in smaller
        },
        municipality_of={area_id: one for one in of_level["municipality"] for area_id in inside[one]},
    )


def _holds(row: Row, day: date) -> bool:
    return (row["valid_from"] or date.min) <= day <= (row["valid_to"] or date.max)


def _all_inside(area_id: str, members: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = set(members.get(area_id, ()))
    while waiting:
        found |= waiting
        waiting = {inner for one in waiting for inner in members.get(one, ())} - found
    return found


ASSETS = [yearly_table("crime.confidentiality", confidentiality)]
