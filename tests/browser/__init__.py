"""Tests that see what a person sees: a real JupyterLab in a real browser."""
