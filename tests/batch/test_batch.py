"""Batches: planned, run side by side, stopped, resumed; whatever is killed, nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import gage
from gage._internal.api.batches import run_batch
from gage._internal.batch.batch import Batch, find_batch, list_batches
from gage._internal.batch.record import live_keepers
from gage._internal.process.ending import kill, wait_for_exit
from gage._internal.process.identity import Identity, decode_identity
from gage._internal.record.layout import run_meta_path
from gage._internal.record.run_meta import read_attr
from gage._internal.sources.selection import select_sourcecode
from gage._internal.store.same_work import remove_run
from gage._internal.store.store import list_runs


@pytest.fixture(autouse=True)
def _nothing_is_left(runs_home: Path) -> Iterator[None]:
    yield
    for batch in list_batches(str(runs_home)):
        for identity in live_keepers(batch.directory):
            kill(identity, signal.SIGKILL)
    for run in list_runs(str(runs_home)):
        path = Path(run_meta_path(run, "proc", "command"))
        if path.exists():
            identity = decode_identity(path.read_text())
            kill(identity, signal.SIGKILL)
            assert wait_for_exit(identity, 60)


@pytest.fixture
def script(project: Path) -> Callable[[str], None]:
    """Write `train.py`, which has the values lr, epochs and name."""

    def write(text: str) -> None:
        (project / "train.py").write_text(
            f"import os, sys, time\nlr = 0.1\nepochs = 5\nname = 'a'\n{text}\n"
        )

    return write


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def supervisors(batch: Batch) -> list[Identity]:
    """Return the supervisor and its keeper."""
    text = Path(batch.directory, "supervisor").read_text()
    return [decode_identity(line) for line in text.splitlines()]


def statuses(batch: Batch) -> list[str | None]:
    return [row["status"] for row in batch.rows()]


def waits_for(file: Path) -> str:
    """Return code that waits until a file is there."""
    return f"while not os.path.exists({str(file)!r}): time.sleep(0.005)"


# A batch from start to end


def test_each_trial_is_a_run_of_its_own(script: Callable[[str], None]) -> None:
    script("print('loss:', lr * epochs)\nopen('made.txt', 'w').write(str(lr))")

    batch = run_batch("train.py", {"lr": [0.1, 0.01], "epochs": [5, 10]}, jobs=2)

    assert statuses(batch) == ["completed"] * 4
    assert [run.config for run in batch.runs] == [
        {"lr": lr, "epochs": epochs, "name": "a"} for lr in (0.1, 0.01) for epochs in (5, 10)
    ]
    for index, run in enumerate(batch.runs):
        config = run.config
        assert run.verify() == []
        assert float(run.last_lines().split()[1]) == config["lr"] * config["epochs"]
        assert Path(run.run_dir, "made.txt").read_text() == str(config["lr"])
        assert [entry.type for entry in run.manifest] == ["s", "g"]
        attr = read_attr(run, "sys", "batch")
        assert (attr["id"], attr["index"], attr["count"]) == (batch.id, index, 4)
        assert {"python", "platform", "packages", "git", "batch"} <= run.attrs.keys()
        assert Path(run.run_dir, "train.py").stat().st_mode & 0o222 == 0


def test_a_trial_is_staged_as_a_single_run_is(script: Callable[[str], None], project: Path) -> None:
    script("print(lr)")
    (project / "pkg" / "deep").mkdir(parents=True)
    (project / "pkg" / "deep" / "a b.py").write_text("")
    tool = project / "tool.sh"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)

    single = gage.run("train.py", {"lr": 0.5}, label="x", tags=["y"])
    trial = run_batch("train.py", {"lr": [0.5]}, label="x", tags=["y"]).runs[0]

    def files(run: gage.RecordedRun) -> dict[str, tuple[int, bytes]]:
        root = Path(run.run_dir)
        found = [path for path in root.rglob("*") if path.is_file()]
        return {
            str(path.relative_to(root)): (path.stat().st_mode, path.read_bytes()) for path in found
        }

    def side_car(run: gage.RecordedRun) -> set[str]:
        root = Path(run.meta_dir)
        return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}

    assert files(trial) == files(single)
    assert trial.manifest == single.manifest
    assert side_car(trial) == side_car(single) | {"sys/batch"}
    for name in ("opdef.json", "config.json", "opref", "proc/cmd", "proc/env", "log/patched"):
        assert Path(trial.meta_dir, name).read_bytes() == Path(single.meta_dir, name).read_bytes()
    assert (trial.label, trial.tags) == ("x", ["y"])


def test_rows_join_what_was_asked_and_what_was_given(script: Callable[[str], None]) -> None:
    script("print('loss:', lr)\nprint('lr:', 7)\nif epochs == 2: sys.exit(3)")

    batch = run_batch("train.py", rows=[{"lr": 0.5, "epochs": 1}, {"epochs": 2}], jobs=2)

    rows = batch.rows()
    assert list(rows[0])[:7] == ["index", "run", "status", "duration_us", "lr", "epochs", "loss"]
    assert [row["lr"] for row in rows] == [0.5, 0.1]
    assert [row["epochs"] for row in rows] == [1, 2]
    assert [row["loss"] for row in rows] == [0.5, 0.1]
    assert [row["metric.lr"] for row in rows] == [7, 7]
    assert [row["status"] for row in rows] == ["completed", "error"]
    assert [row["exit_code"] for row in rows] == [0, 3]


def test_a_failed_trial_does_not_stop_the_others(script: Callable[[str], None]) -> None:
    script("if epochs == 1: os.kill(os.getpid(), 9)\nif epochs == 2: raise SystemExit('no')")

    batch = run_batch("train.py", {"epochs": [1, 2, 3]})

    assert statuses(batch) == ["terminated", "error", "completed"]
    with pytest.raises(gage.BatchFailed, match="of 3 trials 2 failed") as caught:
        batch.check()
    assert [status for _, status, _ in caught.value.failed] == ["terminated", "error"]


def test_fail_fast_stops_what_runs_and_begins_nothing(
    script: Callable[[str], None], tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    script(
        f"if epochs == 1:\n    {waits_for(ready)}\n    sys.exit(1)\n"
        f"open({str(ready)!r}, 'w')\ntime.sleep(1000)"
    )

    batch = run_batch("train.py", {"epochs": [1, 2, 3, 4]}, jobs=2, fail_fast=True)

    assert statuses(batch) == ["error", "terminated", None, None]
    assert len(list_runs(batch.home)) == 2
    assert "stopped by fail-fast" in batch.rows()[1]["reason"]


def test_what_is_wrong_is_said_before_anything_starts(
    script: Callable[[str], None], runs_home: Path
) -> None:
    script("")

    with pytest.raises(gage.ConfigError, match=r"found 'epoch'. Did you mean 'epochs'\?"):
        run_batch("train.py", rows=[{"epoch": 1}, {"lr": 2}])

    assert not runs_home.exists()


def test_a_batch_is_found_and_left_out_of_runs_and_sources(
    script: Callable[[str], None], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script("")
    monkeypatch.setenv("GAGE_RUNS", str(project / "runs"))

    batch = run_batch("train.py", {"epochs": [1, 2]})

    assert len(gage.runs()) == 2
    assert find_batch(batch.home, batch.name).id == batch.id
    assert select_sourcecode(str(project), ["**/*"]).paths == ["train.py"]


def test_jobs_are_side_by_side(script: Callable[[str], None], tmp_path: Path) -> None:
    others = [str(tmp_path / str(number)) for number in range(3)]
    script(
        f"open({str(tmp_path)!r} + f'/{{epochs}}', 'w')\n"
        f"while not all(map(os.path.exists, {others})): time.sleep(0.005)"
    )

    batch = run_batch("train.py", {"epochs": [0, 1, 2]}, jobs=3)

    assert statuses(batch) == ["completed"] * 3


def test_staging_commands_run_for_each_trial(project: Path) -> None:
    (project / "train.py").write_text("lr = 0.1\n")
    (project / "gage.toml").write_text(
        '[train]\nconfig = "train.py"\nsourcecode = "*.py"\n'
        "[train.exec]\n"
        'init-runtime = "cat $run_dir/train.py > $run_dir/rt.txt"\n'
        'run = "cat rt.txt; touch out"\n'
        'finalize-run = "touch last"\n'
    )

    batch = run_batch("train", {"lr": [0.5, 0.25]}, jobs=2)

    assert statuses(batch) == ["completed"] * 2
    assert [run.last_lines() for run in batch.runs] == ["lr = 0.5", "lr = 0.25"]
    assert [entry.path for entry in batch.runs[0].manifest] == [
        *("rt.txt", "train.py", "last", "out")
    ]


def test_a_failing_staging_command_fails_its_trial(project: Path) -> None:
    (project / "train.py").write_text("lr = 1\n")
    (project / "gage.toml").write_text(
        '[train]\nconfig = "train.py"\n[train.exec]\n'
        'init-runtime = "grep -q 2 $run_dir/train.py"\nrun = "true"\n'
    )

    batch = run_batch("train", {"lr": [1, 2]})

    assert statuses(batch) == ["error", "completed"]
    assert "init-runtime failed" in batch.rows()[0]["reason"]


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


# Draws and searches


def test_draws_are_recorded(script: Callable[[str], None]) -> None:
    script("print(lr)")

    batch = run_batch("train.py", {"lr": "loguniform(1e-4, 1e-1)"}, trials=3, seed=7)
    again = run_batch("train.py", {"lr": "loguniform(1e-4, 1e-1)"}, trials=3, seed=7)

    drawn = [run.config["lr"] for run in batch.runs]
    assert len(set(drawn)) == 3
    assert all(1e-4 <= lr <= 1e-1 for lr in drawn)
    assert drawn == [run.config["lr"] for run in again.runs]


@pytest.mark.filterwarnings("ignore")
def test_a_search_finds_a_minimum(script: Callable[[str], None]) -> None:
    script("if epochs == 3: sys.exit(1)\nprint('loss:', (lr - 0.3) ** 2 + (name == 'b'))")

    batch = run_batch(
        "train.py",
        {"lr": "uniform(0, 1)", "name": "[a, b]", "epochs": "randint(1, 3)"},
        trials=25,
        seed=3,
        optimize="minimize:loss",
        jobs=2,
    )

    best = batch.best()
    assert best is not None
    assert batch.count == 25
    assert abs(best.config["lr"] - 0.3) < 0.2
    assert best.config["name"] == "a"
    assert {run.config["epochs"] for run in batch.runs} <= {1, 2, 3}
    assert set(batch.rows()[0]) >= {"lr", "name", "epochs", "loss"}
    losses = [row["loss"] for row in batch.rows() if row["status"] == "completed"]
    assert batch.rows()[batch.runs.index(best)]["loss"] == min(losses)


@pytest.mark.filterwarnings("ignore")
def test_a_metric_that_nobody_gives_is_an_error(script: Callable[[str], None]) -> None:
    script("print('losss:', lr)")

    batch = run_batch("train.py", {"lr": "uniform(0, 1)"}, trials=2, optimize="minimize:loss")

    with pytest.raises(gage.BatchFailed, match=r"'loss'.*Did you mean 'losss'.*Metrics: losss"):
        batch.check()


# Stopping, resuming, skipping


def start(tmp_path: Path, jobs: int = 2, **options: object) -> tuple[Batch, Path]:
    """Start four trials that wait for a file; return when `jobs` of them run."""
    batch = run_batch(
        "train.py",
        {"epochs": [1, 2, 3, 4]},
        jobs=jobs,
        background=True,
        **options,  # type: ignore[arg-type]
    )
    wait_until(lambda: len(list(tmp_path.glob("begun-*"))) == jobs)
    return batch, tmp_path / "go"


@pytest.fixture
def waiting(script: Callable[[str], None], tmp_path: Path) -> None:
    script(
        "print('begun', flush=True)\n"
        f"open({str(tmp_path / 'begun-')!r} + str(epochs), 'w')\n"
        f"{waits_for(tmp_path / 'go')}\n"
        "print('end', epochs)"
    )


@pytest.mark.usefixtures("waiting")
def test_stopping_keeps_what_has_ended(tmp_path: Path) -> None:
    batch, _ = start(tmp_path)

    batch.stop(by="tester")

    assert statuses(batch) == ["terminated", "terminated", None, None]
    assert "stopped by tester" in batch.rows()[0]["reason"]
    assert len(list_runs(batch.home)) == 2
    assert not batch.running


@pytest.mark.usefixtures("waiting")
def test_one_trial_is_stopped_alone(tmp_path: Path) -> None:
    batch, go = start(tmp_path)

    status = batch.runs[0].stop(by="tester")
    wait_until((tmp_path / "begun-3").exists)
    go.touch()
    batch.wait()

    assert status.name == "terminated"
    assert statuses(batch) == ["terminated", "completed", "completed", "completed"]


@pytest.mark.usefixtures("waiting")
def test_a_plain_signal_stops_all(tmp_path: Path) -> None:
    batch, _ = start(tmp_path)

    os.kill(supervisors(batch)[0].pid, signal.SIGTERM)
    batch.wait()

    assert statuses(batch) == ["terminated", "terminated", None, None]
    assert "stopped by signal" in batch.rows()[0]["reason"]


@pytest.mark.usefixtures("waiting")
def test_resume_runs_what_is_missing(tmp_path: Path) -> None:
    batch, go = start(tmp_path)
    batch.runs[0].stop()
    wait_until((tmp_path / "begun-3").exists)
    batch.stop()
    before = statuses(batch)
    go.touch()

    resumed = run_batch("train.py", {"epochs": [1, 2, 3, 4]}, resume=True)
    kept = [run.id for run in resumed.runs]
    again = run_batch("train.py", {"epochs": [1, 2, 3, 4]}, resume=True)

    assert before == ["terminated", "terminated", "terminated", None]
    assert resumed.id == again.id == batch.id
    assert statuses(resumed) == ["completed"] * 4
    assert [run.id for run in again.runs] == kept
    assert len(list_batches(batch.home)) == 1


def test_resume_of_other_code_is_another_batch(script: Callable[[str], None]) -> None:
    script("")
    batch = run_batch("train.py", {"epochs": [1, 2]})
    script("print()")

    other = run_batch("train.py", {"epochs": [1, 2]}, resume=True)

    assert other.id != batch.id
    assert statuses(other) == ["completed"] * 2


@pytest.mark.usefixtures("waiting")
def test_a_running_batch_is_not_resumed(tmp_path: Path) -> None:
    batch, go = start(tmp_path)

    with pytest.raises(gage.RunStateError, match=f"batch {batch.name} is running"):
        run_batch("train.py", {"epochs": [1, 2, 3, 4]}, resume=True)

    go.touch()
    batch.wait()
    assert statuses(batch) == ["completed"] * 4


def test_needed_skips_what_a_completed_run_has_done(script: Callable[[str], None]) -> None:
    script("if epochs == 3: sys.exit(1)")
    first = run_batch("train.py", {"epochs": [1, 2, 3]})

    second = run_batch("train.py", {"epochs": [2, 3, 4]}, needed=True)

    assert second.runs[0].id == first.runs[1].id
    assert statuses(second) == ["completed", "error", "completed"]
    assert len(list_runs(first.home)) == 5


# Crashes


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


@pytest.mark.skipif(sys.platform != "linux", reason="the keeper holds pipes on Linux only")
@pytest.mark.filterwarnings("ignore")
def test_the_keeper_goes_on_with_a_search(script: Callable[[str], None], tmp_path: Path) -> None:
    script(
        f"open({str(tmp_path / 'begun')!r}, 'w')\n{waits_for(tmp_path / 'go')}\nprint('loss:', lr)"
    )
    batch = run_batch(
        "train.py", {"lr": "uniform(0, 1)"}, trials=3, optimize="minimize:loss", background=True
    )
    wait_until((tmp_path / "begun").exists)
    supervisor, _ = supervisors(batch)

    kill(supervisor, signal.SIGKILL)
    wait_for_exit(supervisor, 60)
    (tmp_path / "go").touch()
    batch.wait()

    assert statuses(batch) == ["completed"] * 3
    batch.check()


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


@pytest.mark.usefixtures("waiting")
def test_a_torn_line_of_trials_is_passed_over(tmp_path: Path) -> None:
    batch, _ = start(tmp_path)
    batch.stop()
    with Path(batch.directory, "trials").open("a") as file:
        file.write("2 made 1234")
    (tmp_path / "go").touch()

    resumed = run_batch("train.py", {"epochs": [1, 2, 3, 4]}, resume=True)

    assert statuses(resumed) == ["completed"] * 4


def test_a_plan_of_another_version_is_refused(script: Callable[[str], None]) -> None:
    script("")
    batch = run_batch("train.py", {"epochs": [1]})
    path = Path(batch.directory, "plan.json")
    plan = json.loads(path.read_text())
    path.write_text(json.dumps({**plan, "schema": 99}))

    with pytest.raises(gage.MetaError, match="version 1 of a batch"):
        Batch(batch.home, batch.id)


def test_sources_are_kept_while_something_is_missing(script: Callable[[str], None]) -> None:
    script("if epochs == 2 and not os.path.exists('/nowhere'): sys.exit(1)")
    failed = run_batch("train.py", {"epochs": [1, 2]})
    script("")
    complete = run_batch("train.py", {"epochs": [1, 2]})
    remove_run(complete.runs[1])
    missing = statuses(complete)

    resumed = run_batch("train.py", {"epochs": [1, 2]}, resume=True)

    assert Path(failed.directory, failed.id, "train.py").exists()
    assert missing == ["completed", None]
    assert resumed.id == complete.id
    assert statuses(resumed) == ["completed"] * 2
    assert not Path(resumed.directory, resumed.id).exists()


def test_what_is_left_out_is_said(script: Callable[[str], None], project: Path) -> None:
    script("")
    (project / "big.txt").write_text("x" * 200_000)

    batch = run_batch("train.py", {"epochs": [1]})

    assert any("big.txt" in note for note in batch.notes)
    assert batch.runs[0].notes == batch.notes


# One run


def test_a_run_that_is_not_needed_is_the_one_that_was(script: Callable[[str], None]) -> None:
    script("")
    first = gage.run("train.py", {"lr": 1})

    same = gage.run("train.py", {"lr": 1.0}, needed=True)
    other = gage.run("train.py", {"lr": 2}, needed=True)
    script("print()")
    changed = gage.run("train.py", {"lr": 1}, needed=True)

    assert same.id == first.id
    assert len({first.id, other.id, changed.id}) == 3
    assert len(gage.runs()) == 3


# The command line


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gage", "run", *words], capture_output=True, text=True, check=False
    )


def test_a_line_shows_its_plan_its_trials_and_its_end(script: Callable[[str], None]) -> None:
    script("print('loss:', lr)\nif epochs == 7: sys.exit(3)")

    done = command("train.py", "lr=[0.5,0.25]", "epochs=5", "--jobs", "2")
    failed = command("train.py", "epochs=[5,7]")

    assert done.returncode == 0
    assert done.stderr.startswith("2 runs: lr=[0.5, 0.25] (2 at a time)\n")
    assert "completed  lr=0.5  loss=0.5\n" in done.stderr
    assert "[2/2]" in done.stderr
    assert failed.returncode == 1
    assert "error (exit code 3)  epochs=7" in failed.stderr
    assert failed.stderr.endswith("1 completed, 1 error\n")


def test_wrong_lines_start_nothing(script: Callable[[str], None], runs_home: Path) -> None:
    script("")

    stage = command("train.py", "lr=[1,2]", "--stage")
    trials = command("train.py", "lr=uniform(0,1)")
    preview = command("train.py", "lr=[1,2]", "--preview")

    assert (stage.returncode, trials.returncode, preview.returncode) == (2, 125, 0)
    assert "add --trials N" in trials.stderr
    assert not runs_home.exists()


@pytest.mark.usefixtures("waiting")
def test_ctrl_c_stops_the_batch(tmp_path: Path, runs_home: Path) -> None:
    words = [sys.executable, "-m", "gage", "run", "train.py", "epochs=[1,2,3]", "--jobs", "2"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: len(list(tmp_path.glob("begun-*"))) == 2)

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "2 stopped, 1 not started" in said
    assert statuses(list_batches(str(runs_home))[0]) == ["terminated", "terminated", None]
