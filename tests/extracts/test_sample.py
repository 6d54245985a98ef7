"""Tests of the made-up extracts: they fit their specifications, give every published figure, and repeat by seed.

These tests read the files as text and use only pandas on them. Other test modules test a run on the extracts.
"""

import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyreadstat
import pytest
import shapely

import assets.extracts.sample as sample
from assets.extracts.files import SYNTHETIC, DeliveredFile
from assets.extracts.landing import delivered_files, look_into, rows_of
from assets.extracts.layouts import load_specifications
from assets.extracts.sample.writing import write
from warehouse.errors import InputError
from warehouse.reference_files import Reference, load_reference

pytestmark = pytest.mark.slow  # each worker writes the whole sample first, which takes a minute

EDITIONS = range(2017, 2026)
SPECIFICATIONS = load_specifications()
REPORTS, COUNTS, SURVEY = "koebenhavns_politi_reports", "koebenhavns_politi_counts", "sikker_by_survey"
POPULATION = "koebenhavn_population"
OF_PARTNERSHIPS = {
    "tryghedsplan_activities",
    "tryghedsplan_goals",
    "partnership_meetings",
    "partnership_accounts",
    "state_listed_areas",
}
PARTNERSHIPS = {"tingbjerg_husum", "amager_partnership", "folehaven"}
SAFETY = ("unsafe", "unsafe_evening", "safe", "safe_evening", "neither")

# Two sources disagree on this figure. The sample gives the first one in published_figures.csv, so not this one.
NOT_MET = {(2019, "copenhagen", "unsafe_evening", "politiken_art7242531")}


class Sample:
    """A sample: its files by edition, and the rows of each file as text."""

    def __init__(self, paths: list[Path], progress: list[tuple[int, int]]) -> None:
        self.paths, self.progress = paths, progress
        self.reference: Reference = load_reference()
        self.files = {edition: delivered_files(edition, SPECIFICATIONS) for edition in EDITIONS}
        self._rows: dict[Path, pd.DataFrame] = {}
        self._types: dict[int, dict[str, str]] = {}

    def of(self, extract: str, edition: int) -> list[DeliveredFile]:
        return [file for file in self.files[edition] if file.layout.extract == extract]

    def file(self, extract: str, edition: int) -> DeliveredFile:
        """Return the extract's file of the edition. Files with a later draw of an earlier year are left out."""
        return next(file for file in self.of(extract, edition) if "_igen_" not in file.path.name)

    def first(self, extract: str, edition: int) -> pd.DataFrame:
        """Return the rows of the file that `file` returns."""
        return self.rows(self.file(extract, edition))

    def rows(self, file: DeliveredFile) -> pd.DataFrame:
        """Return the rows of a file. Blanks around a cell are removed, and an empty cell is NaN."""
        if file.path not in self._rows:
            frame = as_delivered(file)
            self._rows[file.path] = frame.apply(lambda column: column.astype("str").str.strip().replace("", np.nan))
        return self._rows[file.path]

    def good_answers(self, edition: int) -> pd.DataFrame:
        """Return the survey rows that no rule rejects, with the class of each of the two answers on safety."""
        rows = self.first(SURVEY, edition).copy()
        rows["weight"] = number(rows["weight"])
        classes = self.reference["reference.answer_classes"].set_index("answer")["answer_class"]
        good = rows["weight"] > 0
        for column in ("safety_answer", "safety_evening_answer"):
            labels = SPECIFICATIONS[SURVEY].for_edition(edition).columns[column].labels
            rows[column] = rows[column].map(labels)
            good &= rows[column].notna()
            rows[f"{column}_class"] = rows[column].map(classes)
        return rows[good & ~rows.duplicated("respondent_number")]

    def good_reports(self, file: DeliveredFile) -> pd.DataFrame:
        """Return the reports that no rule rejects, with their days as dates."""
        rows = self.rows(file).copy()
        for column in ("reported_on", "drawn_on"):
            rows[column] = pd.to_datetime(rows[column], format="%d-%m-%Y", errors="coerce")
        good = rows["offence_code"].notna() & (rows["reported_on"] <= rows["drawn_on"])
        return rows[good & ~rows.duplicated("journal_number")]

    def first_reports(self, crime_year: int) -> pd.DataFrame:
        """Return the good reports of the first draw of a crime year."""
        return self.good_reports(self.file(REPORTS, crime_year + 1))

    def area(self, system: str, names: pd.Series) -> pd.Series:
        """Return the area of each name. Upper and lower case make no difference."""
        codes = self.reference["reference.area_codes"].query("code_system == @system")
        area_of_code = dict(zip(codes["code"].str.lower(), codes["area_id"], strict=True))
        return names.str.lower().map(area_of_code)

    def areas(self, extract: str, edition: int, column: str) -> set[str]:
        """Return all areas that the column of the extract names."""
        system = SPECIFICATIONS[extract].for_edition(edition).writing.area_code_system
        return set(self.area(system, self.first(extract, edition)[column]).dropna())

    def share(self, edition: int, area: str, measure: str) -> float:
        """Return the weighted share of a measure in per cent of the good answers.

        Answers without a view are left out.
        """
        rows = self.good_answers(edition)
        time = "_evening" if measure.endswith("_evening") else ""
        column = f"safety{time}_answer_class"
        inside = (self.area("survey", rows["area_code"]) == area) | (
            self.area("survey", rows["partnership_code"]) == area
        )
        rows = rows[((area == "copenhagen") | inside) & (rows[column] != "left_out")]
        counted = rows["weight"][rows[column] == measure.removesuffix("_evening")]
        return float(100 * counted.sum() / rows["weight"].sum())

    def types(self, crime_year: int) -> dict[str, str]:
        """Return the crime type of every offence code, as the mapping has it on 1 July of the year."""
        day, lines = date(crime_year, 7, 1), self.reference["reference.offence_codes"]
        if crime_year not in self._types:
            self._types[crime_year] = {
                f"{code:05d}": line.crime_type
                for line in lines.itertuples()
                if line.valid_from <= day and (pd.isna(line.valid_to) or day <= line.valid_to)
                for code in range(int(line.first_code), int(line.last_code) + 1)
            }
        return self._types[crime_year]

    def strata(self, edition: int) -> pd.DataFrame:
        """Return one row for each stratum: the sum of weights, and how many answered, live there and were invited."""
        rows = self.good_answers(edition)
        rows = rows.assign(
            residents=number(rows["stratum_population_residents"]), invited=number(rows["stratum_invited"])
        )
        assert (rows.groupby("stratum")[["residents", "invited"]].nunique() == 1).all(axis=None)
        return rows.groupby("stratum").agg(
            weights=("weight", "sum"),
            answers=("weight", "size"),
            residents=("residents", "first"),
            invited=("invited", "first"),
        )


