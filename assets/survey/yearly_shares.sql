-- One share for each edition, area and measure of the survey: the estimate from answers, or the published share if there is no
-- estimate. If a target needs a share and there is neither, the row is empty. `share_tables.py` adds the intervals of published
-- shares.
WITH conventions AS (
    SELECT max(value) FILTER (convention = 'fewest_answers') AS fewest_answers,
           max(value) FILTER (convention = 'assumed_design_effect') AS assumed_design_effect
    FROM reference.conventions
),
measures AS (
    SELECT measure FROM reference.measures WHERE made_of = 'answers'
),
-- A target about a share needs the shares of its area and of the comparison area, from the baseline on.
needed_by_target AS (
    SELECT agreement_id, target_id, measure, unnest([t.area_id, a.comparison_area_id]) AS area_id,
           coalesce(t.baseline_year, t.first_year) AS first_edition, t.last_year
    FROM reference.targets t JOIN reference.agreements a USING (agreement_id)
),
awaited AS (
    SELECT unnest(range(first_edition, last_year + 1)) AS edition, area_id, measure FROM needed_by_target
),
addresses AS (
    SELECT edition, area_id, measure
    FROM (SELECT edition, area_id, measure FROM published_figure
          UNION SELECT edition, area_id, measure FROM safety.estimates
          UNION FROM awaited)
    JOIN measures USING (measure)
),
-- The version of each area. If the area changes during the edition's year, the version at the beginning of the year is used.
versions AS (
    SELECT d.edition, d.area_id, min(v.area_version) AS area_version
    FROM (SELECT DISTINCT edition, area_id FROM addresses) d
    JOIN area_versions v ON v.area_id = d.area_id AND d.edition BETWEEN year(v.valid_from) AND year(v.valid_to)
    GROUP BY d.edition, d.area_id
),
-- A break without an area concerns every area. A break without a measure concerns every share.
first_after_break AS (
    SELECT DISTINCT a.edition, a.area_id, a.measure
    FROM addresses a
    JOIN reference.series_breaks b ON b.first_edition = a.edition
        AND coalesce(b.area_id, a.area_id) = a.area_id AND coalesce(b.measure, a.measure) = a.measure
),
-- The kind of interval. All agreements of one area use the same kind. An area without an agreement uses Korn and Graubard's.
intervals AS (
    SELECT area_id, any_value(share_interval) AS share_interval FROM reference.agreements GROUP BY area_id
),
-- An estimate from too few answers stays in the store and is not published.
estimated AS (
    SELECT e.edition, e.area_id, e.measure, e.answers, e.rule_version, e.provenance, e.method, e.presentable,
           CASE WHEN e.answers >= c.fewest_answers THEN e.share_percent END AS estimate,
           CASE WHEN share_interval = 'logit' THEN logit_low_percent ELSE korn_graubard_low_percent END AS estimate_low,
           CASE WHEN share_interval = 'logit' THEN logit_high_percent ELSE korn_graubard_high_percent END AS estimate_high,
           e.standard_error_points, e.design_effect
    FROM safety.estimates e CROSS JOIN conventions c LEFT JOIN intervals USING (area_id)
),
joined AS (
    SELECT a.edition, a.area_id, v.area_version, a.measure,
           f.edition IS NOT NULL AS is_published, e.edition IS NOT NULL AS is_estimated,
           f.value AS published_percent, f.low AS published_low, f.high AS published_high, f.approximate,
           f.answers AS published_answers, f.lines AS source_lines,
           e.* EXCLUDE (edition, area_id, measure), b.edition IS NOT NULL AS after_break
    FROM addresses a
    LEFT JOIN published_figure f USING (edition, area_id, measure)
    LEFT JOIN estimated e USING (edition, area_id, measure)
    LEFT JOIN versions v USING (edition, area_id)
    LEFT JOIN first_after_break b USING (edition, area_id, measure)
),
shares AS (
    SELECT edition, area_id, area_version, measure,
           CASE WHEN is_estimated THEN estimate ELSE published_percent END AS share_percent,
           CASE WHEN estimate IS NOT NULL THEN estimate_low END AS share_low_percent,
           CASE WHEN estimate IS NOT NULL THEN estimate_high END AS share_high_percent,
           CASE WHEN is_estimated THEN estimate ELSE published_low END AS rounding_low_percent, -- an estimate is not rounded
           CASE WHEN is_estimated THEN estimate ELSE published_high END AS rounding_high_percent,
           rule_version,
           published_percent,
           CASE WHEN is_estimated THEN answers ELSE published_answers END AS answers,
           CASE WHEN estimate IS NOT NULL THEN standard_error_points END AS standard_error_points,
           CASE WHEN estimate IS NOT NULL THEN design_effect
                WHEN NOT is_estimated AND published_percent IS NOT NULL AND published_answers IS NOT NULL
                    THEN c.assumed_design_effect END AS design_effect,
           CASE WHEN is_estimated AND (estimate IS NULL OR NOT presentable) THEN 'low_reliability'
                WHEN is_estimated AND after_break THEN 'break'
                WHEN is_estimated THEN 'normal'
                WHEN NOT is_published THEN 'missing'
                WHEN published_percent IS NULL THEN 'conflict'
                WHEN published_answers < c.fewest_answers THEN 'low_reliability'
                WHEN approximate THEN 'estimated'
                WHEN after_break THEN 'break'
                ELSE 'normal' END AS status,
           CASE WHEN is_estimated THEN provenance WHEN is_published THEN 'published' END AS provenance,
           CASE WHEN is_estimated OR is_published THEN 'final' ELSE 'provisional' END AS maturity,
           method,
           source_lines
    FROM joined CROSS JOIN conventions c
)
SELECT * FROM shares
