"""The assets: a folder for each subject, with its SQL queries and the Python that computes and decides.

This folder itself has what every subject needs: `tables.py` and `sql_tables.py` make an asset of a table,
`asset_checks.py` makes a Dagster check of a rule, and `lookups.sql` has what every query may look up. The statistics
are in `methods/`, which imports nothing of the project. Jobs, schedules and sensors do not belong here: they are in
`pipelines/`. docs/HOUSE.md says where everything is.
"""

import warnings

# Dagster marks runs over several partitions as beta and warns at each start. Tests run what the project uses of it.
warnings.filterwarnings("ignore", message=".* is currently in (beta|preview)")
