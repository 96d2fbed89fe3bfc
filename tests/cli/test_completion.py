"""Shells complete what is typed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import gage
from tests.cli.commands import Started, write

COMPLETE = """
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_gage_completion gage
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("gage sh", {"show"}),
        ("gage run hi", {"hi.py"}),
        ("gage run --lab", {"--label"}),
        ("gage run -l x train.py lr=1 ", {"epochs=5"}),
        ("gage show ", None),
    ],
    ids=repr,
)
def test_bash_completes(
    cli: Callable[..., Started],
    project: Path,
    env: dict[str, str],
    line: str,
    expected: set[str] | None,
) -> None:
    cli("run", "hi.py")
    write(project, "train.py", "lr = 0.1\nepochs = 5\n")
    script = cli("completion", "bash").stdout.decode()
    words = line.split(" ")

    program = f"{script}\n{COMPLETE}"
    done = subprocess.run(
        ["bash", "-c", program, "bash", *words],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert set(done.stdout.split()) == (expected or {gage.find().name}), done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(cli: Callable[..., Started], shell: str) -> None:
    done = cli("completion", shell)

    assert done.returncode == 0
    assert b"_GAGE_COMPLETE" in done.stdout


def test_completion_is_silent_about_what_is_wrong(
    project: Path, env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    write(project, "gage.toml", "[broken")

    for words in ("gage show ", "gage run ", "gage run op "):
        done = subprocess.run(
            [sys.executable, "-m", "gage"],
            env={
                **env,
                "GAGE_RUNS": str(tmp_path / "file"),
                "_GAGE_COMPLETE": "bash_complete",
                "COMP_WORDS": words,
                "COMP_CWORD": str(len(words.split())),
            },
            capture_output=True,
            check=False,
        )
        assert (done.stdout.strip(), done.stderr) == (b"", b"")
