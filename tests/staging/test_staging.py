"""A staged run holds what it needs; one that cannot be staged says why."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gage._internal.errors import GageError, StoreError
from gage._internal.record.manifest import hash_file, read_manifest
from gage._internal.record.run_meta import write_attr
from gage._internal.record.runner_log import read_notes
from gage._internal.record.status import read_status
from gage._internal.run_util import META_SCHEMA, run_attrs
from gage._internal.staging.staging import (
    PHASES_OF_STAGING,
    apply_config,
    copy_sourcecode,
    finalize_staged_run,
    init_run_meta,
    init_runtime,
    make_run,
    resolve_deps,
    stage_run,
)
from gage._internal.types import GivenFile, OpCmd, OpDef, OpRef
from tests.making import initialized, meta, staged
from tests.staging.listings import events, paths


def test_a_new_run_has_two_empty_directories_beside_each_other(tmp_path: Path) -> None:
    run = make_run(str(tmp_path / "a" / "runs"))

    assert Path(run.run_dir).parent == tmp_path / "a" / "runs"
    assert run.meta_dir == f"{run.run_dir}.meta"
    assert [*Path(run.run_dir).iterdir(), *Path(run.meta_dir).iterdir()] == []


def test_a_relative_home_is_meant_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert make_run("runs").run_dir.startswith(str(tmp_path / "runs"))


def test_a_given_id_is_taken_once(tmp_path: Path) -> None:
    run = make_run(str(tmp_path), "60a825b1-0000-4000-8000-000000000000")

    assert run.name == "kafom-fikud"
    with pytest.raises(StoreError, match="File exists"):
        make_run(str(tmp_path), run.id)


def test_a_home_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")

    with pytest.raises(StoreError, match=r"Expected a directory; name another with GAGE_RUNS"):
        make_run(str(tmp_path / "runs"))


def test_names_that_do_not_match_leave_nothing(tmp_path: Path) -> None:
    run = make_run(str(tmp_path))

    with pytest.raises(ValueError, match="mismatched names"):
        init_run_meta(run, OpRef("n", "a"), OpDef("b", {}), {}, OpCmd([], {}))

    assert list(Path(run.meta_dir).iterdir()) == []


def test_the_phases_can_be_taken_one_by_one(project: Path, tmp_path: Path) -> None:
    (project / "train.py").write_text("x = 1\n")
    together, apart = (
        initialized(tmp_path, data={"sourcecode": "*.py", "config": "train.py"}) for _ in range(2)
    )

    stage_run(str(project), together)
    copy_sourcecode(str(project), apart)
    apply_config(apart)
    init_runtime(str(project), apart)
    resolve_deps(str(project), apart)
    finalize_staged_run(apart)

    assert read_manifest(str(meta(together, "manifest"))) == read_manifest(
        str(meta(apart, "manifest"))
    )
    assert read_status(apart).name == "staged"


def test_each_phase_is_reported_as_it_begins(project: Path, tmp_path: Path) -> None:
    told: list[str] = []

    stage_run(str(project), initialized(tmp_path), on_phase=told.append)

    assert told == [name for name, _ in PHASES_OF_STAGING]


def test_what_each_phase_makes_has_its_type(project: Path, tmp_path: Path) -> None:
    (project / "train.py").write_text("")
    (project / "data.csv").write_text("1")
    commands = {
        "copy-sourcecode": "echo made > $RUN_DIR/1",
        "init-runtime": "echo made > $RUN_DIR/2",
        "resolve-deps": "echo made > $RUN_DIR/3",
    }

    run = staged(
        tmp_path,
        data={"exec": commands, "sourcecode": "*.py", "depends": "*.csv"},
        project=project,
    )

    assert paths(run) == [("s", "1"), ("r", "2"), ("d", "3"), ("d", "data.csv"), ("s", "train.py")]


def test_a_phase_that_changes_an_earlier_file_is_seen_in_log_and_manifest(
    project: Path, tmp_path: Path
) -> None:
    (project / "a.txt").write_text("old")
    (project / "b.txt").write_text("old")
    command = "echo new > $RUN_DIR/a.txt; rm $RUN_DIR/b.txt"

    run = staged(tmp_path, data={"exec": {"init-runtime": command}}, project=project)

    assert events(run) == [
        ("a", "s", "a.txt"),
        ("a", "s", "b.txt"),
        ("m", "s", "a.txt"),
        ("d", "s", "b.txt"),
    ]
    entries = read_manifest(str(meta(run, "manifest")))
    assert [(entry.path, entry.digest) for entry in entries] == [
        ("a.txt", hash_file(str(Path(run.run_dir, "a.txt"))))
    ]


def test_the_user_s_own_files_stay_as_they_are(project: Path, tmp_path: Path) -> None:
    script = project / "train.py"
    script.write_text("lr = 0.1\n")
    script.chmod(0o755)
    before = script.stat()

    run = initialized(tmp_path, data={"config": "train.py"})
    meta(run, "config.json").write_text('{"lr": 0.5}')
    stage_run(str(project), run)

    after = script.stat()
    assert (script.read_text(), after.st_mtime_ns, after.st_mode) == (
        "lr = 0.1\n",
        before.st_mtime_ns,
        before.st_mode,
    )
    assert Path(run.run_dir, "train.py").read_text() == "lr = 0.5\n"


def test_staged_files_are_read_only_and_keep_what_makes_them_programs(
    project: Path, tmp_path: Path
) -> None:
    (project / "run.sh").write_text("echo hi")
    (project / "run.sh").chmod(0o755)
    (project / "a.txt").write_text("")

    run = staged(tmp_path, data={"exec": {"init-runtime": "touch $RUN_DIR/made"}}, project=project)

    # Whether others may execute it depends on the umask.
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) & 0o322 for path in Path(run.run_dir).iterdir()
    }
    assert modes == {"run.sh": 0o100, "a.txt": 0, "made": 0}


def test_what_the_manifest_cannot_hold_is_noted(project: Path, tmp_path: Path) -> None:
    command = "ln -s nowhere $RUN_DIR/link; mkfifo $RUN_DIR/pipe"

    run = staged(tmp_path, data={"exec": {"init-runtime": command}}, project=project)

    assert paths(run) == []
    assert read_notes(run) == [
        "Not in the manifest, not a regular file: link",
        "Not in the manifest, not a regular file: pipe",
    ]


def test_files_that_may_not_be_read_are_named_together(project: Path, tmp_path: Path) -> None:
    """A pipe is refused to everybody, also to root."""
    for name in ("a", "b"):
        os.mkfifo(project / name)
    run = initialized(tmp_path / "runs")

    with pytest.raises(GageError, match=r"cannot copy 2 files") as caught:
        stage_run(
            str(project), run, given=[GivenFile("s", str(project), name) for name in ("a", "b")]
        )

    assert "a: not a regular file\n    b: not a regular file" in str(caught.value)


def test_attributes_that_are_known_are_part_of_the_definition(tmp_path: Path) -> None:
    run = make_run(str(tmp_path))

    init_run_meta(
        run,
        OpRef("n", "op"),
        OpDef("op", {}),
        {},
        OpCmd([], {}),
        user_attrs={"label": "x"},
        system_attrs={"platform": {"system": "Linux"}},
    )

    assert run_attrs(run) == {"user": {"label": "x"}, "sys": {"platform": {"system": "Linux"}}}
    log = Path(run.meta_dir, "log", "runner").read_text()
    written = [line.partition("Writing meta ")[2] for line in log.splitlines()]
    assert written[-4:] == ["user/label", "sys/platform", "opref", "initialized"]
    modes = {
        path.relative_to(run.meta_dir).as_posix(): path.stat().st_mode & 0o222
        for path in Path(run.meta_dir).rglob("*")
        if path.is_file()
    }
    # The supervisor locks `__schema__`.
    assert {name for name, mode in modes.items() if mode} == {"__schema__", "log/runner"}
    assert Path(run.meta_dir, "__schema__").read_text() == f"{META_SCHEMA}\n"


def test_an_attribute_can_be_replaced(tmp_path: Path) -> None:
    run = make_run(str(tmp_path))
    init_run_meta(
        run, OpRef("n", "op"), OpDef("op", {}), {}, OpCmd([], {}), user_attrs={"label": "x"}
    )

    write_attr(run, "user", "label", "y")

    assert run_attrs(run)["user"] == {"label": "y"}


def test_a_file_that_changes_after_it_was_copied_is_hashed_as_it_is(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "a.py").write_text("lr = 0.1\n")
    (project / "b.py").write_text("unchanged\n")
    command = "chmod u+w a.py && echo 'lr = 2' > a.py && rm b.py && echo > c.py"
    run = initialized(
        tmp_path / "runs", ["true"], {"sourcecode": ["*"], "exec": {"stage-runtime": command}}
    )

    stage_run(str(project), run)

    entries = read_manifest(str(meta(run, "manifest")))
    assert [(entry.type, entry.path) for entry in entries] == [("s", "a.py"), ("r", "c.py")]
    assert [entry.digest for entry in entries] == [
        hash_file(str(Path(run.run_dir) / entry.path)) for entry in entries
    ]
    assert not any(path.stat().st_mode & 0o222 for path in Path(run.run_dir).iterdir())
