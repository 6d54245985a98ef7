-- The one count that a figure is made from where several producers counted the same cell. A count that is not a zero in doubt
-- comes first, then one from single reports, then the newest draw.
CREATE OR REPLACE VIEW crime_source AS
FROM crime.counted WHERE crime_year = edition - 1 -- not a new draw of an earlier year
QUALIFY row_number() OVER (
    PARTITION BY edition, area_id, crime_type ORDER BY zero_in_doubt, counted_from = 'reports' DESC, drawn_on DESC, extract DESC
) = 1;
