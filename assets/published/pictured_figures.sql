-- Every figure that a picture may show, and the breaks between it and the previous figure in the picture.

WITH figures AS (
    SELECT y.edition, y.year, y.area_id, y.measure, y.value_low, y.value_high, y.status, y.confidentiality, y.provenance,
           -- If the open goals could still complete the plan, it is not known yet how many goals are met.
           coalesce(m.made_of = 'goals' AND y.not_known > 0 AND y.counted + y.not_known >= y.out_of, false) AS is_open,
           if(is_open, NULL, y.value) AS value
    FROM indicators.yearly y JOIN reference.measures m USING (measure)
    WHERE y.status <> 'missing' OR m.made_of IN ('answers', 'reports')
),
shown AS (
    SELECT edition, area_id, measure, lag(edition) OVER (PARTITION BY area_id, measure ORDER BY edition) AS shown_before
    FROM figures WHERE value IS NOT NULL
),
-- question_unknown is not a break. It marks a published share of which nobody knows in which version its question was asked.
kinds AS (
    SELECT break_id, kind FROM reference.series_breaks
    UNION ALL
    FROM (VALUES ('area_versions', 'area'), ('question_versions', 'question'))
),
broken AS (
    SELECT s.edition, s.area_id, s.measure, list(DISTINCT k.kind) AS breaks, bool_or(c.forbidden_by IS NOT NULL) AS is_forbidden
    FROM shown s
    JOIN indicators.comparisons c ON (c.edition, c.area_id, c.measure, c.compared_edition) = (s.edition, s.area_id, s.measure, s.shown_before)
    JOIN kinds k ON list_contains(string_split(c.breaks, ' '), k.break_id)
    WHERE c.compared_with = 'earlier_edition'
    GROUP BY s.edition, s.area_id, s.measure
),
figures_with_breaks AS (
    SELECT f.* EXCLUDE (edition), coalesce(b.breaks, []) AS breaks, coalesce(b.is_forbidden, false) AS is_forbidden
    FROM figures f LEFT JOIN broken b USING (edition, area_id, measure)
)
SELECT * FROM figures_with_breaks ORDER BY area_id, measure, year
