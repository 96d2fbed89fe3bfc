"""What a program reads outside of its run is noted, and costs nothing where it reads nothing."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

import gage
from gage._internal.record.outside_files import outside_files
from gage._internal.types import Run
from tests.making import ended, meta


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere" / "a b.csv"
    path.parent.mkdir()
    path.write_text("x,y\n1,2\n")
    return path


def run(source: str) -> gage.RecordedRun:
    Path("work.py").write_text(source)
    found = gage.run("work.py", find=False)
    assert found.status == "completed", found.last_lines()
    return found


def paths(found: gage.RecordedRun) -> list[str]:
    return [file.path for file in found.outside_files]


def test_a_file_is_noted_with_size_and_digest(project: Path, data: Path) -> None:
    found = run(f"for _ in range(3): open({str(data)!r}).read()")

    (file,) = found.outside_files
    assert file.path == str(data)
    assert file.size_bytes == 8
    assert file.modified_us == data.stat().st_mtime_ns // 1000
    assert file.digest == hashlib.sha256(data.read_bytes()).hexdigest()


def test_a_path_that_goes_up_and_a_directory_that_was_changed_to(project: Path, data: Path) -> None:
    source = f"import os\nos.chdir({str(data.parent)!r})\nopen('a b.csv')\n"
    source += "os.chdir('..')\nopen('elsewhere/../elsewhere/a b.csv')"

    assert paths(run(source)) == [str(data)]


def test_files_of_the_run_itself_are_not_outside(project: Path, data: Path) -> None:
    other = data.with_name("other.csv")
    source = f"open({str(other)!r}, 'w').close()\nopen({str(other)!r}).read()"

    assert paths(run(source)) == []


def test_what_is_not_there_is_not_noted(project: Path, data: Path) -> None:
    source = "import os\nfor path in ('/none/at/all', os.path.expanduser('~')):\n"
    source += "    try: open(path)\n    except OSError: pass"

    assert paths(run(source)) == []


def test_the_runs_own_files_and_pythons_are_not_noted(project: Path) -> None:
    (project / "data.txt").write_text("1")
    source = "import json, email.message, gage, os\nopen('data.txt').read()\n"
    source += "open(os.path.abspath('data.txt'))\nopen('/etc/passwd')\nopen('/proc/self/stat')"

    found = run(source)

    assert paths(found) == []
    assert not meta(found, "outside").exists()


def test_what_programs_keep_for_themselves_is_not_noted(
    project: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLCONFIGDIR", str(data.parent))

    source = "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.title('x')\nplt.show()\n"
    assert paths(run(f"{source}open({str(data)!r}).read()")) == []


def test_a_module_from_elsewhere_is_read_also_when_it_is_compiled(
    project: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = data.with_name("elsewhere_only.py")
    module.write_text("x = 1")
    monkeypatch.setenv("PYTHONPATH", str(data.parent))

    first, second = run("import elsewhere_only"), run("import elsewhere_only")

    assert paths(first) == paths(second) == [str(module)]


def test_a_directory_that_is_gone_and_odd_paths_do_no_harm(project: Path, data: Path) -> None:
    source = f"""
import os, tempfile
gone = tempfile.mkdtemp()
os.chdir(gone)
os.rmdir(gone)
for path in ("x", "a\\0b", b"x", -1):
    try:
        open(path)
    except (OSError, ValueError) as error:
        print(type(error).__name__)
open({str(data)!r}).read()
"""

    found = run(source)

    assert found.last_lines().split() == [
        "FileNotFoundError",
        "ValueError",
        "FileNotFoundError",
        "ValueError",
    ]
    assert paths(found) == [str(data)]


def test_workers_note_too(project: Path, data: Path) -> None:
    source = f"""
import multiprocessing, subprocess, sys
def work(_): open({str(data)!r}).read()
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(1) as pool:
        pool.map(work, [1])
    subprocess.run([sys.executable, "-c", "open({str(data.parent / "b.csv")!r})"], check=True)
"""
    (data.parent / "b.csv").write_text("b")

    found = run(source)

    assert {*paths(found)} == {str(data), str(data.parent / "b.csv")}
    assert len([*meta(found, "outside").iterdir()]) == 2


def test_a_file_that_changed_since_has_no_digest(project: Path, data: Path) -> None:
    source = "import os, pathlib\n"
    source += (
        f"open({str(data)!r}).read()\npathlib.Path({str(data)!r}).write_text('longer than it was')"
    )

    (file,) = run(source).outside_files

    assert (file.size_bytes, file.digest) == (8, None)


def test_it_is_read_by_another_shell_too(runs_home: Path, data: Path) -> None:
    command = f"python -c 'open({json.dumps(str(data))})'"

    assert [file.path for file in outside_files(ended(runs_home, command))] == [str(data)]


def test_lines_that_are_damaged_are_no_lines(runs_home: Path) -> None:
    run: Run = ended(runs_home)
    directory = meta(run, "outside")
    directory.mkdir()
    (directory / "1-1").write_bytes(b'gage-outside 1\n1 2 3 /a\nx\n1 x 3 /b\n1 2 3 "\\q\n1 2 3 /c')
    (directory / "1-2").write_bytes(b"gage-outside 9\n1 2 3 /d\n")
    os.mkfifo(directory / "1-3")

    assert [file.path for file in outside_files(run)] == ["/a"]


@pytest.mark.parametrize(
    ("source", "is_watched"),
    [
        ("print('a/b'.split('/'))", False),
        ("print('hi')", False),
        ("print(len('/tmp'))", True),
        ("import os; print(os.path.expanduser('x'))", True),
    ],
)
def test_only_programs_that_may_read_outside_are_watched(
    project: Path, source: str, is_watched: bool
) -> None:
    # Every program pays for an audit hook: copying objects deeply takes twice as long.
    assert _has_hook(source) is is_watched


def test_many_files_beside_a_program_are_not_all_looked_at(project: Path) -> None:
    for number in range(301):
        (project / f"{number}.txt").write_text("1")

    assert _has_hook("print('hi')")


def test_a_pipe_with_the_name_of_code_does_no_harm(project: Path) -> None:
    source = "import os, subprocess, sys\nos.mkfifo('pipe.py')\n"
    source += "subprocess.run([sys.executable, '-c', 'print(1)'], check=True, timeout=20)"

    assert run(source).status == "completed"


def test_a_process_that_works_elsewhere_is_watched_without_a_look_around(project: Path) -> None:
    program = "import gc; print('hooked', '_watch_files.<locals>.hook' in "
    program += "[getattr(found, '__qualname__', '') for found in gc.get_objects()])"
    source = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {program!r}], cwd='/')"

    assert "hooked True" in run(source).last_lines()


def _has_hook(source: str) -> bool:
    """Return whether the audit hook was made in a run of this source."""
    code = (
        f"{source}\nimport gc\n"
        "names = [getattr(found, '__qualname__', '') for found in gc.get_objects()]\n"
        "print('hooked', '_watch_files.<locals>.hook' in names)\n"
    )
    return "hooked True" in run(code).last_lines()
