"""A run that fails on a file of its project names the file, the reason, and an option."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gage
from gage._internal.store.missing_files import missing_files


@pytest.fixture
def data(project: Path, runs_home: Path) -> Path:
    (project / "data").mkdir()
    (project / "data/a.bin").write_bytes(b"\0" * 200_000)
    return project


HIDDEN_NAME = "n = 'nib.a/atad'[::-1]\n"


@pytest.mark.parametrize(
    "source",
    [
        "open(n)",
        "raise FileNotFoundError(f'File {n} does not exist')",
        "raise FileNotFoundError(f'{n} not found.')",
        "import subprocess\nsubprocess.run(['cat', n], check=True)",
        "import os\nopen(os.path.abspath(n))",
        'import sys\nsys.exit(f"cat: {n}: No such file or directory")',
    ],
)
def test_the_file_is_named_with_what_brings_it(data: Path, source: str) -> None:
    (data / "train.py").write_text(HIDDEN_NAME + source)

    run = gage.run("train.py")

    [missing] = run.missing_files
    assert missing == ("data/a.bin", "its name is made while the program runs", "--with data/a.bin")
    with pytest.raises(gage.RunFailed, match=r"Add it with --with data/a\.bin"):
        run.check()
    assert gage.run("train.py", with_files=["data/a.bin"]).missing_files == []


def test_a_module_that_was_left_out_is_named(data: Path) -> None:
    (data / "gage.toml").write_text('[train]\nexec = "python train.py"\nsourcecode = "train.py"\n')
    (data / "train.py").write_text("__import__('help' + 'er')")
    (data / "helper.py").write_text("")

    run = gage.run("train")

    assert [file.path for file in run.missing_files] == ["helper.py"]


def test_what_is_nowhere_is_not_named(data: Path) -> None:
    (data / "train.py").write_text("open('nowhere.csv')")

    assert gage.run("train.py").missing_files == []


def test_a_run_that_completes_misses_nothing(data: Path) -> None:
    (data / "train.py").write_text(
        HIDDEN_NAME + "try:\n    open(n)\nexcept OSError as e:\n    print(e)"
    )

    assert gage.run("train.py").missing_files == []


def test_a_hidden_file_is_told_as_such(data: Path) -> None:
    (data / ".env").write_text("A=1")
    (data / "train.py").write_text("open('.env')")

    [missing] = gage.run("train.py").missing_files

    assert missing.reason == "it is hidden, and maybe secret"


def test_a_project_that_is_gone_tells_nothing(data: Path) -> None:
    (data / "train.py").write_text(HIDDEN_NAME + "open(n)")
    run = gage.run("train.py")
    data.rename(data.with_name("elsewhere"))

    assert missing_files(run) == []


def test_the_shell_says_it_too(data: Path) -> None:
    (data / "train.py").write_text(HIDDEN_NAME + "open(n)")

    done = subprocess.run(
        [sys.executable, "-m", "gage", "run", "train.py"],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "data/a.bin exists in the project but not in the run" in done.stderr
