"""The arguments of a script as its own parser has them.

The script is run by `parser_child` as far as its first `parse_args`: that finds arguments of
parsers that are made in a function, a loop or an imported module, and those of sub-commands. It
runs in the project's directory, without input, and is given `LIMIT_S`. An answer holds until the
script, a module of the project that it imports, or a file of the project that it reads changes,
also in the next process (`parser_cache`).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any, NamedTuple

from gage._internal.config.parser_cache import digests_of, entry_path, keep, kept
from gage._internal.config.script_arguments import UNKNOWN, Argument, ScriptParser
from gage._internal.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["LIMIT_S", "probe_parser"]

LIMIT_S = 30

_CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "parser_child.py")
_MOST_KEPT = 32
_SHOWN = 300


class _Answer(NamedTuple):
    parser: ScriptParser
    digests: dict[str, str]


_answers: dict[tuple[str, ...], _Answer] = {}


def probe_parser(
    project_dir: str,
    words: Sequence[str],
    script_at: int,
    script: str,
    env: Mapping[str, str] | None = None,
) -> ScriptParser:
    """Return what the parser of a script takes.

    Parameters
    ----------
    project_dir
        Where the command runs.
    words, script_at
        The command, and which of its words is the script, or the module after `-m`.
    script
        The path of the script, relative to the project.
    env
        The variables that the operation sets.

    Raises
    ------
    ConfigError
        If the script comes to no `parse_args`: the message says why.
    """
    own_env = dict(env or {})
    key = (*words[: script_at + 1], script, *map("=".join, sorted(own_env.items())))
    answer = _answers.get(key)
    if answer is not None and answer.digests == digests_of(project_dir, answer.digests):
        return answer.parser
    argv = _argv(project_dir, words, script_at)
    entry = entry_path(project_dir, argv, own_env)
    answer = _kept_answer(entry, project_dir, script)
    if answer is None:
        data = _asked(argv, project_dir, script, own_env)
        digests = digests_of(project_dir, {script, *data["files"]})
        answer = _Answer(_parser(data["parser"]), digests)
        keep(entry, data, digests, data["places"])
    _answers.pop(key, None)
    _answers[key] = answer
    while len(_answers) > _MOST_KEPT:
        _answers.pop(next(iter(_answers)))
    return answer.parser


def _kept_answer(entry: str | None, project_dir: str, script: str) -> _Answer | None:
    data = kept(entry, project_dir)
    if data is None:
        return None
    try:
        files = {script, *data["files"]}
        return _Answer(_parser(data["parser"]), digests_of(project_dir, files))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None  # something else wrote there


def _argv(project_dir: str, words: Sequence[str], script_at: int) -> list[str]:
    """Return the command that asks the script of a command."""
    is_module = words[script_at - 1] == "-m"
    program = ["-m", words[script_at]] if is_module else [words[script_at]]
    before = list(words[1 : script_at - 1 if is_module else script_at])
    python = words[0] if os.path.basename(words[0]).startswith("python") else ""
    if python in {"", "python", "python3"}:
        python = sys.executable
        before = before if os.path.basename(words[0]).startswith("python") else []
    return [python, *before, _CHILD, project_dir, *program, *words[script_at + 1 :]]


def _asked(argv: list[str], project_dir: str, script: str, env: dict[str, str]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as output:
        code, out = _run(argv, project_dir, env, output.fileno(), script)
        output.seek(max(0, output.seek(0, os.SEEK_END) - _SHOWN))
        last = output.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
    try:
        data = json.loads(out)
    except ValueError:
        why = last if code else "it ended without parsing arguments"
        raise ConfigError(
            f"{script}: expected a script that comes to parse_args, found another end: {why}"
        ) from None
    return dict(data)


def _run(
    argv: list[str], directory: str, env: dict[str, str], errors: int, script: str
) -> tuple[int, bytes]:
    """Return the exit code and the answer of the child; nothing that it has started is left."""
    env = {**os.environ, **env, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        child = subprocess.Popen(
            argv,
            cwd=directory,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    except OSError as error:
        raise ConfigError(f"{script}: cannot run {argv[0]}: {error.strerror}") from error
    try:
        out, _ = child.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        raise ConfigError(
            f"{script}: expected a script that comes to parse_args within {LIMIT_S} s"
        ) from None
    finally:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass  # it is over, and so is all that it has started
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
    return child.returncode, out


def _parser(data: dict[str, Any]) -> ScriptParser:
    commands = {name: _parser(sub) for name, sub in data["commands"].items()}
    return ScriptParser([_argument(argument) for argument in data["arguments"]], commands)


def _argument(data: dict[str, Any]) -> Argument:
    choices = data.get("choices")
    return Argument(
        key=data["key"],
        flags=tuple(data["flags"]),
        type=data["type"],
        default=data.get("default", UNKNOWN),
        action=data["action"],
        nargs=data["nargs"],
        const=data.get("const", UNKNOWN),
        choices=None if choices is None else tuple(choices),
        required=data["required"],
        help=data["help"],
    )