def as_delivered(file: DeliveredFile) -> pd.DataFrame:
    named = file.layout.headings
    return pa.Table.from_batches(rows_of(file)).select(list(named)).to_pandas()


def number(texts: pd.Series) -> pd.Series:
    return pd.to_numeric(texts.str.replace(",", ".", regex=False))


def bytes_of(edition: int, seed: int, folder: Path) -> dict[str, bytes]:
    extracts = sample.sample_extracts(edition, seed, SPECIFICATIONS, load_reference())
    return {path.name: path.read_bytes() for path in (write(extract, folder) for extract in extracts)}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    home = tmp_path_factory.mktemp("sample")
    progress: list[tuple[int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRYGHED_HOME", str(home))
        paths = sample.write_sample(
            home / "landing", seed=1, show_progress=lambda edition, files: progress.append((edition, files))
        )
        yield Sample(paths, progress)


@pytest.mark.parametrize("edition", EDITIONS)
def test_published_figures_are_delivered_as_they_stand_in_the_reference(written: Sample, edition: int) -> None:
    rows = written.first("published_figures", edition)
    labels = SPECIFICATIONS["published_figures"].for_edition(edition).columns["measure"].labels or {}
    delivered = set(
        zip(written.area("survey", rows["area_code"]), rows["measure"].map(labels), number(rows["value"]), strict=True)
    )
    figures = written.reference["reference.published_figures"].query("edition == @edition")
    assert delivered and delivered <= set(zip(figures["area_id"], figures["measure"], figures["value"], strict=True))


# --- the files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", [2020, 2021])  # together, they have files of all formats and a later draw
def test_the_same_seed_gives_the_same_bytes(written: Sample, edition: int, tmp_path: Path) -> None:
    before = {file.path.name: file.path.read_bytes() for file in written.files[edition]}
    again = bytes_of(edition, 1, tmp_path)
    assert again.keys() == before.keys()
    assert [name for name in before if again[name] != before[name]] == []


def test_a_made_up_file_under_another_name_is_refused(written: Sample, tmp_path: Path) -> None:
    path = written.file(COUNTS, 2019).path
    renamed = Path(shutil.copyfile(path, tmp_path / path.name.removeprefix(SYNTHETIC)))
    with pytest.raises(InputError, match="is a made-up file from 'tryghed sample', but its name does not say so"):
        look_into(renamed, 2019, SPECIFICATIONS)


def test_another_seed_gives_other_bytes(written: Sample, tmp_path: Path) -> None:
    before = {file.path.name: file.path.read_bytes() for file in written.files[2018]}
    with_other_seed = bytes_of(2018, 2, tmp_path)
    assert with_other_seed.keys() == before.keys()
    assert [name for name in before if with_other_seed[name] == before[name]] == [
        "synthetic_offentliggjorte_tal_2018.xlsx"
    ]


def test_spss_files_bear_one_date_and_sound_headers(written: Sample) -> None:
    for edition in (2017, 2019, 2021):
        path = written.file(SURVEY, edition).path
        assert pyreadstat.read_sav(str(path), metadataonly=True)[1].creation_time == datetime(2020, 1, 1)
        assert np.frombuffer(path.read_bytes()[84:92], "<f8")[0] == 100  # the format's own constant, before the date


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_file_is_known_by_one_specification(written: Sample, edition: int) -> None:
    extracts = [file.layout.extract for file in written.files[edition]]
    expected = {SURVEY, REPORTS, COUNTS, POPULATION, "published_figures"} | (
        OF_PARTNERSHIPS if edition >= 2021 else set()
    )
    assert set(extracts) == expected
    assert len(extracts) == len(expected) + (edition in {2020, 2022})


def test_every_file_that_was_written_is_given_and_told(written: Sample) -> None:
    assert sorted(written.paths) == [file.path for edition in EDITIONS for file in written.files[edition]]
    assert written.progress == [(edition, len(written.files[edition])) for edition in EDITIONS]


def test_every_file_is_marked_as_made_up(written: Sample) -> None:
    files = [file for files in written.files.values() for file in files]
    assert all(file.path.name.startswith("synthetic_") for file in files)
    assert {file.provenance for file in files} == {"synthetic"}


@pytest.mark.parametrize(
    "name", ["2020/svar.sav", "synthetic_svar.sav", "2020/synthetic_more/synthetic_svar.sav", "egne/note"]
)
def test_a_folder_with_any_other_file_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "landing" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"somebody's")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="is not a made-up file: give a folder"):
        sample.write_sample(tmp_path / "landing")
    assert sorted(tmp_path.rglob("*")) == before


