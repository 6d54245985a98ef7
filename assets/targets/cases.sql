-- Every target in every edition of its agreement, with the figure that is judged and the comparisons that the target's rule reads.
-- Figures and comparisons are taken from the two tables of the schema indicators. This query compares nothing itself.

WITH figures AS (
    SELECT edition, area_id, measure, '' AS fixed_for,
           struct_pack(edition, area_id, measure, value, value_low, value_high, rounding_low, rounding_high, answers, standard_error, design_effect,
                       reports, population_low_residents, population_high_residents, counted, out_of, not_known,
                       status, confidentiality, failed_checks, decision, waived_checks, provenance, maturity, method, source_lines) AS figure
    FROM indicators.yearly
    UNION ALL
    -- A fixed baseline has no failed checks, because a person looked at the figure.
    SELECT b.edition, b.area_id, b.measure, b.agreement_id AS fixed_for,
           struct_pack(edition := b.edition, area_id := b.area_id, measure := b.measure, value := b.value, value_low := b.value_low, value_high := b.value_high,
                       rounding_low := NULL, rounding_high := NULL, answers := NULL, standard_error := NULL, design_effect := NULL,
                       reports := b.reports, population_low_residents := b.population_low_residents,
                       population_high_residents := b.population_high_residents, counted := NULL, out_of := NULL, not_known := NULL,
                       status := b.status, confidentiality := b.confidentiality, failed_checks := NULL, decision := NULL, waived_checks := NULL,
                       provenance := b.provenance, maturity := b.maturity, method := '', source_lines := b.source_lines) AS figure
    FROM targets.baselines b JOIN reference.targets t USING (agreement_id, target_id, measure)
    WHERE t.rule = 'held_at_baseline'
),
fixed_baselines AS (
    SELECT DISTINCT b.agreement_id, b.area_id, b.measure, b.edition AS compared_edition
    FROM targets.baselines b JOIN reference.targets t USING (agreement_id, target_id, measure)
    WHERE t.rule = 'held_at_baseline'
),
comparisons AS (
    SELECT c.edition, c.area_id, c.measure, c.compared_with, c.agreement_id, c.compared_edition, c.compared_area_id,
           struct_pack(edition := c.edition, area_id := c.area_id, compared_with := c.compared_with, compared_edition := c.compared_edition,
                       value := c.value, compared_value := c.compared_value,
                       change := c.change, change_low := c.change_low, change_high := c.change_high,
                       smallest_change_shown := c.smallest_change_shown, design_effect := c.design_effect,
                       breaks := c.breaks, forbidden_by := c.forbidden_by,
                       figure := f.figure, against := a.figure, whole := w.figure, against_whole := x.figure) AS comparison
    FROM indicators.comparisons c
    LEFT JOIN fixed_baselines h ON (h.agreement_id, h.area_id, h.measure, h.compared_edition) = (c.agreement_id, c.area_id, c.measure, c.compared_edition)
                    AND c.compared_with = 'baseline'
    LEFT JOIN figures f ON (f.edition, f.area_id, f.measure, f.fixed_for) = (c.edition, c.area_id, c.measure, '')
    LEFT JOIN figures a ON (a.edition, a.area_id, a.measure, a.fixed_for)
                         = (c.compared_edition, if(c.compared_with = 'baseline_gap', c.area_id, c.compared_area_id), c.measure, coalesce(h.agreement_id, ''))
    LEFT JOIN figures w ON (w.edition, w.area_id, w.measure, w.fixed_for)
                         = (c.edition, if(c.compared_with = 'baseline_gap', c.compared_area_id, NULL), c.measure, '')
    LEFT JOIN figures x ON (x.edition, x.area_id, x.measure, x.fixed_for)
                         = (c.compared_edition, if(c.compared_with = 'baseline_gap', c.compared_area_id, NULL), c.measure, '')
    WHERE c.compared_with IN ('edition_before', 'baseline', 'baseline_gap', 'earlier_edition')
),
-- The figures of a crime year are published by the next year's edition.
due AS (
    SELECT t.agreement_id, t.target_id, t.measure, t.area_id, t.rule, t.first_year, t.last_year, t.baseline_year, t.limit_value, t.tolerance,
           coalesce(a.target_year, t.last_year) AS target_year, a.comparison_area_id, m.unit, m.made_of, t.period_of = 'crime_year' AS of_crime, years.edition,
           t.baseline_year + if(t.period_of = 'crime_year', 1, 0) AS baseline_edition
    FROM reference.targets t JOIN reference.agreements a USING (agreement_id) JOIN reference.measures m USING (measure)
    CROSS JOIN unnest(range(year(a.first_day), year(a.last_day) + 1 + if(t.period_of = 'crime_year', 1, 0))) years(edition)
),
since_baseline AS (
    SELECT d.agreement_id, d.target_id, d.measure, d.edition, list(c.comparison ORDER BY c.edition) AS years
    FROM due d JOIN comparisons c ON c.area_id = d.area_id AND c.measure = d.measure AND c.compared_with = 'edition_before'
     AND c.edition > d.baseline_edition AND c.edition <= d.edition
    GROUP BY ALL
),
bydele_of_municipality AS (
    SELECT DISTINCT home.area_id, bydel.area_id AS bydel_id
    FROM lies_in home JOIN lies_in bydel ON bydel.whole_id = home.whole_id
    JOIN reference.areas a ON a.area_id = bydel.area_id AND a.level = 'bydel'
    WHERE home.level = 'municipality'
),
earlier AS (
    SELECT d.agreement_id, d.target_id, d.measure, d.edition,
           list(c.comparison ORDER BY c.area_id, c.compared_edition) FILTER (c.area_id = d.area_id) AS earlier,
           list(c.comparison ORDER BY c.area_id, c.compared_edition) FILTER (b.bydel_id IS NOT NULL) AS earlier_of_bydele
    FROM due d JOIN comparisons c ON c.measure = d.measure AND c.edition = d.edition AND c.compared_with = 'earlier_edition'
    LEFT JOIN bydele_of_municipality b ON b.area_id = d.area_id AND b.bydel_id = c.area_id AND d.rule = 'held_at_baseline'
    WHERE c.area_id = d.area_id OR b.bydel_id IS NOT NULL
    GROUP BY ALL
),
cases AS (
    SELECT d.* EXCLUDE (comparison_area_id), f.figure, b.comparison AS baseline, g.comparison AS baseline_gap,
           coalesce(s.years, []) AS years, coalesce(e.earlier, []) AS earlier, coalesce(e.earlier_of_bydele, []) AS earlier_of_bydele,
           -- Whether the target has a baseline. A hidden or changed baseline counts as known, because it gets a reason of its own.
           l.edition IS NOT NULL AND coalesce(l.reason, 'confidential') IN ('confidential', 'changed') AS baseline_known,
           coalesce(l.reason = 'changed', false) AS baseline_changed
    FROM due d
    JOIN figures f ON (f.edition, f.area_id, f.measure, f.fixed_for) = (d.edition, d.area_id, d.measure, '')
    LEFT JOIN targets.baselines l ON (l.agreement_id, l.target_id, l.measure) = (d.agreement_id, d.target_id, d.measure)
    LEFT JOIN comparisons b
      ON (b.edition, b.area_id, b.measure, b.compared_with, b.agreement_id, b.compared_edition)
       = (d.edition, d.area_id, d.measure, 'baseline', d.agreement_id, d.baseline_edition)
    LEFT JOIN comparisons g
      ON (g.edition, g.area_id, g.measure, g.compared_with, g.agreement_id, g.compared_edition, g.compared_area_id)
       = (d.edition, d.area_id, d.measure, 'baseline_gap', d.agreement_id, d.baseline_edition, d.comparison_area_id)
    LEFT JOIN since_baseline s ON (s.agreement_id, s.target_id, s.measure, s.edition) = (d.agreement_id, d.target_id, d.measure, d.edition)
    LEFT JOIN earlier e ON (e.agreement_id, e.target_id, e.measure, e.edition) = (d.agreement_id, d.target_id, d.measure, d.edition)
)
SELECT * FROM cases ORDER BY edition, agreement_id, target_id, measure
