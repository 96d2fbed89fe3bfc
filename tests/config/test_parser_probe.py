"""Scripts that are run as far as `parse_args`: what their parsers take, and what is left of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gage._internal.config import Text, read_config, resolve_values, with_values
from gage._internal.config.parser_probe import probe_parser
from gage._internal.config.script_arguments import UNKNOWN, ScriptParser
from gage._internal.errors import ConfigError
from gage._internal.process.ending import wait_for_exit
from gage._internal.process.identity import decode_identity
from tests.cli.commands import ROOT

MAKE = "import argparse, os\np = argparse.ArgumentParser()\n"


def probe(directory: Path, source: str, *words: str) -> ScriptParser:
    (directory / "t.py").write_text(source)
    return probe_parser(str(directory), words or ("python", "t.py"), 1, "t.py")


def test_arguments_are_as_the_parser_has_them(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "def add(parser):\n"
        "    for name in ('alpha', 'beta'):\n"
        "        parser.add_argument('--' + name, type=int, default=len(name), help='%(dest)s')\n"
    )

    parser = probe(
        tmp_path,
        MAKE + "from mine import add\nadd(p)\n"
        "p.add_argument('src')\n"
        "p.add_argument('--on', action='store_true')\n"
        "p.add_argument('--who', type=os.fsencode, default=object())\n"
        "p.add_argument('--kind', choices={'a': 1, 'b': 2}, default=argparse.SUPPRESS)\n"
        "print('noise')\n"
        "p.parse_args()\n",
    )

    found = {argument.key: argument for argument in parser.arguments}
    assert list(found) == ["alpha", "beta", "src", "on", "who", "kind"]
    assert (found["alpha"].type, found["alpha"].default, found["alpha"].help) == ("int", 5, "alpha")
    assert found["src"].required
    assert not found["src"].flags
    assert (found["on"].type, found["on"].default) == ("bool", False)
    assert (found["who"].type, found["who"].default) == ("fsencode", UNKNOWN)
    assert (found["kind"].choices, found["kind"].default) == (("a", "b"), None)


def test_a_script_has_the_variables_that_its_operation_sets(tmp_path: Path) -> None:
    (tmp_path / "t.py").write_text(
        MAKE + "for name in os.environ['NAMES'].split(): p.add_argument('--' + name, default=1)\n"
        "p.parse_args()\n"
    )
    command, tables = ["python", "t.py"], [{"keys": ["args"]}]

    first, second = (
        read_config(str(tmp_path), tables, command, arguments="run", env={"NAMES": names})
        for names in ("lr mom", "depth")
    )

    assert (list(first), list(second)) == (["lr", "mom"], ["depth"])


@pytest.mark.parametrize(
    "parse",
    ["p.parse_args()", "p.parse_known_args()", "p.parse_intermixed_args([])", "Sub().parse_args()"],
)
def test_nothing_runs_after_the_arguments_are_parsed(tmp_path: Path, parse: str) -> None:
    source = (
        f"{MAKE}class Sub(argparse.ArgumentParser):\n    pass\n{parse}\nopen('ran', 'w').close()\n"
    )

    assert probe(tmp_path, source).arguments == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.py"]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("x = 1\n", "it ended without parsing arguments"),
        ("import nowhere_at_all\n", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("raise SystemExit('not today')\n", "not today"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", "another end"),
        ("print('{}')\n", "it ended without"),
    ],
)
def test_a_script_that_parses_nothing_is_an_error(tmp_path: Path, source: str, why: str) -> None:
    with pytest.raises(ConfigError, match=f"t.py: expected a script that comes to .*{why}"):
        probe(tmp_path, source)


def test_a_script_that_waits_for_ever_is_ended_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gage._internal.config.parser_probe.LIMIT_S", 3)
    source = (
        "import subprocess, time\n"
        "from gage._internal.process.identity import encode_identity, identity_of\n"
        "child = subprocess.Popen(['sleep', '1000'])\n"
        "open('child', 'w').write(encode_identity(identity_of(child.pid)))\n"
        "time.sleep(1000)\n"
    )

    with pytest.raises(ConfigError, match="comes to parse_args within 3 s"):
        probe(tmp_path, source)

    assert wait_for_exit(decode_identity((tmp_path / "child").read_text()), 60)


def test_an_answer_holds_until_a_module_of_the_project_changes(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("NAMES = ['a']\n")
    source = (
        f"{MAKE}import mine\nfor name in mine.NAMES:\n    p.add_argument('--' + name)\n"
        "open('asked', 'a').write('x')\np.parse_args()\n"
    )

    first, again = probe(tmp_path, source), probe(tmp_path, source)
    (tmp_path / "mine.py").write_text("NAMES = ['b']\n")
    third = probe(tmp_path, source)

    assert [arg.key for arg in first.arguments] == [arg.key for arg in again.arguments] == ["a"]
    assert [arg.key for arg in third.arguments] == ["b"]
    assert (tmp_path / "asked").read_text() == "xx"


COUNTED = (
    "import os\nfd = os.open('asked', os.O_WRONLY | os.O_CREAT | os.O_APPEND)\n"
    "os.write(fd, b'x')\nos.close(fd)\n"
)


def probed_in_a_new_process(directory: Path, **env: str) -> list[str]:
    """Return the keys of the arguments of `t.py`, as a process finds them that asks first."""
    program = (
        "from gage._internal.config.parser_probe import probe_parser\n"
        "parser = probe_parser('.', ('python', 't.py'), 1, 't.py')\n"
        "print(*(argument.key for argument in parser.arguments))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_the_next_process_does_not_ask_again(tmp_path: Path) -> None:
    (tmp_path / "t.py").write_text(f"{COUNTED}{MAKE}p.add_argument('--lr')\np.parse_args()\n")

    first, second = (probed_in_a_new_process(tmp_path, TERM=term) for term in ("a", "b"))

    assert first == second == ["lr"]
    assert (tmp_path / "asked").read_text() == "x"


@pytest.mark.parametrize("changed", ["t.py", "mine.py", "names.txt", "environment"])
def test_the_next_process_asks_again_if_anything_has_changed(tmp_path: Path, changed: str) -> None:
    (tmp_path / "mine.py").write_text("NAMES = ['a']\n")
    (tmp_path / "names.txt").write_text("b")
    (tmp_path / "t.py").write_text(
        f"{MAKE}import mine\nnames = [*mine.NAMES, open('names.txt').read()]\n"
        "for name in [*names, os.environ.get('NAME', 'c'), 'd']: p.add_argument('--' + name)\n"
        "p.parse_args()\n"
    )
    assert probed_in_a_new_process(tmp_path) == ["a", "b", "c", "d"]

    env = {"NAME": "new"} if changed == "environment" else {}
    if not env:
        path = tmp_path / changed
        old = {"t.py": "'d'", "mine.py": "'a'", "names.txt": "b"}[changed]
        path.write_text(path.read_text().replace(old, "new" if old == "b" else "'new'"))

    assert "new" in probed_in_a_new_process(tmp_path, **env)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"answer": {}, "digests": {}, "places": {}}'])
def test_a_damaged_entry_is_not_used(tmp_path: Path, home: Path, text: str) -> None:
    (tmp_path / "t.py").write_text(f"{MAKE}p.add_argument('--lr')\np.parse_args()\n")
    probed_in_a_new_process(tmp_path)
    (entry,) = (home / ".cache" / "gage" / "parsers").iterdir()
    entry.write_text(text)

    assert probed_in_a_new_process(tmp_path) == ["lr"]


def test_a_module_is_asked_as_its_command_runs_it(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (tmp_path / "pkg" / "names.py").write_text("N = '--x'\n")
    (tmp_path / "pkg" / "__main__.py").write_text(
        f"{MAKE}from .names import N\np.add_argument(N)\np.parse_args()\n"
    )
    words = ["python", "-u", "-m", "pkg"]

    parser = probe_parser(str(tmp_path), words, 3, "pkg/__main__.py")

    assert [argument.key for argument in parser.arguments] == ["x"]


SUB = (
    MAKE + "p.add_argument('--verbose', action='store_true')\n"
    "s = p.add_subparsers(dest='what', required=True)\n"
    "t = s.add_parser('train')\n"
    "t.add_argument('data')\n"
    "t.add_argument('--lr', type=float, default=0.1)\n"
    "s.add_parser('eval').add_argument('--n', type=int, default=2)\n"
    "print(vars(p.parse_args()))\n"
)


@pytest.mark.parametrize(
    ("command", "given", "expected"),
    [
        ("train a", {"lr": "1"}, "train a --lr 1.0"),
        ("train", {"data": "a", "verbose": "yes"}, "--verbose train a"),
        ("--verbose train a", {"data": "b"}, "--verbose train b"),
        ("eval", {"n": "3"}, "eval --n 3"),
    ],
)
def test_values_go_to_the_sub_command_of_the_command(
    tmp_path: Path, command: str, given: dict[str, str], expected: str
) -> None:
    (tmp_path / "t.py").write_text(SUB)
    line = f"python t.py {command}"

    config = read_config(str(tmp_path), [{"keys": "args"}], line, arguments="run")
    values, _ = resolve_values(config, {key: Text(value) for key, value in given.items()})

    assert with_values(config, values, line) == f"python t.py {expected}"


def test_arguments_of_a_sub_command_need_its_name(tmp_path: Path) -> None:
    (tmp_path / "t.py").write_text(SUB)
    config = read_config(str(tmp_path), [{"keys": "args"}], ["python", "t.py"], arguments="run")

    assert list(config) == ["verbose"]
    with pytest.raises(ConfigError, match=r"takes the sub-commands train, eval\. Name one"):
        resolve_values(config, {"lr": 1})


def test_a_script_that_cannot_be_asked_has_what_its_source_tells(tmp_path: Path) -> None:
    source = "import nowhere_at_all\n" + SUB.replace("t.add", "p.add")
    (tmp_path / "t.py").write_text(source)

    config = read_config(str(tmp_path), [{"keys": "args"}], ["python", "t.py"], arguments="run")

    assert "lr" in config
    assert any("No module named 'nowhere_at_all'" in note for note in config.notes)
