"""Every command is documented, and a wrong line is said in one message."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

import gage
from gage._internal.operations.help_topics import TOPICS
from gage.cli.app import app
from tests.cli.commands import ROOT, Started, rows, write

COMMANDS = sorted(app.commands)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_that_says_what_it_is_for(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gage", command, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert f"gage {command}" in done.stdout
    assert len(done.stdout.splitlines()) >= 3
    if command != "run":
        options = [item for item in app.commands[command].params if isinstance(item, click.Option)]
        assert all(option.help for option in options)


def test_every_command_is_listed_with_its_first_sentence(cli: Callable[..., Started]) -> None:
    text = cli("--help").stdout.decode()

    commands = text.partition("Commands:")[2]
    listed = re.findall(r"^  (\S+)", commands, re.MULTILINE)
    assert sorted(listed) == COMMANDS
    assert cli("help").stdout.decode() == text
    assert "..." not in commands
    assert max(map(len, text.splitlines())) <= 80


def test_help_of_a_command_is_the_command_s_help(cli: Callable[..., Started]) -> None:
    assert cli("help", "show").stdout == cli("show", "--help").stdout
    assert cli("help", "run").stdout == cli("run", "--help").stdout


def test_topics_are_listed_and_have_a_page(cli: Callable[..., Started]) -> None:
    text = cli("help").stdout.decode()

    listed = text.partition("Topics (gage help TOPIC):\n")[2].partition("\nCommands:")[0]
    assert [line.split()[0] for line in listed.splitlines() if line] == list(TOPICS)
    assert not TOPICS.keys() & set(COMMANDS)
    for name in TOPICS:
        assert cli("help", name).stdout.decode() == TOPICS[name]


def test_the_version_is_the_package_s(cli: Callable[..., Started]) -> None:
    assert gage.__version__ in cli("--version").stdout.decode()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["rums"], 2, "No such command 'rums'"),
        (["help", "shwo"], 2, "Did you mean 'show'"),
        (["help", "filter"], 2, "Did you mean 'filters'"),
        (["help", "zzz"], 2, "no command 'zzz', and no topic. See gage help"),
        (["runs", "--jsno"], 2, "No such option"),
        (["runs", "state=x"], 2, "no run has a value 'state'"),
        (["runs", "status"], 2, "expected a comparison"),
        (["wait", "--timeout", "soon"], 2, "is not a valid float"),
        (["show"], 1, "there are no runs in"),
        (["stop", "x"], 1, "there are no runs in"),
        (["check"], 1, "there is no Gage file in"),
        (["run", "hi.py", "--labl", "x"], 2, "unknown option --labl. Did you mean '--label'"),
        (["run", "hi.py", "--jobs", "2"], 2, "--jobs is for several runs"),
        (["run", "hi.py", "--stage", "--bg"], 2, "--stage and --bg do not go together"),
        (["run", "hi.py", "other"], 2, "expected k=v, found 'other'"),
        (["run", "hii.py"], 125, "Did you mean 'hi.py'"),
        (["run", "hi.py", "x=1"], 125, "expected the key of a value, found 'x'. Keys: none"),
        (["run"], 125, "found nothing: name an operation"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_line_is_said_in_one_message(
    cli: Callable[..., Started], words: list[str], code: int, message: str
) -> None:
    done = cli(*words)

    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (code, b"")
    assert message in said
    assert "Traceback" not in said
    assert gage.runs() == []


def test_every_command_works_in_another_place(
    cli: Callable[..., Started], project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = ["-C", str(project), "--runs", "mine", "-y"]

    assert cli("run", "hi.py", *place).returncode == 0
    assert cli("-C", str(project), "run", "hi.py", "--runs=mine").returncode == 0

    for name in ("runs", "list", "ls"):
        assert len(rows(cli(name, "--json", *place))) == 2
    assert len(rows(cli(*place, "runs", "--json"))) == 2
    assert cli("output", "1", *place).stdout == b"hi\n"
    assert gage.runs() == []
    assert len(gage.runs(directory=str(project), runs_home="mine")) == 2


@pytest.mark.parametrize(
    "words",
    [["run", "many.py"], ["output"], ["output", "-f"], ["attach"], ["files", "--json"]],
    ids=" ".join,
)
def test_a_reader_that_has_enough_is_no_error(
    project: Path, env: dict[str, str], words: list[str]
) -> None:
    write(project, "many.py", "for i in range(100000): print(i)\n")
    gage.run("many.py")

    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$0" -m gage "$@" | head -c 1', sys.executable, *words],
        env=env,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert {run.status for run in gage.runs()} == {"completed"}
    assert gage.find().output().line_count == 100_000


_EVIL = "a\x1b]0;title\x07b\x9b31mc"


@pytest.mark.parametrize(
    "words",
    [
        ["run", f"{_EVIL}.py"],
        ["run", "hi.py", f"--{_EVIL}"],
        ["run", _EVIL, "--help-op"],
        ["run", _EVIL, "--preview"],
        ["runs", f"x{_EVIL}"],
        ["show", _EVIL],
        ["tag", "1", _EVIL],
        ["label", "1", _EVIL],
        ["check"],
        ["ops"],
        ["help", _EVIL],
    ],
    ids=lambda words: " ".join(words).replace(_EVIL, "EVIL"),
)
def test_what_others_named_is_not_obeyed_by_a_terminal(
    cli: Callable[..., Started], project: Path, words: list[str]
) -> None:
    cli("run", "hi.py")
    key = json.dumps(_EVIL)
    write(project, "gage.toml", f"[{key}]\nexec = {key}\ndescription = {key}\n[{key}.{key}]\n")

    done = cli(*words)

    said = (done.stdout + done.stderr).decode()
    assert said.replace("\n", "").replace("\t", "").isprintable()
    assert "Traceback" not in said
