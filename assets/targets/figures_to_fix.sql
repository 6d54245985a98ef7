-- Every target whose baseline a person has to fix. Each target has the line of the latest act (an act adds lines to
-- fixed_baselines.csv). If the store now has another figure, the target also has the line that a new act would write. $person,
-- $today and $reason are those of the new act. A figure is never written if it is hidden, or if it is not known which files or
-- published lines it was made from.

WITH to_fix AS (
    FROM targets_with_baseline WHERE rule IN ('held_at_baseline', 'falls_every_year', 'approaches_comparison_area')
),
shown AS (
    FROM indicators.yearly WHERE confidentiality = 'free' AND status IN ('normal', 'break', 'estimated')
),
-- A number of reports is written together with its rate, if the rate is a measure too.
rates AS (
    SELECT s.edition, s.area_id, m.crime_type, max(s.value) AS rate_per_1000
    FROM shown s JOIN reference.measures m USING (measure) WHERE m.unit = 'reports_per_1000'
    GROUP BY s.edition, s.area_id, m.crime_type
),
delivered_as(made_from, table_name) AS (
    VALUES ('reports', 'police.reports'), ('counts', 'police.counts'), ('answers', 'survey.answers')
),
files AS (
    SELECT f.edition, d.made_from, string_agg(concat(f.file, ' (', left(f.file_sha256, 12), ')'), '; ' ORDER BY f.file) AS names
    FROM quality.files f JOIN delivered_as d USING (table_name)
    GROUP BY f.edition, d.made_from
),
-- The columns of reference.fixed_baselines. If residents follow from a published rate, they have a smallest and a largest number.
lines AS (
    SELECT t.agreement_id, t.target_id, t.measure, coalesce(l.act, 0) + 1 AS act, t.edition, t.area_id, t.crime_type, s.area_version,
           if(t.of_answers, s.value, NULL) AS share_percent,
           if(t.of_answers, c.value, NULL) AS comparison_percent,
           s.reports,
           coalesce(r.rate_per_1000, s.reports / s.population_low_residents * 1000) AS rate_per_1000,
           if(s.status = 'estimated', NULL, s.population_low_residents) AS population_residents,
           if(s.status = 'estimated', s.population_low_residents, NULL) AS population_low_residents,
           if(s.status = 'estimated', s.population_high_residents, NULL) AS population_high_residents,
           s.drawn_on, s.provenance,
           if(s.made_from = 'published', 'published_figures.csv, lines ' || s.source_lines, f.names) AS made_from,
           $person AS fixed_by, $today AS fixed_on, $reason AS reason
    FROM to_fix t
    JOIN shown s USING (edition, area_id, measure)
    LEFT JOIN indicators.yearly c ON (c.edition, c.area_id, c.measure) = (t.edition, t.comparison_area_id, t.measure)
    LEFT JOIN rates r ON (r.edition, r.area_id, r.crime_type) = (t.edition, t.area_id, t.crime_type)
    LEFT JOIN files f ON (f.edition, f.made_from) = (t.edition, s.made_from)
    LEFT JOIN latest_acts l USING (agreement_id, target_id, measure)
    WHERE coalesce(s.value, s.reports, r.rate_per_1000) IS NOT NULL
),
joined AS (
    SELECT t.agreement_id, t.target_id, t.measure, n.act IS NOT NULL AS has_figure, l.act IS NOT NULL AS has_act,
           n AS figure, l AS latest_act,
           same_number(n.rate_per_1000, l.rate_per_1000) AND same_number(n.share_percent, l.share_percent)
               AND same_number(n.comparison_percent, l.comparison_percent)
               AND n.reports IS NOT DISTINCT FROM l.reports AND n.provenance IS NOT DISTINCT FROM l.provenance AS is_same
    FROM to_fix t
    LEFT JOIN lines n ON (n.agreement_id, n.target_id, n.measure) = (t.agreement_id, t.target_id, t.measure) AND n.made_from IS NOT NULL
    LEFT JOIN latest_acts l ON (l.agreement_id, l.target_id, l.measure) = (t.agreement_id, t.target_id, t.measure)
),
figures_to_fix AS (
    SELECT agreement_id, target_id, measure, has_figure,
           if(has_act, latest_act, NULL) AS held_line,
           if(has_figure AND NOT (has_act AND is_same), figure, NULL) AS new_line
    FROM joined
)
SELECT * FROM figures_to_fix ORDER BY agreement_id, target_id, measure
