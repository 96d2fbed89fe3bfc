"""What can be run: Gage files, targets, the line that asks for a run."""
