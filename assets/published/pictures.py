"""Draw the published pictures: one for each measure of an agreement, and a funnel plot of bydele for each crime type.

The pictures are drawn from the published file alone. A figure that is hidden in that file can therefore not appear in a
picture. This module decides what each picture shows. `contents.py` reads the figures, and `charts.py` draws the
picture.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import dagster as dg
import numpy as np

from assets.methods import counts
from assets.published import charts
from assets.published.charts import Break, Chart, Funnel, Level, Point, Series
from assets.published.contents import Bydel, Figure, Published, Target, Wording, read_published
from assets.published.publication import PUBLICATION
from assets.tables import OWNERS, expected_trouble
from warehouse.home import pictures_folder
from warehouse.publishing import open_published

FEWEST_BYDELE = 5
# The confidence of a funnel's outer limits. The inner limits have the project's confidence. Source: Spiegelhalter (2005).
OUTER_LIMIT = 0.998


@dg.asset(
    key=dg.AssetKey(["published", "pictures"]),
    group_name="published",
    owners=OWNERS,
    kinds={"svg"},
    deps=[PUBLICATION],
    description="A picture of each measure with its interval, target, baseline and breaks, and funnel plots of the bydele.",
)
def pictures() -> dg.MaterializeResult[None]:
    """Draw the pictures that have changed since the last run.

    Delete old pictures if their figures are no longer published.
    """
    with expected_trouble(), open_published() as connection:
        all_pictures = pictures_of(read_published(connection))
        drawn = [_draw(pictures_folder() / name, picture) for name, picture in all_pictures.items()]
        for path in pictures_folder().rglob("*.svg"):
            if path.relative_to(pictures_folder()).as_posix() not in all_pictures:
                path.unlink()
    return dg.MaterializeResult(
        metadata={"pictures": len(all_pictures), "drawn": sum(drawn), "folder": "published/pictures"}
    )


def _draw(path: Path, picture: Chart | Funnel) -> bool:
    """Draw the picture into its file, unless the file is up to date. Return whether the picture was drawn.

    The file is up to date if the same version of `charts.py` drew it from the same figures.
    """
    program = Path(charts.__file__).read_bytes()
    mark = f"<!-- {hashlib.sha256(repr(picture).encode() + program).hexdigest()[:16]} -->\n"
    if path.exists() and path.read_text(encoding="utf-8").endswith(mark):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    svg = charts.draw_chart(picture) if isinstance(picture, Chart) else charts.draw_funnel(picture)
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(svg + mark, encoding="utf-8")
    unfinished.replace(path)
    return True


def pictures_of(published: Published) -> dict[str, Chart | Funnel]:
    """Return the content of each picture in each language, keyed by its file's path below the folder of pictures.

    Raises InputError if words.csv has no line for a word that a picture needs.
    """
    by_path: dict[str, Chart | Funnel] = {}
    for language, words in published.words.items():
        wording = Wording(language, words)
        for agreement_id, targets in groupby(published.targets, key=lambda target: target.agreement_id):
            for name, picture in _of_agreement(published, wording, list(targets)):
                by_path[f"{agreement_id}/{name}.{language}.svg"] = picture
    return by_path


def _of_agreement(
    published: Published, wording: Wording, targets: list[Target]
) -> Iterator[tuple[str, Chart | Funnel]]:
    """Yield the name and the content of each picture of an agreement.

    Each measure that has a figure gets a picture. A crime type gets a funnel plot if at least FEWEST_BYDELE bydele have
    a figure in the same year. The plot shows the latest such year.
    """
    for (area_id, measure), of_measure in groupby(targets, key=lambda target: (target.area_id, target.measure)):
        if any(figure.value is not None for figure in published.figures.get((area_id, measure), [])):
            yield measure, _chart(published, wording, list(of_measure))
    crime_types = {published.measures[target.measure].crime_type for target in targets}
    for crime_type in sorted(name for name in crime_types if name):
        enough = [
            bydele
            for (counted_type, _), bydele in published.bydele.items()
            if counted_type == crime_type and len(bydele) >= FEWEST_BYDELE
        ]
        if enough:
            yield f"funnel_{crime_type}", _funnel(published, wording, max(enough, key=lambda bydele: bydele[0].year))


# --- one measure over the years ----------------------------------------------------------------------------


def _chart(published: Published, wording: Wording, targets: list[Target]) -> Chart:
    """Return the picture of one measure in one area. All of `targets` are about this measure and this area."""
    area_id, language = targets[0].area_id, wording.language
    measure = published.measures[targets[0].measure]
    areas = [area_id, *dict.fromkeys(target.comparison_area_id for target in targets if target.approaches_an_area)]
    figures_of_areas = [published.figures.get((area, measure.measure), []) for area in areas]
    figures = [figure for of_area in figures_of_areas for figure in of_area]
    series = [_series(published, wording, of_area) for of_area in figures_of_areas if of_area]
    levels = [level for target in targets for level in _levels(published, wording, target, measure.unit)]
    breaks = _breaks(wording, figures)
    subtitles = [*_made_up(wording, figures), *(f"{target.target_id}: {target.texts[language]}" for target in targets)]
    return Chart(
        language=language,
        whole=measure.unit in ("reports", "count"),
        note=wording.phrase("no_interval" if measure.is_full_count else "legend"),
        title=f"{measure.names[language]}, {published.areas[area_id][language]}",
        subtitles=subtitles,
        x_unit=wording.phrase("crime_year" if measure.crime_type else "edition"),
        unit=wording.words["unit", measure.unit],
        series=series,
        levels=levels,
        breaks=breaks,
        text=_text(
            subtitles,
            [_series_text(wording, of_area) for of_area in series],
            [level.name for level in levels],
            [broken.name for broken in breaks],
            wording.phrase("no_interval" if measure.is_full_count else "marks"),
        ),
    )


def _made_up(wording: Wording, rows: list[Figure] | list[Bydel]) -> list[str]:
    """Return a list with the sentence that warns of made-up figures. Return an empty list if no figure is made up."""
    return [wording.words["sentence", "made_up"]] if any(row.provenance == "synthetic" for row in rows) else []


def _series(published: Published, wording: Wording, figures: list[Figure]) -> Series:
    name = published.areas[figures[0].area_id][wording.language]
    return Series(name, [_point(wording, figure) for figure in figures])


def _point(wording: Wording, figure: Figure) -> Point:
    """Return the point that shows a figure and its interval.

    If there is no figure, the point's `word` gives the reason. `word` is empty if the figure was just not delivered.
    """
    if figure.value is not None:
        return Point(figure.year, figure.value, figure.value_low, figure.value_high, wording.number(figure.value))
    if figure.why_empty:
        return Point(figure.year, None, word=wording.words["reason", figure.why_empty])
    return Point(figure.year, None, word=wording.phrase("not_known") if figure.is_open else "")


def _breaks(wording: Wording, figures: list[Figure]) -> list[Break]:
    """Return the breaks in series that the picture shows. Breaks of several areas in the same year become one break."""
    by_year: dict[int, list[Figure]] = defaultdict(list)
    for figure in figures:
        if figure.breaks:
            by_year[figure.year].append(figure)
    return [_break(wording, year, of_year) for year, of_year in sorted(by_year.items())]


def _break(wording: Wording, year: int, figures: list[Figure]) -> Break:
    forbids = any(figure.is_forbidden for figure in figures)
    kinds = {kind for figure in figures for kind in figure.breaks}
    words = ", ".join(sorted(wording.words["break", kind] for kind in kinds))
    return Break(year, wording.phrase("forbidden" if forbids else "noted", year=year, what=words), forbids)


def _levels(published: Published, wording: Wording, target: Target, unit: str) -> Iterator[Level]:
    """Yield the lines that the target's figure is compared with.

    The lines show the baseline, the limit, the goals, or the path to the level of another area. A target has only some
    of these.
    """
    first, last = target.first_year - 0.4, target.last_year + 0.4
    if target.start and not target.approaches_an_area:
        year, value = target.start
        name = wording.phrase("baseline", year=year, value=wording.amount(value, unit))
        yield Level(name, [target.start, (last, value)], "--")
    if target.rule in ("at_least", "at_most") and target.limit_value is not None:
        name = wording.phrase(target.rule, value=wording.amount(target.limit_value, unit))
        yield Level(name, [(first, target.limit_value), (last, target.limit_value)], "-")
    if target.rule == "own_goals" and target.limits:
        each_year = ", ".join(f"{wording.number(goals)} ({year:.0f})" for year, goals in target.limits)
        gap = (math.nan, math.nan)
        strokes = [point for year, goals in target.limits for point in ((year - 0.3, goals), (year + 0.3, goals), gap)]
        yield Level(wording.phrase("goals", each_year=each_year), strokes, "-")
    if target.start and target.approaches_an_area and target.path:
        name = wording.phrase("path", area=published.areas[target.comparison_area_id][wording.language])
        yield Level(name, [target.start, *target.path], ":")


def _text(subtitles: list[str], series: list[str], levels: list[str], breaks: list[str], marks: str) -> str:
    """Return a description of the picture in sentences, for readers who cannot see it."""
    sentences = [*subtitles, *series, *levels, *breaks, marks]
    return " ".join(f"{sentence.rstrip('.')}." for sentence in sentences)


def _series_text(wording: Wording, series: Series) -> str:
    """Return the figures of an area as text: the area's name, then each year, such as `2020: 16 (11,9 til 20,8)`."""
    return f"{series.name}, {'; '.join(_point_text(wording, point) for point in series.points)}"


