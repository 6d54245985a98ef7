-- Reports and residents of each bydel. A bydel is left out if its residents were only worked out from a rate, which is too inexact.

WITH bydele AS (
    SELECT m.crime_type, y.year, y.area_id, y.reports, y.population_low_residents AS residents, reports / residents * 1000 AS rate_per_1000, y.provenance
    FROM indicators.yearly y JOIN reference.measures m USING (measure)
    WHERE m.unit = 'reports' AND y.reports IS NOT NULL AND y.population_low_residents = y.population_high_residents
      AND y.area_id IN (SELECT area_id FROM reference.areas WHERE level = 'bydel')
)
SELECT * FROM bydele ORDER BY crime_type, year, area_id
