"""Comparing two or many runs: their differences."""
