"""Make up reports of crime that look as if the police had drawn them from their register.

This module makes up the offence codes, the days, the journal numbers and the changes between two draws.
`report_places.py` makes up the places, `police_counts.py` counts the reports, and `writing.py` writes the files.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from assets.extracts.layouts import Format, Layout
from assets.extracts.sample.report_places import place
from assets.extracts.sample.writing import Extract
from warehouse.reference_files import Reference

# The key is the edition in which a second draw is delivered. The value is the draw's crime year and the file's format.
REDRAWS: dict[int, tuple[int, Format]] = {2020: (2018, "parquet"), 2022: (2020, "xlsx")}
LATE, REMOVED, RECODED = 0.010, 0.003, 0.004  # shares of a draw's reports that change before the next draw
PARTNERSHIPS = {
    "tingbjerg_husum": 0.0046,
    "amager_partnership": 0.0050,
    "folehaven": 0.0023,
}  # made-up: the part of the municipality's reports that lies in each area
REPEATED, BAD, UNMAPPED = 20, 6, 8  # the number of repeated rows, bad rows and rows with an unmapped code in each file

# Made-up shares of reports by crime type: in the whole municipality, and in a partnership area.
MIX = {
    "burglary": (0.080, 0.085),
    "theft_robbery": (0.490, 0.300),
    "violence_weapons": (0.060, 0.085),
    "harassment": (0.012, 0.020),
    "vandalism": (0.080, 0.110),
    "narcotics": (0.070, 0.085),
    "threats": (0.023, 0.040),
    "other": (0.185, 0.275),
}
WEEKDAY_ODDS = np.array([1.05, 1.0, 1.0, 1.0, 1.1, 1.0, 0.85])  # Monday to Sunday
MONTH_ODDS = np.array([0.95, 0.93, 0.98, 0.98, 1.05, 1.08, 1.0, 1.05, 1.05, 1.02, 1.0, 0.91])
LOCKDOWN = (date(2020, 3, 12), date(2020, 5, 31), 0.6)
TEXTS = ("{}", "{}, forsøg", "{} – flere forhold", "{} i ”åbent område”", "{}, værdi over 1.000 €")


@dataclass(frozen=True)
class Draw:
    """One draw of a crime year's reports from the register of the police.

    `rows` has the columns of the file, and three columns with the results that a pipeline should get from the file.
    `crime_type` is empty if no line of the mapping is valid for the offence code. `partnership` is the partnership area
    that follows from the report's rode, coordinates or area name. `good` is true if no rule rejects the row.

    `spoiled` has unreadable texts that replace some cells of the file. They are keyed by the column and then by the
    position of the row.
    """

    crime_year: int
    rows: pd.DataFrame
    spoiled: dict[str, dict[int, str]]

    def extract(self, layout: Layout, stem: str, kind: Format) -> Extract:
        """Return the draw as a file of the layout's edition, in the format `kind`."""
        columns = [*layout.headings, *layout.ignored]
        return Extract(layout, stem, kind, self.rows[columns], self.spoiled)


def first_draw(edition: int, seed: int, reference: Reference) -> Draw:
    """Return the first draw of the crime year `edition - 1`. The police make it in the edition's year."""
    reports, _ = _register(edition - 1, seed, reference)
    return _drawn(reports, edition, edition - 1, seed)


def later_draw(edition: int, crime_year: int, seed: int, reference: Reference) -> Draw:
    """Return a second draw of a crime year, made some years after the first draw.

    Since the first draw, some reports were added, some were removed, and some got another offence code.
    """
    reports, late = _register(crime_year, seed, reference)
    rng = np.random.default_rng([seed, edition, 3])
    reports = _recoded(reports, rng)[rng.random(len(reports)) >= REMOVED]
    return _drawn(pd.concat([reports, late], ignore_index=True), edition, crime_year, seed)


# --- the register ------------------------------------------------------------------------------------------


def _register(crime_year: int, seed: int, reference: Reference) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two tables of a crime year's reports: the reports of the first draw, and the reports added later."""
    rng = np.random.default_rng([seed, crime_year, 2])
    in_first_draw = reports_published(crime_year, reference)
    count = in_first_draw + round(in_first_draw * LATE)
    odds = [*PARTNERSHIPS.values(), 1 - sum(PARTNERSHIPS.values())]
    areas = np.array([*PARTNERSHIPS, None], dtype=object)
    rows = pd.DataFrame({"lies_in": rng.choice(areas, count, p=odds)})
    rows["crime_type"] = _types(rows["lies_in"].notna().to_numpy(), rng)
    rows["offence_code"] = _codes(rows["crime_type"], crime_year, seed, reference, rng)
    rows["reported_on"] = _days(crime_year, count, rng)
    rows["offence_on"] = _offence_days(rows["reported_on"], rng)
    _unmap(rows, rng.choice(in_first_draw, UNMAPPED, replace=False), crime_year, reference, rng)
    rows["journal_number"] = _journal_numbers(rows["offence_code"], crime_year, rng)
    rows = place(rows, reference, rng)
    rows["Gerning"] = _texts(rows["crime_type"], reference, rng)
    return rows.iloc[:in_first_draw], rows.iloc[in_first_draw:]