def test_the_file_that_is_refused_is_named(tmp_path: Path) -> None:
    (tmp_path / "2020").mkdir()
    (tmp_path / "2020" / "svar.csv").write_text("somebody's")
    with pytest.raises(InputError, match=r"2020/svar\.csv: this is not a made-up file"):
        sample.write_sample(tmp_path)


def test_hidden_files_are_no_deliveries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "EDITIONS", ())
    (tmp_path / "2020").mkdir()
    (tmp_path / "2020" / ".DS_Store").touch()
    assert sample.write_sample(tmp_path) == []


def test_all_formats_occur(written: Sample) -> None:
    assert {file.format for files in written.files.values() for file in files} == {"csv", "xlsx", "sav", "parquet"}
    assert {written.file(SURVEY, edition).format for edition in EDITIONS} == {"csv", "xlsx", "sav"}


@pytest.mark.parametrize("extract", [COUNTS, POPULATION])
def test_counts_and_population_have_copenhagen_and_the_partnerships(written: Sample, extract: str) -> None:
    for edition in EDITIONS:
        assert written.areas(extract, edition, "area_code") >= PARTNERSHIPS | {"copenhagen"}


def test_the_survey_has_every_bydel_and_the_partnerships(written: Sample) -> None:
    bydele = set(written.reference["reference.areas"].query("level == 'survey_bydel'")["area_id"])
    assert len(bydele) == 13
    for edition in EDITIONS:
        assert written.areas(SURVEY, edition, "area_code") == bydele
        assert written.areas(SURVEY, edition, "partnership_code") == PARTNERSHIPS


