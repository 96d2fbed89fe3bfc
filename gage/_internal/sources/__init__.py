"""The files that belong to a run, and their copies."""
