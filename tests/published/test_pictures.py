"""Tests of the pictures: their contents come from the published file, and they can be read without colour or sight."""

import re
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from assets.methods import counts
from assets.published import charts, pictures
from assets.published.charts import Break, Chart, Funnel, Level
from assets.published.contents import read_published
from tests.delivering import published_in_memory
from tests.scenarios import REFERENCE, TH, count, made_up, make
from warehouse.contracts import Row, contracts, records
from warehouse.errors import InputError
from warehouse.home import pictures_folder

pytestmark = pytest.mark.slow  # drawing takes two minutes

SVG = "{http://www.w3.org/2000/svg}"
AGREEMENT = "tingbjerg_husum_2021_2024"
SHARES = {
    (2019, TH): (18, 300),
    (2020, TH): (16, 300),
    (2021, TH): (14, 300),
    (2020, "copenhagen"): (9, 1000),
    (2021, "copenhagen"): (8, 1000),
}


def published(lines: list[Any], spoil: Callable[[dict[str, pd.DataFrame]], None] | None = None) -> dict[str, Any]:
    """Return the pictures that would be published from these lines, by path. `spoil` changes the tables first."""
    with published_in_memory(make(lines, spoil)) as connection:
        return pictures.pictures_of(read_published(connection))


def drawn(picture: Chart | Funnel) -> ElementTree.Element:
    svg = charts.draw_chart(picture) if isinstance(picture, Chart) else charts.draw_funnel(picture)
    return ElementTree.fromstring(svg)


def chart(by_path: dict[str, Any], measure: str, language: str = "da") -> Chart:
    return by_path[f"{AGREEMENT}/{measure}.{language}.svg"]


@pytest.fixture(scope="module")
def shares() -> dict[str, Any]:
    return published(made_up("unsafe", SHARES))


def test_a_share_is_drawn_with_interval_baseline_path_and_the_municipality(shares: dict[str, Any]) -> None:
    picture = chart(shares, "unsafe")
    area, city = picture.series
    points = {point.year: point for point in area.points}
    assert (area.name, city.name) == ("Tingbjerg-Husum", "København")
    assert (points[2020].value, points[2020].label) == (16, "16")
    assert 11 < (points[2020].low or 0) < 12 < 21 < (points[2020].high or 0)  # 300 answers, design effect 1.5, rounding
    assert points[2022].value is None
    baseline, path = picture.levels
    assert (baseline.name, baseline.points) == ("Baseline 2020: 16 %", [(2020, 16), (2024.4, 16)])
    # the gap was 7 points in 2020; in 2021 three quarters of it may be left, on top of Copenhagen's 8 %
    assert path.points == [(2020, 16), (2021, pytest.approx(8 + 7 * 3 / 4))]


def test_a_picture_names_areas_in_its_language_if_they_have_a_name_in_it(shares: dict[str, Any]) -> None:
    picture = chart(shares, "unsafe", "en")
    assert [series.name for series in picture.series] == ["Tingbjerg-Husum", "Copenhagen"]
    assert picture.levels[-1].name == "Steady path to the level of Copenhagen"


def test_a_title_and_a_text_stand_in_for_the_picture(shares: dict[str, Any]) -> None:
    root = drawn(chart(shares, "unsafe", "en"))
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "Share who feel unsafe, Tingbjerg-Husum"
    text = root.findtext(f"{SVG}desc") or ""
    for phrase in (
        "1a: The share who feel unsafe falls every year.", "Tingbjerg-Husum, 2019: ", "2021: 14 (", "2022: no figure",
        "Baseline 2020: 16 %.", "Break before 2020, compared with reservations: answers collected at another time of year.",
    ):  # fmt: skip
        assert phrase in text
    # the label is text and not the outlines of letters
    assert "14" in {(element.text or "").strip() for element in root.iter(f"{SVG}text")}


