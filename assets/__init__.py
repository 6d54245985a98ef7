"""The assets: a folder for each subject, with its SQL queries and the Python that computes and decides.

The files directly in this folder serve every subject: `tables.py` and `sql_tables.py` turn a table into a Dagster
asset, `asset_checks.py` turns a rule into a Dagster check, and `lookups.sql` makes the lookup tables of all queries. The
statistics are in `methods/`, which imports nothing else from the project. Jobs, schedules and sensors are in
`pipelines/`. docs/HOUSE.md says where everything is.
"""

import warnings

# Dagster marks runs over several partitions as beta and warns at each start. The tests cover the parts that the project uses.
warnings.filterwarnings("ignore", message=".* is currently in (beta|preview)")
