"""The published pictures: one for each indicator of an agreement, and a funnel over the bydele for each type of crime.

They are drawn from the published file alone, so nothing that is hidden in it can be seen in them. Which figures, levels and
breaks a picture has is decided here; how it looks is in `assets/published/charts.py`.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import dagster as dg
import duckdb
import numpy as np

from assets.indicators.figures import breaks_between, forbidding, versions_differ
from assets.methods import counts
from assets.published import charts
from assets.published.charts import Break, Chart, Funnel, Level, Point, Series
from assets.published.publication import PUBLICATION
from assets.tables import OWNERS, expected_trouble
from assets.targets.sentences import LANGUAGES, Words, written
from warehouse.contracts import Row
from warehouse.home import pictures_folder
from warehouse.publishing import open_published

FEWEST_BYDELE = 5
COUNTED_WHOLE = {"activities", "commitments"}  # no break of the survey or of the register is theirs
OUTER_LIMIT = 0.998  # the second limit of a funnel, beside the agreement's own confidence. Source: Spiegelhalter (2005)

FIGURES = """
    SELECT edition, edition AS year, area_id, area_version, measure, share_percent AS value, share_low_percent AS low,
           share_high_percent AS high, status, 'free' AS confidentiality, provenance, rule_version
    FROM safety.yearly_shares
    UNION ALL BY NAME
    SELECT c.edition, c.crime_year AS year, c.area_id, c.area_version, m.measure,
           CASE m.unit WHEN 'reports' THEN c.reports ELSE c.rate_per_1000 END AS value,
           CASE m.unit WHEN 'reports' THEN NULL ELSE c.rate_low_per_1000 END AS low,
           CASE m.unit WHEN 'reports' THEN NULL ELSE c.rate_high_per_1000 END AS high,
           c.status, c.confidentiality, c.provenance
    FROM (FROM crime.yearly_types UNION ALL BY NAME FROM crime.monitoring) c JOIN reference.measures m USING (crime_type)
    UNION ALL BY NAME
    SELECT edition, edition AS year, area_id, 'bydele_above_10_percent_unsafe' AS measure, bydele_above AS value,
           bydele_surely_above AS low, bydele - bydele_surely_not_above AS high, status, 'free' AS confidentiality, provenance
    FROM safety.unsafe_bydele
    UNION ALL BY NAME
    SELECT edition, edition AS year, area_id, measure, CASE WHEN open THEN NULL ELSE value END AS value, NULL AS low, NULL AS high,
           status, 'free' AS confidentiality, provenance, open
    FROM (SELECT *, starts_with(measure, 'goals_kept_') AND not_known > 0 AND counted + not_known >= out_of AS open
          FROM commitments.yearly_numbers)
"""
FUNNELS = """
    SELECT c.area_id, c.area_version, c.crime_year, c.crime_type, c.reports, c.population_residents, c.rate_per_1000, c.provenance
    FROM (FROM crime.yearly_types UNION ALL BY NAME FROM crime.monitoring) c JOIN reference.areas a USING (area_id)
    WHERE a.level = 'bydel' AND c.reports IS NOT NULL AND c.population_residents IS NOT NULL
    ORDER BY c.crime_type, c.crime_year, c.area_id
"""


@dataclass(frozen=True)
class Published:
    """What the published file holds of figures and of words in one language."""

    language: str
    figures: dict[tuple[str, str], list[Row]]
    funnels: dict[tuple[str, int], list[Row]]
    tables: dict[str, list[Row]]
    words: Words
    names: dict[str, str]

    def said(self, word: str, **values: object) -> str:
        """A word or sentence of a picture in the reader's language."""
        return self.words["picture", word].format(**values)

    def number(self, value: float) -> str:
        """A figure as readers write it."""
        return written(value, self.language)