def test_everything_is_black_white_or_grey_and_told_apart_by_shape(shares: dict[str, Any]) -> None:
    for picture in shares.values():
        colours = set(re.findall(r"#[0-9a-fA-F]{6}", ElementTree.tostring(drawn(picture), encoding="unicode")))
        assert all(len({colour[1:3], colour[3:5], colour[5:7]}) == 1 for colour in colours), colours
    assert len(set(charts.MARKERS)) == 2
    assert len({level.dashes for level in chart(shares, "unsafe").levels}) == 2


def test_a_break_is_named_and_no_line_crosses_it(shares: dict[str, Any]) -> None:
    picture = chart(shares, "unsafe")
    assert [(shown.year, shown.forbids) for shown in picture.breaks] == [(2020, False), (2021, False)]
    lines = chart_lines(picture)
    assert lines == 0  # both lines, 2019 to 2020 and 2020 to 2021, would cross a break
    without_breaks = Chart(**(vars(picture) | {"breaks": []}))
    assert chart_lines(without_breaks) == 3  # two lines of the area and one line of Copenhagen


def chart_lines(picture: Chart) -> int:
    """Return the number of lines between two points. Nothing else inside the axes has the grey of these lines."""
    groups = [group for group in drawn(picture).iter(f"{SVG}g") if (group.get("id") or "").startswith("line2d")]
    paths = [path for group in groups for path in group.findall(f"{SVG}path") if path.get("clip-path") is not None]
    return sum((path.get("d") or "").count("L") for path in paths if "stroke: #555555" in (path.get("style") or ""))


def test_a_forbidding_break_is_told_from_a_noted_one() -> None:
    def moved(tables: dict[str, pd.DataFrame]) -> None:
        line = {
            "break_id": "made_up", "area_id": TH, "measure": "unsafe", "first_edition": 2021, "kind": "area", "effect": "not_comparable",
            "decided_by": "made up", "decided_on": date(2021, 1, 1), "source_id": "project_assumption", "reason": "made up",
        }  # fmt: skip
        tables["series_breaks"] = contracts()["reference.series_breaks"].frame(
            [*records(tables["series_breaks"]), line]
        )

    series_break = chart(published(made_up("unsafe", SHARES), moved), "unsafe").breaks[1]
    assert (series_break.year, series_break.forbids) == (2021, True)
    assert (
        series_break.name
        == "Databrud før 2021, kan ikke sammenlignes: ny afgrænsning af området, svar indsamlet på et andet tidspunkt af året"
    )


def figure(year: int, value: float | None, **changes: Any) -> Row:
    """Return a row of indicators.yearly: the area's share in one year."""
    return {
        "edition": year, "year": year, "area_id": TH, "measure": "unsafe", "value": value, "unit": "percent", "status": "normal",
        "confidentiality": "free", "maturity": "final", "method": "made up",
    } | changes  # fmt: skip


def comparison(year: int, earlier: int, breaks: str | None, forbidden_by: str | None = None, **changes: Any) -> Row:
    """Return a row of indicators.comparisons: the share of one year compared with the share of an earlier year."""
    return {
        "edition": year, "year": year, "area_id": TH, "measure": "unsafe", "compared_with": "earlier_edition", "compared_edition": earlier,
        "compared_area_id": TH, "change_unit": "percentage_points", "breaks": breaks, "forbidden_by": forbidden_by, "status": "normal",
        "confidentiality": "free", "maturity": "final", "method": "made up",
    } | changes  # fmt: skip


def breaks_read(figures: list[Row], comparisons: list[Row]) -> dict[int, tuple[set[str], bool]]:
    """Return the breaks directly before each year: their kinds, and whether they forbid a comparison."""
    tables = {
        "yearly": contracts()["indicators.yearly"].frame(figures),
        "comparisons": contracts()["indicators.comparisons"].frame(comparisons),
    }
    with published_in_memory(REFERENCE | tables) as connection:
        figures_read = read_published(connection).figures[TH, "unsafe"]
    return {row.year: (set(row.breaks), row.is_forbidden) for row in figures_read if row.breaks}


