"""What the parties promised of themselves: activities, meetings, money, listed areas."""
