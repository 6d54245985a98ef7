-- Readings that are printed beside the verdicts on crime and bind nobody. They are rows of indicators.comparisons, each with the
-- target beside whose verdict it is printed.

WITH readings AS (
    SELECT c.edition, c.year AS crime_year, t.agreement_id, t.target_id, t.measure, t.area_id, r.reading,
           false AS binding, c.change AS ratio, c.change_low AS ratio_low, c.change_high AS ratio_high,
           c.breaks, nullif(c.reason, 'zero_count') AS reason, c.provenance, c.method
    FROM reference.targets t JOIN reference.agreements a USING (agreement_id)
    CROSS JOIN reference.crime_readings r
    JOIN indicators.comparisons c
      ON c.area_id = t.area_id AND c.measure = t.measure AND c.compared_with = r.kind
     AND CASE r.kind WHEN 'years' THEN c.compared_years = array_to_string(range(r.first_year, r.last_year + 1), ' ')
                     ELSE c.agreement_id = t.agreement_id AND c.compared_edition = t.baseline_year + 1
                          AND c.compared_area_id = a.comparison_area_id END
    WHERE t.rule = 'held_at_baseline' AND c.year BETWEEN t.first_year AND t.last_year
)
SELECT * FROM readings
