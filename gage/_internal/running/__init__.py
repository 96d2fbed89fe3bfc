"""From a staged run to an ended one."""