def reports_published(crime_year: int, reference: Reference) -> int:
    """Return the published number of reports of all offences in Copenhagen in a crime year."""
    figures = reference["reference.published_figures"]
    published = figures.query(
        "edition == @crime_year + 1 and area_id == 'copenhagen' and measure == 'all_offences_reports'"
    )
    return int(published["value"].iloc[0])


def _types(inside: np.ndarray, rng: np.random.Generator) -> pd.Series:
    names = np.array(list(MIX), dtype=object)
    city_shares, partnership_shares = np.array(list(MIX.values())).T
    in_partnership = rng.choice(names, len(inside), p=partnership_shares)
    in_city = rng.choice(names, len(inside), p=city_shares)
    return pd.Series(np.where(inside, in_partnership, in_city), dtype="str")


def mapped_codes(reference: Reference, crime_year: int) -> pd.DataFrame:
    """Return the 5-digit offence codes in the newest mapping, with their crime types.

    Each line of the mapping has a range of codes. If a code is in several lines, it has one row for each of these
    lines. The column `holds` is true if the line is valid for the whole crime year.
    """
    lines = reference["reference.offence_codes"]
    lines = lines[lines["mapping_version"] == lines["mapping_version"].max()]
    first_codes, last_codes = lines["first_code"].astype(int).to_numpy(), lines["last_code"].astype(int).to_numpy()
    begins = lines["valid_from"].map(lambda day: day <= date(crime_year, 1, 1))
    ends = lines["valid_to"].map(lambda day: pd.isna(day) or day >= date(crime_year, 12, 31))
    numbers = [
        np.arange(first_code, last_code + 1) for first_code, last_code in zip(first_codes, last_codes, strict=True)
    ]
    line_of_code = np.repeat(np.arange(len(lines)), last_codes - first_codes + 1)
    codes: pd.DataFrame = lines.assign(holds=begins & ends)[["crime_type", "holds"]].iloc[line_of_code]
    return codes.assign(offence_code=[f"{number:05d}" for number in np.concatenate(numbers)]).reset_index(drop=True)


def _codes(types: pd.Series, crime_year: int, seed: int, reference: Reference, rng: np.random.Generator) -> pd.Series:
    """Return a random offence code for each report, among the codes of the report's crime type.

    A code that is frequent in one year is frequent in all years.
    """
    mapping = mapped_codes(reference, crime_year)
    mapping["odds"] = np.random.default_rng([seed, 4]).exponential(1, len(mapping)) ** 2
    mapping = mapping[mapping["holds"]]
    drawn = np.full(len(types), "", dtype=object)
    for name, codes in mapping.groupby("crime_type"):
        places = np.flatnonzero(types == name)
        odds = codes["odds"].to_numpy()
        drawn[places] = rng.choice(codes["offence_code"].to_numpy(dtype=object), len(places), p=odds / odds.sum())
    return pd.Series(drawn, index=types.index, dtype=object)


def _unmap(
    rows: pd.DataFrame, places: np.ndarray, crime_year: int, reference: Reference, rng: np.random.Generator
) -> None:
    """Give the reports at `places` an offence code that has no crime type in the crime year.

    Half of these reports get a code that the mapping has, but only in lines that are not valid for the whole year. The
    other half get a code that the mapping does not have. If there is no code of the first kind, half of the reports
    keep their codes.
    """
    mapping = mapped_codes(reference, crime_year)
    holds = set(mapping["offence_code"][mapping["holds"]])
    ended = sorted(set(mapping["offence_code"][~mapping["holds"]]) - holds)
    mapped = set(mapping["offence_code"])
    unlisted = [code for code in (f"{int(code) + 1:05d}" for code in sorted(holds)) if code not in mapped]
    half = len(places) // 2
    codes = (
        [*rng.choice(ended, half), *rng.choice(unlisted, len(places) - half)] if ended else rng.choice(unlisted, half)
    )
    rows.loc[places[: len(codes)], "offence_code"] = [str(code) for code in codes]
    rows.loc[places[: len(codes)], "crime_type"] = None


