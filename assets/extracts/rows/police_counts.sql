-- Each count belongs to the version of its area that is valid on the last day of the crime year.
WITH counts AS (
    SELECT *, area_of(area_code_system, area_code) AS area_id,
           version_on(area_of(area_code_system, area_code), TRY(make_date(crime_year, 12, 31))) AS area_version
    FROM {typed}
)
SELECT * FROM counts
