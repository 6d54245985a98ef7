SELECT *, area_of(area_code_system, area_code) AS area_id
FROM {typed}
