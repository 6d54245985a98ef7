-- The number of reports by crime year, area and crime type. Only the draws that are marked as the ones to use are read. Either
-- single reports are counted here, or the police have counted the reports already. The table has the crime year that the
-- edition publishes. It also has each earlier crime year of which a draw was delivered in this edition. Areas, and their
-- residents, are taken as they are defined on the last day of the crime year.
WITH reports AS (
    SELECT r.extract, r.crime_year, r.drawn_on, r.area_id, r.bydel_id, r.partnership_area_id, r.crime_type,
           max(r.provenance) AS provenance, count(*) AS reports
    FROM police.reports r
    JOIN police.draws d ON d.extract = r.extract AND d.drawn_on = r.drawn_on AND d.crime_year = r.crime_year AND d.delivered_in_edition = r.edition
    WHERE d.counts AND (r.crime_year = {edition} - 1 OR r.edition = {edition})
    GROUP BY ALL
),
municipalities AS (
    SELECT area_id, any_value(municipality_id) AS municipality_id FROM municipality_of GROUP BY area_id
),
-- A report without a known place is counted in the municipality that has most of the same producer's reports.
usual_municipality AS (
    SELECT extract, municipality_id FROM reports JOIN municipalities USING (area_id)
    GROUP BY extract, municipality_id QUALIFY row_number() OVER (PARTITION BY extract ORDER BY sum(reports) DESC, municipality_id) = 1
),
placed AS (
    SELECT r.*, coalesce(m.municipality_id, u.municipality_id) AS municipality_id
    FROM reports r LEFT JOIN municipalities m USING (area_id) LEFT JOIN usual_municipality u USING (extract)
),
in_areas AS (
    SELECT * REPLACE (area AS area_id) FROM placed, unnest([municipality_id, bydel_id, partnership_area_id]) AS areas(area)
    WHERE area IS NOT NULL
),
-- If an area has reports of some type, its count of every type without reports is 0. An area without any report is left out:
-- perhaps the producer's files do not tell this area from others.
cells AS (
    SELECT extract, crime_year, drawn_on, area_id, provenance, crime_type
    FROM (SELECT extract, crime_year, drawn_on, area_id, max(provenance) AS provenance FROM in_areas GROUP BY ALL),
         (SELECT DISTINCT crime_type FROM mapped_codes)
),
counted AS (
    SELECT 'reports' AS counted_from, c.extract, c.crime_year, c.drawn_on, c.area_id, c.crime_type,
           coalesce(sum(i.reports), 0) AS reports, c.provenance
    FROM cells c LEFT JOIN in_areas i USING (extract, crime_year, drawn_on, area_id, crime_type)
    GROUP BY ALL
    UNION ALL
    SELECT 'counts', extract, crime_year, drawn_on, area_id, crime_type, reports, provenance
    FROM police.count_draws WHERE counts AND (crime_year = {edition} - 1 OR delivered_in_edition = {edition})
),
-- Rejected rows that might be real reports or counts of a year. Because of such a row, a count of 0 may be wrong. Three kinds
-- of rejected rows are left out: rows that a decision dropped, rows that repeat another row, and rows that were rejected only
-- because they belong to another year. Below, the year, the crime type and the area are read from the cells as delivered. If
-- one of them cannot be read, the value is NULL, which stands for any year, type or area. The year is also NULL if another date
-- of the row contradicts it.
doubtful_rows AS (
    SELECT table_name, file, row,
           bool_or(rule IN ('offence_after_the_report', 'reported_after_the_draw')) AS day_is_contradicted
    FROM quality.rejected_rows
    WHERE table_name IN ('police.reports', 'police.counts')
    GROUP BY ALL
    HAVING bool_or(NOT counts AND decision IS NULL)
       AND NOT bool_or(rule IN ('duplicate_row', 'area_under_two_names'))
       AND NOT bool_and(rule IN ('reported_in_a_year_of_few', 'reported_in_the_edition_or_later'))
),
-- Every code and label in the delivered files, with its crime type. The type of a code comes from the mapping or from a
-- decision. The type of a label is the type that kept rows with the same label have.
types_as_written AS (
    SELECT DISTINCT 'police.reports' AS table_name, offence_code AS written, crime_type FROM mapped_codes
    UNION
    SELECT 'police.reports', offence_code, crime_type FROM decided_codes
    UNION
    SELECT 'police.counts', trim(e.crime_type), c.crime_type FROM extracts.police_counts e JOIN police.counts c USING (edition, file, row)
),
file_draws AS (
    SELECT file, any_value(drawn_on) AS drawn_on FROM police.reports WHERE edition = {edition} GROUP BY file
),
doubtful_cells AS (
    SELECT 'reports' AS counted_from, d.table_name, extract, f.drawn_on, NULL AS area_id, trim(offence_code) AS written,
           regexp_extract_all(e.reported_on, '\b(?:19|20)\d\d\b') AS years,
           CASE WHEN len(years) = 1 AND NOT day_is_contradicted THEN years[1]::INTEGER END AS crime_year
    FROM doubtful_rows d JOIN extracts.police_reports e USING (file, row) LEFT JOIN file_draws f USING (file) WHERE d.table_name = 'police.reports'
    UNION ALL
    SELECT 'counts', d.table_name, extract, NULL, k.area_id, trim(crime_type), NULL, TRY_CAST(trim(crime_year) AS INTEGER)
    FROM doubtful_rows d JOIN extracts.police_counts e USING (file, row) LEFT JOIN known_codes k ON k.code = lower(trim(e.area_code))
    WHERE d.table_name = 'police.counts'
),
-- A doubtful row puts counts of 0 in doubt: those of its crime type, and those of a total that includes this type. They are in
-- doubt for the row's area and for every area that this area lies in.
doubts AS (
    SELECT DISTINCT d.* EXCLUDE (table_name, written, years), m.written IS NULL AS any_type, m.crime_type,
           role = 'target' AS part_of_total
    FROM doubtful_cells d LEFT JOIN types_as_written m USING (table_name, written) LEFT JOIN reference.crime_types USING (crime_type)
),
zeros_in_doubt AS (
    SELECT DISTINCT c.counted_from, c.extract, c.crime_year, c.area_id, c.crime_type
    FROM counted c
    JOIN doubts d ON d.counted_from = c.counted_from AND d.extract = c.extract
     AND coalesce(d.drawn_on = c.drawn_on, true) AND coalesce(d.crime_year = c.crime_year, true)
    JOIN reference.crime_types t ON t.crime_type = c.crime_type
    WHERE c.reports = 0
      AND (d.any_type OR d.crime_type = c.crime_type OR (d.part_of_total AND t.role = 'total'))
      AND (d.area_id IS NULL OR EXISTS (
          FROM lies_in l WHERE l.area_id = d.area_id AND l.whole_id = c.area_id AND make_date(c.crime_year, 12, 31) BETWEEN l.valid_from AND l.valid_to))
),
-- Residents on 1 January of the crime year: the newest delivered number, or the number in reference.populations if none was
-- delivered.
delivered_residents AS (
    SELECT area_id, area_version, on_date, arg_max(population_residents, (edition, file, row)) AS population_residents,
           arg_max(provenance, (edition, file, row)) AS provenance
    FROM population.residents WHERE area_id IS NOT NULL GROUP BY area_id, area_version, on_date
),
residents AS (
    FROM delivered_residents
    UNION ALL
    SELECT area_id, area_version, on_date, arg_min(population_residents, (approximate, source_id)), NULL FROM reference.populations
    ANTI JOIN delivered_residents USING (area_id, area_version, on_date) GROUP BY area_id, area_version, on_date
),
versioned AS (
    SELECT *, version_on(area_id, make_date(crime_year, 12, 31)) AS area_version FROM counted
),
with_residents AS (
    SELECT {edition} AS edition, v.crime_year, v.area_id, v.area_version, v.crime_type, v.extract, v.counted_from, v.drawn_on, v.reports,
           z.area_id IS NOT NULL AS zero_in_doubt, p.population_residents,
           greatest(v.provenance, p.provenance) AS provenance -- 'synthetic' if either of the two is
    FROM versioned v
    LEFT JOIN zeros_in_doubt z USING (counted_from, extract, crime_year, area_id, crime_type)
    LEFT JOIN residents p ON p.area_id = v.area_id AND p.area_version IS NOT DISTINCT FROM v.area_version AND p.on_date = make_date(v.crime_year, 1, 1)
)
SELECT * FROM with_residents ORDER BY crime_year, area_id, crime_type, extract
