-- Groups of areas whose counts add up, at least nearly: the parts of a group add up to its wholes. Bydele are parts of their
-- municipality. Partnership areas and survey bydele are parts of the bydele that they overlap. If an area overlaps a bydel that
-- has no counts, the area is a part of the municipality instead. There is one row for each area of a group. Areas are taken as
-- they are defined on the last day of the crime year.
CREATE OR REPLACE VIEW area_groups AS
WITH counted AS (
    SELECT DISTINCT edition, make_date(edition - 1, 12, 31) AS day, area_id FROM crime_source
),
with_level AS (
    SELECT c.*, v.level, m.municipality_id
    FROM counted c JOIN area_versions v ON v.area_id = c.area_id AND c.day BETWEEN v.valid_from AND v.valid_to
    LEFT JOIN municipality_of m ON m.area_id = c.area_id AND c.day BETWEEN m.valid_from AND m.valid_to
),
overlapped_bydele AS (
    SELECT DISTINCT s.edition, s.area_id, b.whole_id AS bydel_id
    FROM with_level s
    JOIN lies_in i ON i.whole_id = s.area_id AND s.day BETWEEN i.valid_from AND i.valid_to
    JOIN lies_in b ON b.area_id = i.area_id AND b.level = 'bydel' AND s.day BETWEEN b.valid_from AND b.valid_to
    WHERE s.level IN ('partnership_area', 'survey_bydel')
),
in_counted_bydele AS (
    SELECT o.edition, o.area_id, list(o.bydel_id ORDER BY o.bydel_id) AS wholes
    FROM overlapped_bydele o LEFT JOIN counted c ON c.edition = o.edition AND c.area_id = o.bydel_id
    GROUP BY ALL HAVING bool_and(c.area_id IS NOT NULL)
),
parts AS (
    SELECT edition, 'bydele' AS grouping, area_id, [municipality_id] AS wholes FROM with_level WHERE level = 'bydel'
    UNION ALL
    SELECT edition, 'smaller_areas', area_id, coalesce(b.wholes, [municipality_id])
    FROM with_level LEFT JOIN in_counted_bydele b USING (edition, area_id) WHERE level IN ('partnership_area', 'survey_bydel')
),
sides AS (
    SELECT edition, grouping, wholes, 'part' AS side, area_id FROM parts
    UNION
    SELECT edition, grouping, wholes, 'whole', area_id
    FROM (SELECT edition, grouping, wholes, unnest(wholes) AS area_id FROM parts) SEMI JOIN counted USING (edition, area_id)
),
groups AS (
    SELECT edition, grouping, array_to_string(wholes, ' ') AS whole_ids, side, area_id,
           min(area_id) FILTER (side = 'part') OVER (PARTITION BY edition, grouping, wholes) AS first_part_id
    FROM sides
)
SELECT * FROM groups;
