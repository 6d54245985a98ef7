"""Make up how many residents each area has on 1 January.

The areas are the municipality, its bydele, the survey's bydele and the partnership areas. The municipality has its
published number of residents. Each bydel always has the same share of this number as in 2015. The numbers of the
partnership areas are assumed. `survey_answers.py` divides the residents into the strata of the survey.
"""

from datetime import date

import numpy as np
import pandas as pd

from assets.extracts.layouts import Format, Layout
from assets.extracts.sample.writing import Extract, area_names
from warehouse.reference_files import Reference

COPENHAGEN = "copenhagen"
SOURCE = "Opdigtet prøve"
SHARES_ON = date(2015, 1, 1)  # the last day for which the residents of the bydele were published
FORMATS: dict[int, Format] = {2019: "xlsx", 2022: "parquet", 2024: "xlsx"}

# These bydele of the survey are only parts of a bydel of the municipality. The number is the assumed share of the residents
# of the municipality's bydel who live in the part.
SURVEY_PARTS = {
    "christianshavn": ("bydel_indre_by", 0.20),
    "indre_by": ("bydel_indre_by", 0.80),
    "indre_noerrebro": ("bydel_noerrebro", 0.43),
    "ydre_noerrebro": ("bydel_noerrebro", 0.57),
    "kgs_enghave": ("bydel_vesterbro_kgs_enghave", 0.33),
    "vesterbro": ("bydel_vesterbro_kgs_enghave", 0.67),
}
PARTNERSHIP_RESIDENTS = {
    # In 2019, 229 reports were 20.4 per 1000 residents, so there were 11,198 to 11,253 residents.
    ("tingbjerg_husum", 1): 11_225,
    ("amager_partnership", 1): 7_600,
    ("amager_partnership", 2): 9_900,
    ("folehaven", 1): 4_700,
}


def population_extract(layout: Layout, seed: int, reference: Reference) -> Extract:
    """Return a file with the number of residents of each area on two days.

    The two days are 1 January of the edition's year and 1 January of the year before.
    """
    edition, names = layout.edition, area_names("population", reference)
    rows = [
        {"area_code": names[area], "on_date": pd.Timestamp(year, 1, 1), "population_residents": count, "source": SOURCE}
        for year in (edition - 1, edition)
        for area, count in residents(reference, year, seed).items()
        if area in names
    ]
    return Extract(layout, "befolkning", FORMATS.get(edition, "csv"), pd.DataFrame(rows))


def residents(reference: Reference, year: int, seed: int) -> dict[str, int]:
    """Return the number of residents of every area on 1 January of a year.

    Copenhagen's number is the published number. The numbers of the bydele are in proportion to Copenhagen's number. The
    numbers of the partnership areas are made up.
    """
    populations = reference["reference.populations"]
    total = _copenhagen(populations, year)
    counts_2015 = populations[(populations["on_date"] == SHARES_ON)].set_index("area_id")["population_residents"]
    counts = {COPENHAGEN: total}
    for area, count_2015 in counts_2015.drop(COPENHAGEN).items():
        counts[str(area)] = int(count_2015 / counts_2015[COPENHAGEN] * total)
    for area, (bydel, share) in SURVEY_PARTS.items():
        counts[area] = int(counts[bydel] * share)
    return counts | _partnership_residents(reference, year, seed)


def _copenhagen(populations: pd.DataFrame, year: int) -> int:
    on_day = populations[(populations["area_id"] == COPENHAGEN) & (populations["on_date"] == date(year, 1, 1))]
    return int(on_day["population_residents"].iloc[0])


def _partnership_residents(reference: Reference, year: int, seed: int) -> dict[str, int]:
    """Return the number of residents of each partnership area on 1 January of a year.

    The number is for the version of the area that is valid on this day. It differs a little from year to year.
    """
    areas = reference["reference.areas"].query("level == 'partnership_area'")
    day = date(year, 1, 1)
    has_begun = areas["valid_from"].map(lambda valid_from: pd.isna(valid_from) or valid_from <= day)
    holds = has_begun & areas["valid_to"].map(lambda valid_to: pd.isna(valid_to) or valid_to >= day)
    rng = np.random.default_rng([seed, year, 11])
    return {
        area: PARTNERSHIP_RESIDENTS[area, version] + int(rng.integers(-25, 26))
        for area, version in zip(areas["area_id"][holds], areas["area_version"][holds], strict=True)
    }