@pytest.mark.parametrize("extract", sorted(OF_PARTNERSHIPS - {"state_listed_areas"}))
def test_papers_are_of_all_three_partnerships(written: Sample, extract: str) -> None:
    for edition in range(2021, 2026):
        assert written.areas(extract, edition, "partnership_code") == PARTNERSHIPS


# --- the survey --------------------------------------------------------------------------------------------


def test_every_published_share_is_reproduced(written: Sample) -> None:
    figures = written.reference["reference.published_figures"]
    figures = figures[figures["edition"].isin(EDITIONS) & figures["measure"].isin(SAFETY)]
    assert len(figures) > 60
    missed = {
        (int(figure.edition), figure.area_id, figure.measure, figure.source_id)
        for figure in figures.itertuples()
        if abs(written.share(figure.edition, figure.area_id, figure.measure) - figure.value)
        > 0.5 * 10.0**-figure.decimals
    }
    assert missed == NOT_MET


@pytest.mark.parametrize(
    ("edition", "area", "measure", "published"),
    [
        (2017, "copenhagen", "unsafe_evening", 22),  # the survey's own page of edition 2017
        (2017, "bispebjerg", "unsafe", 18),  # the same
        (2018, "copenhagen", "unsafe_evening", 20),  # the municipality's article on the survey
        (2019, "copenhagen", "unsafe_evening", 18),  # restated by the municipality in edition 2020
        (2020, "tingbjerg_husum", "unsafe", 16),  # the agreement of Tingbjerg-Husum
        (2020, "tingbjerg_husum", "unsafe_evening", 28),  # the same
        (2020, "amager_partnership", "unsafe", 15),  # Urbanplanen's page
        (2020, "amager_partnership", "unsafe_evening", 29),  # the same
        (2021, "amager_partnership", "unsafe_evening", 27),  # the same
        (2022, "copenhagen", "safe_evening", 76),  # papers of the finance committee in 2023
        (2023, "copenhagen", "neither", 5),  # the municipality's page on edition 2023
        (2024, "amager_vest", "safe", 91),  # a newspaper of Ørestad
    ],
)
def test_known_shares(written: Sample, edition: int, area: str, measure: str, published: float) -> None:
    assert written.share(edition, area, measure) == pytest.approx(published, abs=0.5)


@pytest.mark.parametrize(("edition", "published"), [(2017, 5), (2020, 5), (2021, 4), (2022, 4)])
def test_as_many_bydele_are_above_ten_percent_as_published(written: Sample, edition: int, published: int) -> None:
    bydele = written.reference["reference.areas"].query("level == 'survey_bydel'")["area_id"].unique()
    assert sum(written.share(edition, area, "unsafe") > 10 for area in bydele) == published


@pytest.mark.parametrize(
    ("edition", "answers", "invited"),
    # published with the survey; how many were invited in 2019 is not
    [
        (2017, 3041, 9245),
        (2018, 3863, 10934),
        (2019, 3833, None),
        (2020, 4880, 14400),
        (2021, 4922, 14340),
        (2022, 3596, 12939),
        (2023, 4037, 14499),
    ],
)
def test_answers_and_invited_are_as_many_as_published(
    written: Sample, edition: int, answers: int, invited: int | None
) -> None:
    strata = written.strata(edition)
    assert strata["answers"].sum() == answers
    if invited is not None:
        assert strata["invited"].sum() == invited


@pytest.mark.parametrize("edition", EDITIONS)
def test_weights_of_a_stratum_add_up_to_its_residents(written: Sample, edition: int) -> None:
    strata = written.strata(edition)
    assert len(strata) == 13 + len(PARTNERSHIPS)
    assert strata["weights"].to_numpy() == pytest.approx(strata["residents"].to_numpy(), abs=0.01)


@pytest.mark.parametrize("edition", EDITIONS)
def test_weights_vary_in_every_stratum_and_widen_intervals(written: Sample, edition: int) -> None:
    rows = written.good_answers(edition)
    assert (rows.groupby("stratum")["weight"].std() / rows.groupby("stratum")["weight"].mean()).min() > 0.08
    design_effect = len(rows) * (rows["weight"] ** 2).sum() / rows["weight"].sum() ** 2
    assert design_effect == pytest.approx(1.4, abs=0.06)


def test_only_bydele_with_a_partnership_are_divided(written: Sample) -> None:
    divided = {name for name in written.strata(2023).index if name.endswith(", øvrige")}
    assert divided == {"Brønshøj-Husum, øvrige", "Amager Vest, øvrige", "Valby, øvrige"}


