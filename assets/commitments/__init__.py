"""What the parties promised of themselves: activities and their partners, goals, meetings, money, listed areas."""
