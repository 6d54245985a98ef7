"""The two central tables: one has every figure of every kind, the other has every comparison of two figures.

Earlier steps of a run make the figures. Later steps read these two tables and compare nothing themselves.
"""
