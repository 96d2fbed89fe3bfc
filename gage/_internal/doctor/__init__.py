"""What is wrong in a directory of runs, and mending it."""
