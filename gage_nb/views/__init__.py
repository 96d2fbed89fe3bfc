"""What a notebook or a terminal shows of runs."""
