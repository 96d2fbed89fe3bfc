"""The numbers that a run gives back."""