def test_breaks_are_those_of_the_comparison_with_the_figure_that_is_shown_before() -> None:
    figures = [figure(2019, 20), figure(2020, None, status="missing"), figure(2021, 18), figure(2022, 17)]
    comparisons = [
        comparison(2021, 2019, "fieldwork_2020 fieldwork_2021"),
        comparison(2022, 2021, None),
        comparison(2022, 2019, "fieldwork_2020 fieldwork_2021"),  # two figures that do not follow each other
        comparison(2022, 2021, "fieldwork_2021", compared_with="edition_before"),
    ]
    assert breaks_read(figures, comparisons) == {2021: ({"fieldwork"}, False)}


@pytest.mark.parametrize(
    ("breaks", "forbidden_by", "read"),
    [
        ("amager_area_2021", "amager_area_2021", {2021: ({"area"}, True)}),
        ("area_versions question_versions", "area_versions question_versions", {2021: ({"area", "question"}, True)}),
        ("fieldwork_2021 question_unknown", None, {2021: ({"fieldwork"}, False)}),
        ("question_unknown", None, {}),
        (None, None, {}),
    ],
)
def test_each_word_of_a_comparison_has_its_kind_of_break(
    breaks: str | None, forbidden_by: str | None, read: dict[int, tuple[set[str], bool]]
) -> None:
    assert breaks_read([figure(2020, 20), figure(2021, 18)], [comparison(2021, 2020, breaks, forbidden_by)]) == read


def test_the_funnel_has_bydele_whose_residents_are_known_well() -> None:
    of_valby = {"area_id": "bydel_valby", "measure": "burglary_reports", "unit": "reports", "reports": 30}
    residents = {"population_low_residents": 10_000, "population_high_residents": 10_000}
    figures = [
        figure(2022, 30, **of_valby, **residents),
        figure(2022, 30, **of_valby, **residents) | {"area_id": TH},  # no bydel
        figure(2022, 20.0, **residents)
        | {
            "area_id": "bydel_valby",
            "measure": "citizen_facing_reports_per_1000",
            "unit": "reports_per_1000",
            "reports": 200,
        },
        figure(2022, 30, **of_valby, **residents) | {"area_id": "bydel_vanloese", "population_high_residents": 10_100},
        figure(2022, None, **of_valby)
        | {"area_id": "bydel_bispebjerg", "reports": None, "confidentiality": "confidential"},
    ]
    with published_in_memory(REFERENCE | {"yearly": contracts()["indicators.yearly"].frame(figures)}) as connection:
        bydele = read_published(connection).bydele
    (row,) = bydele["burglary", 2022]
    assert (row.area_id, row.reports, row.residents, row.rate_per_1000) == ("bydel_valby", 30, 10_000, 3.0)
    assert list(bydele) == [("burglary", 2022)]


def test_every_unit_and_kind_of_break_has_its_word() -> None:
    words = {(row["kind"], row["word"]) for row in records(REFERENCE["words"])}
    kinds = contracts()["reference.series_breaks"].columns["kind"].allowed or []
    assert {("break", kind) for kind in kinds} <= words
    assert {("unit", unit) for unit in REFERENCE["measures"]["unit"]} <= words


def test_a_word_that_somebody_took_out_is_named() -> None:
    def without(tables: dict[str, pd.DataFrame]) -> None:
        tables["words"] = tables["words"][tables["words"]["kind"] != "unit"]

    with pytest.raises(InputError, match=r"words.csv has no line for the unit 'percent'"):
        published(made_up("unsafe", SHARES), without)


