"""The yearly editions as Dagster partitions: edition Y carries the survey of year Y and the crime of year Y-1."""

import dagster as dg

from warehouse.store import FIRST_EDITION

editions = dg.TimeWindowPartitionsDefinition(
    cron_schedule="0 0 1 1 *",
    fmt="%Y",
    start=str(FIRST_EDITION),
    timezone="Europe/Copenhagen",
    end_offset=1,  # without it the running year is missing
)

same_edition = dg.TimeWindowPartitionMapping()
"""A table that needs only its own edition of another."""

this_and_earlier = dg.TimeWindowPartitionMapping(start_offset=-100, allow_nonexistent_upstream_partitions=True)
"""A table that compares with earlier editions of another."""
