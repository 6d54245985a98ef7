"""Benchmarks. Each compares Tryghed with a named yardstick in the same run. No other package imports them."""
