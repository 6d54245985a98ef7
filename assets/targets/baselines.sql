-- The baseline of each target. For crime the baseline is the figure that a person fixed, even if later draws have another
-- figure. A line of fixed_baselines.csv records this act. For a share the baseline is the figure of the baseline's edition. If
-- that share was estimated from answers, an act has to confirm it. A hidden figure cannot be a baseline.
--
-- Columns newest_* describe the figure that the store has now, and columns act_* describe the latest act. `level` is the figure
-- that would be the baseline.

WITH joined AS (
    SELECT s.*, n.value AS newest_value, coalesce(n.status, 'missing') AS newest_status,
           n.confidentiality AS newest_confidentiality, n.provenance AS newest_provenance, n.maturity AS newest_maturity,
           n.reports AS newest_reports, n.value_low AS newest_low, n.value_high AS newest_high, n.area_version AS newest_version,
           n.source_lines AS newest_lines, o.value AS comparison_value, o.provenance AS comparison_provenance,
           l.act IS NOT NULL AS has_act, l.share_percent, l.comparison_percent, l.reports, l.rate_per_1000, l.area_version AS act_version,
           coalesce(l.population_low_residents, l.population_residents) AS population_low_residents,
           coalesce(l.population_high_residents, l.population_residents) AS population_high_residents,
           l.provenance AS act_provenance, l.fixed_by, l.fixed_on, l.made_from, l.reason AS act_reason,
           coalesce(n.confidentiality <> 'free', false) OR coalesce(l.reports > 0 AND l.reports < coalesce(f.fewest_reports_shown, (SELECT max(fewest_reports_shown) FROM fewest_reports_shown)), false) AS hidden
    FROM targets_with_baseline s
    LEFT JOIN indicators.yearly n USING (edition, area_id, measure)
    LEFT JOIN indicators.yearly o ON (o.edition, o.area_id, o.measure) = (s.edition, s.comparison_area_id, s.measure)
    LEFT JOIN latest_acts l -- an act that fixed made-up figures is valid for made-up figures only
      ON (l.agreement_id, l.target_id, l.measure) = (s.agreement_id, s.target_id, s.measure)
     AND (l.provenance <> 'synthetic' OR n.provenance IS NOT DISTINCT FROM 'synthetic')
    LEFT JOIN fewest_reports_shown f ON f.area_id = s.area_id
),
levels AS (
    SELECT *, fixed_by_act AND hidden AS withheld, has_act AND NOT (fixed_by_act AND hidden) AS act_holds,
           CASE WHEN NOT fixed_by_act THEN newest_value
                WHEN hidden OR NOT has_act THEN NULL
                WHEN unit = 'reports_per_1000' THEN rate_per_1000 ELSE reports END AS level,
           CASE WHEN NOT fixed_by_act OR hidden THEN newest_provenance ELSE act_provenance END AS provenance
    FROM joined
),
reasoned AS (
    SELECT *,
           has_act AND of_answers AND NOT (same_number(share_percent, level)
               AND (rule <> 'approaches_comparison_area' OR same_number(comparison_percent, comparison_value))) AS changed,
           CASE WHEN changed THEN 'changed'
                WHEN level IS NULL AND (withheld OR newest_confidentiality <> 'free') THEN 'confidential'
                WHEN level IS NULL AND newest_status = 'conflict' THEN 'conflict'
                WHEN level IS NULL AND newest_status = 'missing' THEN 'baseline_missing'
                WHEN level IS NULL THEN 'not_fixed'
                WHEN of_answers AND NOT has_act
                     AND (provenance IS DISTINCT FROM 'published'
                          OR (rule = 'approaches_comparison_area' AND comparison_provenance IS DISTINCT FROM 'published'))
                    THEN 'not_fixed' END AS reason
    FROM levels
),
baselines AS (
    SELECT edition, crime_year, agreement_id, target_id, measure, area_id,
           if(fixed_by_act, if(act_holds, act_version, NULL), newest_version) AS area_version,
           CASE WHEN changed THEN share_percent WHEN reason = 'not_fixed' THEN NULL ELSE level END AS value,
           newest_value,
           if(reason IS NULL AND NOT fixed_by_act AND unit IN ('percent', 'reports_per_1000'), newest_low, NULL) AS value_low,
           if(reason IS NULL AND NOT fixed_by_act AND unit IN ('percent', 'reports_per_1000'), newest_high, NULL) AS value_high,
           unit,
           if(fixed_by_act, if(act_holds, reports, NULL), newest_reports) AS reports,
           if(fixed_by_act AND act_holds, population_low_residents, NULL) AS population_low_residents,
           if(fixed_by_act AND act_holds, population_high_residents, NULL) AS population_high_residents,
           if(of_answers, comparison_area_id, NULL) AS comparison_area_id,
           if(of_answers AND reason IS NULL, level - comparison_value, NULL) AS gap,
           CASE WHEN NOT fixed_by_act THEN newest_status WHEN hidden OR has_act THEN 'normal' ELSE 'missing' END AS status,
           if(withheld OR (NOT fixed_by_act AND newest_confidentiality <> 'free'), 'confidential', 'free') AS confidentiality,
           reason,
           if(act_holds, fixed_by, NULL) AS fixed_by,
           if(act_holds, fixed_on, NULL) AS fixed_on,
           if(act_holds, made_from, NULL) AS fixed_from,
           if(act_holds, act_reason, NULL) AS fixed_because,
           if(fixed_by_act AND NOT hidden AND NOT has_act, NULL, provenance) AS provenance,
           if(fixed_by_act AND NOT act_holds, 'provisional', coalesce(newest_maturity, 'provisional')) AS maturity,
           if(fixed_by_act AND NOT act_holds, NULL, newest_lines) AS source_lines
    FROM reasoned
)
SELECT * FROM baselines
