"""What a command printed: written, recorded, read."""