@dg.asset(
    key=dg.AssetKey(["published", "pictures"]),
    group_name="published",
    owners=OWNERS,
    kinds={"svg"},
    deps=[PUBLICATION],
    description="A picture of each indicator with its interval, target, baseline and breaks, and funnels over the bydele.",
)
def pictures() -> dg.MaterializeResult[None]:
    """Draw what changed since the last run, and take away pictures that nothing is published of any more."""
    with expected_trouble(), open_published() as connection:
        found = {name: one for language in LANGUAGES for name, one in _all(_read(connection, language))}
        drawn = [_draw(pictures_folder() / name, one) for name, one in found.items()]
        for path in pictures_folder().rglob("*.svg"):
            if path.relative_to(pictures_folder()).as_posix() not in found:
                path.unlink()
    return dg.MaterializeResult(metadata={"pictures": len(found), "drawn": sum(drawn), "folder": "published/pictures"})


def _draw(path: Path, one: Chart | Funnel) -> bool:
    """Draw the picture unless it is there already, of the same figures and by the same program."""
    program = Path(charts.__file__).read_bytes()
    mark = f"<!-- {hashlib.sha256(repr(one).encode() + program).hexdigest()[:16]} -->\n"
    if path.exists() and path.read_text(encoding="utf-8").endswith(mark):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    svg = charts.draw_chart(one) if isinstance(one, Chart) else charts.draw_funnel(one)
    beside = path.with_name(f".{path.name}")
    beside.write_text(svg + mark, encoding="utf-8")
    beside.replace(path)
    return True


# --- what is published -------------------------------------------------------------------------------------


def _read(connection: duckdb.DuckDBPyConnection, language: str) -> Published:
    figures: dict[tuple[str, str], list[Row]] = {}
    for row in _rows(connection, f"SELECT * FROM ({FIGURES}) ORDER BY year"):
        figures.setdefault((row["area_id"], row["measure"]), []).append(row)
    funnels: dict[tuple[str, int], list[Row]] = {}
    for row in _rows(connection, FUNNELS):
        funnels.setdefault((row["crime_type"], row["crime_year"]), []).append(row)
    tables = {
        name.split(".")[1]: _rows(connection, f"FROM {name} ORDER BY ALL")
        for name in (
            "reference.agreements", "reference.targets", "reference.measures", "reference.series_breaks", "reference.crime_types",
            "reference.conventions", "targets.baselines", "targets.verdicts", "reference.words", "reference.areas",
        )
    }  # fmt: skip
    return Published(
        language,
        figures,
        funnels,
        tables,
        Words({(row["kind"], row["word"]): row[f"text_{language}"] for row in tables["words"]}),
        {row["area_id"]: row["name_da"] for row in tables["areas"]},
    )


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    found = connection.execute(query)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _all(of: Published) -> Iterator[tuple[str, Chart | Funnel]]:
    """Each picture by its path below the pictures' folder."""
    measures = {row["measure"]: row for row in of.tables["measures"]}
    for agreement in of.tables["agreements"]:
        targets = [row for row in of.tables["targets"] if row["agreement_id"] == agreement["agreement_id"]]
        for area_id, measure in sorted({(row["area_id"], row["measure"]) for row in targets}):
            held = [row for row in targets if (row["area_id"], row["measure"]) == (area_id, measure)]
            if any(row["value"] is not None for row in of.figures.get((area_id, measure), [])):
                name = f"{agreement['agreement_id']}/{measure}.{of.language}.svg"
                yield name, _chart(of, agreement, measures[measure], area_id, held)
        for kind in sorted({measures[row["measure"]]["crime_type"] for row in targets} - {None}):
            years = [year for one, year in of.funnels if one == kind and len(of.funnels[one, year]) >= FEWEST_BYDELE]
            if years:
                yield f"{agreement['agreement_id']}/funnel_{kind}.{of.language}.svg", _funnel(of, kind, max(years))


# --- one indicator over the years --------------------------------------------------------------------------


