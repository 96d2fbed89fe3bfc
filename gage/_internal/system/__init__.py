"""The record of the machine: packages, platform, git."""
