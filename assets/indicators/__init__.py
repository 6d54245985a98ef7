"""The two central tables: one has every figure of every kind, the other has every comparison of two figures.

The tables that are made before these two make figures. The tables that are made later read these two and compare nothing
themselves.
"""