def _point_text(wording: Wording, point: Point) -> str:
    if point.value is None:
        return f"{point.year}: {point.word or wording.phrase('no_figure')}"
    if point.low is None or point.high is None:
        return f"{point.year}: {point.label}"
    between = wording.phrase("between", low=wording.number(point.low), high=wording.number(point.high))
    return f"{point.year}: {point.label} ({between})"


# --- bydele of different size ------------------------------------------------------------------------------


def _funnel(published: Published, wording: Wording, bydele: list[Bydel]) -> Funnel:
    """Return the funnel plot of one crime type in one year.

    If the rates of the bydele differ more than chance explains, the limits of the plot are made wider.
    """
    reports = np.array([bydel.reports for bydel in bydele], float)
    residents = np.array([bydel.residents for bydel in bydele], float)
    rate = float(reports.sum() / residents.sum() * 1000)
    dispersion = counts.dispersion([(reports, residents)]) or 1.0
    sizes = np.linspace(residents.min() * 0.8, residents.max() * 1.2, 60)
    limits = []
    for confidence in (published.confidence, OUTER_LIMIT):
        low, high = counts.funnel_limits(rate, sizes, confidence, dispersion)
        name = wording.phrase("limit_wider" if dispersion > 1 else "limit", percent=wording.number(confidence * 100))
        limits.append((name, list(zip(sizes, low, high, strict=True))))
    wider = [wording.phrase("wider", times=wording.number(dispersion))] if dispersion > 1 else []
    subtitles = [*_made_up(wording, bydele), *wider]
    together = wording.phrase("together", value=wording.amount(rate, "reports_per_1000"))
    areas = [
        (published.areas[bydel.area_id][wording.language], float(bydel.residents), bydel.rate_per_1000)
        for bydel in bydele
    ]
    rates_low, rates_high = counts.funnel_limits(rate, residents, published.confidence, dispersion)
    outside = [
        name
        for (name, _, value), low, high in zip(areas, rates_low, rates_high, strict=True)
        if not low <= value <= high
    ]
    return Funnel(
        language=wording.language,
        title=wording.phrase(
            "funnel", crime_type=published.crime_types[bydele[0].crime_type][wording.language], year=bydele[0].year
        ),
        subtitles=subtitles,
        x_unit=wording.phrase("residents"),
        unit=wording.words["unit", "reports_per_1000"],
        areas=areas,
        rate=(together, rate),
        limits=limits,
        text=_funnel_text(wording, [*subtitles, together], areas, outside),
    )


def _funnel_text(
    wording: Wording, sentences: list[str], areas: list[tuple[str, float, float]], outside: list[str]
) -> str:
    """Return a description of the funnel plot in sentences, for readers who cannot see it.

    The description gives the rate and the number of residents of each bydel. It also names each bydel that lies outside
    the limits.
    """
    bydele = "; ".join(
        f"{name}: {wording.number(value)} ({wording.number(size)} {wording.phrase('residents')})"
        for name, size, value in areas
    )
    last = wording.phrase("outside", areas=", ".join(outside)) if outside else wording.phrase("none_outside")
    return " ".join(f"{sentence.rstrip('.')}." for sentence in (*sentences, bydele, last))


ASSETS = [pictures]
