"""Make the figures of the targets that are about the parties' own work.

The queries count activities, the partners of activities, goals, meetings, money, and areas on the state's list.
"""
