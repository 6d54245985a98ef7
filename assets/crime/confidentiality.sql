-- The cells of an edition, and the equations between them that everybody knows. There is one row for each cell of an equation,
-- and one row for each cell that is in no equation. An equation says that the parts add up to the whole minus a remainder. The
-- remainder is `known` if everybody knows it. The remainder is `guarded` if nobody may be able to work out that it is small. It
-- is `free` if it does no harm that somebody works it out.
WITH needed_by_target AS ( -- the cells that targets are judged by; if possible, other cells are hidden instead of these
    SELECT DISTINCT area_id, crime_type FROM reference.targets JOIN reference.measures USING (measure)
    WHERE rule = 'held_at_baseline' AND crime_type IS NOT NULL
),
cells AS (
    SELECT s.edition, s.area_id, s.crime_type, s.reports, t.area_id IS NOT NULL AS needed_by_target, v.area_id IS NOT NULL AS municipality,
           coalesce(f.fewest_reports_shown, (SELECT max(fewest_reports_shown) FROM fewest_reports_shown)) AS fewest_reports_shown
    FROM crime_source s
    LEFT JOIN needed_by_target t USING (area_id, crime_type)
    LEFT JOIN area_versions v ON v.area_id = s.area_id AND v.level = 'municipality' AND make_date(s.edition - 1, 12, 31) BETWEEN v.valid_from AND v.valid_to
    LEFT JOIN fewest_reports_shown f ON f.area_id = s.area_id
),
in_areas AS (
    SELECT c.edition, 'areas' AS kind, c.crime_type AS of, g.grouping, g.first_part_id AS grouped_by, g.whole_ids AS wholes,
           CASE g.grouping WHEN 'bydele' THEN 'known' ELSE 'guarded' END AS remainder,
           c.area_id, c.crime_type, g.side
    FROM cells c JOIN area_groups g USING (edition, area_id)
),
in_types AS (
    SELECT c.edition, 'types' AS kind, c.area_id AS of, 'types' AS grouping, t.crime_type AS grouped_by, t.crime_type AS wholes,
           'free' AS remainder, c.area_id, c.crime_type, CASE r.role WHEN 'target' THEN 'part' ELSE 'whole' END AS side
    FROM cells c JOIN reference.crime_types r USING (crime_type)
    JOIN (FROM reference.crime_types WHERE role = 'total') t ON r.role = 'target' OR r.crime_type = t.crime_type
),
sides AS (
    FROM in_areas UNION ALL FROM in_types
),
equations AS (
    FROM sides
    QUALIFY count(DISTINCT side) OVER (PARTITION BY edition, kind, of, grouping, grouped_by, wholes) = 2
),
numbered AS (
    SELECT edition, area_id, crime_type, remainder, CASE side WHEN 'part' THEN 1 ELSE -1 END AS sign,
           dense_rank() OVER (PARTITION BY edition ORDER BY kind, of, grouping, grouped_by, wholes) - 1 AS equation
    FROM equations
),
terms AS (
    SELECT c.*, n.equation, n.sign, n.remainder FROM cells c LEFT JOIN numbered n USING (edition, area_id, crime_type)
)
SELECT * FROM terms ORDER BY edition, area_id, crime_type, equation
