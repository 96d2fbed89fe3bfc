"""The side-car of a run: definition, logs, manifest, status."""
