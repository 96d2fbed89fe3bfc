"""Lines of `gage` in a shell, and what they print."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


Started = subprocess.CompletedProcess[bytes]


def write(project: Path, name: str, text: str) -> str:
    (project / name).write_text(text)
    return name


def rows(done: Started) -> list[dict[str, Any]]:
    assert done.returncode in {0, 1}, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found
