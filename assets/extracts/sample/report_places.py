"""Where made-up reports lie: most by rode, some by coordinates or by the bydel's name alone, a few nowhere.

Coordinates lie inside the rode's boundary and in no other. A partnership area of which no rode is known is named. What is
reported is in `police_reports.py`.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import shapely

from assets.extracts.sample.dirt import dirty_names
from assets.extracts.sample.writing import area_names
from warehouse.reference_files import Reference

BY_RODE, BY_COORDINATES, BY_NAME = 0.80, 0.10, 0.085  # the rest lies nowhere
WITH_NAME_TOO = 0.6  # of those by rode
BUSY = {"bydel_indre_by": 3.0, "bydel_noerrebro": 1.5, "bydel_vesterbro_kgs_enghave": 1.6}  # against 1 for the others
POINTS = 250  # tried for each rode


def place(rows: pd.DataFrame, reference: Reference, rng: np.random.Generator) -> pd.DataFrame:
    """Return the reports with `area_code`, `rode_code`, coordinates, and `partnership`; each lies in the partnership that it `lies_in`."""
    roder = _roder(reference)
    chosen = _chosen(roder, rows["lies_in"], rng)
    is_named = rows["lies_in"].notna() & ~rows["lies_in"].isin(roder["partnership"]).to_numpy()
    known_by = np.where(is_named, BY_RODE + BY_COORDINATES, rng.random(len(rows)))
    by_rode = known_by < BY_RODE
    by_point = ~by_rode & (known_by < BY_RODE + BY_COORDINATES)
    by_name = ~by_rode & ~by_point & (known_by < BY_RODE + BY_COORDINATES + BY_NAME)
    points = _points(roder["boundary"].to_numpy(), rng)[chosen, rng.integers(0, POINTS, len(rows))]
    names = pd.Series(roder["bydel"].to_numpy(dtype=object)[chosen], index=rows.index)
    names = names.mask(is_named, rows["lies_in"].map(area_names("municipality", reference)))
    with_name = by_name | (by_rode & (rng.random(len(rows)) < WITH_NAME_TOO))
    return rows.assign(
        area_code=dirty_names(names, rng).where(with_name, None),
        rode_code=pd.Series(roder["code"].to_numpy(dtype=object)[chosen], index=rows.index).where(by_rode, None),
        coordinate_x=np.where(by_point, points[:, 0], np.nan),
        coordinate_y=np.where(by_point, points[:, 1], np.nan),
        partnership=rows["lies_in"].where(by_rode | by_point | is_named, None),
    )


def _chosen(roder: pd.DataFrame, lies_in: pd.Series, rng: np.random.Generator) -> np.ndarray:
    """Return a rode of each report's partnership area, or one of no partnership area."""
    chosen = np.zeros(len(lies_in), dtype=int)
    for area in (None, *roder["partnership"].dropna().unique()):
        own = roder["partnership"].isna() if area is None else roder["partnership"] == area
        rows = np.flatnonzero(lies_in.isna() if area is None else lies_in == area)
        odds = roder["odds"].where(own, 0)
        chosen[rows] = rng.choice(len(odds), len(rows), p=(odds / odds.sum()).to_numpy())
    return chosen


def _roder(reference: Reference) -> pd.DataFrame:
    """Return every rode with its code, bydel, partnership area, boundary, and how often it is to be drawn."""
    areas = reference["reference.areas"]
    bydele = areas.query("level == 'bydel'").set_index("area_id")["name_da"]
    roder = areas.query("level == 'rode'").merge(
        reference["reference.area_boundaries"][["area_id", "boundary"]], on="area_id"
    )
    bydel = roder["area_id"].map(_whole_of(bydele.index, reference))
    partnerships = areas.query("level == 'partnership_area'")["area_id"]
    return roder.assign(
        bydel=bydel.map(bydele),
        odds=bydel.map(BUSY).fillna(1.0),
        partnership=roder["area_id"].map(_whole_of(partnerships, reference)),
    )


def _whole_of(wholes: Iterable[str], reference: Reference) -> pd.Series:
    """Return which of the areas each of their members belongs to."""
    members = reference["reference.area_members"]
    of_whole = members[members["area_id"].isin(list(wholes))].drop_duplicates("member_area_id")
    return of_whole.set_index("member_area_id")["area_id"]


def _points(boundaries: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return points of each rode, in metres east and north: rode, point, coordinate. A point in two roder is none of either."""
    shapes = shapely.from_wkt(boundaries)
    low_x, low_y, high_x, high_y = shapely.bounds(shapes)[:, :, None].transpose(1, 0, 2)
    tried = rng.random((2, len(shapes), POINTS))
    x, y = np.round(low_x + (high_x - low_x) * tried[0], 1), np.round(low_y + (high_y - low_y) * tried[1], 1)
    at, around = shapely.STRtree(shapes).query(shapely.points(x.ravel(), y.ravel()), predicate="intersects")
    once = np.bincount(at, minlength=x.size)[at] == 1
    own = np.zeros(x.size, dtype=bool)
    own[at[once & (at // POINTS == around)]] = True
    points = np.stack([x, y], axis=2)
    for rode, inside in enumerate(own.reshape(x.shape)):
        good = points[rode][inside]
        if len(good) == 0:
            raise ValueError(f"no point of rode {rode} was found in {POINTS} tries")
        points[rode] = good[np.arange(POINTS) % len(good)]
    return points
