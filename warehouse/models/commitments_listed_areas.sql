SELECT *
FROM {typed}
