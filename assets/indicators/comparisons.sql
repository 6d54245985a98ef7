-- Every figure with each figure that it is compared with, and whether the two may be compared. Only this query decides whether
-- figures on two sides of a break may be compared. `comparisons.py` computes changes and intervals from the columns figure_*,
-- against_*, whole_* and against_whole_*.

WITH measured AS (
    SELECT *, made_of IN ('answers', 'areas') AS of_survey, if(made_of = 'reports', 1, 0) AS published_after FROM reference.measures
),
figures AS MATERIALIZED (
    SELECT y.edition, y.year, y.area_id, y.measure, y.value, y.value_low, y.value_high, y.rounding_low, y.rounding_high, y.answers,
           y.standard_error, y.design_effect, y.reports, y.population_low_residents, y.population_high_residents,
           y.area_version, y.rule_version, y.status, y.confidentiality, y.provenance, y.maturity, y.method, y.source_lines,
           '' AS fixed_for
    FROM indicators.yearly y
    UNION ALL BY NAME
    -- The fixed baselines of agreements. They stay as they were fixed, even if a later draw of the same year has other counts.
    SELECT b.edition, coalesce(b.crime_year, b.edition) AS year, b.area_id, b.measure, b.value, b.value_low, b.value_high, b.reports,
           b.population_low_residents, b.population_high_residents, b.area_version, b.status, b.confidentiality, b.provenance,
           b.maturity, b.source_lines, b.agreement_id AS fixed_for
    FROM targets.baselines b JOIN reference.targets t USING (agreement_id, target_id, measure)
    WHERE t.rule = 'held_at_baseline'
    QUALIFY row_number() OVER (PARTITION BY b.agreement_id, b.area_id, b.measure, b.edition ORDER BY b.target_id) = 1
),
own_figures AS (
    SELECT f.edition, f.year, f.area_id, f.measure, f.value, m.made_of, m.unit, m.of_survey, m.published_after
    FROM figures f JOIN measured m USING (measure) WHERE f.fixed_for = ''
),
-- The area that an area is compared with: the comparison area of its agreement, or the municipality that it lies in if it has no
-- agreement.
compared_areas AS (
    SELECT a.agreement_id, p.area_id, p.area_id = a.area_id AS is_own_area, a.comparison_area_id AS whole_id, DATE '0001-01-01' AS valid_from, DATE '9999-12-31' AS valid_to
    FROM reference.agreements a
    JOIN (SELECT agreement_id, area_id FROM reference.agreements UNION SELECT agreement_id, area_id FROM reference.targets) p USING (agreement_id)
    WHERE p.area_id <> a.comparison_area_id
    UNION
    SELECT NULL AS agreement_id, area_id, true AS is_own_area, whole_id, valid_from, valid_to FROM lies_in
    WHERE level = 'municipality' AND whole_id <> area_id AND area_id NOT IN (SELECT area_id FROM reference.agreements)
),
-- The edition of the baseline that changes are measured from. If there is a target on this measure, it is the target's baseline
-- edition. If not, it is the agreement's baseline edition. If there is no agreement either, it is the edition in
-- reference.conventions.
of_targets AS (
    SELECT b.agreement_id, b.area_id, b.measure, b.edition AS compared_edition,
           if(bool_or(t.rule = 'held_at_baseline'), b.agreement_id, '') AS fixed_for
    FROM targets.baselines b JOIN reference.targets t USING (agreement_id, target_id, measure)
    GROUP BY b.agreement_id, b.area_id, b.measure, b.edition
),
default_year AS (
    SELECT value::BIGINT AS year FROM reference.conventions WHERE convention = 'baseline_edition'
),
of_agreements AS (
    SELECT a.agreement_id, a.area_id, m.measure,
           coalesce(a.baseline_edition, d.year) + m.published_after AS compared_edition, '' AS fixed_for
    FROM reference.agreements a CROSS JOIN measured m CROSS JOIN default_year d
    ANTI JOIN of_targets t ON (t.agreement_id, t.area_id, t.measure) = (a.agreement_id, a.area_id, m.measure)
),
of_no_agreement AS (
    SELECT DISTINCT NULL AS agreement_id, f.area_id, f.measure, d.year + f.published_after AS compared_edition, '' AS fixed_for
    FROM own_figures f CROSS JOIN default_year d
    WHERE f.area_id NOT IN (SELECT area_id FROM reference.agreements)
      AND (f.area_id, f.measure) NOT IN (SELECT (area_id, measure) FROM of_targets)
),
baselines AS (
    FROM of_targets UNION ALL BY NAME FROM of_agreements UNION ALL BY NAME FROM of_no_agreement
),
series_of_targets AS (
    SELECT area_id, measure FROM reference.targets
    UNION
    SELECT a.comparison_area_id, t.measure FROM reference.targets t JOIN reference.agreements a USING (agreement_id)
    WHERE t.rule = 'approaches_comparison_area'
),
-- If an area has too few years of its own, the dispersion of its counts is estimated from the bydele of its municipality. So these
-- bydele need comparisons of the same editions.
bydele_for_dispersion AS (
    SELECT DISTINCT bydel.area_id, t.measure, judged.year + 1 AS edition
    FROM reference.targets t
    JOIN lies_in home ON home.area_id = t.area_id AND home.level = 'municipality'
    JOIN lies_in bydel ON bydel.whole_id = home.whole_id
    JOIN reference.areas a ON a.area_id = bydel.area_id AND a.level = 'bydel'
    CROSS JOIN unnest(range(t.first_year, t.last_year + 1)) judged(year)
    WHERE t.rule = 'held_at_baseline'
),
wanted AS (
    SELECT 'edition_before' AS compared_with, f.edition, f.area_id, f.measure, f.edition - 1 AS compared_edition, f.area_id AS compared_area_id
    FROM own_figures f
    UNION ALL BY NAME
    SELECT 'baseline' AS compared_with, f.edition, f.area_id, f.measure, b.agreement_id, b.compared_edition, f.area_id AS compared_area_id, b.fixed_for
    FROM own_figures f JOIN baselines b USING (area_id, measure) WHERE f.edition > b.compared_edition
    UNION ALL BY NAME
    SELECT DISTINCT 'municipality' AS compared_with, f.edition, f.area_id, f.measure, f.edition AS compared_edition, h.whole_id AS compared_area_id
    FROM own_figures f JOIN compared_areas h USING (area_id)
    WHERE h.is_own_area AND f.made_of IN ('answers', 'reports') AND make_date(f.year::INTEGER, 12, 31) BETWEEN h.valid_from AND h.valid_to
    UNION ALL BY NAME
    SELECT DISTINCT if(f.made_of = 'answers', 'baseline_gap', 'municipality_change') AS compared_with,
           f.edition, f.area_id, f.measure, b.agreement_id, b.compared_edition, h.whole_id AS compared_area_id
    FROM own_figures f JOIN baselines b USING (area_id, measure)
    JOIN compared_areas h ON h.area_id = f.area_id AND h.agreement_id IS NOT DISTINCT FROM b.agreement_id
    WHERE f.made_of IN ('answers', 'reports') AND f.edition > b.compared_edition
      AND make_date(f.year::INTEGER, 12, 31) BETWEEN h.valid_from AND h.valid_to
    UNION ALL BY NAME
    SELECT 'years' AS compared_with, f.edition, f.area_id, f.measure, r.first_year + 1 AS compared_edition, f.area_id AS compared_area_id,
           array_to_string(range(r.first_year, r.last_year + 1), ' ') AS compared_years, r.last_year + 1 AS last_compared_edition
    FROM own_figures f JOIN reference.crime_readings r ON r.kind = 'years' AND f.made_of = 'reports' AND f.year > r.last_year
    UNION ALL BY NAME
    SELECT 'earlier_edition' AS compared_with, f.edition, f.area_id, f.measure, e.edition AS compared_edition, f.area_id AS compared_area_id
    FROM own_figures f JOIN series_of_targets USING (area_id, measure) JOIN own_figures e USING (area_id, measure)
    WHERE e.edition < f.edition AND e.value IS NOT NULL AND f.value IS NOT NULL
    UNION ALL BY NAME
    SELECT 'earlier_edition' AS compared_with, b.edition, b.area_id, b.measure, e.edition AS compared_edition, b.area_id AS compared_area_id
    FROM bydele_for_dispersion b JOIN own_figures e USING (area_id, measure)
    WHERE e.edition < b.edition AND e.value IS NOT NULL AND (b.area_id, b.measure) NOT IN (SELECT (area_id, measure) FROM series_of_targets)
),
numbered AS MATERIALIZED (
    SELECT w.* REPLACE (coalesce(w.fixed_for, '') AS fixed_for), m.made_of, m.unit, m.of_survey, row_number() OVER () AS number,
           w.compared_with IN ('baseline_gap', 'municipality_change') AS of_four,
           CASE WHEN of_four THEN w.area_id WHEN w.compared_with <> 'years' THEN w.compared_area_id END AS figure_compared_area_id,
           if(of_four, w.compared_area_id, NULL) AS whole_area_id
    FROM wanted w JOIN measured m USING (measure)
),
-- The pairs of figures between which the series may have a break: two editions of one area, or two areas in one edition.
pairs AS (
    SELECT number, measure, of_survey, area_id, edition, area_id AS other_area_id, compared_edition AS other_edition, fixed_for
    FROM numbered WHERE compared_with NOT IN ('municipality', 'years')
    UNION ALL BY NAME
    SELECT number, measure, of_survey, area_id, edition, area_id AS other_area_id, year_edition AS other_edition, fixed_for
    FROM numbered, unnest(range(compared_edition, last_compared_edition + 1)) years(year_edition) WHERE compared_with = 'years'
    UNION ALL BY NAME
    SELECT number, measure, of_survey, compared_area_id AS area_id, edition, compared_area_id AS other_area_id, compared_edition AS other_edition, fixed_for
    FROM numbered WHERE compared_with IN ('baseline_gap', 'municipality_change')
    UNION ALL BY NAME
    SELECT number, measure, of_survey, area_id, edition, compared_area_id AS other_area_id, edition AS other_edition, fixed_for
    FROM numbered WHERE compared_with IN ('municipality', 'baseline_gap')
),
crossed AS (
    SELECT p.number, p.area_id, p.other_area_id, p.other_edition,
           list(b.break_id ORDER BY b.break_id) AS breaks,
           list(b.break_id ORDER BY b.break_id) FILTER (b.effect = 'not_comparable') AS forbidding,
           list(b.begins_version) FILTER (b.effect = 'noted' AND b.kind = 'area') AS areas_allowed,
           list(b.begins_version) FILTER (b.effect = 'noted' AND b.kind = 'question') AS questions_allowed
    FROM pairs p JOIN reference.series_breaks b
      ON coalesce(b.area_id, p.area_id) = p.area_id
     AND (b.measure = p.measure OR (b.measure IS NULL AND p.of_survey))
     AND b.first_edition > p.other_edition AND b.first_edition <= p.edition
    WHERE p.area_id = p.other_area_id
    GROUP BY p.number, p.area_id, p.other_area_id, p.other_edition
),
-- A comparison is forbidden if a break says so. It is also forbidden if a new version of the area, or of the rule for answers,
-- begins between the two figures and no break allows it.
forbidden AS (
    SELECT p.number, c.breaks,
           coalesce(c.forbidding, list_filter([
               if(p.area_id = p.other_area_id AND undecided(f.area_version, e.area_version, c.areas_allowed), 'area_versions', NULL),
               if(undecided(f.rule_version, e.rule_version, c.questions_allowed), 'question_versions', NULL)
           ], lambda version: version IS NOT NULL)) AS forbidden_by
    FROM pairs p
    LEFT JOIN crossed c USING (number, area_id, other_area_id, other_edition)
    LEFT JOIN figures f ON (f.area_id, f.measure, f.edition) = (p.area_id, p.measure, p.edition) AND f.fixed_for = ''
    LEFT JOIN figures e ON (e.area_id, e.measure, e.edition, e.fixed_for) = (p.other_area_id, p.measure, p.other_edition, p.fixed_for)
),
breaks AS (
    SELECT number,
           list_sort(list_distinct(flatten(list(coalesce(breaks, []))))) AS breaks,
           list_sort(list_distinct(flatten(list(forbidden_by)))) AS forbidden_by
    FROM forbidden GROUP BY number
),
together AS (
    SELECT n.number, sum(e.reports) AS reports, sum(e.population_low_residents) AS population_low_residents,
           sum(e.population_high_residents) AS population_high_residents, count(*) AS years, count(e.reports) AS years_counted,
           bool_or(e.confidentiality <> 'free') AS hidden,
           count(e.population_low_residents) AS years_with_residents,
           list(coalesce(e.status, 'missing')) AS statuses, max(e.provenance) AS provenance, string_agg(e.source_lines, ' ') AS source_lines
    FROM numbered n CROSS JOIN unnest(range(n.compared_edition, n.last_compared_edition + 1)) years(year_edition)
    LEFT JOIN figures e ON (e.area_id, e.measure, e.edition) = (n.area_id, n.measure, year_edition) AND e.fixed_for = ''
    WHERE n.compared_with = 'years'
    GROUP BY n.number
),
joined AS (
    SELECT n.* EXCLUDE (last_compared_edition, fixed_for, of_survey, figure_compared_area_id, whole_area_id), b.breaks AS all_breaks, b.forbidden_by AS forbids, g.gap_standard_error_points AS gap_error, h.gap_standard_error_points AS against_gap_error,
           t.years AS years_together, t.hidden AS years_hidden, t.statuses AS years_statuses,
           t.provenance AS years_provenance, t.source_lines AS years_lines,
           COLUMNS(figure.* EXCLUDE (edition, area_id, measure, fixed_for)) AS 'figure_\0',
           COLUMNS(against.* EXCLUDE (edition, area_id, measure, fixed_for)) AS 'against_\0',
           COLUMNS(whole.* EXCLUDE (edition, area_id, measure, fixed_for)) AS 'whole_\0',
           COLUMNS(against_whole.* EXCLUDE (edition, area_id, measure, fixed_for)) AS 'against_whole_\0',
           if(t.years = t.years_counted, t.reports, NULL) AS together_reports,
           if(t.years = t.years_with_residents, t.population_low_residents, NULL) AS together_population_low_residents,
           if(t.years = t.years_with_residents, t.population_high_residents, NULL) AS together_population_high_residents
    FROM numbered n
    LEFT JOIN breaks b USING (number)
    LEFT JOIN together t USING (number)
    LEFT JOIN figures figure
      ON (figure.edition, figure.area_id, figure.measure, figure.fixed_for) = (n.edition, n.area_id, n.measure, '')
    LEFT JOIN figures against
      ON (against.edition, against.area_id, against.measure, against.fixed_for)
       = (n.compared_edition, n.figure_compared_area_id, n.measure, n.fixed_for)
    LEFT JOIN figures whole
      ON (whole.edition, whole.area_id, whole.measure, whole.fixed_for) = (n.edition, n.whole_area_id, n.measure, '')
    LEFT JOIN figures against_whole
      ON (against_whole.edition, against_whole.area_id, against_whole.measure, against_whole.fixed_for)
       = (n.compared_edition, n.whole_area_id, n.measure, '')
    LEFT JOIN safety.gaps g
      ON (g.edition, g.area_id, g.measure, g.municipality_id) = (n.edition, n.area_id, n.measure, n.compared_area_id)
    LEFT JOIN safety.gaps h
      ON (h.edition, h.area_id, h.measure, h.municipality_id) = (n.compared_edition, n.area_id, n.measure, n.whole_area_id)
),
judged AS (
    SELECT *,
           list_filter([coalesce(figure_status, 'missing'), coalesce(against_status, if(compared_with = 'years', NULL, 'missing')),
                        if(of_four, coalesce(whole_status, 'missing'), NULL), if(of_four, coalesce(against_whole_status, 'missing'), NULL)],
                       lambda status: status IS NOT NULL) AS own_statuses,
           list_concat(own_statuses, coalesce(years_statuses, [])) AS statuses,
           'confidential' IN (figure_confidentiality, against_confidentiality, whole_confidentiality, against_whole_confidentiality)
               OR coalesce(years_hidden, false) AS hidden,
           list_filter([if(figure_value IS NULL, NULL, coalesce(figure_rule_version, -1)), if(against_value IS NULL, NULL, coalesce(against_rule_version, -1)),
                        if(whole_value IS NULL, NULL, coalesce(whole_rule_version, -1)), if(against_whole_value IS NULL, NULL, coalesce(against_whole_rule_version, -1))],
                       lambda version: version IS NOT NULL) AS rules,
           -- whether the reports behind a reading are known, and for a rate also the residents; a rate alone is not enough
           figure_reports IS NOT NULL AND (unit = 'reports' OR figure_population_low_residents IS NOT NULL)
               AND if(of_four, against_reports IS NOT NULL AND whole_reports IS NOT NULL AND against_whole_reports IS NOT NULL
                               AND (unit = 'reports' OR (against_population_low_residents IS NOT NULL
                                    AND whole_population_low_residents IS NOT NULL AND against_whole_population_low_residents IS NOT NULL)),
                      together_reports IS NOT NULL AND (unit = 'reports' OR together_population_low_residents IS NOT NULL)) AS counted,
           list_contains(rules, -1) AND len(list_distinct(rules)) > 1 AS rule_unknown,
           CASE WHEN compared_with = 'edition_before' THEN 'not_consecutive'
                WHEN compared_with IN ('baseline', 'baseline_gap') THEN 'baseline_missing' ELSE 'missing_extract' END AS without_compared
    FROM joined
),
reasoned AS (
    SELECT *,
           CASE WHEN coalesce(figure_status, 'missing') = 'missing' THEN 'missing_extract'
                WHEN of_four AND coalesce(whole_status, 'missing') = 'missing' THEN 'missing_extract'
                WHEN compared_with <> 'years' AND coalesce(against_status, 'missing') = 'missing' THEN without_compared
                WHEN of_four AND coalesce(against_whole_status, 'missing') = 'missing' THEN without_compared
                WHEN hidden THEN 'confidential'
                WHEN list_contains(statuses, 'conflict') THEN 'conflict'
                WHEN compared_with IN ('years', 'municipality_change') AND NOT counted THEN 'missing_extract'
                WHEN figure_value IS NULL OR (compared_with <> 'years' AND against_value IS NULL)
                     OR (of_four AND (whole_value IS NULL OR against_whole_value IS NULL))
                    THEN if(made_of = 'answers', 'too_few_answers', 'missing_extract')
                WHEN len(forbids) > 0 THEN 'series_break' END AS reason
    FROM judged
),
comparisons AS (
    SELECT r.* EXCLUDE (number, counted, of_four, without_compared, rules, rule_unknown, hidden, own_statuses, statuses,
                        forbids, all_breaks, years_hidden, years_statuses, years_provenance, years_lines),
           edition - if(made_of = 'reports', 1, 0) AS year,
           if(a.first_day IS NULL, NULL, edition - if(made_of = 'reports', 1, 0) BETWEEN year(a.first_day) AND year(a.last_day)) AS in_period,
           nullif(concat_ws(' ', nullif(array_to_string(if(len(forbids) > 0, forbids, all_breaks), ' '), ''),
                            if(rule_unknown, 'question_unknown', NULL)), '') AS breaks,
           nullif(array_to_string(forbids, ' '), '') AS forbidden_by,
           CASE WHEN made_of = 'answers' THEN 'percentage_points'
                WHEN made_of = 'reports' THEN if(compared_with = 'municipality' AND unit = 'reports', 'rate_ratio', 'ratio')
                ELSE unit END AS change_unit,
           list_filter(['missing', 'conflict', 'low_reliability', 'estimated', 'break', 'normal'], lambda worst: list_contains(statuses, worst))[1] AS status,
           if(hidden, 'confidential', 'free') AS confidentiality,
           CASE WHEN 'synthetic' IN (figure_provenance, against_provenance, whole_provenance, against_whole_provenance, years_provenance) THEN 'synthetic'
                ELSE least(figure_provenance, against_provenance, whole_provenance, against_whole_provenance, years_provenance) END AS provenance,
           coalesce(figure_maturity, against_maturity) AS maturity, coalesce(figure_method, against_method) AS method,
           lines_of(concat_ws(' ', figure_source_lines, against_source_lines, whole_source_lines, against_whole_source_lines, years_lines)) AS source_lines
    FROM reasoned r LEFT JOIN reference.agreements a USING (agreement_id)
)
SELECT * FROM comparisons
