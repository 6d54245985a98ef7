"""Count the commitments on the parties' own work.

The queries count activities, the partners of activities, goals, meetings, money, and areas on the state's list.
"""
