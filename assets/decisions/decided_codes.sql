-- The decisions in force on offence codes that the mapping does not have: the crime type of their reports, or NULL for none.
CREATE OR REPLACE VIEW decided_codes AS
SELECT edition, offence_code, crime_type, decision_id
FROM quality.file_decisions WHERE about = 'unmapped_code' AND status = 'in_force';
