"""What is made: a folder per subject, SQL beside the Python that computes and decides.

Here stands what every subject needs: how a table becomes an asset (`tables.py`, `sql_tables.py`), how a rule becomes a check
(`asset_checks.py`), and what every query may look up (`lookups.sql`). The statistics are in `methods/`, which imports nothing
of the project. When things run is decided in `pipelines/`. docs/HOUSE.md says where everything is.
"""

import warnings

# Checks by edition and runs over several editions are a preview and a beta of Dagster's; the tests hold on to both.
warnings.filterwarnings("ignore", message=".* is currently in (beta|preview)")