def _chart(of: Published, agreement: Row, measure: Row, area_id: str, targets: list[Row]) -> Chart:
    approached = any(row["rule"] == "approaches_comparison_area" for row in targets)
    areas = [area_id, agreement["comparison_area_id"]] if approached else [area_id]
    rows = [some for one in areas if (some := of.figures.get((one, measure["measure"]), []))]
    series = [_series(of, measure, some) for some in rows]
    levels = [level for target in targets for level in _levels(of, target, agreement, measure)]
    breaks = [] if measure["topic"] in COUNTED_WHOLE else _breaks(of, measure["measure"], rows)
    about = [*_made_up(of, rows), *(f"{row['target_id']}: {row[f'text_{of.language}']}" for row in targets)]
    return Chart(
        language=of.language,
        whole=measure["unit"] in ("reports", "count"),
        note=of.said("no_interval" if measure["topic"] in COUNTED_WHOLE else "legend"),
        title=f"{measure[f'name_{of.language}']}, {of.names[area_id]}",
        subtitles=about,
        x_unit=of.said("crime_year" if measure["crime_type"] else "edition"),
        unit=of.words["unit", measure["unit"]],
        series=series,
        levels=levels,
        breaks=breaks,
        text=_text(of, about, series, levels, breaks),
    )


def _made_up(of: Published, rows: list[list[Row]]) -> list[str]:
    synthetic = any(row["provenance"] == "synthetic" for some in rows for row in some)
    return [of.words["sentence", "made_up"]] if synthetic else []


def _confidence(of: Published) -> float:
    return next(float(row["value"]) for row in of.tables["conventions"] if row["convention"] == "confidence_level")


def _series(of: Published, measure: Row, rows: list[Row]) -> Series:
    return Series(of.names[rows[0]["area_id"]], [_point(of, measure, row) for row in rows])


def _point(of: Published, measure: Row, row: Row) -> Point:
    if row["value"] is None:
        reason = {"conflict": "conflict", "low_reliability": "too_few_answers"}.get(row["status"])
        reason = "confidential" if row["confidentiality"] != "free" else reason
        word = of.said("not_known") if row["open"] else ""
        return Point(row["year"], None, word=of.words["reason", reason] if reason else word)
    low, high = row["low"], row["high"]
    if measure["unit"] == "reports":
        interval = counts.poisson_interval(int(row["value"]), _confidence(of))
        low, high = interval.low, interval.high
    return Point(row["year"], float(row["value"]), low, high, of.number(row["value"]))


def _breaks(of: Published, measure: str, rows: list[list[Row]]) -> list[Break]:
    """What broke between two figures that follow each other, in any of the areas."""
    kinds: dict[int, set[str]] = defaultdict(set)
    forbidden: set[int] = set()
    for some in rows:
        for before, now in pairwise([row for row in some if row["value"] is not None]):
            crossed = breaks_between(
                of.tables["series_breaks"], now["area_id"], measure, before["edition"], now["edition"]
            )
            kinds[now["year"]] |= {row["kind"] for row in crossed} | versions_differ(before, now)
            if forbidding(crossed, before, now):
                forbidden.add(now["year"])
    return [_break(of, year, kinds[year], year in forbidden) for year in sorted(kinds) if kinds[year]]


def _break(of: Published, year: int, kinds: set[str], forbids: bool) -> Break:
    words = ", ".join(sorted(of.words["break", kind] for kind in kinds))
    return Break(year, of.said("forbidden" if forbids else "noted", year=year, what=words), forbids)


def _levels(of: Published, target: Row, agreement: Row, measure: Row) -> Iterator[Level]:
    """What the words hold the figure against: its baseline, the promised number, the path to the other area."""
    years = (target["first_year"] - 0.4, target["last_year"] + 0.4)
    baseline = next(
        (row["value"] for row in of.tables["baselines"] if _same(row, target) and row["value"] is not None), None
    )
    if baseline is not None and target["baseline_year"] and target["rule"] != "approaches_comparison_area":
        name = of.said("baseline", year=target["baseline_year"], value=of.number(baseline))
        yield Level(name, [(float(target["baseline_year"]), baseline), (years[1], baseline)], "--")
    if target["rule"] in ("at_least", "at_most"):
        yield Level(
            of.said(target["rule"], value=of.number(target["limit_value"])),
            [(one, target["limit_value"]) for one in years],
            "-",
        )
    if target["rule"] == "own_goals":
        goals = [row for row in of.tables["verdicts"] if _same(row, target) and row["limit_value"] is not None]
        points = [(float(row["edition"]), row["limit_value"]) for row in goals]
        if points:
            each = "; ".join(f"{year:.0f} {of.number(value)}" for year, value in points)
            strokes = [one for year, n in points for one in ((year - 0.3, n), (year + 0.3, n), (math.nan, math.nan))]
            yield Level(f"{of.said('goals')}: {each}", strokes, "-")
    if target["rule"] == "approaches_comparison_area" and baseline is not None:
        path = [(float(target["baseline_year"]), baseline), *_path(of, target, agreement, measure)]
        if len(path) > 1:
            yield Level(of.said("path", area=of.names[agreement["comparison_area_id"]]), path, ":")


