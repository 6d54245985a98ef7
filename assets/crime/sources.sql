-- The count that a figure is made of, where several producers counted a cell: one that is no zero in doubt before one that is,
-- report by report before the police's own counts, the newest draw before older ones.
CREATE OR REPLACE VIEW crime_source AS
FROM crime.counted WHERE crime_year = edition - 1 -- not a new draw of an earlier year
QUALIFY row_number() OVER (
    PARTITION BY edition, area_id, crime_type ORDER BY zero_in_doubt, counted_from = 'reports' DESC, drawn_on DESC, extract DESC
) = 1;
