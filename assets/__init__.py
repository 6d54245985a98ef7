"""Dagster's assets. Each subject has a folder with its SQL queries and its Python code.

The files directly in this folder serve all subjects. `tables.py` and `sql_tables.py` turn a table into a Dagster asset.
`asset_checks.py` turns a rule into a Dagster check. `lookups.sql` makes the lookup tables that all queries can use.

The statistical methods are in `methods/`, which imports nothing else from the project. Jobs, schedules and sensors are
in `pipelines/`. docs/HOUSE.md says where everything is.
"""

import warnings

# Dagster marks runs over several partitions as beta and warns at each start. The tests cover the parts that the project uses.
warnings.filterwarnings("ignore", message=".* is currently in (beta|preview)")
