-- The draws of every producer. A draw is everything that one producer extracted from its register on one day for one crime
-- year. A draw may be delivered in several files. For each producer and crime year, the newest of the draws that were delivered
-- in this edition or earlier is marked as the one to use.
WITH draws AS (
    SELECT extract, crime_year, drawn_on, edition AS delivered_in_edition,
           count(DISTINCT file) AS files,
           count(*) AS reports,
           count(*) FILTER (mapping_version IS NULL) AS reports_unmapped,
           count(*) FILTER (mapping_version IS NULL AND decision IS NULL) AS reports_undecided,
           count(*) FILTER (place = 'unknown') AS reports_place_unknown,
           count(*) FILTER (CASE WHEN rode_code IS NOT NULL THEN place NOT IN ('rode', 'unknown')
                                 WHEN coordinate_x IS NOT NULL THEN place = 'area' ELSE false END
                            AND (FROM levels SELECT any_value(size) WHERE level = 'partnership_area') < s.size) AS reports_place_less_exact,
           max(provenance) AS provenance -- 'synthetic' if one of the files is
    FROM police.reports LEFT JOIN area_sizes s USING (area_id) GROUP BY ALL
),
draws_by_day AS (
    SELECT {edition} AS edition, *,
           row_number() OVER (PARTITION BY extract, crime_year ORDER BY drawn_on DESC, delivered_in_edition DESC) = 1 AS counts
    FROM draws
)
SELECT * FROM draws_by_day ORDER BY extract, crime_year, drawn_on, delivered_in_edition
