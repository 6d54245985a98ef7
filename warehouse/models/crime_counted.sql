-- Reports of the edition's crime year in each area, as each producer's draw that counts has them: report by report, placed
-- and mapped here, or already counted by the police.
WITH reports AS (
    SELECT r.extract, r.drawn_on, r.area_id, r.bydel_id, r.partnership_area_id, r.crime_type,
           max(r.provenance) AS provenance, count(*) AS reports
    FROM police.reports r
    JOIN police.draws d ON d.extract = r.extract AND d.drawn_on = r.drawn_on AND d.crime_year = r.crime_year AND d.delivered_in_edition = r.edition
    WHERE d.counts AND r.crime_year = {edition} - 1
    GROUP BY ALL
),
municipalities AS (
    SELECT DISTINCT area_id, whole_id AS municipality_id FROM lies_in
    WHERE level = 'municipality' AND make_date({edition} - 1, 12, 31) BETWEEN valid_from AND valid_to
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
    SELECT extract, drawn_on, area_id, provenance, crime_type
    FROM (SELECT extract, drawn_on, area_id, max(provenance) AS provenance FROM in_areas GROUP BY ALL),
         (SELECT DISTINCT crime_type FROM mapped_codes)
),
counted AS (
    SELECT 'reports' AS counted_from, c.extract, c.drawn_on, c.area_id, c.crime_type, coalesce(sum(i.reports), 0) AS reports, c.provenance
    FROM cells c LEFT JOIN in_areas i USING (extract, drawn_on, area_id, crime_type)
    GROUP BY ALL
    UNION ALL
    SELECT 'counts', extract, drawn_on, area_id, crime_type, reports, provenance
    FROM police.count_draws WHERE counts AND crime_year = {edition} - 1
),
-- Residents on 1 January of the crime year: the newest delivered, else the project's own.
delivered AS (
    SELECT area_id, arg_max(population_residents, (edition, file, row)) AS population_residents,
           arg_max(provenance, (edition, file, row)) AS provenance
    FROM population.residents WHERE on_date = make_date({edition} - 1, 1, 1) AND area_id IS NOT NULL GROUP BY ALL
),
residents AS (
    FROM delivered
    UNION ALL
    SELECT area_id, any_value(population_residents), NULL FROM reference.populations
    WHERE on_date = make_date({edition} - 1, 1, 1) AND area_id NOT IN (SELECT area_id FROM delivered) GROUP BY ALL
)
SELECT {edition} AS edition, {edition} - 1 AS crime_year, c.area_id,
       version_on(c.area_id, make_date({edition} - 1, 12, 31)) AS area_version,
       c.crime_type, c.extract, c.counted_from, c.drawn_on, c.reports, p.population_residents,
       greatest(c.provenance, p.provenance) AS provenance -- synthetic as soon as one is
FROM counted c LEFT JOIN residents p USING (area_id)
ORDER BY c.area_id, c.crime_type, c.extract
