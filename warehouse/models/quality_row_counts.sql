-- Delivered, kept and set aside are counted apart from each other: each from the table that holds them.
WITH kept AS (
    SELECT file, count(*) AS rows_kept FROM activities.activities GROUP BY file
    UNION ALL
    SELECT file, count(*) AS rows_kept FROM activities.goals GROUP BY file
    UNION ALL
    SELECT file, count(*) AS rows_kept FROM commitments.accounts GROUP BY file
    UNION ALL
    SELECT file, count(*) AS rows_kept FROM commitments.listed_areas GROUP BY file
    UNION ALL
    SELECT file, count(*) AS rows_kept FROM commitments.meetings GROUP BY file
    UNION ALL
    SELECT file, count(*) AS rows_kept FROM figures.published GROUP BY file
    UNION ALL
    SELECT file, count(*) AS rows_kept FROM police.counts GROUP BY file
    UNION ALL
    SELECT file, count(*) AS rows_kept FROM police.reports GROUP BY file
    UNION ALL
    SELECT file, count(*) AS rows_kept FROM population.residents GROUP BY file
    UNION ALL
    SELECT file, count(*) AS rows_kept FROM survey.answers GROUP BY file
), rejected AS (
    SELECT file, count(DISTINCT row) AS rows_rejected FROM quality.rejected_rows WHERE decision IS NULL GROUP BY file
)
SELECT f.edition, f.file, f.table_name, f.rows_delivered,
       coalesce(k.rows_kept, 0) AS rows_kept,
       coalesce(r.rows_rejected, 0) AS rows_rejected,
       100.0 * coalesce(r.rows_rejected, 0) / f.rows_delivered AS rejected_percent,
       f.tolerated_percent,
       d.decision_id AS decision,
       f.provenance
FROM quality.files f
LEFT JOIN kept k USING (file)
LEFT JOIN rejected r USING (file)
LEFT JOIN quality.decisions d ON d.edition = f.edition AND d.file = f.file AND d.about = 'rejected_share' AND d.status = 'in_force'
ORDER BY f.edition, f.file
