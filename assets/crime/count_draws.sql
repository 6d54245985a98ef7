-- Counts come cell by cell, so each cell has its own draws: a file with one area's counts says nothing of another's.
WITH count_draws AS (
    SELECT {edition} AS edition, extract, area_id, area_version, crime_year, crime_type, drawn_on, c.edition AS delivered_in_edition,
           row_number() OVER (cell ORDER BY drawn_on DESC, c.edition DESC) = 1 AS counts,
           reports,
           lag(reports) OVER (cell ORDER BY drawn_on, c.edition) AS reports_before,
           provenance
    FROM police.counts c
    WHERE area_id IS NOT NULL -- a decision may let a count stand whose area nobody knows
    WINDOW cell AS (PARTITION BY extract, area_id, crime_year, crime_type)
)
SELECT * FROM count_draws ORDER BY extract, area_id, crime_year, crime_type, drawn_on, delivered_in_edition