def test_what_is_counted_whole_has_its_promise_and_no_break_of_the_survey() -> None:
    def delivered(tables: dict[str, pd.DataFrame]) -> None:
        rows = [
            {
                "edition": edition, "area_id": TH, "measure": "activities_with_two_or_more_partners", "value": 80.0, "counted": 8,
                "out_of": 10, "not_known": 0, "status": "normal", "provenance": "extract", "maturity": "final", "method": "made up",
            }
            for edition in (2022, 2023)
        ]  # fmt: skip
        tables["yearly_numbers"] = contracts()["commitments.yearly_numbers"].frame(rows)

    picture = chart(published([], delivered), "activities_with_two_or_more_partners", "en")
    assert (picture.breaks, picture.x_unit) == ([], "edition")
    assert [level.name for level in picture.levels] == ["Target: at least 75 %"]
    assert picture.note == "Full count: no interval"


def test_goals_have_their_number_beside_them_and_none_where_nobody_knows_yet() -> None:
    def delivered(tables: dict[str, pd.DataFrame]) -> None:
        rows = [
            {
                "edition": edition, "area_id": TH, "measure": "goals_kept_safer_city_life", "value": float(kept), "counted": kept,
                "out_of": out_of, "not_known": open_, "status": "normal", "provenance": "extract", "maturity": "final", "method": "made up",
            }
            for edition, kept, out_of, open_ in ((2021, 1, 3, 0), (2022, 0, 2, 2), (2023, 1, 1, 0))
        ]  # fmt: skip
        tables["yearly_numbers"] = contracts()["commitments.yearly_numbers"].frame(rows)

    picture = chart(published([], delivered), "goals_kept_safer_city_life")
    assert [(point.year, point.value, point.word) for point in picture.series[0].points] == [
        (2021, 1, ""), (2022, None, "endnu ikke opgjort"), (2023, 1, ""),
    ]  # fmt: skip
    (goals,) = picture.levels
    assert goals.name == "Antal mål i planen: 3 (2021), 2 (2022), 1 (2023)"
    # each year has a stroke, and no line joins the strokes
    drawn_at = [point for point in goals.points if not np.isnan(point[0])]
    assert drawn_at == [(y + aside, n) for y, n in ((2021, 3), (2022, 2), (2023, 1)) for aside in (-0.3, 0.3)]


@pytest.mark.parametrize(("number", "is_higher"), [(2, False), (20, True)])
def test_words_stand_around_the_axes_and_a_picture_of_many_words_is_higher(
    shares: dict[str, Any], number: int, is_higher: bool
) -> None:
    breaks = [Break(2020, f"Break {letter}: {'asked at another time, ' * 3}", False) for letter in range(number)]
    picture = Chart(**(vars(chart(shares, "unsafe", "en")) | {"breaks": breaks}))
    root = drawn(picture)
    height = float((root.get("viewBox") or "").split()[3])
    frame = points_of(next(root.iterfind(f".//{SVG}g[@id='patch_2']/{SVG}path")))
    left, top, bottom = min(x for x, _ in frame), min(y for _, y in frame), max(y for _, y in frame)
    words = {(text.text or "").strip(): position_of(text) for text in root.iter(f"{SVG}text")}
    # letters are 9 and 10 points high and stand above their position; numbers on the left axis end at their position
    assert 9 < words[picture.title][1] < words[picture.subtitles[-1]][1] < top
    assert bottom < words["2021"][1] - 9 < words["edition"][1] - 18 < words["Tingbjerg-Husum"][1] - 26
    assert max(y for _, y in words.values()) < height
    assert 9 < words[picture.unit][0] < words["10"][0] - 11 < left - 11
    assert (height > charts.HEIGHT, bottom - top == pytest.approx(charts.LEAST_HEIGHT)) == (is_higher, is_higher)


