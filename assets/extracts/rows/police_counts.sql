-- The counts of a year belong to the version of the area that is valid on the year's last day.
WITH counts AS (
    SELECT *, area_of(area_code_system, area_code) AS area_id,
           version_on(area_of(area_code_system, area_code), TRY(make_date(crime_year, 12, 31))) AS area_version
    FROM {typed}
)
SELECT * FROM counts
