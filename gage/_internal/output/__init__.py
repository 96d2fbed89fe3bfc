"""The output of a command: written, recorded, read."""
