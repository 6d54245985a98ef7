"""What the pictures show of the published file, typed. What a picture is made of is decided in `pictures.py`.

Figures, and whether something broke between two of them, come as the two tables of indicators have them; nothing is compared
here. What their columns mean stands in the contracts.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import TypeVar

import duckdb
from pydantic import BaseModel, ConfigDict

from assets.methods.disclosure import FREE
from assets.sql_files import sql
from assets.targets.cases import UNCERTAIN
from assets.targets.sentences import LANGUAGES, Words, written


class Frozen(BaseModel):
    """A row of one of the queries."""

    model_config = ConfigDict(frozen=True)


Kind = TypeVar("Kind", bound=Frozen)


class Figure(Frozen):
    """An area's figure of a year, and the kinds of what broke between it and the figure that is shown before it.

    `is_open`: goals of which nobody knows yet how many are kept. `is_forbidden`: the two are not compared.
    """

    area_id: str
    measure: str
    year: int
    value: float | None
    value_low: float | None
    value_high: float | None
    status: str
    confidentiality: str
    provenance: str | None
    is_open: bool
    breaks: tuple[str, ...]
    is_forbidden: bool

    @property
    def why_empty(self) -> str | None:
        """The reason, as reference.words has it, that there is no figure; None where it only did not come."""
        if self.confidentiality != FREE:
            return "confidential"
        return {"conflict": "conflict", "low_reliability": "too_few_answers"}.get(self.status)


class Bydel(Frozen):
    """A bydel's reports of a crime type in a year, and their rate over its residents."""

    crime_type: str
    year: int
    area_id: str
    reports: int
    residents: int
    rate_per_1000: float
    provenance: str | None


class Measure(Frozen):
    """What is measured, with its name by language."""

    measure: str
    names: dict[str, str]
    unit: str
    crime_type: str | None
    made_of: str

    @property
    def is_full_count(self) -> bool:
        """Whether chance has no part in it, so that it has no interval."""
        return self.made_of not in UNCERTAIN


class Target(Frozen):
    """A target with all that its figure is held against. Points are a year and a value in the measure's unit.

    `limits` are the numbers promised of each year, `path` the values that lead to the comparison area's.
    """

    agreement_id: str
    target_id: str
    area_id: str
    measure: str
    comparison_area_id: str
    rule: str
    texts: dict[str, str]
    first_year: int
    last_year: int
    baseline_year: int | None
    limit_value: float | None
    baseline: float | None
    limits: tuple[tuple[float, float], ...]
    path: tuple[tuple[float, float], ...]

    @property
    def approaches_an_area(self) -> bool:
        """Whether the figure is held against another area's, so that both are shown."""
        return self.rule == "approaches_comparison_area"

    @property
    def start(self) -> tuple[int, float] | None:
        """The baseline's year and value; None where it is not public or the words name no year."""
        if self.baseline_year is None or self.baseline is None:
            return None
        return self.baseline_year, self.baseline


@dataclass(frozen=True)
class Published:
    """What is drawn of the published file: figures by area and measure, bydele by crime type and year, and the names.

    Crime types have a name in each language, areas have one.
    """

    figures: dict[tuple[str, str], list[Figure]]
    bydele: dict[tuple[str, int], list[Bydel]]
    measures: dict[str, Measure]
    targets: list[Target]
    areas: dict[str, str]
    crime_types: dict[str, dict[str, str]]
    confidence: float
    words: dict[str, Words]


@dataclass(frozen=True)
class Wording:
    """The words of pictures in one language."""

    language: str
    words: Words

    def phrase(self, word: str, **values: object) -> str:
        """A word or sentence of a picture."""
        return self.words["picture", word].format(**values)

    def number(self, value: float) -> str:
        """A figure as readers write it."""
        return written(value, self.language)


def read_published(connection: duckdb.DuckDBPyConnection) -> Published:
    """Read what is drawn; the tables of the published file are in reach by their names."""
    figures: dict[tuple[str, str], list[Figure]] = defaultdict(list)
    for figure in _rows(connection, sql("published/pictured_figures"), Figure):
        figures[figure.area_id, figure.measure].append(figure)
    bydele: dict[tuple[str, int], list[Bydel]] = defaultdict(list)
    for bydel in _rows(connection, sql("published/pictured_bydele"), Bydel):
        bydele[bydel.crime_type, bydel.year].append(bydel)
    measures = _rows(connection, "SELECT *, {'da': name_da, 'en': name_en} AS names FROM reference.measures", Measure)
    areas = connection.execute("SELECT area_id, name_da FROM reference.areas ORDER BY area_id, area_version").fetchall()
    conventions = connection.execute("SELECT convention, value FROM reference.conventions").fetchall()
    crime_types = connection.execute(
        "SELECT crime_type, {'da': name_da, 'en': name_en} FROM reference.crime_types"
    ).fetchall()
    return Published(
        figures=dict(figures),
        bydele=dict(bydele),
        measures={measure.measure: measure for measure in measures},
        targets=_rows(connection, sql("published/pictured_targets"), Target),
        areas=dict(areas),
        crime_types=dict(crime_types),
        confidence=dict(conventions)["confidence_level"],
        words={language: _words(connection, language) for language in LANGUAGES},
    )


def _words(connection: duckdb.DuckDBPyConnection, language: str) -> Words:
    lines = connection.execute(f"SELECT kind, word, text_{language} FROM reference.words").fetchall()
    return Words({(kind, word): text for kind, word, text in lines})


def _rows(connection: duckdb.DuckDBPyConnection, query: str, kind: type[Kind]) -> list[Kind]:
    """The rows of a query, each as one of its kind."""
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [kind.model_validate(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
