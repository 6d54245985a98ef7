"""Shares of residents: estimated from the survey's answers if they were delivered, otherwise as published."""
