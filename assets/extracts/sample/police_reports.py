"""Made-up reports of crime, as if the police had drawn them from their register: codes, days, journal numbers and later changes.

`report_places.py` makes up where the reports lie, `police_counts.py` counts them, and `writing.py` writes the files.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from assets.extracts.layouts import Format, Layout
from assets.extracts.sample.report_places import place
from assets.extracts.sample.writing import Extract
from warehouse.reference_files import Reference

# Keyed by the edition in which a second draw is delivered: the crime year that is drawn again, and the format of the file.
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
    """A draw of a crime year: its rows, and the texts that spoil some of their cells.

    In addition to the columns of the file, the rows have what a pipeline should find out. `crime_type` is empty if no line of the
    mapping is valid for the code. `partnership` is the partnership area that the rode, the coordinates or the name show. `good`
    is true if no rule rejects the row.
    """

    crime_year: int
    rows: pd.DataFrame
    spoiled: dict[str, dict[int, str]]

    def extract(self, layout: Layout, stem: str, kind: Format) -> Extract:
        """Return the draw as a file of an edition."""
        columns = [*layout.headings, *layout.ignored]
        return Extract(layout, stem, kind, self.rows[columns], self.spoiled)


def first_draw(edition: int, seed: int, reference: Reference) -> Draw:
    """Return the edition's usual draw: it has the crime year before the edition, and was drawn in the edition's year."""
    reports, _ = _register(edition - 1, seed, reference)
    return _drawn(reports, edition, edition - 1, seed)


def later_draw(edition: int, crime_year: int, seed: int, reference: Reference) -> Draw:
    """Return the same reports, drawn again years later: some were added late, some were removed, and some have new codes."""
    reports, late = _register(crime_year, seed, reference)
    rng = np.random.default_rng([seed, edition, 3])
    reports = _recoded(reports, rng)[rng.random(len(reports)) >= REMOVED]
    return _drawn(pd.concat([reports, late], ignore_index=True), edition, crime_year, seed)


# --- the register ------------------------------------------------------------------------------------------


def _register(crime_year: int, seed: int, reference: Reference) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the reports of a crime year that are in the first draw, and those that enter the register later."""
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
    """Return the published number of all reported offences in Copenhagen in a crime year."""
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
    """Return every 5-digit code of the newest mapping, with its crime type.

    It is also returned whether the mapping's line about the code is valid for the whole year.
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
    """Choose a code of each report's crime type at random. The same codes are frequent in all years."""
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
    """Give a few reports a code that no line of the mapping has, or whose line is not valid in the crime year."""
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
    """Choose the days of the reports at random.

    Seasons and weekdays differ, and there are fewer reports in the lockdown of 2020.
    """
    days = pd.date_range(date(crime_year, 1, 1), date(crime_year, 12, 31))
    odds = WEEKDAY_ODDS[days.weekday] * MONTH_ODDS[days.month - 1]
    first_day, last_day, factor = LOCKDOWN
    odds = np.where((days >= pd.Timestamp(first_day)) & (days <= pd.Timestamp(last_day)), odds * factor, odds)
    return pd.Series(days.to_numpy()[rng.choice(len(days), count, p=odds / odds.sum())])


def _offence_days(reported_on: pd.Series, rng: np.random.Generator) -> pd.Series:
    """Choose the days of the offences at random: most on the day of the report or shortly before. A few are empty."""
    before = np.where(rng.random(len(reported_on)) < 0.55, 0, rng.geometric(0.15, len(reported_on)))
    days = reported_on - pd.to_timedelta(before, unit="D")
    return days.where(rng.random(len(reported_on)) >= 0.03)


def _journal_numbers(codes: pd.Series, crime_year: int, rng: np.random.Generator) -> pd.Series:
    """Return journal numbers. Each is made of the police district, the code, a serial number within the code, and the year."""
    serials = codes.groupby(codes).cumcount() + 10_001
    districts = np.array(["0100", "0101", "0102", "0103"], dtype=object)[rng.integers(0, 4, len(codes))]
    numbers: pd.Series = districts + "-" + codes + "-" + serials.astype(str).astype(object) + f"-{crime_year % 100:02d}"
    return numbers


def _texts(types: pd.Series, reference: Reference, rng: np.random.Generator) -> pd.Series:
    """Return texts that describe the offence as people would write it. Some have a dash, curly quotes or a euro sign."""
    crime_types = reference["reference.crime_types"]
    names = [*zip(crime_types["crime_type"], crime_types["name_da"], strict=True), (None, "Andet")]
    texts = np.array([[text.format(name) for text in TEXTS] for _, name in names], dtype=object)
    rank = types.map({kind: place for place, (kind, _) in enumerate(names) if kind}).fillna(len(names) - 1)
    odds = [0.90, 0.04, 0.03, 0.02, 0.01]
    return pd.Series(texts[rank.astype(int), rng.choice(len(TEXTS), len(types), p=odds)], index=types.index)


# --- a draw from the register ------------------------------------------------------------------------------


def _recoded(reports: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the reports, some of them with the code and type of another report. Journal numbers stay the same."""
    places = np.flatnonzero(rng.random(len(reports)) < RECODED)
    sources = rng.choice(len(reports), len(places))
    taken_from = np.arange(len(reports))
    taken_from[places] = sources
    return reports.assign(**{name: reports[name].array[taken_from] for name in ("offence_code", "crime_type")})


def _drawn(reports: pd.DataFrame, edition: int, crime_year: int, seed: int) -> Draw:
    """Return the reports sorted by day, with the day of the draw. The rows that rules reject are at the end."""
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
