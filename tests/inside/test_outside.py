"""What `gage.log` says in a program that is no run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernels import Kernel, printed

LOG = "import gage\nfor i in range(3):\n    gage.log(loss=i)\n"


def stderr_of(directory: Path, *words: str, **env: str) -> list[str]:
    """Return the lines that Python prints on stderr for a command line."""
    others = {name: value for name, value in os.environ.items() if name != "RUN_DIR"}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=directory,
        env={**others, **env},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["my train.py"], "Record this program with: gage run 'my train.py'"),
        (["sub/train.py"], "Record this program with: gage run sub/train.py"),
        (["-m", "sub.train"], "Record this program with: gage run -m sub.train"),
        (["-m", "sub"], "Record this program with: gage run -m sub"),
        (["-c", LOG], "Record a program with: gage run SCRIPT.py"),
    ],
    ids=["script", "below", "module", "package", "code"],
)
def test_a_plain_program_is_told_once(tmp_path: Path, words: list[str], advice: str) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("my train.py", "sub/train.py", "sub/__main__.py"):
        (tmp_path / name).write_text(LOG)

    (said,) = stderr_of(tmp_path, *words)

    assert said == (
        "gage.log: metrics are kept with a recorded run, and this is none: they go nowhere. "
        + advice
    )


def test_workers_do_not_repeat_it(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(
        "import multiprocessing, gage\n"
        "def work(i): gage.log(loss=i)\n"
        "if __name__ == '__main__':\n"
        "    gage.log(loss=0)\n"
        "    with multiprocessing.get_context('spawn').Pool(2) as pool: pool.map(work, range(4))\n"
    )

    assert len(stderr_of(tmp_path, "work.py")) == 1


def test_a_run_without_its_side_car_is_told(tmp_path: Path) -> None:
    said = stderr_of(tmp_path, "-c", LOG, RUN_DIR=str(tmp_path / "gone"))

    assert said == [
        f"gage.log: the side-car {tmp_path}/gone.meta of this run is gone: metrics go nowhere."
    ]


def test_a_closed_stderr_is_no_error(tmp_path: Path) -> None:
    assert stderr_of(tmp_path, "-c", "import sys; sys.stderr.close()\n" + LOG) == []
    assert stderr_of(tmp_path, "-c", "import sys; sys.stderr = None\n" + LOG) == []


def test_a_run_says_nothing(project: Path, runs_home: Path) -> None:
    import gage

    (project / "t.py").write_text(LOG)

    assert gage.run("t.py").last_lines() == ""


def test_a_kernel_is_told_once_of_the_magics(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    kernel = Kernel()
    try:
        first = kernel.run(LOG)
        second = kernel.run("gage.log(loss=1)")
    finally:
        kernel.close()

    assert printed(first).count("gage.log:") == 1
    assert "Put %%gage_run at the top of the cell" in printed(first)
    assert printed(second) == ""
