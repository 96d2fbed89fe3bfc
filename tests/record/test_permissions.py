"""What may not be read or written is reported, and the rest is recorded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


# Root may read and write everything; without these rights it is held to the modes of its files.
_WITHOUT_RIGHTS = [
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory with a project and the home of a user."""
    for name in ("project", "home"):
        (tmp_path / name).mkdir()
    yield tmp_path
    subprocess.run(["chmod", "-R", "u+rwX", str(tmp_path)], check=True)


def python(place: Path, program: str, runs: str = "runs") -> Any:
    """Run a program as a user without rights; return what it prints, as JSON."""
    done = _start(place, [sys.executable, "-c", program], runs)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def gage(place: Path, *words: str, runs: str = "runs") -> subprocess.CompletedProcess[str]:
    return _start(place, [sys.executable, "-m", "gage", *words], runs)


def _start(place: Path, argv: list[str], runs: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*(_WITHOUT_RIGHTS if os.geteuid() == 0 else []), *argv],
        cwd=place / "project",
        env={
            **os.environ,
            "HOME": str(place / "home"),
            "GAGE_RUNS": str(place / "home" / runs),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def write(place: Path, name: str, text: str, mode: int = 0o644) -> Path:
    path = place / "project" / name
    path.write_text(text)
    path.chmod(mode)
    return path


def test_modes_hold_for_the_programs_of_these_tests(place: Path) -> None:
    """If not, the other tests would say it in many places."""
    write(place, "closed", "", mode=0)

    done = _start(place, ["cat", "closed"], "runs")

    assert "closed: Permission denied" in done.stderr, "setpriv must be able to take rights away"


def test_a_read_only_home_is_said(place: Path) -> None:
    write(place, "hi.py", "print('hi')")
    runs = place / "home" / "runs"
    runs.mkdir(mode=0o555)

    done = gage(place, "run", "hi.py")

    assert done.returncode == 125
    assert done.stderr.startswith(f"gage: cannot make a run in {runs}: Permission denied")
    assert "Make it writable or name another directory with GAGE_RUNS" in done.stderr


def test_a_read_only_store_can_be_looked_at(place: Path) -> None:
    write(place, "hi.py", "open('made', 'w').write('x'); print('hi')")
    assert gage(place, "run", "hi.py").returncode == 0
    subprocess.run(["chmod", "-R", "a-w", str(place / "home" / "runs")], check=True)

    listed = json.loads(gage(place, "runs", "--json").stdout)
    shown = [gage(place, command) for command in ("show", "meta", "files", "manifest", "verify")]

    assert [row["status"] for row in listed] == ["completed"]
    assert [done.returncode for done in shown] == [0] * 5
    assert gage(place, "output").stdout == "hi\n"


def test_a_home_that_may_not_be_read_is_said(place: Path) -> None:
    runs = place / "home" / "runs"
    runs.mkdir(mode=0)

    done = gage(place, "runs")

    assert done.returncode == 1
    assert f"cannot list the runs in {runs}: Permission denied" in done.stderr


@pytest.mark.parametrize("part", ["meta", "initialized", "opref", "id", "user", "run"])
def test_a_run_that_may_not_be_read_is_listed_as_damaged(place: Path, part: str) -> None:
    write(place, "hi.py", "print('hi')")
    for label in ("first", "second"):
        assert gage(place, "run", "hi.py", "--label", label).returncode == 0
    newest = json.loads(gage(place, "runs", "--json").stdout)[0]["id"]
    run_dir = place / "home" / "runs" / newest
    paths = {"run": run_dir, "meta": Path(f"{run_dir}.meta")}
    paths.get(part, paths["meta"] / part).chmod(0)

    rows = json.loads(gage(place, "runs", "--json").stdout)

    statuses = {row["id"]: row["status"] for row in rows}
    assert len(statuses) == 2
    assert set(statuses.values()) == (
        {"completed"} if part in {"user", "run"} else {"completed", "damaged"}
    )
    assert gage(place, "runs").returncode == 0


def test_a_source_file_that_may_not_be_read_is_left_out_with_a_note(place: Path) -> None:
    write(place, "hi.py", "print('hi')")
    write(place, "secret.txt", "x", mode=0)

    done = gage(place, "run", "hi.py")

    assert done.stdout == "hi\n"
    assert "secret.txt" in done.stderr


def test_the_script_itself_must_be_readable(place: Path) -> None:
    write(place, "hi.py", "print('hi')", mode=0)

    done = gage(place, "run", "hi.py")

    assert done.returncode != 0
    assert "hi.py" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_program_that_may_not_be_executed_is_said(place: Path) -> None:
    write(place, "program", "#!/bin/sh\necho hi\n")
    write(place, "gage.toml", '[op]\nexec = ["./program"]\nsourcecode = "program"\n')

    done = gage(place, "run", "op")

    assert done.returncode == 126
    assert "cannot start './program': Permission denied" in done.stderr


def test_what_a_run_hides_from_itself_is_noted_and_the_rest_recorded(place: Path) -> None:
    write(
        place,
        "hide.py",
        "import os\n"
        "os.mkdir('closed'); open('closed/a', 'w').close(); os.chmod('closed', 0)\n"
        "open('unreadable', 'w').close(); os.chmod('unreadable', 0)\n"
        "open('made', 'w').close()\n",
    )

    found = python(
        place,
        "import gage, json\n"
        "run = gage.run('hide.py')\n"
        "print(json.dumps([run.status, [e.path for e in run.manifest], run.notes]))",
    )

    assert found == [
        "completed",
        ["hide.py", "made"],
        [
            "Not in the manifest, not a regular file: closed",
            "Not in the manifest, cannot be read: unreadable",
        ],
    ]


def test_a_run_may_close_its_own_directory(place: Path) -> None:
    write(place, "close.py", "import os\nprint('hi')\nos.chmod('.', 0)\n")

    found = python(
        place,
        "import gage, json\n"
        "run = gage.run('close.py')\n"
        "print(json.dumps([run.full_status, run.last_lines(), run.timestamp('stopped') != None]))",
    )

    status, printed, stopped = found
    assert (status[0], status[2], printed, stopped) == ("completed", 0, "hi", True)
    assert "not finalised" in status[1]