@pytest.mark.parametrize("edition", EDITIONS)
def test_non_response_differs_between_strata(written: Sample, edition: int) -> None:
    strata = written.strata(edition)
    response = strata["answers"] / strata["invited"]
    assert response.between(0.2, 0.45).all()
    assert response.max() - response.min() > 0.03
    assert strata["answers"].min() >= 30  # with fewer answers, a share gets no verdict


@pytest.mark.parametrize("edition", EDITIONS)
def test_who_feels_unsafe_by_day_mostly_does_in_the_evening(written: Sample, edition: int) -> None:
    rows = written.good_answers(edition)
    by_day, evening = rows["safety_answer_class"] == "unsafe", rows["safety_evening_answer_class"] == "unsafe"
    assert (by_day & evening).sum() / by_day.sum() > 0.7
    assert evening.sum() > by_day.sum()


def test_from_2023_on_the_scale_goes_from_one_to_seven(written: Sample) -> None:
    words, scale = set(written.good_answers(2022)["safety_answer"]), set(written.good_answers(2023)["safety_answer"])
    assert {"very_safe", "safe", "neither", "unsafe", "very_unsafe"} <= words
    assert set("1234567") <= scale
    assert words & scale == {"dont_know", "no_answer"}


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_survey_has_a_few_bad_rows_of_each_kind(written: Sample, edition: int) -> None:
    rows = written.first(SURVEY, edition)
    weight = number(rows["weight"])
    assert 6 <= len(rows) - len(written.good_answers(edition)) <= 8
    assert weight.isna().sum() >= 2
    assert (weight <= 0).sum() >= 2
    labels = SPECIFICATIONS[SURVEY].for_edition(edition).columns["safety_answer"].labels or {}
    assert (~rows["safety_answer"].isin(labels)).sum() >= 1


def test_some_editions_repeat_a_respondent(written: Sample) -> None:
    assert sum(written.first(SURVEY, edition)["respondent_number"].duplicated().any() for edition in EDITIONS) > 3


# --- crime -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("crime_year", "reports"),
    # Statistics Denmark, STRAF11, municipality 101, all offences
    [
        (2016, 102763),
        (2017, 93446),
        (2018, 89159),
        (2019, 93849),
        (2020, 75750),
        (2021, 70167),
        (2022, 81216),
        (2023, 87978),
        (2024, 86047),
    ],
)
def test_reports_are_as_many_as_statistics_denmark_counts(written: Sample, crime_year: int, reports: int) -> None:
    reports_of_year = written.first_reports(crime_year)
    assert len(reports_of_year) == reports
    assert set(reports_of_year["reported_on"].dt.year) == {crime_year}
    assert set(reports_of_year["drawn_on"].dt.year) == {crime_year + 1}


@pytest.mark.parametrize(
    ("crime_year", "area", "reports"),
    [
        (2019, "tingbjerg_husum", 229),  # the agreement of Tingbjerg-Husum
        (2019, "copenhagen", 34661),  # 55.6 per 1000 of 623,404, in the same
        (2021, "copenhagen", 22042),  # a newspaper of Vesterbro
    ],
)
def test_citizen_facing_reports_are_as_published(written: Sample, crime_year: int, area: str, reports: int) -> None:
    counts = written.first(COUNTS, crime_year + 1)
    row = counts[
        (written.area("partnership", counts["area_code"]) == area)
        & (counts["crime_type"] == "Borgervendt kriminalitet")
    ]
    assert row["reports"].astype(int).tolist() == [reports]
    assert row["crime_year"].tolist() == [str(crime_year)]


@pytest.mark.parametrize("crime_year", [2017, 2019, 2022])
def test_counts_are_those_of_the_reports(written: Sample, crime_year: int) -> None:
    types = written.types(crime_year)
    of_reports = written.first_reports(crime_year)["offence_code"].map(types).value_counts()
    counts = written.first(COUNTS, crime_year + 1)
    counts = counts[written.area("partnership", counts["area_code"]) == "copenhagen"]
    labels = SPECIFICATIONS[COUNTS].for_edition(crime_year + 1).columns["crime_type"].labels or {}
    reports_of_type = dict(zip(counts["crime_type"].map(labels), counts["reports"].astype(int), strict=True))
    assert reports_of_type.pop("citizen_facing") < of_reports.sum()
    assert reports_of_type == of_reports.to_dict()


