"""Make the tables of the survey's shares: how many per cent of the residents gave a certain answer.

If the survey's answers were delivered, the shares are estimated from the answers. Otherwise the published shares are
used.
"""
