"""Defines the yearly job, which makes and checks every table of the editions and publishes the DuckDB file."""

import dagster as dg

from assets.tables import editions

JOB = "yearly_run"

yearly = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all(),
    partitions_def=editions,
    description="Reads the reference files, materializes and checks every table of the editions, and publishes the DuckDB file.",
)
