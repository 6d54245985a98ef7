-- The place of a report: its rode, else its coordinates, else the area of its code, else not known; always by the
-- area's definition that holds on the day of the report. The bydel is that of the place, else of the area's code.
WITH placed AS (
    SELECT t.*,
           coalesce(by_rode.area_id, by_coordinates.area_id, by_code.area_id) AS area_id,
           CASE WHEN by_rode.area_id IS NOT NULL THEN 'rode' WHEN by_coordinates.area_id IS NOT NULL THEN 'coordinates'
                WHEN by_code.area_id IS NOT NULL THEN 'area' ELSE 'unknown' END AS place,
           CASE WHEN by_rode.area_id IS NOT NULL OR by_coordinates.area_id IS NOT NULL THEN by_code.area_id END AS named_area_id
    FROM {typed} t
    LEFT JOIN dated_codes by_rode
      ON by_rode.code_system = t.rode_code_system AND by_rode.code = lower(t.rode_code)
     AND t.reported_on BETWEEN by_rode.valid_from AND by_rode.valid_to
    LEFT JOIN located_points by_coordinates
      ON by_coordinates.coordinate_x = t.coordinate_x AND by_coordinates.coordinate_y = t.coordinate_y
     AND by_coordinates.coordinate_system = t.coordinate_system
     AND t.reported_on BETWEEN by_coordinates.valid_from AND by_coordinates.valid_to
    LEFT JOIN dated_codes by_code
      ON by_code.code_system = t.area_code_system AND by_code.code = lower(t.area_code)
     AND t.reported_on BETWEEN by_code.valid_from AND by_code.valid_to
)
SELECT p.*,
       year(p.reported_on) AS crime_year,
       coalesce(m.crime_type, d.crime_type) AS crime_type,
       m.mapping_version,
       CASE WHEN m.crime_type IS NULL THEN d.decision_id END AS decision,
       coalesce(b.bydel_id, named.bydel_id) AS bydel_id,
       w.partnership_area_id,
       w.area_version AS partnership_area_version
FROM placed p
LEFT JOIN mapped_codes m ON m.offence_code = p.offence_code AND p.reported_on BETWEEN m.valid_from AND m.valid_to
LEFT JOIN decided_codes d ON d.offence_code = p.offence_code
LEFT JOIN bydel_of b ON b.area_id = p.area_id AND p.reported_on BETWEEN b.valid_from AND b.valid_to
LEFT JOIN bydel_of named ON named.area_id = p.named_area_id AND p.reported_on BETWEEN named.valid_from AND named.valid_to
LEFT JOIN partnership_of w ON w.area_id = p.area_id AND p.reported_on BETWEEN w.valid_from AND w.valid_to
