-- A report's rode, coordinates and area code each give an area. The report lies in the smallest of these areas. If two of them
-- have the same level but differ, the area from the rode is preferred, then the area from the coordinates. The version that is
-- valid on the last day of the crime year is used for all reports of the year. The report's bydel is the one that the report's
-- area lies in. If that area lies in no bydel, the bydel comes from the rode, the coordinates or the area code.
WITH candidates AS (
    SELECT t.*, make_date(year(t.reported_on), 12, 31) AS last_day,
           by_rode.area_id AS rode_area_id, by_coordinates.area_id AS point_area_id, by_code.area_id AS code_area_id
    FROM {typed} t
    LEFT JOIN dated_codes by_rode
      ON by_rode.code_system = t.rode_code_system AND by_rode.code = lower(t.rode_code)
     AND year(t.reported_on) BETWEEN by_rode.first_year AND by_rode.last_year
    LEFT JOIN located_points by_coordinates
      ON by_coordinates.coordinate_x = t.coordinate_x AND by_coordinates.coordinate_y = t.coordinate_y
     AND by_coordinates.coordinate_system = t.coordinate_system
     AND make_date(year(t.reported_on), 12, 31) BETWEEN by_coordinates.valid_from AND by_coordinates.valid_to
    LEFT JOIN dated_codes by_code
      ON by_code.code_system = t.area_code_system AND by_code.code = lower(t.area_code)
     AND year(t.reported_on) BETWEEN by_code.first_year AND by_code.last_year
),
placed AS (
    SELECT t.*,
           CASE least(r.size, p.size, c.size) WHEN r.size THEN 'rode' WHEN p.size THEN 'coordinates' WHEN c.size THEN 'area'
                ELSE 'unknown' END AS place,
           CASE place WHEN 'rode' THEN rode_area_id WHEN 'coordinates' THEN point_area_id WHEN 'area' THEN code_area_id END AS area_id
    FROM candidates t
    LEFT JOIN area_sizes r ON r.area_id = t.rode_area_id
    LEFT JOIN area_sizes p ON p.area_id = t.point_area_id
    LEFT JOIN area_sizes c ON c.area_id = t.code_area_id
),
reports AS (
    SELECT p.*,
           year(p.reported_on) AS crime_year,
           coalesce(m.crime_type, d.crime_type) AS crime_type,
           m.mapping_version,
           CASE WHEN m.crime_type IS NULL THEN d.decision_id END AS decision,
           coalesce(b.bydel_id, of_rode.bydel_id, of_point.bydel_id, of_code.bydel_id) AS bydel_id,
           w.partnership_area_id,
           w.area_version AS partnership_area_version
    FROM placed p
    LEFT JOIN mapped_codes m ON m.offence_code = p.offence_code AND p.reported_on BETWEEN m.valid_from AND m.valid_to
    LEFT JOIN decided_codes d ON d.offence_code = p.offence_code
    LEFT JOIN bydel_of b ON b.area_id = p.area_id AND p.last_day BETWEEN b.valid_from AND b.valid_to
    LEFT JOIN bydel_of of_rode ON of_rode.area_id = p.rode_area_id AND p.last_day BETWEEN of_rode.valid_from AND of_rode.valid_to
    LEFT JOIN bydel_of of_point ON of_point.area_id = p.point_area_id AND p.last_day BETWEEN of_point.valid_from AND of_point.valid_to
    LEFT JOIN bydel_of of_code ON of_code.area_id = p.code_area_id AND p.last_day BETWEEN of_code.valid_from AND of_code.valid_to
    LEFT JOIN partnership_of w ON w.area_id = p.area_id AND p.last_day BETWEEN w.valid_from AND w.valid_to
)
SELECT * FROM reports
