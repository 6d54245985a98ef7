-- The count that each figure is made from. If several counts of the same cell exist, a count that is not a zero in doubt is
-- preferred. Among the counts that are left, one that was made from single reports is preferred, and then the one of the newest
-- draw.
CREATE OR REPLACE VIEW crime_source AS
FROM crime.counted WHERE crime_year = edition - 1 -- new draws of earlier years are left out
QUALIFY row_number() OVER (
    PARTITION BY edition, area_id, crime_type ORDER BY zero_in_doubt, counted_from = 'reports' DESC, drawn_on DESC, extract DESC
) = 1;
