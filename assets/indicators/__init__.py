"""The two central tables: every figure of every kind, and every comparison of two figures.

Tables before these two make figures. Tables after them read these two and make no comparisons of their own.
"""
