"""Which files belong to a run, and their copies."""
