"""From a project to a staged run."""
