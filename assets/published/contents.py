"""Read from the published file the rows that pictures show. Return them as typed objects.

The figures and the breaks between them come from the two tables of the schema `indicators`. This module does not change
or compare figures. The contracts say what the columns mean. `pictures.py` decides which figures each picture shows.
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
    """A row that a query of this module returns. The row cannot be changed."""

    model_config = ConfigDict(frozen=True)


Kind = TypeVar("Kind", bound=Frozen)


class Figure(Frozen):
    """The figure of an area in a year.

    `breaks` has the kinds of breaks between this figure and the previous figure in the picture. `is_forbidden` is true
    if these two figures must not be compared. `is_open` is true if it is not known yet how many goals are met.
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
        """The reason why there is no figure: `confidential`, `conflict`, `too_few_answers` or None.

        Read it only if `value` is None. It is None if the figure was not delivered, or if it is not known yet how many
        goals are met.
        """
        if self.confidentiality != FREE:
            return "confidential"
        return {"conflict": "conflict", "low_reliability": "too_few_answers"}.get(self.status)


class Bydel(Frozen):
    """The reports of one crime type in one bydel and one year, with the bydel's residents and the rate."""

    crime_type: str
    year: int
    area_id: str
    reports: int
    residents: int
    rate_per_1000: float
    provenance: str | None


class Measure(Frozen):
    """A measure. `names` has the measure's name in each language."""

    measure: str
    names: dict[str, str]
    unit: str
    crime_type: str | None
    made_of: str

    @property
    def is_full_count(self) -> bool:
        """Whether the measure is a full count. The figures of a full count have no interval."""
        return self.made_of not in UNCERTAIN


class Target(Frozen):
    """A target, with the values that pictures compare its figure with.

    `limits` has the target's limit in each year. If the target is to approach the level of another area, `path` has the
    values on the way to this level. Each point of `limits` and `path` is a year and a value in the measure's unit.
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
        """Whether the figure must approach another area's figure. The picture then shows both areas."""
        return self.rule == "approaches_comparison_area"

    @property
    def start(self) -> tuple[int, float] | None:
        """The baseline's year and value.

        The result is None if the target has no baseline year or the baseline is not public.
        """
        if self.baseline_year is None or self.baseline is None:
            return None
        return self.baseline_year, self.baseline


@dataclass(frozen=True)
class Published:
    """Everything that pictures show.

    `figures` is keyed by area and measure. `bydele` is keyed by crime type and year. `areas` and `crime_types`
    have a name in each language for each area and each crime type.
    """

    figures: dict[tuple[str, str], list[Figure]]
    bydele: dict[tuple[str, int], list[Bydel]]
    measures: dict[str, Measure]
    targets: list[Target]
    areas: dict[str, dict[str, str]]
    crime_types: dict[str, dict[str, str]]
    confidence: float
    words: dict[str, Words]


@dataclass(frozen=True)
class Wording:
    """The texts of the pictures in one language."""

    language: str
    words: Words

    def phrase(self, word: str, **values: object) -> str:
        """Return the picture text that is called `word`, with the values filled in."""
        return self.words["picture", word].format(**values)

    def number(self, value: float) -> str:
        """Return a figure as text, in the form that readers of the language use."""
        return written(value, self.language)

    def amount(self, value: float, unit: str) -> str:
        """Return a figure as text with its unit, such as `16 %`."""
        return self.words["with_unit", unit].format(value=self.number(value))


def read_published(connection: duckdb.DuckDBPyConnection) -> Published:
    """Read everything that pictures show.

    `connection` must have the tables of the published file.
    """
    figures: dict[tuple[str, str], list[Figure]] = defaultdict(list)
    for figure in _rows(connection, sql("published/pictured_figures"), Figure):
        figures[figure.area_id, figure.measure].append(figure)
    bydele: dict[tuple[str, int], list[Bydel]] = defaultdict(list)
    for bydel in _rows(connection, sql("published/pictured_bydele"), Bydel):
        bydele[bydel.crime_type, bydel.year].append(bydel)
    measures = _rows(connection, "SELECT *, {'da': name_da, 'en': name_en} AS names FROM reference.measures", Measure)
    areas = connection.execute(
        """
        SELECT area_id, {'da': name_da, 'en': coalesce(name_en, name_da)}
        FROM reference.areas ORDER BY area_id, area_version
        """
    ).fetchall()
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
    """Return the rows of a query as objects of the class `kind`."""
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [kind.model_validate(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
