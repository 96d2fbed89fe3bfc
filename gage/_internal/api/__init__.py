"""What users ask for: a function for each request."""
