"""The yearly job: every table of the editions, its checks, and the publication."""

import dagster as dg

from assets.tables import editions

JOB = "yearly_run"

yearly = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all(),
    partitions_def=editions,
    description="Reads the reference files, materializes and checks every table of the editions, and publishes the DuckDB file.",
)
