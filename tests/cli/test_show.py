"""What `gage show` says of the files of a run: those it made, and those it read elsewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat

import gage


def show(run: gage.RecordedRun) -> str:
    command = [sys.executable, "-m", "gage", "show", run.name]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_files_are_shown_with_a_glance_into_them(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere.csv"
    outside.write_text("x\n" * 600)
    (project / "make.py").write_text(f"""
from PIL import Image
open({str(outside)!r}).read()
Image.new("RGB", (30, 20)).save("a.png")
open("b.csv", "w").write("name,n\\nlonger,1\\nx,22\\n")
""")

    text = show(gage.run("make.py", check=True))

    lines = text.splitlines()
    assert "  generated    a.png  30×20 px" in lines
    place = lines.index("  generated    b.csv")
    assert [line.split() for line in lines[place + 1 : place + 4]] == [
        ["name", "n"],
        ["longer", "1"],
        ["x", "22"],
    ]
    assert "read outside of the run (1)" in lines
    assert f"  1.2 kB       {outside}" in lines


def test_a_notebook_has_the_executed_one_and_what_its_cells_showed(project: Path) -> None:
    cells = [nbformat.v4.new_code_cell("from IPython.display import HTML\nHTML('<b>x</b>')")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), project / "work.ipynb")

    run = gage.run("work.ipynb", check=True)
    text = show(run)

    executed = Path(run.run_dir, "work.executed.ipynb")
    assert f"executed       {executed}" in text
    assert "value 1, HTML" in text
