"""Shares of residents from the survey's answers or as published."""
