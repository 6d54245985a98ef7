-- What decisions do to the edition's offence codes that no line of the mapping holds: the type that their reports count as, or none.
CREATE OR REPLACE VIEW decided_codes AS
SELECT edition, offence_code, crime_type, decision_id
FROM quality.file_decisions WHERE about = 'unmapped_code' AND status = 'in_force';
