WITH residents AS (
    SELECT *, area_of(area_code_system, area_code) AS area_id, version_on(area_of(area_code_system, area_code), on_date) AS area_version
    FROM {typed}
)
SELECT * FROM residents
