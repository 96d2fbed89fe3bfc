"""Files may be called as the file system allows, in every place where their names turn up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import gage
from gage._internal.index.listing import listing
from gage._internal.operations.targets import resolve_target
from gage._internal.record.file_log import read_events
from gage._internal.record.layout import home_of
from gage._internal.staging.preview import preview, preview_text
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.reports import file_rows, manifest_rows
from gage.cli.listing import print_listing
from gage.cli.tables import print_rows, print_run

ROOT = Path(__file__).parents[2]

NAMES = {
    "space": b"a b",
    "leading-space": b" a",
    "trailing-space": b"a ",
    "quote": b'"a"',
    "apostrophe": b"it's",
    "backslash": b"a\\n",
    "line-break": b"a\nb",
    "carriage-return": b"a\rb",
    "tab": b"a\tb",
    "line-separator": "a\u2028b".encode(),
    "next-line": "a\x85b".encode(),
    "escape": b"\x1b[31mred",
    "dash": b"-a",
    "dashes": b"--label",
    "hash": b"#a",
    "pattern": b"[a]*?",
    "equals": b"a=b",
    "percent": b"%d{x}$HOME",
    "emoji": "😀".encode(),
    "combining": "e\u0301".encode(),
    "right-to-left": "\u202eabc".encode(),
    "not-utf-8": b"a\xff\xfeb",
    "latin-1": "é".encode("latin-1"),
    "long": b"n" * 252,
    "long-not-utf-8": b"\xff" * 252,
}

each_name = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)


@pytest.fixture
def run_of_all(project: Path, runs_home: Path) -> RecordedRun:
    """A run with a staged and a generated file of each name."""
    for name in NAMES.values():
        (project / os.fsdecode(name + b".x")).write_text("staged")
    (project / "make.py").write_text(
        "import os\n"
        "for name in os.listdir(b'.'):\n"
        "    if name.endswith(b'.x'):\n"
        "        open(name[:-2] + b'.y', 'w').close()\n"
    )
    (project / "gage.toml").write_text(
        '[op]\nexec = "python make.py"\nsourcecode = ["**", "-gage.toml"]\n'
    )
    return gage.run("op")


def test_every_name_is_in_log_and_manifest_and_verified(run_of_all: RecordedRun) -> None:
    staged = {os.fsdecode(name + b".x") for name in NAMES.values()} | {"make.py"}
    made = {os.fsdecode(name + b".y") for name in NAMES.values()}

    assert run_of_all.status == "completed", run_of_all.last_lines()
    assert {entry.path for entry in run_of_all.manifest if entry.type == "s"} == staged
    assert {entry.path for entry in run_of_all.manifest if entry.type == "g"} == made
    assert {event.path for event in read_events(run_of_all)} == staged | made
    assert {event.event for event in read_events(run_of_all)} == {"a"}
    assert run_of_all.verify() == []


def test_a_changed_file_of_any_name_is_found(run_of_all: RecordedRun) -> None:
    for name in NAMES.values():
        path = Path(run_of_all.run_dir, os.fsdecode(name + b".x"))
        path.chmod(0o644)
        path.write_text("changed")

    differences = run_of_all.verify()

    assert {item.kind for item in differences} == {"changed"}
    assert {os.fsencode(item.path)[:-2] for item in differences} == set(NAMES.values())


def test_reports_and_json_hold_only_text(run_of_all: RecordedRun) -> None:
    rows = [*file_rows(run_of_all), *manifest_rows(run_of_all)]

    text = json.dumps(rows, ensure_ascii=False).encode().decode()

    assert len({row["path"] for row in rows}) == 2 * len(NAMES) + 1
    assert "a\\\\xff\\\\xfeb.x" in text


def test_tables_show_every_file_on_lines_of_printable_text(
    run_of_all: RecordedRun, capsys: pytest.CaptureFixture[str]
) -> None:
    print_rows(list(manifest_rows(run_of_all)))
    print_run(run_of_all)
    print_listing(listing(home_of(run_of_all.run_dir)))

    text = capsys.readouterr().out
    assert "a\\nb.x" in text
    assert "\\x1b[31mred" in text
    assert all(char.isprintable() or char == "\n" for char in text)


@each_name
def test_a_script_of_that_name_is_run(project: Path, runs_home: Path, name: bytes) -> None:
    script = os.fsdecode(name + b".py")
    (project / script).write_text("import sys\nx = 1\nprint('x is', x, sys.argv[1:])\n")
    target = f"./{script}" if script.startswith("-") else script

    run = gage.run(target, {"x": 2}, args=["-v"])

    assert run.last_lines() == "x is 2 ['-v']"
    assert run.opref.op_name == script
    assert run.config == {"x": 2}
    assert [entry.path for entry in run.manifest] == [script]
    assert preview_text(preview(resolve_target(target))).encode()


@each_name
def test_a_given_file_of_that_name_is_there(project: Path, runs_home: Path, name: bytes) -> None:
    data = project.parent / os.fsdecode(name)
    data.write_text("data")
    (project / "show.py").write_text(
        "import os, sys\nprint(open(os.fsencode(sys.argv[1]), 'rb').read())\n"
    )

    run = gage.run("show.py", args=[data.name], with_files=[str(data)])

    assert run.last_lines() == "b'data'"
    assert [entry.path for entry in run.manifest if entry.type == "d"] == [data.name]


@each_name
def test_the_command_line_takes_and_shows_that_name(
    project: Path, runs_home: Path, name: bytes
) -> None:
    script = b"./" + name + b".py"
    Path(os.fsdecode(script)).write_text("print('hi')\n")

    def start(*words: bytes | str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "gage", *words],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=False,
        )

    done = start("run", script, b"--label=" + name)

    assert (done.returncode, done.stdout) == (0, b"hi\n"), done.stderr
    shown = start("show")
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert b"\x1b" not in shown.stdout
    assert ".py" in shown.stdout.decode()


def test_a_store_may_be_called_so_too(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "hi.py").write_text("print('hi')\n")
    for name in NAMES.values():
        home = project.parent / "stores" / os.fsdecode(name)
        monkeypatch.setenv("GAGE_RUNS", str(home))

        run = gage.run("hi.py")

        assert (run.status, run.last_lines(), run.verify()) == ("completed", "hi", [])
        assert gage.runs() == [run]


def test_a_project_may_be_called_so_too(
    tmp_path: Path, runs_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES.values():
        project = tmp_path / "projects" / os.fsdecode(name)
        project.mkdir(parents=True)
        (project / "hi.py").write_text("print('hi')\n")
        monkeypatch.chdir(project)

        run = gage.run("hi.py")

        assert (run.status, run.last_lines()) == ("completed", "hi")