def _days(crime_year: int, count: int, rng: np.random.Generator) -> pd.Series:
    """Choose the day of reporting for each report at random.

    Some months and weekdays have more reports than others. There are fewer reports in the lockdown of 2020.
    """
    days = pd.date_range(date(crime_year, 1, 1), date(crime_year, 12, 31))
    odds = WEEKDAY_ODDS[days.weekday] * MONTH_ODDS[days.month - 1]
    first_day, last_day, factor = LOCKDOWN
    odds = np.where((days >= pd.Timestamp(first_day)) & (days <= pd.Timestamp(last_day)), odds * factor, odds)
    return pd.Series(days.to_numpy()[rng.choice(len(days), count, p=odds / odds.sum())])


def _offence_days(reported_on: pd.Series, rng: np.random.Generator) -> pd.Series:
    """Choose the day of the offence for each report at random. A few days are empty.

    Most offences happen on the day of the report or shortly before it.
    """
    before = np.where(rng.random(len(reported_on)) < 0.55, 0, rng.geometric(0.15, len(reported_on)))
    days = reported_on - pd.to_timedelta(before, unit="D")
    return days.where(rng.random(len(reported_on)) >= 0.03)


def _journal_numbers(codes: pd.Series, crime_year: int, rng: np.random.Generator) -> pd.Series:
    """Return a journal number for each report.

    A journal number consists of the police district, the offence code, a serial number and the year. Each offence code
    has its own serial numbers.
    """
    serials = codes.groupby(codes).cumcount() + 10_001
    districts = np.array(["0100", "0101", "0102", "0103"], dtype=object)[rng.integers(0, 4, len(codes))]
    numbers: pd.Series = districts + "-" + codes + "-" + serials.astype(str).astype(object) + f"-{crime_year % 100:02d}"
    return numbers


def _texts(types: pd.Series, reference: Reference, rng: np.random.Generator) -> pd.Series:
    """Return a description of the offence for each report, as a police officer might write it.

    Some texts have a dash, curly quotes or a euro sign.
    """
    crime_types = reference["reference.crime_types"]
    names = [*zip(crime_types["crime_type"], crime_types["name_da"], strict=True), (None, "Andet")]
    texts = np.array([[text.format(name) for text in TEXTS] for _, name in names], dtype=object)
    rank = types.map({kind: place for place, (kind, _) in enumerate(names) if kind}).fillna(len(names) - 1)
    odds = [0.90, 0.04, 0.03, 0.02, 0.01]
    return pd.Series(texts[rank.astype(int), rng.choice(len(TEXTS), len(types), p=odds)], index=types.index)


# --- a draw from the register ------------------------------------------------------------------------------


def _recoded(reports: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the reports, a few of them with the offence code and the crime type of another report.

    The journal numbers stay the same.
    """
    places = np.flatnonzero(rng.random(len(reports)) < RECODED)
    sources = rng.choice(len(reports), len(places))
    taken_from = np.arange(len(reports))
    taken_from[places] = sources
    return reports.assign(**{name: reports[name].array[taken_from] for name in ("offence_code", "crime_type")})


def _drawn(reports: pd.DataFrame, edition: int, crime_year: int, seed: int) -> Draw:
    """Return a draw of the reports, sorted by the day of the report. The rows that rules reject are at the end."""
    rng = np.random.default_rng([seed, edition, crime_year, 5])
    rows = reports.sort_values(["reported_on", "journal_number"], kind="stable").reset_index(drop=True)
    drawn_on = pd.Timestamp(edition, 2, 10) + pd.Timedelta(days=int(rng.integers(0, 40)))
    bad = rows.iloc[rng.choice(len(rows), REPEATED + BAD, replace=False)].copy()
    rows = pd.concat([rows.assign(good=True), bad.assign(good=False)], ignore_index=True).assign(drawn_on=drawn_on)
    first_bad = len(rows) - BAD
    numbers = [f"0100-00000-{serial}-{crime_year % 100:02d}" for serial in range(90_001, 90_001 + BAD)]
    rows.loc[first_bad:, "journal_number"] = numbers
    rows.loc[first_bad : first_bad + 1, "offence_code"] = None
    rows.loc[first_bad + 2 : first_bad + 3, "reported_on"] = drawn_on + pd.Timedelta(days=9)
    spoiled = {"reported_on": dict.fromkeys(range(first_bad + 4, first_bad + BAD), f"31-02-{crime_year}")}
    return Draw(crime_year, rows, spoiled)
