"""The two tables in the middle: every figure of every kind, and every comparison of figures.

What comes before them makes figures; what comes after reads these two and compares nothing itself.
"""
