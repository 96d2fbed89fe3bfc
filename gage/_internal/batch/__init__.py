"""Several runs at once: plan, record, supervisor."""
