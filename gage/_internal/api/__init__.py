"""What users ask for, each request one function."""
