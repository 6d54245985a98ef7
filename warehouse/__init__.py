"""Where data are kept: the tables' contracts, the reference data, the store and the published file.

Nothing here knows Dagster, a statistic or a check; every other room may import from this one.
"""
