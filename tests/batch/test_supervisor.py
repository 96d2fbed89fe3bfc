"""Whatever is killed, no trial is lost."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gage._internal.api.batches import run_batch
from gage._internal.process.ending import kill, wait_for_exit
from gage._internal.process.identity import decode_identity
from gage._internal.record.layout import run_meta_path
from gage._internal.store.store import list_runs
from tests.batch.trials import start, statuses, supervisors
from tests.making import wait_until


def test_jobs_are_side_by_side(script: Callable[[str], None], tmp_path: Path) -> None:
    others = [str(tmp_path / str(number)) for number in range(3)]
    script(
        f"open({str(tmp_path)!r} + f'/{{epochs}}', 'w')\n"
        f"while not all(map(os.path.exists, {others})): time.sleep(0.005)"
    )

    batch = run_batch("train.py", {"epochs": [0, 1, 2]}, jobs=3)

    assert statuses(batch) == ["completed"] * 3


@pytest.mark.usefixtures("runs_home")
def test_a_command_that_is_not_there_fails_its_trial(project: Path) -> None:
    (project / "train.py").write_text("lr = 1\n")
    (project / "gage.toml").write_text('[train]\nconfig = "train.py"\nexec = ["no-such"]\n')

    batch = run_batch("train", {"lr": [1, 2]})

    assert statuses(batch) == ["error"] * 2
    assert "command not found" in batch.rows()[0]["reason"]


def test_much_output_is_recorded_of_all_that_run(script: Callable[[str], None]) -> None:
    script("for i in range(50_000): print('line', epochs, i)")

    batch = run_batch("train.py", {"epochs": [1, 2, 3]}, jobs=3)

    assert [run.output().line_count for run in batch.runs] == [50_000] * 3
    expected = "".join(f"line 2 {i}\n" for i in range(50_000)).encode()
    assert batch.runs[1].output().tail(1 << 30) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="the keeper holds pipes on Linux only")
@pytest.mark.usefixtures("waiting")
def test_the_keeper_goes_on_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    batch, go = start(tmp_path)
    supervisor, keeper = supervisors(batch)
    begun = [run.id for run in batch.runs]

    kill(supervisor, signal.SIGKILL)
    wait_for_exit(supervisor, 60)
    log = Path(batch.directory, "log")
    wait_until(lambda: "its keeper continues" in log.read_text())
    go.touch()
    batch.wait()

    assert statuses(batch) == ["completed"] * 4
    assert [run.id for run in batch.runs][:2] == begun[:2]
    for number, run in enumerate(batch.runs, 1):
        assert run.output().tail(100) == f"begun\nend {number}\n".encode()
        assert run.verify() == []
    assert len(list_runs(batch.home)) == 4
    assert wait_for_exit(keeper, 60)


@pytest.mark.usefixtures("waiting")
def test_all_that_keeps_a_batch_is_killed(tmp_path: Path) -> None:
    batch, go = start(tmp_path)
    for identity in reversed(supervisors(batch)):
        kill(identity, signal.SIGKILL)
        wait_for_exit(identity, 60)
    running = statuses(batch)[:2]
    go.touch()
    for run in batch.runs:
        path = Path(run_meta_path(run, "proc", "command"))
        if path.exists():
            wait_for_exit(decode_identity(path.read_text()), 60)

    dead = statuses(batch)[:2]
    resumed = run_batch("train.py", {"epochs": [1, 2, 3, 4]}, resume=True)

    assert running == ["running", "running"]
    assert dead == ["terminated", "terminated"]
    assert statuses(resumed) == ["completed"] * 4
    assert {run.status for run in list_runs(batch.home)} <= {"completed", "terminated"}
