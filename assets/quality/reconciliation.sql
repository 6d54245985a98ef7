-- Pairs of figures that should agree, with the limits of `value`. If the limits `low` and `high` are NULL, reconciliation.py uses
-- the exact Poisson limits of the other count. A zero in doubt is not compared, because the true count may be higher.
WITH ours AS (
    FROM crime_source WHERE NOT zero_in_doubt
),
-- The crime types with a target are parts of the total, so together they have at most as many reports as the total.
types_and_total AS (
    SELECT t.edition, 'types_and_total' AS comparison, t.area_id, t.crime_type AS measure,
           sum(p.reports) AS value, t.reports AS other_value, 0 AS low, t.reports AS high,
           t.area_id AS doubtful_area_ids, t.crime_type || ' ' || string_agg(p.crime_type, ' ' ORDER BY p.crime_type) AS doubtful_measures,
           greatest(t.provenance, max(p.provenance)) AS provenance -- 'synthetic' if either of the two is
    FROM ours t JOIN reference.crime_types tt ON tt.crime_type = t.crime_type AND tt.role = 'total'
    JOIN (FROM ours JOIN reference.crime_types USING (crime_type) WHERE role = 'target') p USING (edition, area_id)
    GROUP BY t.edition, t.area_id, t.crime_type, t.reports, t.provenance
),
-- All bydele together have at most as many reports as the municipality. The areas within a bydel have at most as many as the bydel.
area_groups_named AS (
    SELECT edition, grouping, whole_ids,
           concat_ws(' ', string_agg(area_id, ' ' ORDER BY area_id) FILTER (side = 'part'), whole_ids) AS doubtful_area_ids
    FROM area_groups GROUP BY edition, grouping, whole_ids
),
area_and_whole AS (
    SELECT s.edition, 'area_and_whole' AS comparison, whole_ids AS area_id, s.crime_type AS measure,
           sum(s.reports) FILTER (side = 'part') AS value, sum(s.reports) FILTER (side = 'whole') AS other_value, 0 AS low, other_value AS high,
           any_value(n.doubtful_area_ids) AS doubtful_area_ids, s.crime_type AS doubtful_measures, max(s.provenance) AS provenance
    FROM crime_source s JOIN area_groups g USING (edition, area_id) JOIN area_groups_named n USING (edition, grouping, whole_ids)
    GROUP BY s.edition, grouping, whole_ids, s.crime_type
    HAVING value IS NOT NULL AND other_value IS NOT NULL AND NOT bool_or(side = 'whole' AND zero_in_doubt)
),
-- The count made from single delivered reports, and the count that the police delivered.
by_source AS (
    FROM crime.counted WHERE crime_year = edition - 1 AND NOT zero_in_doubt
    QUALIFY row_number() OVER (PARTITION BY edition, area_id, crime_type, counted_from ORDER BY drawn_on DESC, extract DESC) = 1
),
two_police_sources AS (
    SELECT r.edition, 'two_police_sources' AS comparison, r.area_id, r.crime_type AS measure, r.reports AS value, c.reports AS other_value,
           NULL AS low, NULL AS high, r.area_id AS doubtful_area_ids, r.crime_type AS doubtful_measures,
           greatest(r.provenance, c.provenance) AS provenance
    FROM by_source r JOIN by_source c USING (edition, area_id, crime_type)
    WHERE r.counted_from = 'reports' AND c.counted_from = 'counts'
),
-- A new draw of an earlier crime year, and the count in the edition that published that year. Published and fixed figures of
-- earlier years stay as they are, so a difference puts no figure in doubt.
new_draws AS (
    SELECT n.edition, 'new_draw_and_published_draw' AS comparison, n.area_id, n.crime_type || ' ' || n.crime_year AS measure,
           n.reports AS value, o.reports AS other_value, NULL AS low, NULL AS high, NULL AS doubtful_area_ids, NULL AS doubtful_measures,
           greatest(n.provenance, o.provenance) AS provenance
    FROM crime.counted n JOIN ours o ON o.edition = n.crime_year + 1 AND o.area_id = n.area_id AND o.crime_type = n.crime_type AND o.extract = n.extract
    WHERE n.crime_year < n.edition - 1 AND NOT n.zero_in_doubt
),
-- Counts, rates and shares computed from delivered files, and the published figures. The limits are those of the rounding.
our_figures AS (
    SELECT edition, area_id, measure,
           CASE unit WHEN 'reports' THEN reports ELSE reports / nullif(population_residents, 0) * 1000 END AS value, provenance
    FROM ours JOIN reference.measures USING (crime_type)
    UNION ALL
    SELECT edition, area_id, measure, share_percent, provenance FROM safety.yearly_shares WHERE provenance IN ('extract', 'synthetic')
),
ours_and_published AS (
    SELECT edition, 'ours_and_published' AS comparison, area_id, measure, o.value, p.value AS other_value, p.low, p.high,
           area_id AS doubtful_area_ids, measure AS doubtful_measures, o.provenance
    FROM our_figures o JOIN published_figure p USING (edition, area_id, measure) WHERE o.value IS NOT NULL AND p.value IS NOT NULL
),
-- Reports without a known place, and reports of which only the bydel is known, are missing from the counts of the areas within a
-- bydel. Up to 5 % of all reports may be such reports.
small_areas AS (
    SELECT edition, extract, string_agg(DISTINCT area_id, ' ' ORDER BY area_id) AS doubtful_area_ids,
           string_agg(DISTINCT crime_type, ' ' ORDER BY crime_type) AS doubtful_measures
    FROM ours WHERE area_id IN (SELECT area_id FROM area_versions WHERE level = 'partnership_area') GROUP BY ALL
),
without_place AS (
    SELECT edition, 'reports_without_place' AS comparison, extract AS area_id, 'reports' AS measure,
           reports_place_unknown + reports_place_less_exact AS value, reports AS other_value, 0 AS low, 0.05::DOUBLE * reports AS high,
           doubtful_area_ids, doubtful_measures, provenance
    FROM police.draws JOIN small_areas USING (edition, extract) WHERE counts AND crime_year = edition - 1
),
compared AS (
    FROM types_and_total
    UNION ALL BY NAME FROM area_and_whole
    UNION ALL BY NAME FROM two_police_sources
    UNION ALL BY NAME FROM new_draws
    UNION ALL BY NAME FROM ours_and_published
    UNION ALL BY NAME FROM without_place
),
figures AS (
    SELECT * REPLACE (value::DOUBLE AS value, other_value::DOUBLE AS other_value, low::DOUBLE AS low, high::DOUBLE AS high)
    FROM compared
)
SELECT * FROM figures ORDER BY edition, comparison, area_id, measure
