"""Where made-up reports lie: most by rode, some by coordinates or by the bydel's name alone, a few nowhere.

Coordinates lie inside the rode's boundary and in no other. What is reported is in `police.py`.
"""

import numpy as np
import pandas as pd
import shapely

from warehouse.reference_files import Reference
from warehouse.sample.dirt import dirty_names

TINGBJERG = "tingbjerg_husum"
BY_RODE, BY_COORDINATES, BY_NAME = 0.80, 0.10, 0.085  # the rest lies nowhere
WITH_NAME_TOO = 0.6  # of those by rode
BUSY = {"bydel_indre_by": 3.0, "bydel_noerrebro": 1.5, "bydel_vesterbro_kgs_enghave": 1.6}  # against 1 for the others
POINTS = 250  # tried for each rode


def place(rows: pd.DataFrame, reference: Reference, rng: np.random.Generator) -> pd.DataFrame:
    """The reports with `area_code`, `rode_code`, coordinates, and `in_tingbjerg`; those `inside` lie in Tingbjerg-Husum."""
    roder = _roder(reference)
    own = roder["in_tingbjerg"].to_numpy()
    chosen = np.where(
        rows["inside"], _drawn(roder["odds"].where(own, 0), rows, rng), _drawn(roder["odds"].where(~own, 0), rows, rng)
    )
    known_by = rng.random(len(rows))
    by_rode = known_by < BY_RODE
    by_point = ~by_rode & (known_by < BY_RODE + BY_COORDINATES)
    by_name = ~by_rode & ~by_point & (known_by < BY_RODE + BY_COORDINATES + BY_NAME)
    points = _points(roder["boundary"].to_numpy(), rng)[chosen, rng.integers(0, POINTS, len(rows))]
    names = pd.Series(roder["bydel"].to_numpy(dtype=object)[chosen], index=rows.index)
    with_name = by_name | (by_rode & (rng.random(len(rows)) < WITH_NAME_TOO))
    return rows.assign(
        area_code=dirty_names(names, rng).where(with_name, None),
        rode_code=pd.Series(roder["code"].to_numpy(dtype=object)[chosen], index=rows.index).where(by_rode, None),
        coordinate_x=np.where(by_point, points[:, 0], np.nan),
        coordinate_y=np.where(by_point, points[:, 1], np.nan),
        in_tingbjerg=rows["inside"] & (by_rode | by_point),
    )


def _roder(reference: Reference) -> pd.DataFrame:
    """Every rode with its code, bydel, boundary, and how often it is to be drawn."""
    areas, members = reference["reference.areas"], reference["reference.area_members"]
    bydele = areas.query("level == 'bydel'").set_index("area_id")["name_da"]
    of_bydel = members[members["area_id"].isin(bydele.index)].set_index("member_area_id")["area_id"]
    in_tingbjerg = members["member_area_id"][members["area_id"] == TINGBJERG]
    roder = areas.query("level == 'rode'").merge(
        reference["reference.area_boundaries"][["area_id", "boundary"]], on="area_id"
    )
    bydel = roder["area_id"].map(of_bydel[~of_bydel.index.duplicated()])
    return roder.assign(
        bydel=bydel.map(bydele), odds=bydel.map(BUSY).fillna(1.0), in_tingbjerg=roder["area_id"].isin(in_tingbjerg)
    )


def _drawn(odds: pd.Series, rows: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    return rng.choice(len(odds), len(rows), p=(odds / odds.sum()).to_numpy())


def _points(boundaries: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Points of each rode, in metres east and north: rode, point, coordinate. A point in two roder is none of either."""
    shapes = shapely.from_wkt(boundaries)
    low_x, low_y, high_x, high_y = shapely.bounds(shapes)[:, :, None].transpose(1, 0, 2)
    tried = rng.random((2, len(shapes), POINTS))
    x, y = np.round(low_x + (high_x - low_x) * tried[0], 1), np.round(low_y + (high_y - low_y) * tried[1], 1)
    at, around = shapely.STRtree(shapes).query(shapely.points(x.ravel(), y.ravel()), predicate="intersects")
    once = np.bincount(at, minlength=x.size)[at] == 1
    own = np.zeros(x.size, dtype=bool)
    own[at[once & (at // POINTS == around)]] = True
    found = np.stack([x, y], axis=2)
    for rode, inside in enumerate(own.reshape(x.shape)):
        good = found[rode][inside]
        if len(good) == 0:
            raise ValueError(f"no point of rode {rode} was found in {POINTS} tries")
        found[rode] = good[np.arange(POINTS) % len(good)]
    return found
