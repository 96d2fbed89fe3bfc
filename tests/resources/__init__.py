"""What the processes of a run use."""
