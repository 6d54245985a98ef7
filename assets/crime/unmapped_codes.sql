-- Offence codes of kept reports for which the mapping has no crime type on the day of the report. If there is a decision about
-- the code, the row has the decision's id.
WITH unmapped AS (
    SELECT edition, file, provenance, offence_code,
           count(*) AS reports, min(reported_on) AS first_reported_on, max(reported_on) AS last_reported_on
    FROM police.reports WHERE mapping_version IS NULL GROUP BY ALL
),
unmapped_codes AS (
    SELECT u.*,
           CASE WHEN offence_code IN (SELECT offence_code FROM mapped_codes) THEN 'not_valid_then' ELSE 'not_in_the_mapping' END AS why,
           d.decision_id AS decision
    FROM unmapped u
    LEFT JOIN decided_codes d USING (edition, offence_code)
)
SELECT * FROM unmapped_codes ORDER BY edition, file, offence_code
