"""The display of runs in a notebook or a terminal."""
