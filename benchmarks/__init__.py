"""Benchmarks. Most compare Tryghed with a yardstick, such as a plain library. No other package imports this package."""
