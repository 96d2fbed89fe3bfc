"""What a side-car holds: definition, logs, manifest, status."""
