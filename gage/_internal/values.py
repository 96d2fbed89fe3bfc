"""The former home of `gage.inside.variables`; cells of runs recorded before 0.2.0 import it."""

from gage.inside.variables import load, save

__all__ = ["load", "save"]
