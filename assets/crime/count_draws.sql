-- The police's own counts. For each cell (area, crime year and crime type) the newest draw is marked as the one to use. The
-- draw is chosen for each cell separately, because a file may have the counts of only some areas.
WITH count_draws AS (
    SELECT {edition} AS edition, extract, area_id, area_version, crime_year, crime_type, drawn_on, c.edition AS delivered_in_edition,
           row_number() OVER (cell ORDER BY drawn_on DESC, c.edition DESC) = 1 AS counts,
           reports,
           lag(reports) OVER (cell ORDER BY drawn_on, c.edition) AS reports_before,
           provenance
    FROM police.counts c
    WHERE area_id IS NOT NULL -- a decision may have kept a count whose area is not known
    WINDOW cell AS (PARTITION BY extract, area_id, crime_year, crime_type)
)
SELECT * FROM count_draws ORDER BY extract, area_id, crime_year, crime_type, drawn_on, delivered_in_edition
