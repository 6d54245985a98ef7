"""Find the areas in which points lie. The boundaries of the areas are in the reference data.

A point has one row for each span of days in which the boundaries around it do not change. For a report, a later query
uses the row that is valid on the last day of the crime year.
"""

import duckdb
import pandas as pd
from numpy.typing import ArrayLike


def locate(connection: duckdb.DuckDBPyConnection, rows: str) -> None:
    """Make the table `located_points`, which has the smallest area around each point of the table `rows`.

    Boundaries change, so a point may have several rows, each valid for a span of days. The columns are
    coordinate_system, coordinate_x, coordinate_y, area_id, valid_from and valid_to.

    If a point lies on the border between two areas, the area with the alphabetically first id is chosen. If a point
    lies outside all areas, it has no row.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE points AS
        SELECT row_number() OVER (ORDER BY coordinate_system, coordinate_x, coordinate_y) - 1 AS point, * FROM (
            SELECT DISTINCT coordinate_system, coordinate_x, coordinate_y FROM {rows}
            WHERE coordinate_system IS NOT NULL AND coordinate_x IS NOT NULL AND coordinate_y IS NOT NULL
        );
        CREATE OR REPLACE TEMP TABLE boundaries AS
        SELECT row_number() OVER (ORDER BY area_id, area_version) - 1 AS boundary_number, b.*, v.level, v.valid_from, v.valid_to
        FROM reference.area_boundaries b JOIN area_versions v USING (area_id, area_version);
        """
    )
    points, boundaries = connection.table("points").df(), connection.table("boundaries").df()
    pairs = pd.concat(
        [
            _holding(system_points, system_boundaries)
            for _, system_points in points.groupby("coordinate_system")
            for _, system_boundaries in boundaries.groupby("coordinate_system")
        ]
        or [_pairs([], [])]
    )
    connection.register("pairs", pairs)
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE located_points AS
        WITH held AS (
            SELECT p.*, b.area_id, b.valid_from, b.valid_to, l.size
            FROM pairs JOIN points p USING (point) JOIN boundaries b USING (boundary_number) JOIN levels l USING (level)
        ), changes AS (
            SELECT point, valid_from AS first_day FROM held
            UNION SELECT point, valid_to + 1 FROM held WHERE valid_to < DATE '9999-12-31'
        ), spans AS (
            SELECT *, coalesce(lead(first_day) OVER (PARTITION BY point ORDER BY first_day) - 1, DATE '9999-12-31') AS last_day
            FROM changes
        )
        SELECT coordinate_system, coordinate_x, coordinate_y, area_id, first_day AS valid_from, last_day AS valid_to
        FROM spans JOIN held USING (point) WHERE first_day BETWEEN held.valid_from AND held.valid_to
        QUALIFY row_number() OVER (PARTITION BY point, first_day ORDER BY size, area_id) = 1
        """
    )
    connection.unregister("pairs")


def _holding(points: pd.DataFrame, boundaries: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each point and each boundary around it: the point's number and the boundary's number.

    All points must have the same coordinate system, and so must all boundaries. The two systems may differ.
    """
    # The two libraries are imported here because only files with coordinates need them, and loading them takes as long as
    # loading DuckDB. If they were imported at the top of the module, `benchmarks.imports` would be slower.
    import shapely
    from pyproj import Transformer

    change = Transformer.from_crs(
        points["coordinate_system"].iloc[0], boundaries["coordinate_system"].iloc[0], always_xy=True
    )
    x, y = change.transform(points["coordinate_x"].to_numpy(), points["coordinate_y"].to_numpy())
    tree = shapely.STRtree(shapely.from_wkt(boundaries["boundary"].to_numpy()))
    point_places, boundary_places = tree.query(shapely.points(x, y), predicate="intersects")
    return _pairs(points["point"].to_numpy()[point_places], boundaries["boundary_number"].to_numpy()[boundary_places])


def _pairs(points: ArrayLike, boundaries: ArrayLike) -> pd.DataFrame:
    return pd.DataFrame({"point": points, "boundary_number": boundaries}, dtype="int64")