def test_a_promise_for_a_later_year_lies_inside_the_picture(shares: dict[str, Any]) -> None:
    picture = chart(shares, "unsafe")
    target = Level("Target: at most 9", [(2029.6, 9), (2030.4, 9)], "-")
    root = drawn(Chart(**(vars(picture) | {"levels": [target]})))
    assert {"2022", "2026", "2030"} <= {(text.text or "").strip() for text in root.iter(f"{SVG}text")}
    stroke = next(path for path in root.iter(f"{SVG}path") if "stroke-width: 1.3" in (path.get("style") or ""))
    frame = next(root.iterfind(f".//{SVG}g[@id='patch_2']/{SVG}path"))
    left, *_, right = sorted(x for x, _ in points_of(frame))
    assert all(left < x < right for x, _ in points_of(stroke))


def position_of(text: ElementTree.Element) -> tuple[float, float]:
    """Return how far a text is from the left and from the top of the picture."""
    *_, x, y = re.findall(r"-?[\d.]+", text.get("transform") or "")
    return float(x), float(y)


def points_of(path: ElementTree.Element) -> list[tuple[float, float]]:
    """Return how far each point of a path is from the left and from the top of the picture."""
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path.get("d") or "")]


def test_axes_are_numbered_as_readers_of_the_language_write() -> None:
    counts_of_years = [
        count(number, 2020 + year, crime_type="harassment", population_residents=10_000)
        for year, number in ((1, 5), (2, 7))
    ]
    by_path = published([], lambda tables: tables.update(counted=contracts()["crime.counted"].frame(counts_of_years)))
    for language, mark in (("da", ","), ("en", ".")):
        words = {
            (text.text or "").strip()
            for text in drawn(chart(by_path, "harassment_reports", language)).iter(f"{SVG}text")
        }
        assert not any(re.fullmatch(r"\d+[.,]\d", word) for word in words)  # a count has no decimals
        shares = published(made_up("unsafe", {(2020, TH): (1, 3000), (2021, TH): (1, 3000)}))
        words = {(text.text or "").strip() for text in drawn(chart(shares, "unsafe", language)).iter(f"{SVG}text")}
        assert any(re.fullmatch(rf"\d\{mark}\d+", word) for word in words), words


def burglary_pictures(numbers: dict[str, int], **changes: Any) -> dict[str, Any]:
    """Return the pictures of burglaries in areas of 10,000 residents in crime year 2022, by path."""
    rows = [
        count(number, area_id=area, crime_type="burglary", population_residents=10_000, **changes)
        for area, number in numbers.items()
    ]
    return published([], lambda tables: tables.update(counted=contracts()["crime.counted"].frame(rows)))


BYDELE = {
    "bydel_valby": 100,
    "bydel_vanloese": 110,
    "bydel_bispebjerg": 90,
    "bydel_amager_oest": 105,
    "bydel_oesterbro": 95,
}


def test_a_hidden_count_is_in_no_picture_but_the_word_that_says_so() -> None:
    # the only count, so nothing is drawn
    assert f"{AGREEMENT}/burglary_reports.da.svg" not in burglary_pictures(BYDELE | {TH: 3})
    before = [count(3, 2022, crime_type="burglary", population_residents=10_000), count(30, crime_type="burglary")]
    by_path = published([], lambda tables: tables.update(counted=contracts()["crime.counted"].frame(before)))
    points = {point.year: point for point in chart(by_path, "burglary_reports").series[0].points}
    hidden, shown = points[2021], points[2022]
    assert (hidden.year, hidden.value, hidden.low, hidden.word) == (2021, None, None, "tallet er fortroligt")
    # Garwood's limits of 30 by chi-square quantiles: 20.24 and 42.83
    assert (shown.year, shown.value) == (2022, 30)
    assert (shown.low, shown.high) == pytest.approx((20.24, 42.83), abs=0.01)


