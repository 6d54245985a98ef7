"""Typed objects for the rows of the published file that pictures show. `pictures.py` decides what goes into which picture.

Figures, and the breaks between them, are taken as they are from the two tables of the schema indicators. Nothing is compared
here. The contracts say what the columns mean.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import TypeVar

import duckdb
from pydantic import BaseModel, ConfigDict

from assets.methods.disclosure import FREE
from assets.sql_files import sql
from assets.targets.cases import UNCERTAIN
from assets.targets.sentences import LANGUAGES, Words, read_words, written


class Frozen(BaseModel):
    """A row of one of the queries below."""

    model_config = ConfigDict(frozen=True)


Kind = TypeVar("Kind", bound=Frozen)


class Figure(Frozen):
    """An area's figure of a year, and the kinds of breaks between it and the previous figure in the picture.

    `is_open` says that it is not known yet how many goals are met. `is_forbidden` says that it is forbidden to compare the two
    figures.
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
        """The reason why there is no figure, as a word of reference.words.

        The result is None if there is a figure. It is also None if the only reason is that the figure was not delivered.
        """
        if self.confidentiality != FREE:
            return "confidential"
        return {"conflict": "conflict", "low_reliability": "too_few_answers"}.get(self.status)


class Bydel(Frozen):
    """The reports of a crime type in a bydel and a year, and the rate of these reports over the bydel's residents."""

    crime_type: str
    year: int
    area_id: str
    reports: int
    residents: int
    rate_per_1000: float
    provenance: str | None


class Measure(Frozen):
    """A measure, with its name in each language."""

    measure: str
    names: dict[str, str]
    unit: str
    crime_type: str | None
    made_of: str

    @property
    def is_full_count(self) -> bool:
        """Whether the measure is a full count, so that its figures have no interval."""
        return self.made_of not in UNCERTAIN


class Target(Frozen):
    """A target, and the values with which its figure is compared. Each point is a year and a value in the measure's unit.

    `limits` has, for each year, the number that the target names. `path` has, for each year, the values on the way to the
    comparison area's level.
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
        """Whether the figure is compared with that of another area, so that the picture shows both areas."""
        return self.rule == "approaches_comparison_area"

    @property
    def start(self) -> tuple[int, float] | None:
        """The baseline's year and value, or None if the baseline is not public or the target has no baseline year."""
        if self.baseline_year is None or self.baseline is None:
            return None
        return self.baseline_year, self.baseline


@dataclass(frozen=True)
class Published:
    """Everything that pictures show: figures keyed by area and measure, bydele keyed by crime type and year, and names.

    Crime types have a name in each language. Areas have a single name.
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
    """The words of the pictures in one language."""

    language: str
    words: Words

    def phrase(self, word: str, **values: object) -> str:
        """Return a word or sentence of a picture."""
        return self.words["picture", word].format(**values)

    def number(self, value: float) -> str:
        """Return a figure in the form in which readers of the language write it."""
        return written(value, self.language)

    def amount(self, value: float, unit: str) -> str:
        """Return a figure with its unit, such as `16 %`."""
        return self.words["with_unit", unit].format(value=self.number(value))


def read_published(connection: duckdb.DuckDBPyConnection) -> Published:
    """Read everything that pictures show. `connection` has the tables of the published file, under their own names."""
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
        words={language: read_words(connection, language) for language in LANGUAGES},
    )


def _rows(connection: duckdb.DuckDBPyConnection, query: str, kind: type[Kind]) -> list[Kind]:
    """Return the rows of a query as objects of a class."""
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [kind.model_validate(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
