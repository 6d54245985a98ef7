-- Each draw of the edition compared with the same producer's previous draw of the same crime year: what changed, by crime type.
-- Reports of the two draws are matched by journal number. If a decision has kept two rows with the same journal number, they
-- are two reports: the first is matched with the first of the other draw, the second with the second.
WITH reports AS (
    SELECT extract, crime_year, edition, drawn_on, journal_number, coalesce(crime_type, 'unmapped') AS crime_type, provenance, file, row
    FROM police.reports
),
draws AS (
    SELECT DISTINCT extract, crime_year, drawn_on, edition FROM reports
),
followed AS (
    SELECT *, lag(drawn_on) OVER earlier AS drawn_before_on, lag(edition) OVER earlier AS edition_before
    FROM draws WINDOW earlier AS (PARTITION BY extract, crime_year ORDER BY drawn_on, edition)
),
pairs AS (
    SELECT * FROM followed WHERE edition = {edition} AND drawn_before_on IS NOT NULL
),
later AS (
    SELECT p.extract, p.crime_year, p.drawn_on, p.drawn_before_on, r.journal_number, r.crime_type, r.provenance,
           row_number() OVER (PARTITION BY p.extract, p.crime_year, p.drawn_on, r.journal_number ORDER BY r.file, r.row) AS occurrence
    FROM reports r JOIN pairs p USING (extract, crime_year, edition, drawn_on)
),
before AS (
    SELECT p.extract, p.crime_year, p.drawn_on, p.drawn_before_on, r.journal_number, r.crime_type, r.provenance,
           row_number() OVER (PARTITION BY p.extract, p.crime_year, p.drawn_on, r.journal_number ORDER BY r.file, r.row) AS occurrence
    FROM reports r
    JOIN pairs p ON r.extract = p.extract AND r.crime_year = p.crime_year AND r.edition = p.edition_before AND r.drawn_on = p.drawn_before_on
),
compared AS (
    SELECT extract, crime_year, drawn_on, drawn_before_on, l.crime_type AS type_now, b.crime_type AS type_before,
           greatest(l.provenance, b.provenance) AS provenance -- 'synthetic' if either draw is
    FROM later l FULL JOIN before b USING (extract, crime_year, drawn_on, drawn_before_on, journal_number, occurrence)
),
draw_changes AS (
    SELECT {edition} AS edition, extract, crime_year, drawn_on, drawn_before_on, crime_type,
           count(*) FILTER (crime_type = type_before) AS reports_before,
           count(*) FILTER (crime_type = type_now) AS reports,
           count(*) FILTER (crime_type = type_now AND type_before IS NULL) AS added,
           count(*) FILTER (crime_type = type_before AND type_now IS NULL) AS removed,
           count(*) FILTER (crime_type = type_now AND type_before <> type_now) AS moved_in,
           count(*) FILTER (crime_type = type_before AND type_now <> type_before) AS moved_out,
           max(provenance) AS provenance
    FROM compared, unnest(list_distinct([type_now, type_before])) AS types(crime_type)
    WHERE crime_type IS NOT NULL
    GROUP BY extract, crime_year, drawn_on, drawn_before_on, crime_type
)
SELECT * FROM draw_changes ORDER BY extract, crime_year, drawn_on, crime_type
