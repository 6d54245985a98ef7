WITH goals AS (
    SELECT *, area_of(area_code_system, partnership_code) AS area_id
    FROM {typed}
)
SELECT * FROM goals
