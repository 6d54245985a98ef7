-- Each target that has a baseline, with the edition that has the baseline's figure. A crime year is published by the next
-- year's edition.
CREATE OR REPLACE VIEW targets_with_baseline AS
SELECT t.agreement_id, t.target_id, t.measure, t.area_id, t.rule, a.comparison_area_id, m.unit, m.made_of, m.crime_type,
       t.baseline_year + if(t.period_of = 'crime_year', 1, 0) AS edition,
       if(t.period_of = 'crime_year', t.baseline_year, NULL) AS crime_year,
       m.made_of = 'answers' AS of_answers, t.rule = 'held_at_baseline' AS fixed_by_act
FROM reference.targets t JOIN reference.agreements a USING (agreement_id) JOIN reference.measures m USING (measure)
WHERE t.baseline_year IS NOT NULL AND t.rule <> 'reported_every_year';

-- The act that is in force for each target and measure. It is the latest one.
CREATE OR REPLACE VIEW latest_acts AS
FROM reference.fixed_baselines
QUALIFY row_number() OVER (PARTITION BY agreement_id, target_id, measure ORDER BY act DESC) = 1;
