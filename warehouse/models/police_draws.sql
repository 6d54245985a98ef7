-- The newest draw of a crime year counts, of those that had arrived by the edition.
WITH draws AS (
    SELECT crime_year, drawn_on, edition AS delivered_in_edition, file, provenance,
           count(*) AS reports,
           count(*) FILTER (mapping_version IS NULL) AS reports_unmapped,
           count(*) FILTER (place = 'unknown') AS reports_place_unknown
    FROM police.reports GROUP BY ALL
)
SELECT {edition} AS edition, *,
       row_number() OVER (PARTITION BY crime_year ORDER BY drawn_on DESC, delivered_in_edition DESC, file DESC) = 1 AS counts
FROM draws ORDER BY crime_year, drawn_on, file
