-- Every figure of every kind, all in the same columns. If a target needs a figure that is missing, there is an empty row for it.
-- The tables made before this one decide what a figure is made from and whether it is hidden.

WITH shares AS (
    SELECT s.edition, s.edition AS year, s.area_id, s.area_version, s.measure,
           s.share_percent AS value, s.share_low_percent AS value_low, s.share_high_percent AS value_high,
           s.rounding_low_percent AS rounding_low, s.rounding_high_percent AS rounding_high,
           s.answers, s.standard_error_points AS standard_error, s.design_effect, s.rule_version,
           CASE s.provenance WHEN 'published' THEN 'published' ELSE if(s.provenance IS NULL, NULL, 'answers') END AS made_from,
           s.status, 'free' AS confidentiality, s.provenance, s.maturity, s.method, s.source_lines
    FROM safety.yearly_shares s
),
crime AS (
    SELECT c.edition, c.crime_year AS year, c.area_id, c.area_version, m.measure,
           if(m.unit = 'reports', c.reports::DOUBLE, c.rate_per_1000) AS value,
           if(m.unit = 'reports', NULL, c.rate_low_per_1000) AS value_low,
           if(m.unit = 'reports', NULL, c.rate_high_per_1000) AS value_high,
           c.reports,
           coalesce(c.population_low_residents, c.population_residents) AS population_low_residents,
           coalesce(c.population_high_residents, c.population_residents) AS population_high_residents,
           c.counted_from AS made_from, c.drawn_on,
           c.status, c.confidentiality, c.provenance, c.maturity, c.method, c.source_lines
    FROM (FROM crime.yearly_types UNION ALL BY NAME FROM crime.monitoring) c
    JOIN reference.measures m USING (crime_type)
),
areas_above AS (
    SELECT b.edition, b.edition AS year, b.area_id, version_on(b.area_id, make_date(b.edition::INTEGER, 1, 1)) AS area_version, b.measure,
           b.bydele_above::DOUBLE AS value,
           b.bydele_surely_above::DOUBLE AS value_low, (b.bydele - b.bydele_surely_not_above)::DOUBLE AS value_high,
           b.bydele_above AS counted, b.bydele AS out_of,
           if(b.provenance = 'published', 'published', 'answers') AS made_from,
           b.status, 'free' AS confidentiality, b.provenance, b.maturity, b.source_lines
    FROM safety.unsafe_bydele b
),
records AS (
    SELECT n.edition, n.edition AS year, n.area_id, version_on(n.area_id, make_date(n.edition::INTEGER, 12, 31)) AS area_version, n.measure,
           n.value, n.counted, n.out_of, n.not_known, 'records' AS made_from,
           n.status, 'free' AS confidentiality, n.provenance, n.maturity, n.method
    FROM commitments.yearly_numbers n
),
figures AS (
    FROM shares UNION ALL BY NAME FROM crime UNION ALL BY NAME FROM areas_above UNION ALL BY NAME FROM records
),
-- A target needs a figure in each edition of its agreement. The figures of a crime year are published by the next year's edition.
awaited AS (
    SELECT DISTINCT edition, edition - if(t.period_of = 'crime_year', 1, 0) AS year, t.area_id, t.measure,
           'missing' AS status, 'free' AS confidentiality, 'provisional' AS maturity
    FROM reference.targets t JOIN reference.agreements a USING (agreement_id)
    CROSS JOIN unnest(range(year(a.first_day), year(a.last_day) + 1 + if(t.period_of = 'crime_year', 1, 0))) editions(edition)
    WHERE (edition, t.area_id, t.measure) NOT IN (SELECT (edition, area_id, measure) FROM figures)
),
all_figures AS (
    FROM figures UNION ALL BY NAME FROM awaited
),
-- If two figures should agree and do not, the figures that quality.reconciliation names are in doubt. They are named by crime type
-- or by measure.
doubts AS (
    SELECT r.edition, areas.area_id, names.name, string_agg(DISTINCT r.comparison, ' ' ORDER BY r.comparison) AS failed_checks
    FROM quality.reconciliation r,
         unnest(string_split(r.doubtful_area_ids, ' ')) areas(area_id), unnest(string_split(r.doubtful_measures, ' ')) names(name)
    WHERE NOT r.agrees
    GROUP BY r.edition, areas.area_id, names.name
),
in_doubt AS (
    SELECT f.edition, f.area_id, f.measure,
           array_to_string(list_sort(list_distinct(flatten(list(string_split(d.failed_checks, ' '))))), ' ') AS failed_checks
    FROM all_figures f JOIN reference.measures m USING (measure)
    JOIN doubts d ON d.edition = f.edition AND d.area_id = f.area_id AND d.name IN (f.measure, m.crime_type)
    GROUP BY f.edition, f.area_id, f.measure
),
in_force AS (
    FROM quality.decisions WHERE status = 'in_force' AND about = 'failed_check'
),
accepted AS (
    SELECT edition, min(decision_id) AS decision FROM in_force
    WHERE table_name = 'quality.reconciliation' AND rule = 'figures_agree' GROUP BY edition
),
topic_of_schema(schema_name, topic) AS (
    VALUES ('police', 'crime'), ('crime', 'crime'), ('survey', 'safety'), ('safety', 'safety'),
           ('activities', 'activities'), ('commitments', 'commitments')
),
waived AS (
    SELECT d.edition, t.topic, string_agg(DISTINCT d.decision_id, ' ' ORDER BY d.decision_id) AS waived_checks
    FROM in_force d JOIN blocking_rules r USING (table_name, rule)
    JOIN topic_of_schema t ON t.schema_name = split_part(d.table_name, '.', 1)
    GROUP BY d.edition, t.topic
),
yearly AS (
    SELECT f.*, m.unit, m.made_of,
           -- Hidden counts get no failed checks: readers could narrow a count down if they knew whether it agrees with another
           -- figure.
           if(f.confidentiality = 'free', d.failed_checks, NULL) AS failed_checks,
           if(d.failed_checks IS NULL OR f.confidentiality <> 'free', NULL, a.decision) AS decision, w.waived_checks
    FROM all_figures f JOIN reference.measures m USING (measure)
    LEFT JOIN in_doubt d USING (edition, area_id, measure)
    LEFT JOIN accepted a USING (edition)
    LEFT JOIN waived w ON w.edition = f.edition AND w.topic = m.topic
)
SELECT * FROM yearly
