"""What is made: one module per subject, thin Dagster assets over plain functions of frames.

The statistics are in `assets/methods/`, which imports nothing of the project. When things run is `pipelines/`'s.
"""
