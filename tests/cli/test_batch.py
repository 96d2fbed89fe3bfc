"""`gage run` for several runs."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gage._internal.batch.batch import list_batches
from tests.batch.trials import statuses
from tests.making import wait_until


@pytest.fixture
def train(project: Path, runs_home: Path) -> Path:
    """A script with the values lr and epochs."""
    path = project / "train.py"
    path.write_text(
        "import os, sys, time\nlr = 0.1\nepochs = 5\n"
        "print('loss:', lr)\nif epochs == 7: sys.exit(3)\n"
    )
    return path


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gage", "run", *words], capture_output=True, text=True, check=False
    )


@pytest.mark.usefixtures("train")
def test_a_line_shows_its_plan_its_trials_and_its_end() -> None:
    done = command("train.py", "lr=[0.5,0.25]", "epochs=5", "--jobs", "2")
    failed = command("train.py", "epochs=[5,7]")

    assert done.returncode == 0
    assert done.stderr.startswith("2 runs: lr=[0.5, 0.25] (2 at a time)\n")
    assert "completed  lr=0.5  loss=0.5\n" in done.stderr
    assert "[2/2]" in done.stderr
    assert failed.returncode == 1
    assert "error (exit code 3)  epochs=7" in failed.stderr
    assert failed.stderr.endswith("1 completed, 1 error\n")


@pytest.mark.usefixtures("train")
def test_wrong_lines_start_nothing(runs_home: Path) -> None:
    stage = command("train.py", "lr=[1,2]", "--stage")
    trials = command("train.py", "lr=uniform(0,1)")
    preview = command("train.py", "lr=[1,2]", "--preview")

    assert (stage.returncode, trials.returncode, preview.returncode) == (2, 125, 0)
    assert "add --trials N" in trials.stderr
    assert not runs_home.exists()


def test_ctrl_c_stops_the_batch(train: Path, tmp_path: Path, runs_home: Path) -> None:
    with train.open("a") as file:
        file.write(
            f"open({str(tmp_path / 'begun-')!r} + str(epochs), 'w')\nwhile True: time.sleep(1000)\n"
        )
    words = [sys.executable, "-m", "gage", "run", "train.py", "epochs=[1,2,3]", "--jobs", "2"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: len(list(tmp_path.glob("begun-*"))) == 2)

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "2 stopped, 1 not started" in said
    assert statuses(list_batches(str(runs_home))[0]) == ["terminated", "terminated", None]
