-- What the figure of each target is compared with: the baseline, the number of goals in each year, the path to the comparison area.

WITH baselines AS (
    SELECT agreement_id, target_id, measure, arg_min(value, edition) AS baseline FROM targets.baselines GROUP BY ALL
),
judged AS (
    SELECT v.agreement_id, v.target_id, v.measure, v.edition, v.limit_value, c.value + v.path_value AS path_value
    FROM targets.verdicts v JOIN reference.agreements a USING (agreement_id)
    LEFT JOIN indicators.yearly c ON (c.edition, c.area_id, c.measure) = (v.edition, a.comparison_area_id, v.measure)
),
levels AS (
    SELECT agreement_id, target_id, measure,
           list((edition, limit_value) ORDER BY edition) FILTER (limit_value IS NOT NULL) AS limits,
           list((edition, path_value) ORDER BY edition) FILTER (path_value IS NOT NULL) AS path
    FROM judged GROUP BY ALL
),
targets AS (
    SELECT t.agreement_id, t.target_id, t.area_id, t.measure, a.comparison_area_id, t.rule, {'da': t.text_da, 'en': t.text_en} AS texts,
           t.first_year, t.last_year, t.baseline_year, t.limit_value, b.baseline, coalesce(l.limits, []) AS limits, coalesce(l.path, []) AS path
    FROM reference.targets t JOIN reference.agreements a USING (agreement_id)
    LEFT JOIN baselines b USING (agreement_id, target_id, measure)
    LEFT JOIN levels l USING (agreement_id, target_id, measure)
)
SELECT * FROM targets ORDER BY agreement_id, area_id, measure, target_id
