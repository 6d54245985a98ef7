"""Benchmarks. Each compares Tryghed with a named yardstick in the same run; no other package imports them."""
