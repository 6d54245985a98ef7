-- Reports and rates by edition, area and crime type: counted from the police's files if there are any, otherwise as published.
-- If a target needs a figure that was neither delivered nor published, there is an empty row. A zero in doubt is not used.
WITH published AS (
    SELECT edition, area_id, crime_type, bool_or(value IS NULL) AS conflict,
           any_value(value) FILTER (unit = 'reports') AS reports,
           any_value(value) FILTER (unit = 'reports_per_1000') AS rate,
           any_value(low) FILTER (unit = 'reports_per_1000') AS rate_low,
           any_value(high) FILTER (unit = 'reports_per_1000') AS rate_high,
           string_agg(lines, ' ' ORDER BY measure) AS source_lines
    FROM published_figure JOIN reference.measures USING (measure) WHERE crime_type IS NOT NULL
    GROUP BY ALL
),
-- A zero in doubt that is hidden stays here as a hidden count. If it were missing, readers would know that it is no small count.
counted AS (
    SELECT s.*, c.confidentiality <> 'free' AS hidden
    FROM crime_source s LEFT JOIN crime.confidentiality c USING (edition, area_id, crime_type)
    WHERE NOT s.zero_in_doubt OR c.confidentiality <> 'free'
),
awaited AS (
    SELECT DISTINCT year + 1 AS edition, area_id, crime_type
    FROM reference.targets JOIN reference.measures USING (measure),
         unnest(range(coalesce(baseline_year, first_year), last_year + 1)) AS years(year)
    WHERE crime_type IS NOT NULL
),
cells AS (
    SELECT edition, area_id, crime_type FROM published
    UNION SELECT edition, area_id, crime_type FROM crime_source
    UNION SELECT edition, area_id, crime_type FROM awaited
),
versioned AS (
    SELECT *, version_on(area_id, make_date(edition - 1, 12, 31)) AS area_version FROM cells
),
residents AS (
    SELECT area_id, area_version, year(on_date) + 1 AS edition, arg_min(population_residents, (approximate, source_id)) AS population_residents
    FROM reference.populations WHERE on_date = make_date(year(on_date), 1, 1) GROUP BY ALL
),
joined AS (
    SELECT v.*, c.extract IS NOT NULL AS delivered, p.crime_type IS NOT NULL AS is_published, coalesce(c.hidden, false) AS hidden,
           c.reports AS counted_reports, c.population_residents AS counted_residents, c.area_version AS counted_version,
           c.counted_from, c.drawn_on, c.provenance,
           p.* EXCLUDE (edition, area_id, crime_type), r.population_residents AS residents
    FROM versioned v
    LEFT JOIN counted c USING (edition, area_id, crime_type)
    LEFT JOIN published p USING (edition, area_id, crime_type)
    LEFT JOIN residents r ON r.edition = v.edition AND r.area_id = v.area_id AND r.area_version = v.area_version
),
chosen AS (
    SELECT *,
           CASE WHEN delivered AND hidden THEN 'hidden' WHEN delivered THEN 'counted' WHEN NOT is_published THEN 'missing'
                WHEN conflict THEN 'conflict' WHEN reports > 0 AND rate > 0 THEN 'implied' WHEN reports IS NOT NULL THEN 'computed'
                ELSE 'rate' END AS figure_from,
           CASE figure_from WHEN 'counted' THEN counted_reports WHEN 'implied' THEN reports WHEN 'computed' THEN reports END AS shown_reports,
           CASE figure_from WHEN 'counted' THEN counted_residents WHEN 'computed' THEN residents END AS shown_residents
    FROM joined
),
figures AS (
    SELECT edition, edition - 1 AS crime_year, area_id, CASE WHEN delivered THEN counted_version ELSE area_version END AS area_version, crime_type,
           CASE WHEN delivered THEN counted_from WHEN is_published THEN 'published' END AS counted_from, drawn_on,
           shown_reports::BIGINT AS reports, c.reports::BIGINT AS published_reports, rate AS published_rate_per_1000,
           shown_residents AS population_residents,
           CASE figure_from WHEN 'implied' THEN round_even(c.reports / rate_high * 1000, 0)::BIGINT END AS population_low_residents,
           CASE figure_from WHEN 'implied' THEN round_even(c.reports / rate_low * 1000, 0)::BIGINT END AS population_high_residents,
           CASE WHEN figure_from IN ('implied', 'rate') THEN rate ELSE shown_reports / shown_residents * 1000 END AS rate_per_1000,
           CASE WHEN hidden THEN 'confidential' ELSE 'free' END AS confidentiality,
           CASE figure_from WHEN 'missing' THEN 'missing' WHEN 'conflict' THEN 'conflict' WHEN 'implied' THEN 'estimated' ELSE 'normal' END AS status,
           CASE WHEN delivered THEN provenance WHEN is_published THEN 'published' END AS provenance,
           'provisional' AS maturity, -- the police keep correcting their register, even for earlier years
           source_lines, role
    FROM chosen c JOIN reference.crime_types USING (crime_type)
)
SELECT * FROM figures ORDER BY edition, area_id, crime_type
