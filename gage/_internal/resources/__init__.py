"""What the processes of a run use: measured while it runs, recorded, read."""
