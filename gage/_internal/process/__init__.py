"""A process: its identity, its command and environment, its start, its end."""
