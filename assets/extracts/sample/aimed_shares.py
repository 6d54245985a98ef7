"""Calculate the shares that the made-up answers of the survey should give.

If a share was published, it is used. If not, a plausible share is made up. Each stratum has two sets of shares: one set
for the day, and one set for the evening and night. Shares are in per cent of the respondents who gave a view. The
strata of a bydel together have the bydel's share. All strata together have Copenhagen's share. `survey_answers.py`
makes up the answer of each respondent.
"""

from dataclasses import dataclass

import pandas as pd

from assets.extracts.sample.population import COPENHAGEN
from warehouse.reference_files import Reference

DAY, EVENING = "", "_evening"
# Subtracted from a published unsafe share: if 10 % was published, the made-up share must not exceed 10 %.
AIMED_UNDER = 0.2

# Made-up shares that are used if none were published.
CITY_SAFE = {DAY: 88.0, EVENING: 80.0}
CITY_NEITHER = {DAY: 6.0, EVENING: 8.0}
PROFILE = {
    "amager_oest": (0.60, 0.90),
    "amager_vest": (0.90, 0.95),
    "bispebjerg": (1.80, 1.45),
    "broenshoej_husum": (1.40, 1.45),
    "christianshavn": (0.60, 0.95),
    "indre_by": (0.70, 0.80),
    "indre_noerrebro": (1.05, 1.10),
    "kgs_enghave": (1.05, 1.15),
    "oesterbro": (0.55, 0.70),
    "valby": (1.20, 1.15),
    "vanloese": (0.60, 0.80),
    "vesterbro": (0.65, 0.80),
    "ydre_noerrebro": (1.45, 1.40),
}
PARTNERSHIP_UNSAFE = {  # shares in per cent for each edition from 2017 on: first for the day, then for the evening and night
    "tingbjerg_husum": (
        (15, 17, 16, 16, 15.5, 14.5, 13, 12, 12),
        (33, 31, 30, 28, 26.5, 25, 23, 22, 22),
    ),
    "amager_partnership": ((14, 15, 13, 15, 17, 16, 14, 13, 13), (30, 30, 29, 29, 27, 26, 25, 24, 24)),
    "folehaven": ((18, 20, 19, 16, 16, 15, 14, 13, 12), (33, 34, 32, 30, 29, 28, 27, 26, 25)),
}
FIRST_EDITION = 2017


@dataclass(frozen=True)
class City:
    """Copenhagen's shares at one time of day, in per cent."""

    safe: float
    neither: float
    unsafe: float


def stratum_shares(strata: pd.DataFrame, edition: int, reference: Reference) -> pd.DataFrame:
    """Return the shares `neither` (neither safe nor unsafe) and `unsafe` of each stratum, for the day and the evening.

    `strata` has the columns `area_id`, `partnership_id` and `residents`. `area_id` is the bydel. `partnership_id` is
    the partnership area, or None if the stratum is outside the partnership areas. `residents` is the number of
    residents aged 15 and over.
    """
    published = published_shares(edition, reference)
    columns = {}
    for position, time in enumerate((DAY, EVENING)):
        city = _city(published, time)
        unsafe = _unsafe(strata, published, city, time, position, edition)
        columns[f"unsafe{time}"] = unsafe
        columns[f"neither{time}"] = _neither(strata, published, city, time, unsafe)
    return pd.DataFrame(columns, index=strata.index)


def published_shares(edition: int, reference: Reference) -> dict[tuple[str, str], float]:
    """Return the published figures of an edition, keyed by area and measure.

    If sources give different figures, the first figure in published_figures.csv is used.
    """
    figures = (
        reference["reference.published_figures"].query("edition == @edition").drop_duplicates(["area_id", "measure"])
    )
    return {
        (area, measure): float(value)
        for area, measure, value in zip(figures["area_id"], figures["measure"], figures["value"], strict=True)
    }


