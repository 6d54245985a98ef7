"""The rows of the published file that pictures show, as types. `pictures.py` decides what goes into which picture.

Figures, and breaks between them, are read as the two tables of indicators have them. Nothing is compared here. The contracts
say what the columns mean.
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
    """A row of one of the queries."""

    model_config = ConfigDict(frozen=True)


Kind = TypeVar("Kind", bound=Frozen)


class Figure(Frozen):
    """An area's figure of a year, and the kinds of breaks between it and the previous figure in the picture.

    `is_open`: it is not known yet how many goals are met. `is_forbidden`: the two figures may not be compared.
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
        """Why there is no figure, as a reason of reference.words; None where the figure exists or was not delivered."""
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
    """A measure, with its name by language."""

    measure: str
    names: dict[str, str]
    unit: str
    crime_type: str | None
    made_of: str

    @property
    def is_full_count(self) -> bool:
        """Whether everything is counted, so that the figure has no interval."""
        return self.made_of not in UNCERTAIN


class Target(Frozen):
    """A target, and the values that its figure is compared with. A point is a year and a value in the measure's unit.

    `limits` has the target's number for each year, `path` the values on the way to the comparison area's level.
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
        """Whether the figure is compared with another area's, so that the picture shows both."""
        return self.rule == "approaches_comparison_area"

    @property
    def start(self) -> tuple[int, float] | None:
        """The baseline's year and value; None where it is not public or the target names no year."""
        if self.baseline_year is None or self.baseline is None:
            return None
        return self.baseline_year, self.baseline


@dataclass(frozen=True)
class Published:
    """Everything that pictures show: figures by area and measure, bydele by crime type and year, and the names.

    Crime types have a name in each language; areas have one name.
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
        """A figure as readers of the language write it."""
        return written(value, self.language)

    def amount(self, value: float, unit: str) -> str:
        """A figure with its unit, such as `16 %`."""
        return self.words["with_unit", unit].format(value=self.number(value))


def read_published(connection: duckdb.DuckDBPyConnection) -> Published:
    """Read everything that pictures show. The tables of the published file are within reach by their names."""
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
