"""The parts of gage. What users may rely on is listed in `gage` itself."""
