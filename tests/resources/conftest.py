"""The commands whose resources are looked at."""

from tests.process.conftest import start

__all__ = ["start"]