def _path(of: Published, target: Row, agreement: Row, measure: Row) -> Iterator[tuple[float, float]]:
    """The other area's level and what may be left of the gap, in each year that has been judged."""
    other = {
        row["year"]: row["value"] for row in of.figures.get((agreement["comparison_area_id"], measure["measure"]), [])
    }
    for row in of.tables["verdicts"]:
        judged = _same(row, target) and row["path_value"] is not None
        if judged and other.get(row["edition"]) is not None:
            yield float(row["edition"]), other[row["edition"]] + row["path_value"]


def _same(row: Row, target: Row) -> bool:
    return all(row[name] == target[name] for name in ("agreement_id", "target_id", "measure"))


def _text(of: Published, about: list[str], series: list[Series], levels: list[Level], breaks: list[Break]) -> str:
    """The picture in words, for who cannot see it."""
    lines = [line.rstrip(".") for line in about]
    for one in series:
        lines.append(f"{one.name}: " + "; ".join(_point_text(of, point) for point in one.points))
    lines += [level.name for level in levels] + [one.name for one in breaks]
    return ". ".join([*lines, of.said("marks")])


def _point_text(of: Published, point: Point) -> str:
    if point.value is None:
        return f"{point.year} {point.word or of.said('no_figure')}"
    if point.low is None or point.high is None:
        return f"{point.year} {point.label}"
    return f"{point.year} {point.label} ({of.said('between', low=of.number(point.low), high=of.number(point.high))})"


# --- bydele of different size ------------------------------------------------------------------------------


def _funnel(of: Published, kind: str, year: int) -> Funnel:
    rows = of.funnels[kind, year]
    reports, residents = (np.array([row[name] for row in rows], float) for name in ("reports", "population_residents"))
    rate = float(reports.sum() / residents.sum() * 1000)
    dispersion = counts.dispersion([(reports, residents)]) or 1.0
    confidence = _confidence(of)
    sizes = np.linspace(residents.min() * 0.8, residents.max() * 1.2, 60)
    limits = []
    for one in (confidence, OUTER_LIMIT):
        low, high = counts.funnel_limits(rate, sizes, one, dispersion)
        limits.append(
            (
                of.said("limit_wider" if dispersion > 1 else "limit", percent=of.number(one * 100)),
                list(zip(sizes, low, high, strict=True)),
            )
        )
    areas = [
        (of.names[row["area_id"]], float(row["population_residents"]), float(row["rate_per_1000"])) for row in rows
    ]
    made_up = _made_up(of, [rows])
    name = next(row for row in of.tables["crime_types"] if row["crime_type"] == kind)[f"name_{of.language}"]
    wider = [of.said("wider", times=of.number(dispersion))] if dispersion > 1 else []
    together = (of.said("together", value=of.number(rate)), rate)
    outside = [area for (area, x, y) in areas if _outside(rate, x, y, confidence, dispersion)]
    told = [f"{area}: {of.number(y)} ({of.number(x)} {of.said('residents')})" for area, x, y in areas]
    return Funnel(
        language=of.language,
        title=of.said("funnel", crime_type=name, year=year),
        subtitles=[*made_up, *wider],
        x_unit=of.said("residents"),
        unit=of.words["unit", "reports_per_1000"],
        areas=areas,
        rate=together,
        limits=limits,
        text=". ".join(
            [
                *(line.rstrip(".") for line in (*made_up, *wider)),
                together[0],
                "; ".join(told),
                of.said("outside", areas=", ".join(outside) or "-"),
            ]
        ),
    )


def _outside(rate: float, residents: float, value: float, confidence: float, dispersion: float) -> bool:
    low, high = counts.funnel_limits(rate, np.array([residents]), confidence, dispersion)
    return not low[0] <= value <= high[0]


ASSETS = [pictures]
