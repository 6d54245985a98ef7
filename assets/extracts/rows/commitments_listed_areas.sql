WITH listed_areas AS (
    SELECT *
    FROM {typed}
)
SELECT * FROM listed_areas
