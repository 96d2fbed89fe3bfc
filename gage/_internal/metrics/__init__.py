"""The metrics of a run: the numbers that it gives back."""
