-- How many areas of a kind have a share above a limit, in each municipality. The number is counted from the areas' estimates if
-- each area has one, otherwise it is the published number. reference.measures gives the kind of area, the share and the limit of
-- each measure. `share_tables.py` adds how many areas are beyond doubt above the limit, and how many are beyond doubt not above it.
WITH measures AS (
    SELECT measure, counted_measure, counted_level, above_percent FROM reference.measures WHERE made_of = 'areas'
),
fewest AS (
    SELECT value AS fewest_answers FROM reference.conventions WHERE convention = 'fewest_answers'
),
municipalities AS (
    SELECT DISTINCT area_id FROM area_versions WHERE level = 'municipality'
),
addresses AS (
    SELECT edition, area_id, measure FROM published_figure JOIN measures USING (measure)
    UNION
    SELECT DISTINCT e.edition, p.area_id, m.measure
    FROM safety.estimates e JOIN measures m ON m.counted_measure = e.measure CROSS JOIN municipalities p
),
-- The areas of the measure's kind that lie in the municipality on 1 January of the edition's year.
areas_to_count AS (
    SELECT DISTINCT a.edition, a.area_id, a.measure, m.counted_measure, m.above_percent, l.area_id AS counted_id
    FROM addresses a
    JOIN measures m USING (measure)
    JOIN lies_in l ON l.whole_id = a.area_id AND make_date(a.edition::INTEGER, 1, 1) BETWEEN l.valid_from AND l.valid_to
    JOIN area_versions v ON v.area_id = l.area_id AND v.level = m.counted_level
),
-- Each area, with its estimate if enough residents answered, and whether its published share is above the limit.
with_shares AS (
    SELECT c.*, s.rounding_low_percent > c.above_percent AS is_named,
           e.answers, e.share_percent, e.standard_error_points, e.degrees_of_freedom, e.provenance
    FROM areas_to_count c
    CROSS JOIN fewest
    LEFT JOIN safety.yearly_shares s
        ON s.edition = c.edition AND s.area_id = c.counted_id AND s.measure = c.counted_measure
    LEFT JOIN safety.estimates e
        ON e.edition = c.edition AND e.area_id = c.counted_id AND e.measure = c.counted_measure AND e.answers >= fewest_answers
),
-- The number is counted from estimates only if every area has one.
numbers AS (
    SELECT edition, area_id, measure, above_percent,
           count(*) AS bydele,
           count(*) FILTER (is_named) AS bydele_named,
           count(answers) = count(*) AS is_estimated,
           count(*) FILTER (share_percent > above_percent) AS above,
           max(provenance) AS provenance, -- 'synthetic' if one of them is
           list(answers ORDER BY counted_id) AS answers,
           list(share_percent ORDER BY counted_id) AS share_percent,
           list(standard_error_points ORDER BY counted_id) AS standard_error_points,
           list(degrees_of_freedom ORDER BY counted_id) AS degrees_of_freedom
    FROM with_shares GROUP BY edition, area_id, measure, above_percent
),
rows AS (
    SELECT edition, area_id, measure,
           CASE WHEN is_estimated THEN above ELSE trunc(f.value)::BIGINT END AS bydele_above,
           trunc(f.value)::BIGINT AS published_bydele_above,
           coalesce(bydele_named, 0) AS bydele_named,
           coalesce(bydele, 0) AS bydele,
           CASE WHEN NOT coalesce(is_estimated, false) AND f.value IS NULL THEN 'conflict' ELSE 'normal' END AS status,
           CASE WHEN is_estimated THEN n.provenance ELSE 'published' END AS provenance,
           'final' AS maturity,
           f.lines AS source_lines,
           above_percent, is_estimated, n.answers, share_percent, standard_error_points, degrees_of_freedom
    FROM addresses
    LEFT JOIN numbers n USING (edition, area_id, measure)
    LEFT JOIN published_figure f USING (edition, area_id, measure)
    WHERE n.is_estimated OR f.edition IS NOT NULL
    ORDER BY edition, area_id, measure
)
SELECT * FROM rows
