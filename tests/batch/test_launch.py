"""A batch is planned, staged and started, or taken up where it ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import gage
from gage._internal.api.batches import run_batch
from gage._internal.batch.batch import list_batches
from gage._internal.store.same_work import remove_run
from gage._internal.store.store import list_runs
from tests.batch.trials import start, statuses
from tests.making import wait_until


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


def test_what_is_wrong_is_said_before_anything_starts(
    script: Callable[[str], None], runs_home: Path
) -> None:
    script("")

    with pytest.raises(gage.ConfigError, match=r"found 'epoch'. Did you mean 'epochs'\?"):
        run_batch("train.py", rows=[{"epoch": 1}, {"lr": 2}])

    assert not runs_home.exists()


@pytest.mark.usefixtures("runs_home")
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


@pytest.mark.usefixtures("runs_home")
def test_a_failing_staging_command_fails_its_trial(project: Path) -> None:
    (project / "train.py").write_text("lr = 1\n")
    (project / "gage.toml").write_text(
        '[train]\nconfig = "train.py"\n[train.exec]\n'
        'init-runtime = "grep -q 2 $run_dir/train.py"\nrun = "true"\n'
    )

    batch = run_batch("train", {"lr": [1, 2]})

    assert statuses(batch) == ["error", "completed"]
    assert "init-runtime failed" in batch.rows()[0]["reason"]


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
