"""Draw two kinds of pictures as SVG: a measure over the years, and a funnel plot that compares areas of different size.

The pictures can be read without colours, because shapes, dashes and words are enough to tell things apart.
`assets/published/pictures.py` decides which figures are drawn. Matplotlib is imported inside functions, because this
module is loaded far more often than pictures are drawn.
"""

import io
import math
import os
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from assets.targets.sentences import written
from warehouse.home import cache_folder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GREY, PALE = "#111111", "#555555", "#bbbbbb"
STYLE: Any = {
    "svg.fonttype": "none",  # keeps words as text, so that they can be searched and read aloud
    "svg.hashsalt": "tryghed",  # always the same, so that the same figures give the same bytes
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica", "sans-serif"],
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
MARKERS = ("o", "D")
LINE_LENGTH = 95  # the number of letters that fit on a line across the picture
WIDTH, HEIGHT = 532.8, 302.4  # the size of a picture, in points
LEAST_HEIGHT = 100  # the smallest height of the axes, in points
PAD = 3  # the space around words, in points
NAME_WIDTH, NAME_HEIGHT = 90, 11  # the size of an area's name in a funnel plot, in points


@dataclass(frozen=True)
class Point:
    """The figure of a year, with its interval and its label.

    If there is no value, the picture shows `word` as the reason. If `word` is empty, it shows nothing.
    """

    year: int
    value: float | None
    low: float | None = None
    high: float | None = None
    label: str = ""
    word: str = ""


@dataclass(frozen=True)
class Series:
    """The points of an area, in the order of the years."""

    name: str
    points: list[Point]


@dataclass(frozen=True)
class Level:
    """A line that the points are compared with: a baseline, a target's limit or a path."""

    name: str
    points: list[tuple[float, float]]
    dashes: str


@dataclass(frozen=True)
class Break:
    """A break in the series before a year. `name` describes the break in a few words.

    If `forbids` is true, the break forbids comparisons and its line is heavier.
    """

    year: int
    name: str
    forbids: bool


@dataclass(frozen=True)
class Chart:
    """Everything that is drawn for a measure, including all words.

    `whole` is true if the figures are whole numbers.
    """

    language: str
    title: str
    subtitles: list[str]
    x_unit: str
    unit: str
    whole: bool
    note: str
    series: list[Series]
    levels: list[Level]
    breaks: list[Break]
    text: str


@dataclass(frozen=True)
class Funnel:
    """Everything that is drawn in a funnel plot, including all words.

    `areas` has the name, the residents and the rate of each area. `rate` is a horizontal line: its name, and the rate
    of all areas together. Each item of `limits` is a pair of lines: a name, and points. Each point is a number of
    residents, a lower limit and an upper limit. If the rates differed only by chance, nearly all areas would lie
    between the limits.
    """

    language: str
    title: str
    subtitles: list[str]
    x_unit: str
    unit: str
    areas: list[tuple[str, float, float]]
    rate: tuple[str, float]
    limits: list[tuple[str, list[tuple[float, float, float]]]]
    text: str


def draw_chart(chart: Chart) -> str:
    """Return the picture of a measure as SVG, with a title and a text alternative."""
    with _style():
        figure, axes = _empty(chart)
        break_years = {series_break.year for series_break in chart.breaks}
        shifts = [0.08 * (2 * number - len(chart.series) + 1) for number in range(len(chart.series))]
        for series, marker, shift in zip(chart.series, MARKERS, shifts, strict=False):
            _series(axes, series, break_years, marker, shift)
        _values(axes, chart.series[0], shifts[0])
        for level in chart.levels:
            axes.plot(
                *zip(*level.points, strict=True), ls=level.dashes, color=INK, lw=1.3, label=level.name, clip_on=False
            )
        _breaks(axes, chart.breaks)
        years = [point.year for series in chart.series for point in series.points]
        years += [round(x) for level in chart.levels for x, _ in level.points if not math.isnan(x)]
        axes.set_xticks(range(min(years), max(years) + 1))
        axes.set_xlim(min(years) - 0.6, max(years) + 0.6)
        top = axes.get_ylim()[1] * 1.05
        has_level_at_zero = any(y == 0 for level in chart.levels for _, y in level.points)
        axes.set_ylim(bottom=-0.04 * top if has_level_at_zero else 0, top=top)
        axes.plot([], [], " ", label=chart.note)
        _legend(figure, axes)
        _fit(figure, axes)
        return _svg(figure, chart.title, chart.text)


def draw_funnel(funnel: Funnel) -> str:
    """Return the funnel plot as SVG, with a title and a text alternative."""
    with _style():
        figure, axes = _empty(funnel)
        axes.xaxis.set_major_formatter(lambda value, _: written(value, funnel.language))
        name, rate = funnel.rate
        axes.axhline(rate, color=INK, lw=1.1, label=name)
        limits = funnel.limits[0][1]
        for (label, band), dashes in zip(funnel.limits, ("--", ":"), strict=True):
            residents, low, high = zip(*band, strict=True)
            axes.plot(residents, low, ls=dashes, color=GREY, lw=1.1, label=label)
            axes.plot(residents, high, ls=dashes, color=GREY, lw=1.1)
        axes.plot([x for _, x, _ in funnel.areas], [y for _, _, y in funnel.areas], "o", color=INK, ms=5)
        axes.set_xlim(limits[0][0], limits[-1][0])
        axes.set_ylim(bottom=0)
        _legend(figure, axes)
        _fit(figure, axes)
        _names(axes, funnel.areas)
        return _svg(figure, funnel.title, funnel.text)


@contextmanager
def _style() -> Iterator[None]:
    """Apply the project's matplotlib settings while a picture is drawn.

    Matplotlib's font cache is kept in the data folder.
    """
    os.environ.setdefault("MPLCONFIGDIR", str(cache_folder() / "matplotlib"))
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        yield


def _names(axes: "Axes", areas: list[tuple[str, float, float]]) -> None:
    """Write each area's name above its point. If another name is in the way, write the name higher up.

    Call this function after `_fit`.
    """
    places: list[tuple[float, float]] = []
    for name, x, y in sorted(areas, key=lambda area: area[2]):
        across, up = axes.transData.transform((x, y))
        place = up + 6
        while any(abs(across - column) < NAME_WIDTH and abs(place - height) < NAME_HEIGHT for column, height in places):
            place += 1
        places.append((across, place))
        axes.annotate(
            name, (x, y), xytext=(0, place - up), textcoords="offset points", ha="center", va="bottom", fontsize=8,
            arrowprops={"arrowstyle": "-", "color": PALE, "lw": 0.6, "shrinkA": 0, "shrinkB": 3},
        )  # fmt: skip


def _empty(picture: Chart | Funnel) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72)  # so that a pixel is a point, as in the SVG
    axes = figure.add_subplot()
    lines = [line for heading in (picture.title, *picture.subtitles) for line in textwrap.wrap(heading, LINE_LENGTH)]
    axes.set_title("\n".join(lines), x=0, y=1, ha="left", fontsize=10)
    axes.set_xlabel(picture.x_unit)
    axes.set_ylabel(picture.unit)
    if isinstance(picture, Chart) and picture.whole:
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(lambda value, _: written(value, picture.language))
    axes.grid(axis="y", color=PALE, lw=0.5)
    axes.set_axisbelow(True)
    return figure, axes


