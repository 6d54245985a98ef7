"""What is made: one module per subject, thin Dagster assets over plain functions of frames.

The statistics are in `assets/methods/`, which imports nothing of the project. When things run is `pipelines/`'s.
"""

import warnings

# Checks by edition and runs over several editions are a preview and a beta of Dagster's; the tests hold on to both.
warnings.filterwarnings("ignore", message=".* is currently in (beta|preview)")
