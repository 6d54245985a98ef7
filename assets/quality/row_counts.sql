-- The numbers of delivered, kept and rejected rows of each file. Each of these three numbers is counted in a different table,
-- so that a check can compare them.
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
),
rejected AS (
    SELECT file, count(*) AS rows_rejected, count(*) FILTER (dropped) AS rows_dropped
    FROM (SELECT file, row, bool_and(decision IS NOT NULL) AS dropped FROM quality.rejected_rows
          WHERE NOT counts GROUP BY file, row) GROUP BY file
),
row_counts AS (
    SELECT f.edition, f.file, f.table_name, f.rows_delivered,
           coalesce(k.rows_kept, 0) AS rows_kept,
           coalesce(r.rows_rejected, 0) AS rows_rejected,
           coalesce(r.rows_dropped, 0) AS rows_dropped,
           100.0 * coalesce(r.rows_rejected - r.rows_dropped, 0) / f.rows_delivered AS rejected_percent,
           f.tolerated_percent,
           d.decision_id AS decision,
           f.provenance
    FROM quality.files f
    LEFT JOIN kept k USING (file)
    LEFT JOIN rejected r USING (file)
    LEFT JOIN quality.file_decisions d ON d.edition = f.edition AND d.file = f.file AND d.about = 'rejected_share' AND d.status = 'in_force'
)
SELECT * FROM row_counts ORDER BY edition, file
