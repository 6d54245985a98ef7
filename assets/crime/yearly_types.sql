-- Reports of each area and crime type and their rate: as counted from the police's files where they came, else as published;
-- empty where a target waits for them in vain. A zero in doubt is no count.
WITH printed AS (
    SELECT edition, area_id, crime_type, bool_or(value IS NULL) AS conflict,
           any_value(value) FILTER (unit = 'reports') AS reports,
           any_value(value) FILTER (unit = 'reports_per_1000') AS rate,
           any_value(low) FILTER (unit = 'reports_per_1000') AS rate_low,
           any_value(high) FILTER (unit = 'reports_per_1000') AS rate_high,
           string_agg(lines, ' ' ORDER BY measure) AS source_lines
    FROM published_figure JOIN reference.measures USING (measure) WHERE crime_type IS NOT NULL
    GROUP BY ALL
),
-- A hidden zero stays one in doubt or not: that it is missing would tell that it is none of the small counts.
ours AS (
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
    SELECT edition, area_id, crime_type FROM printed
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
    SELECT v.*, o.extract IS NOT NULL AS delivered, p.crime_type IS NOT NULL AS was_printed, coalesce(o.hidden, false) AS hidden,
           o.reports AS our_reports, o.population_residents AS our_residents, o.area_version AS our_version,
           o.counted_from, o.drawn_on, o.provenance,
           p.* EXCLUDE (edition, area_id, crime_type), r.population_residents AS residents
    FROM versioned v
    LEFT JOIN ours o USING (edition, area_id, crime_type)
    LEFT JOIN printed p USING (edition, area_id, crime_type)
    LEFT JOIN residents r ON r.edition = v.edition AND r.area_id = v.area_id AND r.area_version = v.area_version
),
chosen AS (
    SELECT *,
           CASE WHEN delivered AND hidden THEN 'hidden' WHEN delivered THEN 'counted' WHEN NOT was_printed THEN 'missing'
                WHEN conflict THEN 'conflict' WHEN reports > 0 AND rate > 0 THEN 'implied' WHEN reports IS NOT NULL THEN 'computed'
                ELSE 'rate' END AS how,
           CASE how WHEN 'counted' THEN our_reports WHEN 'implied' THEN reports WHEN 'computed' THEN reports END AS shown,
           CASE how WHEN 'counted' THEN our_residents WHEN 'computed' THEN residents END AS people
    FROM joined
),
figures AS (
    SELECT edition, edition - 1 AS crime_year, area_id, CASE WHEN delivered THEN our_version ELSE area_version END AS area_version, crime_type,
           CASE WHEN delivered THEN counted_from WHEN was_printed THEN 'published' END AS counted_from, drawn_on,
           shown::BIGINT AS reports, c.reports::BIGINT AS published_reports, rate AS published_rate_per_1000,
           people AS population_residents,
           CASE how WHEN 'implied' THEN round_even(c.reports / rate_high * 1000, 0)::BIGINT END AS population_low_residents,
           CASE how WHEN 'implied' THEN round_even(c.reports / rate_low * 1000, 0)::BIGINT END AS population_high_residents,
           CASE WHEN how IN ('implied', 'rate') THEN rate ELSE shown / people * 1000 END AS rate_per_1000,
           CASE WHEN hidden THEN 'confidential' ELSE 'free' END AS confidentiality,
           CASE how WHEN 'missing' THEN 'missing' WHEN 'conflict' THEN 'conflict' WHEN 'implied' THEN 'estimated' ELSE 'normal' END AS status,
           CASE WHEN delivered THEN provenance WHEN was_printed THEN 'published' END AS provenance,
           'provisional' AS maturity, -- the register of reports lives: later changes alter old years
           source_lines, role
    FROM chosen c JOIN reference.crime_types USING (crime_type)
)
SELECT * FROM figures ORDER BY edition, area_id, crime_type
