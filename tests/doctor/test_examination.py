"""The doctor: what crashes leave behind is found and mended, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import gage
from gage._internal.atomic import replace
from gage._internal.doctor.examination import examine, repair
from gage._internal.errors import MetaError
from gage._internal.process.ending import kill, wait_for_exit
from gage._internal.record.manifest import read_manifest, verify
from gage._internal.record.run_meta import read_timestamp
from gage._internal.record.runner_log import read_notes
from gage._internal.record.status import live_supervisors, read_status
from gage._internal.running.facts import kept_facts
from gage._internal.running.runner import start_run, stop_run, wait_for_run
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.store import list_runs
from gage._internal.store.trash import deleted_runs
from gage._internal.types import Command, Run
from tests import making
from tests.doctor.found import long_ago, only
from tests.making import (
    dead_identity,
    initialized,
    meta,
    staged,
    wait_until,
    write_processes,
)
from tests.running.runs import processes
from tests.store.damages import DAMAGES, overwrite

PRINTS = [
    sys.executable,
    "-c",
    "import sys; print('one'); sys.stderr.write('two\\n'); open('made', 'w').write('x')",
]


def gone(run: Run) -> None:
    """Return when the run's supervisor and keeper are gone: until then, the run is left alone."""
    for identity in processes(run):
        assert wait_for_exit(identity, 60)


