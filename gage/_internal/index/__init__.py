"""The cache for questions about many runs: rows, refresh, filter language. Never the truth."""
