-- The decisions in force about offence codes that the mapping does not have. A decision gives the crime type of the reports
-- with such a code; the type is NULL if these reports belong to no crime type.
CREATE OR REPLACE VIEW decided_codes AS
SELECT edition, offence_code, crime_type, decision_id
FROM quality.file_decisions WHERE about = 'unmapped_code' AND status = 'in_force';
