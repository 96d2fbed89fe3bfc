"""What is recorded of the machine: packages, platform, git."""
