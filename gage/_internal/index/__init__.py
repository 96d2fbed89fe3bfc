"""The cache for questions to many runs: rows, refresh, filter language. Never the truth."""