def _city(published: dict[tuple[str, str], float], time: str) -> City:
    """Return Copenhagen's three shares at one time of day.

    If a share was not published, it is calculated from the other shares or made up. The published shares are rounded,
    so they may add up to 99 or 101 %. If so, all three shares are corrected.
    """
    unsafe, neither, safe = (published.get((COPENHAGEN, f"{name}{time}")) for name in ("unsafe", "neither", "safe"))
    if unsafe is None:
        safe = CITY_SAFE[time] if safe is None else safe
        neither = CITY_NEITHER[time] if neither is None else neither
        return City(safe, neither, 100 - safe - neither)
    if neither is None:
        neither = CITY_NEITHER[time] if safe is None else 100 - unsafe - safe
    safe = 100 - unsafe - neither if safe is None else safe
    correction = (100 - unsafe - neither - safe) / 3
    return City(safe + correction, neither + correction, unsafe + correction)


def _unsafe(
    strata: pd.DataFrame, published: dict[tuple[str, str], float], city: City, time: str, position: int, edition: int
) -> pd.Series:
    bydele = strata.groupby("area_id")["residents"].sum()
    published_shares = {
        area: figure - AIMED_UNDER for area in bydele.index if (figure := published.get((area, f"unsafe{time}")))
    } | {
        area: (100 - figure) * city.unsafe / (100 - city.safe)
        for area in bydele.index
        if (figure := published.get((area, f"safe{time}")))
    }
    profile = pd.Series({area: PROFILE[area][position] for area in bydele.index})
    partnership_shares = {
        area: published.get((area, f"unsafe{time}"), by_time[position][edition - FIRST_EDITION])
        for area, by_time in PARTNERSHIP_UNSAFE.items()
    }
    return _by_stratum(strata, _spread(published_shares, profile, city.unsafe, bydele), partnership_shares)


def _neither(
    strata: pd.DataFrame, published: dict[tuple[str, str], float], city: City, time: str, unsafe: pd.Series
) -> pd.Series:
    """Return the `neither` share for each stratum. All strata of a bydel have the same share.

    If the bydel's `safe` share was published, the `neither` share is 100 % minus the `safe` and `unsafe` shares. If
    not, the `neither` share rises with the bydel's `unsafe` share.
    """
    bydele = strata.groupby("area_id")["residents"].sum()
    bydel_unsafe = (unsafe * strata["residents"]).groupby(strata["area_id"]).sum() / bydele
    published_shares = {
        area: 100 - figure - bydel_unsafe[area]
        for area in bydele.index
        if (figure := published.get((area, f"safe{time}")))
    }
    spread = _spread(published_shares, 0.5 + 0.5 * bydel_unsafe / city.unsafe, city.neither, bydele)
    return strata["area_id"].map(spread)


def _spread(published: dict[str, float], profile: pd.Series, total: float, residents: pd.Series) -> pd.Series:
    """Return the share of every bydel. All bydele together have the share `total`.

    Published shares are returned unchanged. The other shares are proportional to `profile`.
    """
    shares = profile.copy()
    unpublished = [area for area in shares.index if area not in published]
    remaining = total * residents.sum() - sum(share * residents[area] for area, share in published.items())
    shares[unpublished] *= remaining / (profile[unpublished] * residents[unpublished]).sum()
    shares.update(pd.Series(published, dtype=float))
    return shares


def _by_stratum(strata: pd.DataFrame, bydel_shares: pd.Series, partnership_shares: dict[str, float]) -> pd.Series:
    """Return the share of each stratum.

    A stratum in a partnership area has the share of that area. The other strata of a bydel all have the same share,
    chosen so that all strata of the bydel together have the bydel's share.
    """
    shares = strata["partnership_id"].map(partnership_shares)
    inside = (shares * strata["residents"]).groupby(strata["area_id"]).sum()
    residents = strata["residents"].where(strata["partnership_id"].isna(), 0).groupby(strata["area_id"]).sum()
    whole = strata.groupby("area_id")["residents"].sum()
    outside = (bydel_shares * whole - inside) / residents
    return shares.fillna(strata["area_id"].map(outside))