def _series(axes: "Axes", series: Series, break_years: set[int], marker: str, shift: float) -> None:
    """Draw the points of a series with their intervals. A point without an interval is hollow.

    Two points are joined if their years are consecutive and there is no break between them. All marks of a kind are
    drawn as one line with gaps, because matplotlib draws one long line faster than many short lines.
    """
    gap = (math.nan, math.nan)
    shown = [(point, (point.year + shift, point.value)) for point in series.points if point.value is not None]
    joins: list[tuple[float, float]] = []
    for (point, place), (next_point, next_place) in pairwise(shown):
        if next_point.year - point.year == 1 and next_point.year not in break_years:
            joins += [place, next_place, gap]
    intervals: list[tuple[float, float]] = []
    places: dict[str, list[tuple[float, float]]] = defaultdict(list)  # keyed by the fill of the marks
    for point, (x, y) in shown:
        if point.low is not None and point.high is not None:
            intervals += [(x, point.low), (x, point.high), gap]
            places[INK].append((x, y))
        else:
            places["white"].append((x, y))
    axes.plot(*zip(*joins, strict=True), color=GREY, lw=1)
    axes.plot(*zip(*intervals, strict=True), color=INK, lw=1.2, marker="_", ms=7)
    label: str | None = series.name  # the legend shows the name once, with the first fill
    for fill, of_fill in places.items():
        axes.plot(*zip(*of_fill, strict=True), marker, color=INK, markerfacecolor=fill, ms=6, label=label, zorder=4)
        label = None
    for point in series.points:
        if point.word:
            _word(axes, point.word, point.year + shift)


