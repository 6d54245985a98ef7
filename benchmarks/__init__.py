"""Benchmarks. Each benchmark compares Tryghed with a named yardstick. No other package imports this package."""
