"""The commitments that the parties count themselves: activities and their partners, goals, meetings, money and listed areas."""