def _word(axes: "Axes", word: str, x: float) -> None:
    """Write the reason why a year has no figure. The text runs upwards from the horizontal axis."""
    axes.annotate(
        word, (x, 0), xytext=(0, 4), textcoords="offset points", rotation=90, ha="center", va="bottom", fontsize=8
    )


def _values(axes: "Axes", series: Series, shift: float) -> None:
    """Write the label of each figure to the left of its mark."""
    for point in series.points:
        if point.value is not None:
            place = (point.year + shift, point.value)
            axes.annotate(
                point.label, place, xytext=(-6, 0), textcoords="offset points", ha="right", va="center", fontsize=8,
                bbox={"color": "white", "pad": 0.4}, zorder=3,
            )  # fmt: skip


def _breaks(axes: "Axes", breaks: list[Break]) -> None:
    """Draw a vertical line before the year of each break. A letter beside the line refers to the legend."""
    for letter, series_break in zip(ascii_lowercase, breaks, strict=False):
        axes.axvline(
            series_break.year - 0.5,
            color=INK,
            lw=2.2 if series_break.forbids else 0.9,
            ls=(0, (1, 1.5)),
            label=f"{letter}  {series_break.name}",
        )
        axes.annotate(
            letter, (series_break.year - 0.5, 1), xycoords=("data", "axes fraction"), xytext=(3, -2), textcoords="offset points",
            va="top", fontsize=8, weight="bold",
        )  # fmt: skip


def _legend(figure: "Figure", axes: "Axes") -> None:
    """Explain the marks in a legend below the axes. The legend has two columns if there is room."""
    handles, labels = axes.get_legend_handles_labels()
    half = (len(labels) + 1) // 2
    widths = [max(map(len, column), default=0) for column in (labels[:half], labels[half:])]
    columns = 2 if sum(widths) < LINE_LENGTH + 10 else 1  # the legend's letters are smaller
    figure.legend(handles, labels, loc="lower left", ncols=columns, frameon=False, fontsize=8)


def _fit(figure: "Figure", axes: "Axes") -> None:
    """Fit the axes into the space that the words around them leave. Make the picture higher if this space is too small.

    Matplotlib's own layouts do the same, but they measure and draw everything twice. This function measures only words,
    because nothing else is outside the axes.
    """
    from matplotlib.backends.backend_svg import RendererSVG

    ruler = RendererSVG(WIDTH, HEIGHT, io.StringIO())  # type: ignore[no-untyped-call]  # measures text as in the SVG
    legend_height = figure.legends[0].get_window_extent(ruler).height
    words_below: Any = axes.xaxis.get_tightbbox(ruler)
    above = axes.title.get_window_extent(ruler).y1 - axes.bbox.y1 + PAD
    below = axes.bbox.y0 - words_below.y0 + PAD + legend_height + 2 * PAD
    height = max(HEIGHT, above + LEAST_HEIGHT + below)
    figure.set_figheight(height / 72)
    figure.subplots_adjust(bottom=below / height, top=1 - above / height, right=1 - PAD / WIDTH)
    # The left side is measured last, because the numbers along the vertical axis depend on the axis's height.
    words_left: Any = axes.yaxis.get_tightbbox(ruler)
    figure.subplots_adjust(left=(axes.bbox.x0 - words_left.x0 + PAD) / WIDTH)


def _svg(figure: "Figure", title: str, text: str) -> str:
    svg = io.StringIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    return _with_text(svg.getvalue(), title, text)


def _with_text(svg: str, title: str, text: str) -> str:
    """Add a title and a text alternative for screen readers to an SVG picture.

    Source: WAI-ARIA Graphics Module, role img, title and desc.
    """
    start = svg.index("<svg")
    end = svg.index(">", start)
    alternative = f"\n <title>{escape(title)}</title>\n <desc>{escape(text)}</desc>"
    return f'{svg[:end]} role="img">{alternative}{svg[end + 1 :]}'
