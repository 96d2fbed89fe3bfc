"""The modules that `gage run` begins with, kept in one file."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gage

_PROGRAM = """
import sys
sys.path.insert(0, {home!r})
from gage.cli.import_cache import use_kept_modules
print(use_kept_modules())
import gage._internal.run_util
print(type(gage._internal.run_util.__loader__).__name__, gage._internal.run_util.__file__)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a directory with a copy of `gage`, without its bytecode, and a script."""
    source = Path(gage.__file__).parent
    shutil.copytree(source, tmp_path / "gage", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "hi.py").write_text("print('hi')\n")
    return tmp_path


def run(home: Path, **env: str) -> str:
    """Run the script by the copy; return what both printed."""
    code = f"import sys; sys.path.insert(0, {str(home)!r}); from gage.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "run", "hi.py"],
        cwd=home / "project",
        env={**clean(), "GAGE_RUNS": str(home / "runs"), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return done.stdout


def clean() -> dict[str, str]:
    """Return our environment without what keeps bytecode from being written."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def used(home: Path) -> list[str]:
    """Return whether the kept modules are used, and how and from where a module is loaded."""
    argv = [sys.executable, "-c", _PROGRAM.format(home=str(home))]
    done = subprocess.run(argv, env=clean(), capture_output=True, text=True, check=True)
    return done.stdout.split()


def kept(home: Path) -> list[Path]:
    """Return the files of kept modules."""
    return sorted((home / "gage" / "cli" / "__pycache__").glob("kept_modules.*"))


def test_first_run_keeps_the_modules_and_the_next_uses_them(home: Path) -> None:
    assert "hi\n" in run(home)
    first = kept(home)[0].read_bytes()
    module = str(home / "gage" / "_internal" / "run_util.py")

    assert used(home) == ["True", "_Loader", module]
    assert "hi\n" in run(home)
    assert [path.read_bytes() for path in kept(home)] == [first]


def test_supervisor_of_the_next_run_uses_them_too(home: Path) -> None:
    run(home)
    for bytecode in (home / "gage" / "_internal" / "running" / "__pycache__").iterdir():
        bytecode.unlink()
    run(home)

    # What is imported in the usual way leaves its bytecode again.
    left = {path.name.split(".")[0] for path in (home / "gage").rglob("running/__pycache__/*")}
    assert not left & {"supervisor", "keeper", "finalize", "summarize"}


@pytest.mark.parametrize("module", ["cli/run.py", "_internal/running/supervisor.py"])
def test_part_of_the_file_is_read_only_when_it_is_needed(home: Path, module: str) -> None:
    run(home)
    read = f"""
import sys
sys.path.insert(0, {str(home)!r})
from gage.cli.import_cache import use_kept_modules
use_kept_modules()
import gage.{module[:-3].replace("/", ".")} as module
print(type(module.__loader__).__name__, module.__file__)
"""
    argv = [sys.executable, "-c", read]

    done = subprocess.run(argv, env=clean(), capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["_Loader", str(home / "gage" / module)]


def test_changed_source_of_the_supervisor_is_used_at_once(home: Path) -> None:
    run(home)
    changed = home / "gage" / "_internal" / "running" / "summarize.py"
    log = home / "log"
    changed.write_text(changed.read_text() + f"\n\nopen({str(log)!r}, 'a').close()\n")

    assert "hi\n" in run(home)

    assert log.exists()
    assert kept(home) == []
    run(home)
    assert used(home)[0] == "True"


def test_the_file_is_in_the_place_of_a_modules_bytecode(home: Path) -> None:
    # Installers remove the bytecode of the modules that they have installed, and nothing else.
    run(home)

    module = home / "gage" / "cli" / "kept_modules.py"
    assert module.exists()
    assert kept(home) == [Path(importlib.util.cache_from_source(module))]


def test_importing_the_module_of_that_place_does_no_harm(home: Path) -> None:
    run(home)
    code = f"import sys; sys.path.insert(0, {str(home)!r}); import gage.cli.kept_modules"
    subprocess.run([sys.executable, "-c", code], env=clean(), check=True)

    assert used(home)[0] == "False"
    assert "hi\n" in run(home)
    assert used(home)[0] == "True"


def test_changed_source_is_used_at_once(home: Path) -> None:
    run(home)
    changed = home / "gage" / "cli" / "run.py"
    changed.write_text(changed.read_text() + "\n\nprint('changed')\n")

    assert used(home)[0] == "False"
    assert "changed\n" in run(home)
    assert used(home)[0] == "True"
    assert "changed\n" in run(home)


@pytest.mark.parametrize("content", [b"", b"gage", b"\xe9\x00\x00\x00\x00", b"N"])
def test_damaged_file_is_replaced(home: Path, content: bytes) -> None:
    run(home)
    kept(home)[0].write_bytes(content)

    assert used(home)[0] == "False"
    assert "hi\n" in run(home)
    assert used(home)[0] == "True"


def test_copy_elsewhere_does_not_use_the_original(home: Path, tmp_path: Path) -> None:
    run(home)
    shutil.copytree(home / "gage", tmp_path / "copy" / "gage")

    assert used(tmp_path / "copy") == [
        *("False", "SourceFileLoader"),
        str(tmp_path / "copy" / "gage" / "_internal" / "run_util.py"),
    ]


def test_nothing_is_written_where_bytecode_is_not(home: Path) -> None:
    assert "hi\n" in run(home, PYTHONDONTWRITEBYTECODE="1")

    assert kept(home) == []


def test_nothing_is_written_where_bytecode_is_elsewhere(home: Path, tmp_path: Path) -> None:
    assert "hi\n" in run(home, PYTHONPYCACHEPREFIX=str(tmp_path / "bytecode"))

    assert kept(home) == []


def test_a_file_that_found_no_room_leaves_nothing(home: Path) -> None:
    program = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from gage.cli.import_cache import keep_modules, loaded_modules
import gage.cli.run
loaded = loaded_modules()
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
keep_modules(loaded)
print("kept" if not sys.exc_info()[0] else "failed")
"""
    argv = [sys.executable, "-c", program, str(home)]

    done = subprocess.run(argv, env=clean(), capture_output=True, text=True, check=True)

    assert done.stdout == "kept\n"
    assert kept(home) == []
