"""Two or many runs side by side: what differs."""