def test_the_lockdown_shows_in_burglaries_and_thefts(written: Sample) -> None:
    months = {}
    for crime_year in (2019, 2020):
        rows = written.first_reports(crime_year)
        thefts = rows[rows["offence_code"].map(written.types(crime_year)).isin(["burglary", "theft_robbery"])]
        months[crime_year] = thefts.groupby(thefts["reported_on"].dt.month).size()
    fell_to = months[2020] / months[2019]
    assert fell_to[[4, 5]].max() < 0.65
    assert fell_to[[9, 10, 11]].min() > 0.8


@pytest.mark.parametrize("crime_year", [2016, 2018, 2021, 2024])
def test_summer_has_more_reports_a_day_than_winter(written: Sample, crime_year: int) -> None:
    days = written.first_reports(crime_year)["reported_on"]
    a_day = days.groupby(days.dt.month).agg(lambda of_month: len(of_month) / of_month.nunique())
    assert a_day[[5, 6, 8, 9]].mean() > 1.08 * a_day[[1, 2, 12]].mean()


@pytest.mark.parametrize("crime_year", [edition - 1 for edition in EDITIONS])
def test_all_but_a_few_codes_are_mapped(written: Sample, crime_year: int) -> None:
    codes = written.first_reports(crime_year)["offence_code"]
    assert codes.str.fullmatch(r"\d{5}").all()
    unmapped = codes[~codes.isin(written.types(crime_year))]
    ever = {code for year in range(2009, 2026) for code in written.types(year)}
    assert unmapped.isin(ever).sum() == 4
    assert (~unmapped.isin(ever)).sum() == 4


def test_codes_of_other_years_are_gone_ones_and_later_ones(written: Sample) -> None:
    known_before_and_after = {
        (code in written.types(2012), code in written.types(2025))
        for crime_year in range(2016, 2025)
        for code in set(written.first_reports(crime_year)["offence_code"]) - set(written.types(crime_year))
    }
    assert known_before_and_after == {(True, False), (False, True), (False, False)}


def test_codes_stop_with_their_line(written: Sample) -> None:
    trick_in_homes = "75580"  # the code ended in 2018
    assert (written.first_reports(2017)["offence_code"] == trick_in_homes).any()
    assert not (written.first_reports(2020)["offence_code"] == trick_in_homes).any()


@pytest.mark.parametrize("edition", EDITIONS)
def test_reports_have_the_dirt_of_real_files(written: Sample, edition: int) -> None:
    file = written.file(REPORTS, edition)
    rows = written.rows(file)
    days = pd.to_datetime(rows["reported_on"], format="%d-%m-%Y", errors="coerce")
    assert rows["journal_number"].duplicated().sum() == 20
    assert rows["offence_code"].isna().sum() == 2
    assert days.isna().sum() == 2
    assert (days > pd.to_datetime(rows["drawn_on"], format="%d-%m-%Y")).sum() == 2
    assert len(rows) - len(written.good_reports(file)) == 26
    assert rows["offence_on"].isna().mean() == pytest.approx(0.03, abs=0.005)


def test_names_of_bydele_have_blanks_and_other_letters(written: Sample) -> None:
    names = set(as_delivered(written.file(REPORTS, 2020))["area_code"].dropna())
    assert {"Indre By", "Indre By ", "indre by", "INDRE BY"} <= names
    assert written.area("municipality", pd.Series(sorted(names)).str.strip()).notna().all()


@pytest.mark.parametrize("edition", [2017, 2022, 2025])
def test_places_are_known_by_rode_by_coordinates_by_name_or_not(written: Sample, edition: int) -> None:
    rows = written.first(REPORTS, edition)
    rode, point, name = (rows[column].notna() for column in ("rode_code", "coordinate_x", "area_code"))
    assert rode.mean() == pytest.approx(0.8, abs=0.01)
    assert (~rode & point & ~name).mean() == pytest.approx(0.1, abs=0.01)
    assert (~rode & ~point & name).mean() == pytest.approx(0.085, abs=0.01)
    assert (~rode & ~point & ~name).mean() == pytest.approx(0.015, abs=0.005)
    assert (rode & name).any()
    assert (point == rows["coordinate_y"].notna()).all()


