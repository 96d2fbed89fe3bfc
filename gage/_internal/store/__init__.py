"""A directory of runs: finding, listing, reading."""
