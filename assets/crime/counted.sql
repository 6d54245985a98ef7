-- Reports of a crime year in each area, as each producer's draw that counts has them: report by report, placed and mapped
-- here, or already counted by the police. Of the edition's own crime year always, of another where a draw came in the edition.
WITH reports AS (
    SELECT r.extract, r.crime_year, r.drawn_on, r.area_id, r.bydel_id, r.partnership_area_id, r.crime_type,
           max(r.provenance) AS provenance, count(*) AS reports
    FROM police.reports r
    JOIN police.draws d ON d.extract = r.extract AND d.drawn_on = r.drawn_on AND d.crime_year = r.crime_year AND d.delivered_in_edition = r.edition
    WHERE d.counts AND (r.crime_year = {edition} - 1 OR r.edition = {edition})
    GROUP BY ALL
),
municipalities AS (
    SELECT area_id, any_value(whole_id) AS municipality_id FROM lies_in WHERE level = 'municipality' GROUP BY area_id
),
-- A report of which no place is known lies in the municipality of the producer's others.
usual AS (
    SELECT extract, municipality_id FROM reports JOIN municipalities USING (area_id)
    GROUP BY extract, municipality_id QUALIFY row_number() OVER (PARTITION BY extract ORDER BY sum(reports) DESC, municipality_id) = 1
),
placed AS (
    SELECT r.*, coalesce(m.municipality_id, u.municipality_id) AS municipality_id
    FROM reports r LEFT JOIN municipalities m USING (area_id) LEFT JOIN usual u USING (extract)
),
in_areas AS (
    SELECT * REPLACE (area AS area_id) FROM placed, unnest([municipality_id, bydel_id, partnership_area_id]) AS areas(area)
    WHERE area IS NOT NULL
),
-- A type without a report is none reported; an area without any may be one that the producer cannot tell apart, and is left out.
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
-- Residents on 1 January of the crime year: the newest delivered, else the project's own.
delivered AS (
    SELECT area_id, on_date, arg_max(population_residents, (edition, file, row)) AS population_residents,
           arg_max(provenance, (edition, file, row)) AS provenance
    FROM population.residents WHERE area_id IS NOT NULL GROUP BY area_id, on_date
),
residents AS (
    FROM delivered
    UNION ALL
    SELECT area_id, on_date, any_value(population_residents), NULL FROM reference.populations
    ANTI JOIN delivered USING (area_id, on_date) GROUP BY area_id, on_date
)
SELECT {edition} AS edition, c.crime_year, c.area_id, version_on(c.area_id, make_date(c.crime_year, 12, 31)) AS area_version,
       c.crime_type, c.extract, c.counted_from, c.drawn_on, c.reports, p.population_residents,
       greatest(c.provenance, p.provenance) AS provenance -- synthetic as soon as one is
FROM counted c LEFT JOIN residents p ON p.area_id = c.area_id AND p.on_date = make_date(c.crime_year, 1, 1)
ORDER BY c.crime_year, c.area_id, c.crime_type, c.extract