def test_every_point_lies_in_one_rode(written: Sample) -> None:
    rows = written.first(REPORTS, 2023).dropna(subset=["coordinate_x"])
    boundaries = written.reference["reference.area_boundaries"]
    boundaries = boundaries[boundaries["area_id"].str.startswith("rode_")]
    points = shapely.points(number(rows["coordinate_x"]).to_numpy(), number(rows["coordinate_y"]).to_numpy())
    point_numbers, _ = shapely.STRtree(shapely.from_wkt(boundaries["boundary"].to_numpy())).query(points, "intersects")
    assert np.bincount(point_numbers, minlength=len(points)).tolist() == [1] * len(points)


@pytest.mark.parametrize(("edition", "crime_year"), [(2020, 2018), (2022, 2020)])
def test_a_later_draw_holds_most_of_the_same_reports(written: Sample, edition: int, crime_year: int) -> None:
    [file] = [file for file in written.of(REPORTS, edition) if f"_{crime_year}_igen_" in file.path.name]
    before, later = written.first_reports(crime_year), written.good_reports(file)
    assert later["drawn_on"].min() > before["drawn_on"].max()
    assert set(later["reported_on"].dt.year) == {crime_year}
    in_both = before.merge(later, on="journal_number", suffixes=("_before", ""))
    assert (len(before) - len(in_both)) / len(before) == pytest.approx(0.003, abs=0.001)  # not in the later draw
    assert (len(later) - len(in_both)) / len(before) == pytest.approx(0.010, abs=0.001)  # only in the later draw
    recoded = (in_both["offence_code"] != in_both["offence_code_before"]).mean()
    assert 0.002 < recoded < 0.005
    assert (in_both["reported_on"] == in_both["reported_on_before"]).all()


# --- population and papers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "residents"),
    # Statistics Denmark, FOLK1A, municipality 101, 1 January
    [
        (2016, 591481),
        (2017, 602481),
        (2018, 613288),
        (2019, 623404),
        (2020, 632340),
        (2021, 638117),
        (2022, 644431),
        (2023, 653664),
        (2024, 659350),
    ],
)
def test_copenhagen_has_its_public_population(written: Sample, year: int, residents: int) -> None:
    for edition in {max(year, 2017), year + 1}:
        rows = written.first(POPULATION, edition)
        rows = rows[(rows["on_date"] == f"{year}-01-01") & (rows["area_code"] == "København")]
        assert rows["population_residents"].tolist() == [str(residents)]


def test_bydele_have_no_more_residents_than_copenhagen(written: Sample) -> None:
    rows = written.first(POPULATION, 2023).query("on_date == '2023-01-01'")
    of_area = number(rows["population_residents"]).groupby(written.area("population", rows["area_code"])).sum()
    bydele = of_area[of_area.index.str.startswith("bydel_")]
    assert len(bydele) == 10
    assert 0.98 < bydele.sum() / of_area["copenhagen"] <= 1
    assert 11_160 <= of_area["tingbjerg_husum"] <= 11_280


@pytest.mark.parametrize("edition", range(2021, 2026))
def test_papers_speak_of_their_editions_year(written: Sample, edition: int) -> None:
    for extract, column in (("partnership_meetings", "held_on"), ("tryghedsplan_activities", "starts_on")):
        assert written.first(extract, edition)[column].str.endswith(f"-{edition}").all()
    assert set(written.first("state_listed_areas", edition)["listed_on"]) == {f"{edition}-12-01"}
    assert set(written.first("partnership_accounts", edition)["account_year"]) == {str(edition)}


@pytest.mark.parametrize("edition", range(2021, 2026))
def test_most_activities_have_two_or_more_partners(written: Sample, edition: int) -> None:
    activities = written.first("tryghedsplan_activities", edition)
    together = activities["partners"].str.contains(";").groupby(activities["partnership_code"]).mean()
    assert together.between(0.7, 0.9).all()


@pytest.mark.parametrize("edition", range(2021, 2026))
def test_goals_are_kept_as_their_numbers_say(written: Sample, edition: int) -> None:
    goals = written.first("tryghedsplan_goals", edition)
    goal, reached = number(goals["goal_value"]), number(goals["reached_value"])
    met = np.where(goals["direction"] == "mindst", reached >= goal, reached <= goal)
    expected = np.where(reached.isna(), "Ikke opgjort", np.where(met, "Ja", "Nej"))
    assert goals["kept"].tolist() == expected.tolist()
