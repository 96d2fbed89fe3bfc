"""A process: which one it is, its command and environment, its start, its end."""