def ended(home: Path, args: Command = "true", project: Path | None = None) -> Run:
    run = making.ended(home, args, project=project)
    gone(run)
    return run


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a run that is going to be damaged and one that stays whole."""
    home = tmp_path_factory.mktemp("original")
    ended(home)
    ended(home, PRINTS)
    return home


def logged(run: Run) -> str:
    return meta(run, "log", "user").read_text()


def test_nothing_is_wrong_with_healthy_runs(tmp_path: Path) -> None:
    ended(tmp_path, PRINTS)
    ended(tmp_path, "exit 3")
    staged(tmp_path)
    initialized(tmp_path)  # staged just now, for all that the doctor knows

    assert examine(str(tmp_path)) == []
    assert repair(str(tmp_path)) == []
    assert not (tmp_path / ".damaged").exists()


def test_there_need_not_be_any_runs(tmp_path: Path) -> None:
    assert examine(str(tmp_path / "none")) == repair(str(tmp_path / "none")) == []


def test_a_running_run_is_left_alone(tmp_path: Path) -> None:
    run = staged(tmp_path, ["sleep", "1000"])
    start_run(run)
    long_ago(run.meta_dir)

    assert repair(str(tmp_path)) == []

    stop_run(run)
    wait_for_run(run)


def test_a_running_run_whose_processes_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    run = staged(tmp_path, ["sleep", "1000"])
    start_run(run)
    supervisor = meta(run, "proc", "supervisor").read_bytes()
    overwrite(meta(run, "proc", "supervisor"), b"nonsense\n")

    finding = only(repair(str(tmp_path)))

    assert (finding.is_mended, finding.done) == (False, "")
    assert "it may be running" in finding.remedy
    overwrite(meta(run, "proc", "supervisor"), supervisor)
    stop_run(run)
    wait_for_run(run)


def test_a_run_that_died_with_its_machine_is_lost(tmp_path: Path) -> None:
    run = staged(tmp_path, "echo begun; sleep 1000")
    start_run(run)
    wait_until(lambda: meta(run, "output", "40_run").stat().st_size)
    known = processes(run)
    for identity in (*live_supervisors(run), *known):
        kill(identity, signal.SIGKILL)
    for identity in known:
        assert wait_for_exit(identity, 60)

    finding = examine(str(tmp_path))[0]
    assert "its end is not recorded: its processes are gone" in finding.problem
    found = repair(str(tmp_path))

    assert found
    assert all(each.is_mended for each in found)
    status = read_status(run)
    assert status.name == "terminated"
    assert status.reason.startswith("lost")
    assert read_timestamp(run, "stopped") is not None
    assert "Repaired: its end was recorded" in logged(run)
    assert not list(Path(run.meta_dir, "proc").glob("reserve*"))
    assert examine(str(tmp_path)) == []


def test_a_run_with_an_exit_code_is_finalised(tmp_path: Path) -> None:
    run = ended(tmp_path, PRINTS)
    meta(run, "stopped").unlink()

    found = repair(str(tmp_path))

    assert found[0].done == "its end is recorded: completed"
    assert read_status(run).name == "completed"
    assert examine(str(tmp_path)) == []


def test_staging_that_was_interrupted_is_recorded_as_failed(tmp_path: Path) -> None:
    run = initialized(tmp_path)
    long_ago(run.run_dir, run.meta_dir)

    assert "staging was interrupted" in only(examine(str(tmp_path))).problem
    assert only(repair(str(tmp_path))).is_mended

    assert read_status(run).name == "error"
    assert "staging was interrupted" in read_status(run).reason
    assert examine(str(tmp_path)) == []


def test_a_run_without_a_definition_is_moved_away(tmp_path: Path) -> None:
    run = initialized(tmp_path)
    for path in Path(run.meta_dir).iterdir():
        if path.is_file():
            path.unlink()
    long_ago(run.run_dir, run.meta_dir)

    assert only(repair(str(tmp_path))).done == f"moved to .damaged/{run.id}"
    assert list_runs(str(tmp_path)) == []
    assert (tmp_path / ".damaged" / f"{run.id}.meta").is_dir()


@pytest.mark.parametrize("missing", ["side-car", "run directory"])
def test_half_of_a_run_is_moved_away(tmp_path: Path, missing: str) -> None:
    run = ended(tmp_path, PRINTS)
    gone, left = Path(run.meta_dir), Path(run.run_dir)
    if missing == "run directory":
        gone, left = left, gone
    shutil.rmtree(gone)
    assert examine(str(tmp_path)) == []  # somebody may just be moving it

    os.utime(left, (1_700_000_000,) * 2)
    finding = only(repair(str(tmp_path)))

    assert f"without a {missing}" in finding.problem
    assert (tmp_path / ".damaged" / left.name).is_dir()
    assert finding.problem in (tmp_path / ".damaged" / "log").read_text()
    assert list_runs(str(tmp_path)) == []


def test_a_move_to_the_trash_that_was_cut_short_is_finished(tmp_path: Path) -> None:
    run = ended(tmp_path)
    (tmp_path / ".trash").mkdir()
    Path(run.run_dir).rename(tmp_path / ".trash" / run.id)
    os.utime(run.meta_dir, (1_700_000_000,) * 2)

    assert only(repair(str(tmp_path))).is_mended

    assert [each.id for each in deleted_runs(str(tmp_path))] == [run.id]
    assert list_runs(str(tmp_path)) == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: None, "missing, for 2 lines"),
        (lambda data: b"", "expected 2 records, found 0"),
        (lambda data: data[:12], "expected 2 records, found 1.333"),
        (lambda data: data + data, "expected 2 records, found 4"),
        (lambda data: data[:9] + b"\xff" * 9, "records are damaged"),
    ],
    ids=["missing", "empty", "cut", "long", "damaged"],
)
def test_the_index_of_an_output_is_made_again(
    tmp_path: Path, damage: Callable[[bytes], bytes | None], said: str
) -> None:
    run = ended(tmp_path, "echo one; echo two")
    index = meta(run, "output", "40_run.index")
    original = index.read_bytes()
    data = damage(original)
    if data is None:
        index.unlink()
    else:
        overwrite(index, data)

    assert only(examine(str(tmp_path))).problem == said
    assert only(repair(str(tmp_path))).is_mended

    made = index.read_bytes()
    assert len(made) == len(original)
    if data and said != "expected 2 records, found 4":
        assert made[:9] == original[:9]
        assert made[9:17] == original[:8]
        assert (tmp_path / ".damaged" / index.relative_to(tmp_path)).read_bytes() == data
    assert [line.data for line in RecordedRun.of(run).output().lines()] == [b"one\n", b"two\n"]
    assert "Repaired: the index of output/40_run was made again" in logged(run)


def test_lost_lines_of_a_manifest_are_made_again(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "a.py").write_text("a = 1\n")
    (project / "b.py").write_text("b = 1\n")
    home = tmp_path / "runs"
    run = ended(home, PRINTS, project=project)
    manifest = meta(run, "manifest")
    whole = manifest.read_text()
    lines = whole.splitlines(keepends=True)
    overwrite(manifest, (lines[0] + "nonsense\n" + "".join(lines[2:])).encode())
    with pytest.raises(MetaError):
        read_manifest(str(manifest))

    found = repair(str(home))

    assert all(each.is_mended for each in found)
    assert sorted(manifest.read_text().splitlines()) == sorted(whole.splitlines())
    assert verify(run) == []
    assert any("The manifest was damaged" in note for note in read_notes(run))
    kept = home / ".damaged" / manifest.relative_to(home)
    assert "nonsense" in kept.read_text()
    assert examine(str(home)) == []


def test_a_line_of_a_manifest_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    run = ended(tmp_path, PRINTS)
    manifest = meta(run, "manifest")
    whole = manifest.read_bytes()
    overwrite(manifest, whole[:-1])

    assert "cut off" in examine(str(tmp_path))[0].problem
    repair(str(tmp_path))

    assert manifest.read_bytes() == whole
    assert examine(str(tmp_path)) == []


def test_facts_are_made_again(tmp_path: Path) -> None:
    run = ended(tmp_path, PRINTS)
    facts = meta(run, "facts.json")
    text = facts.read_text()
    facts.unlink()

    assert only(repair(str(tmp_path))).done == "made again"
    assert facts.read_text() == text
    assert kept_facts(run)


def test_readable_lines_of_a_log_and_other_attributes_are_kept(tmp_path: Path) -> None:
    run = ended(tmp_path, PRINTS)
    log = meta(run, "log", "files")
    text = log.read_bytes()
    overwrite(log, b"nonsense\n" + text)
    recorded = RecordedRun.of(run)
    recorded.set_label("kept")
    overwrite(meta(run, "user", "tags"), b"[") if meta(run, "user", "tags").exists() else replace(
        str(meta(run, "user", "tags")), b"["
    )

    found = repair(str(tmp_path))

    assert [each.done for each in found] == [
        "1 of 2 lines removed",
        f"moved to .damaged/{run.id}.meta/user/tags",
    ]
    assert log.read_bytes() == text
    assert (recorded.label, recorded.tags) == ("kept", [])


def test_temporary_files_are_moved_away_when_nobody_writes_them(tmp_path: Path) -> None:
    run = ended(tmp_path, PRINTS)
    old, new = meta(run, "user", "label.1-0.tmp"), meta(run, "proc", "exit.1-0.tmp")
    for path in (old, new):
        replace(str(path), b"half")
    os.utime(old, (1_700_000_000,) * 2)

    assert only(repair(str(tmp_path))).path == str(old.relative_to(tmp_path))

    assert not old.exists()
    assert (tmp_path / ".damaged" / old.relative_to(tmp_path)).read_bytes() == b"half"
    assert new.exists()


@pytest.mark.parametrize(
    ("schema", "left"), [(b"2\n", True), (b"nonsense\n", False)], ids=["newer", "nonsense"]
)
def test_an_unknown_schema(tmp_path: Path, schema: bytes, left: bool) -> None:
    run = ended(tmp_path)
    overwrite(meta(run, "__schema__"), schema)

    finding = only(repair(str(tmp_path)))

    assert "expected version 1" in finding.problem
    assert finding.is_mended != left
    assert Path(run.meta_dir).exists() == left
    assert ("update gage" in finding.remedy) == left


def test_a_run_of_another_machine_is_left_alone(tmp_path: Path) -> None:
    run = staged(tmp_path)
    other = dead_identity()._replace(boot="another-boot:1", host="another-host")
    write_processes(run, "supervisor", other)
    replace(str(meta(run, "started")), b"%d\n" % (time.time_ns() // 1000))

    finding = only(repair(str(tmp_path)))

    assert not finding.is_mended
    assert "another machine" in finding.problem


@pytest.mark.parametrize("file", ["manifest", "config.json", "stopped", "log/files", "proc/exit"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_after_any_damage_nothing_is_left_and_nobody_else_is_blamed(
    original: Path, tmp_path: Path, file: str, damage: str
) -> None:
    home = tmp_path / "runs"
    shutil.copytree(original, home, symlinks=True)
    repair(str(home))  # a copy has other times, so its facts are out of date
    run, whole = list_runs(str(home))
    DAMAGES[damage](meta(run, *file.split("/")))

    found = repair(str(home))

    assert {each.run for each in found} <= {run.name}
    assert all(each.is_mended for each in found), found
    assert examine(str(home)) == []
    assert read_status(whole).name == "completed"
    assert whole.id in {each.id for each in list_runs(str(home))}


def test_the_function_examines_and_repairs(project: Path, runs_home: Path) -> None:
    (project / "hi.py").write_text("print('hi')\n")
    run = gage.run("hi.py")
    gone(run)
    meta(run, "output", "40_run.index").unlink()

    assert [(each.run, each.done) for each in gage.doctor()] == [(run.name, "")]
    assert [each.is_mended for each in gage.doctor(repair=True)] == [True]
    assert gage.doctor() == []
