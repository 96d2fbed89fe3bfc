"""Pictures of runs, drawn by Matplotlib: curves, parallel coordinates, scatter plots, timelines."""
