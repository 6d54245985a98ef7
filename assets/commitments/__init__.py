"""Make the figures of the targets that are about the parties' own work.

The queries count activities, their partners, goals, meetings and money. They also count the residential areas on the
state's list.
"""
