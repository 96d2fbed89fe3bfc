"""Names that stand in the commands and programs of recorded runs stay."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PYTHON = sys.executable


@pytest.mark.parametrize("home", ["gage.inside", "gage._internal.values"])
def test_a_cell_loads_and_saves_its_variables(project: Path, home: str) -> None:
    (project / "cell.py").write_text(
        f"from {home} import save as _gage_save\nmodel = {{'a': 1}}\n"
        "_gage_save(globals(), 'model')\n"
    )
    (project / "again.py").write_text(
        f"from {home} import load as _gage_load\nprint(_gage_load('outputs/model.json'))\n"
    )

    subprocess.run([PYTHON, "cell.py"], check=True)
    again = subprocess.run([PYTHON, "again.py"], check=True, capture_output=True, text=True)

    assert again.stdout == "{'a': 1}\n"


@pytest.mark.parametrize("home", ["gage.inside.notebook", "gage._internal.notebook_program"])
def test_a_notebook_is_a_program(project: Path, home: str) -> None:
    cell: dict[str, object] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "a",
        "metadata": {},
        "outputs": [],
        "source": "print(6 * 7)",
    }
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (project / "work.ipynb").write_text(json.dumps(notebook))

    run = subprocess.run(
        [PYTHON, "-m", home, "work.ipynb"], check=True, capture_output=True, text=True
    )

    assert "42\n" in run.stdout
