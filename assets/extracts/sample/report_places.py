"""Make up the places of the made-up reports of crime.

A rode is a small area within a bydel. Most reports have a rode. Some reports have coordinates, some have only the
bydel's name, and a few have no place. Coordinates lie inside the boundary of exactly one rode. If the reference data
have no roder for a partnership area, the reports of this area have the area's name instead. `police_reports.py` makes
up the rest of each report.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import shapely

from assets.extracts.sample.untidy_names import untidy_names
from assets.extracts.sample.writing import area_names
from warehouse.reference_files import Reference

BY_RODE, BY_COORDINATES, BY_NAME = 0.80, 0.10, 0.085  # shares of reports; all other reports have no place
WITH_NAME_TOO = 0.6  # of the reports that have a rode, the share that have the bydel's name too
# The odds that a rode of these bydele is chosen. The odds of a rode of any other bydel are 1.
BUSY = {"bydel_indre_by": 3.0, "bydel_noerrebro": 1.5, "bydel_vesterbro_kgs_enghave": 1.6}
POINTS = 250  # how many random points each rode has


def place(rows: pd.DataFrame, reference: Reference, rng: np.random.Generator) -> pd.DataFrame:
    """Add the columns `area_code`, `rode_code`, `coordinate_x`, `coordinate_y` and `partnership` to the reports.

    The reports already have the column `lies_in`: the partnership area that contains the report's place, or an empty
    cell if the place is outside all partnership areas. `partnership` is a copy of `lies_in` if the report's rode,
    coordinates or area name identify that area. Otherwise, `partnership` is None.
    """
    roder = _roder(reference)
    chosen = _chosen(roder, rows["lies_in"], rng)
    by_partnership_name = rows["lies_in"].notna() & ~rows["lies_in"].isin(roder["partnership"]).to_numpy()
    known_by = np.where(by_partnership_name, BY_RODE + BY_COORDINATES, rng.random(len(rows)))
    by_rode = known_by < BY_RODE
    by_point = ~by_rode & (known_by < BY_RODE + BY_COORDINATES)
    by_name = ~by_rode & ~by_point & (known_by < BY_RODE + BY_COORDINATES + BY_NAME)
    points = _points(roder["boundary"].to_numpy(), rng)[chosen, rng.integers(0, POINTS, len(rows))]
    names = pd.Series(roder["bydel"].to_numpy(dtype=object)[chosen], index=rows.index)
    names = names.mask(by_partnership_name, rows["lies_in"].map(area_names("municipality", reference)))
    with_name = by_name | (by_rode & (rng.random(len(rows)) < WITH_NAME_TOO))
    return rows.assign(
        area_code=untidy_names(names, rng).where(with_name, None),
        rode_code=pd.Series(roder["code"].to_numpy(dtype=object)[chosen], index=rows.index).where(by_rode, None),
        coordinate_x=np.where(by_point, points[:, 0], np.nan),
        coordinate_y=np.where(by_point, points[:, 1], np.nan),
        partnership=rows["lies_in"].where(by_rode | by_point | by_partnership_name, None),
    )


def _chosen(roder: pd.DataFrame, lies_in: pd.Series, rng: np.random.Generator) -> np.ndarray:
    """Return a random rode for each report, as the position of the rode in `roder`.

    If `lies_in` has a partnership area, the rode lies in that area. If `lies_in` is empty, the rode lies outside all
    partnership areas.
    """
    chosen = np.zeros(len(lies_in), dtype=int)
    for area in (None, *roder["partnership"].dropna().unique()):
        in_area = roder["partnership"].isna() if area is None else roder["partnership"] == area
        rows = np.flatnonzero(lies_in.isna() if area is None else lies_in == area)
        odds = roder["odds"].where(in_area, 0)
        chosen[rows] = rng.choice(len(odds), len(rows), p=(odds / odds.sum()).to_numpy())
    return chosen


def _roder(reference: Reference) -> pd.DataFrame:
    """Return every rode with its code, boundary, bydel and partnership area, and with its odds of being chosen."""
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
    """Return the area in `wholes` that each member area belongs to. The result is indexed by the member area's id.

    A member area is left out if it belongs to no area in `wholes`.
    """
    members = reference["reference.area_members"]
    members = members[members["area_id"].isin(list(wholes))].drop_duplicates("member_area_id")
    return members.set_index("member_area_id")["area_id"]


def _points(boundaries: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return random points in each rode, as an array of shape (roder, points, coordinates).

    The coordinates are in metres east and north. A point is not used if it touches another rode. Raises ValueError if
    no point of a rode can be used.
    """
    shapes = shapely.from_wkt(boundaries)
    low_x, low_y, high_x, high_y = shapely.bounds(shapes)[:, :, None].transpose(1, 0, 2)
    fractions = rng.random((2, len(shapes), POINTS))
    x, y = np.round(low_x + (high_x - low_x) * fractions[0], 1), np.round(low_y + (high_y - low_y) * fractions[1], 1)
    point_places, roder = shapely.STRtree(shapes).query(shapely.points(x.ravel(), y.ravel()), predicate="intersects")
    once = np.bincount(point_places, minlength=x.size)[point_places] == 1
    is_inside = np.zeros(x.size, dtype=bool)
    is_inside[point_places[once & (point_places // POINTS == roder)]] = True
    points = np.stack([x, y], axis=2)
    for rode, inside in enumerate(is_inside.reshape(x.shape)):
        good = points[rode][inside]
        if len(good) == 0:
            raise ValueError(f"none of {POINTS} random points lies in rode {rode} alone")
        points[rode] = good[np.arange(POINTS) % len(good)]
    return points
