"""A file of a run is given to another program."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import gage
from gage.cli.opening import _OPENER
from tests.cli.commands import Started

SAYS = "#!/bin/sh\nprintf '%s\\n' \"$@\"\n"


def program(path: Path) -> Path:
    """Write a program that prints its arguments, a line each."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(SAYS)
    path.chmod(0o755)
    return path


def test_a_file_of_a_run_is_written_as_it_is(cli: Callable[..., Started], project: Path) -> None:
    (project / "make.py").write_text("open('made.bin', 'wb').write(bytes(range(256)))\n")
    cli("run", "make.py")

    assert cli("cat", "1", "made.bin").stdout == bytes(range(256))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("hi.pu", "has no file 'hi.pu'. Did you mean 'hi.py'?"),
        ("nothing", "has no file 'nothing'. See gage files"),
        ("../hi.py", "expected a path in the directory of"),
        (".", "expected a file, found something else"),
    ],
)
def test_what_is_no_file_of_the_run_is_refused(
    cli: Callable[..., Started], path: str, said: str
) -> None:
    cli("run", "hi.py")

    done = cli("cat", "1", path)

    assert done.returncode == 2
    assert done.stdout == b""
    assert said in done.stderr.decode()


def test_the_desktop_opens_a_run_or_a_file(
    cli: Callable[..., Started], env: dict[str, str], tmp_path: Path
) -> None:
    cli("run", "hi.py")
    run_dir = gage.find().run_dir
    opener = program(tmp_path / "bin" / _OPENER)
    env["PATH"] = f"{opener.parent}{os.pathsep}{env['PATH']}"

    assert cli("open").stdout.decode() == f"{run_dir}\n"
    assert cli("open", "1", "hi.py").stdout.decode() == f"{run_dir}/hi.py\n"


def test_an_editor_opens_a_file(
    cli: Callable[..., Started], env: dict[str, str], tmp_path: Path
) -> None:
    cli("run", "hi.py")
    env |= {"VISUAL": "", "EDITOR": f"{program(tmp_path / 'editor')} --wait"}

    done = cli("open", "1", "hi.py", "--editor")

    assert done.stdout.decode().split("\n")[:2] == ["--wait", f"{gage.find().run_dir}/hi.py"]


def test_a_program_that_is_missing_is_named(
    cli: Callable[..., Started], env: dict[str, str]
) -> None:
    cli("run", "hi.py")
    env |= {"VISUAL": "", "EDITOR": "no-such-editor"}
    assert b"there is no program 'no-such-editor'" in cli("open", "1", "-e").stderr

    env["EDITOR"] = ""
    done = cli("open", "1", "-e")
    assert done.returncode == 2
    assert b"no editor is known: set VISUAL or EDITOR" in done.stderr
