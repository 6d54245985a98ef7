"""Measurements, each against a named yardstick in the same run. The project does not import them."""
