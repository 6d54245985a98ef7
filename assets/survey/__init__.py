"""Make the tables of residents' shares.

If the survey's answers were delivered, the shares are estimated from the answers. Otherwise the published shares are
used.
"""
