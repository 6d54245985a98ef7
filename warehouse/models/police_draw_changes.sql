-- Each draw that the edition brought, beside the draw of the same crime year before it.
WITH draws AS (
    SELECT DISTINCT crime_year, drawn_on, edition, file,
           FROM police.reports
), followed AS (
    SELECT *, lag(drawn_on) OVER earlier AS drawn_before_on, lag(file) OVER earlier AS file_before, lag(edition) OVER earlier AS edition_before
    FROM draws WINDOW earlier AS (PARTITION BY crime_year ORDER BY drawn_on, edition, file)
), pairs AS (
    SELECT * FROM followed WHERE edition = {edition} AND file_before IS NOT NULL
), later AS (
    SELECT p.crime_year, p.drawn_on, p.drawn_before_on, r.journal_number, coalesce(r.crime_type, 'unmapped') AS crime_type
    FROM police.reports r JOIN pairs p USING (crime_year, edition, file)
), before AS (
    SELECT p.crime_year, p.drawn_on, p.drawn_before_on, r.journal_number, coalesce(r.crime_type, 'unmapped') AS crime_type
    FROM police.reports r JOIN pairs p ON r.crime_year = p.crime_year AND r.edition = p.edition_before AND r.file = p.file_before
), compared AS (
    SELECT crime_year, drawn_on, drawn_before_on, l.crime_type AS type_now, b.crime_type AS type_before
    FROM later l FULL JOIN before b USING (crime_year, drawn_on, drawn_before_on, journal_number)
)
SELECT {edition} AS edition, crime_year, drawn_on, drawn_before_on, crime_type,
       count(*) FILTER (crime_type = type_before) AS reports_before,
       count(*) FILTER (crime_type = type_now) AS reports,
       count(*) FILTER (crime_type = type_now AND type_before IS NULL) AS added,
       count(*) FILTER (crime_type = type_before AND type_now IS NULL) AS removed,
       count(*) FILTER (crime_type = type_now AND type_before <> type_now) AS moved_in,
       count(*) FILTER (crime_type = type_before AND type_now <> type_before) AS moved_out
FROM compared, unnest(list_distinct([type_now, type_before])) AS types(crime_type)
WHERE crime_type IS NOT NULL
GROUP BY ALL ORDER BY crime_year, drawn_on, crime_type
