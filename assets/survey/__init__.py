"""Shares of residents: estimated from the survey's answers where they were delivered, else as published."""