def test_a_funnel_has_each_bydel_and_limits_that_say_how_they_were_widened() -> None:
    funnel = burglary_pictures(BYDELE)[f"{AGREEMENT}/funnel_burglary.da.svg"]
    assert sorted(area for area, _, _ in funnel.areas) == ["Amager Øst", "Bispebjerg", "Valby", "Vanløse", "Østerbro"]
    assert funnel.rate == ("Bydelene under ét: 10 pr. 1.000 indbyggere", 10)
    assert "mere forskellige" not in " ".join(funnel.subtitles)
    assert "Ingen bydele ligger uden for 95 %-grænserne." in funnel.text
    uneven = burglary_pictures(BYDELE | {"bydel_oesterbro": 300})[f"{AGREEMENT}/funnel_burglary.en.svg"]
    assert uneven.subtitles[-1].startswith("The bydele differ ")
    assert uneven.limits[0][0].startswith(
        "95 % of the bydele would lie between the limits if they differed as much as here"
    )
    assert (
        burglary_pictures(BYDELE)[f"{AGREEMENT}/funnel_burglary.en.svg"]
        .limits[0][0]
        .endswith("if they differed by chance alone")
    )
    # rates of 8 to 30 in areas of 10,000: the limits of chance are widened by the root of (chi-squared / 4)
    reports = np.array([100, 110, 90, 105, 300])
    dispersion = (((reports - reports.mean()) ** 2 / reports.mean()).sum()) / 4
    _, _, high = next(point for point in uneven.limits[0][1] if point[0] >= 10_000)
    plain = counts.funnel_limits(reports.mean() / 10, np.array([10_000.0]), 0.95, 1.0)
    assert high - reports.mean() / 10 == pytest.approx(
        np.sqrt(dispersion) * (plain[1][0] - reports.mean() / 10), rel=0.1
    )
    assert f"{AGREEMENT}/funnel_burglary.da.svg" not in burglary_pictures(dict(list(BYDELE.items())[:4]))


def test_made_up_figures_are_marked_in_the_picture() -> None:
    funnel = burglary_pictures(BYDELE, provenance="synthetic")[f"{AGREEMENT}/funnel_burglary.en.svg"]
    words = {(element.text or "").strip() for element in drawn(funnel).iter(f"{SVG}text")}
    assert "Made-up figures." in words


@pytest.mark.parametrize("expected", [2.5, 20.0, 400.0])
def test_chance_leaves_the_promised_share_of_counts_within_the_funnel(expected: float) -> None:
    low, high = (limit[0] for limit in counts.funnel_limits(10, np.array([expected * 100]), 0.95, 1.0))
    inside = [k for k in range(1000) if low <= k / (expected * 100) * 1000 <= high]
    assert 0.90 < stats.poisson.pmf(inside, expected).sum() < 0.98
    # for many reports the limits are those of the normal distribution: 400 -+ 1.96 * 20
    if expected == 400:
        assert (low, high) == pytest.approx((10 - 0.98, 10 + 0.98), abs=0.03)
    wide = counts.funnel_limits(10, np.array([expected * 100]), 0.95, 4.0)[1][0]
    assert wide - 10 == pytest.approx(2 * (high - 10))


def test_a_larger_area_has_narrower_limits() -> None:
    low, high = counts.funnel_limits(10, np.array([1000.0, 10_000, 100_000]), 0.95, 1.0)
    assert all(wider > narrower for wider, narrower in pairwise(high - low))


def test_the_run_draws_and_draws_nothing_twice(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRYGHED_HOME", str(home))
    names = {path.name for path in pictures_folder().rglob("*.svg")}
    assert {"unsafe.da.svg", "unsafe_evening.en.svg", "citizen_facing_reports_per_1000.da.svg"} <= names
    gone = pictures_folder() / AGREEMENT / "gone.da.svg"
    gone.write_text("of a measure that is no more", encoding="utf-8")
    (pictures_folder() / AGREEMENT / "unsafe.da.svg").write_text("of older figures", encoding="utf-8")
    metadata = pictures.pictures().metadata or {}  # type: ignore[union-attr]
    assert (metadata["drawn"], metadata["pictures"], gone.exists()) == (1, len(names), False)
