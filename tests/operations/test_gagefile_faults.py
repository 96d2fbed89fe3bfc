"""Each fault of a Gage file is said with its place, and what was expected there."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

from gage._internal.errors import GagefileError
from gage._internal.operations.gagefile import check_gagefile, get_operation
from gage._internal.types import Fault
from tests.operations.gagefiles import (
    AT_THE_TOP,
    KEYS_OF_EXEC,
    KEYS_OF_OPERATION,
    load,
    message_of,
    write,
)

# What is wrong in the table [a], one fault each: the string below `[a]`, and what is said of it.
FAULTS = [
    pytest.param(
        "exc = 'x'",
        f"a.exc: unknown key. Did you mean 'exec'? Allowed are {KEYS_OF_OPERATION}",
        id="unknown key, near",
    ),
    pytest.param(
        "flags = 'x'", f"a.flags: unknown key. Allowed are {KEYS_OF_OPERATION}", id="unknown key"
    ),
    pytest.param("'' = 'x'", "a.'': expected a name, found an empty one", id="empty key"),
    pytest.param(
        "output_summary = 'x'",
        "a.output_summary: unknown key. Did you mean 'output-summary'? "
        f"Allowed are {KEYS_OF_OPERATION}",
        id="underscore",
    ),
    pytest.param(
        "description = 3",
        "a.description: expected a string, found the number 3: write it in quotes",
        id="number as text",
    ),
    pytest.param(
        "description = 'a\\u0000'".replace("'", '"'),
        "a.description: expected a string without NUL characters, found 'a\\x00'",
        id="NUL",
    ),
    pytest.param(
        "default = 'true'",
        "a.default: expected true or false, found the string 'true': write it without quotes",
        id="default as text",
    ),
    pytest.param(
        "default = 1", "a.default: expected true or false, found the number 1", id="default"
    ),
    pytest.param(
        "version = 1.10",
        "a.version: expected a string or a whole number, found the number 1.1: write it in quotes",
        id="version",
    ),
    pytest.param(
        "version = ''",
        "a.version: expected a non-empty string, found an empty one",
        id="no version",
    ),
    pytest.param(
        "exec = true",
        "a.exec: expected a string, a list of strings or a table, found true",
        id="exec",
    ),
    pytest.param(
        "exec = ['sleep', 3]",
        "a.exec[1]: expected a string, found the number 3: write it in quotes",
        id="argument",
    ),
    pytest.param(
        "exec = ['sleep', '']",
        "a.exec[1]: expected a non-empty string, found an empty one",
        id="empty argument",
    ),
    pytest.param(
        "exec = {runn = 'x'}",
        f"a.exec.runn: unknown key. Did you mean 'run'? Allowed are {KEYS_OF_EXEC}",
        id="unknown phase",
    ),
    pytest.param(
        "exec = {run = 3}",
        "a.exec.run: expected a string or a list of strings, found the number 3",
        id="command of a phase",
    ),
    pytest.param(
        "exec = {run = 'x', copy-sourcecode = 'y', stage-sourcecode = 'z'}",
        "a.exec: copy-sourcecode and stage-sourcecode are two names of one phase: keep one of them",
        id="two names of copy-sourcecode",
    ),
    pytest.param(
        "exec = {run = 'x', init-runtime = 'y', stage-runtime = 'z'}",
        "a.exec: init-runtime and stage-runtime are two names of one phase: keep one of them",
        id="two names of init-runtime",
    ),
    pytest.param(
        "exec = {run = 'x', resolve-deps = 'y', stage-dependencies = 'z'}",
        "a.exec: resolve-deps and stage-dependencies are two names of one phase: keep one of them",
        id="two names of resolve-deps",
    ),
    pytest.param(
        "exec = {run = 'x', finalize-run = 'y', finalize = 'z'}",
        "a.exec: finalize-run and finalize are two names of one phase: keep one of them",
        id="two names of finalize-run",
    ),
    pytest.param(
        "progress = {finalize-run = 'tqdm', finalize = 'tqdm'}",
        "a.progress: finalize-run and finalize are two names of one phase: keep one of them",
        id="two names of a phase in progress",
    ),
    pytest.param("env = ['A=1']", "a.env: expected a table, found a list", id="env as list"),
    pytest.param(
        "env = {A = 0.5}",
        "a.env.A: expected a string or a whole number, found the number 0.5: write it in quotes",
        id="value of env",
    ),
    pytest.param(
        "env = {'A=B' = 'x'}",
        "a.env: expected the name of an environment variable, without =, found 'A=B'",
        id="name in env",
    ),
    pytest.param(
        "sourcecode = 3",
        "a.sourcecode: expected a string, a list of strings, true, false or a table, "
        "found the number 3",
        id="sourcecode",
    ),
    pytest.param(
        "sourcecode = ['*.py', false]",
        "a.sourcecode[1]: expected a string, found false: write it in quotes",
        id="pattern",
    ),
    pytest.param(
        "sourcecode = ['*.py size<x']",
        "a.sourcecode[0]: malformed pattern: expected a number, found 'x'\n"
        "    *.py size<x\n"
        "              ^",
        id="malformed pattern",
    ),
    pytest.param(
        "sourcecode = {pattern = '*.py'}",
        "a.sourcecode.pattern: unknown key. Did you mean 'patterns'? Allowed are patterns",
        id="table of patterns",
    ),
    pytest.param(
        "config = false",
        "a.config: expected a string, a table or a list of strings and tables, found false",
        id="config",
    ),
    pytest.param(
        "config = {prefix = 'x'}",
        "a.config: expected the key 'keys', found a table with prefix",
        id="config without keys",
    ),
    pytest.param(
        "config = {}", "a.config: expected the key 'keys', found an empty table", id="empty config"
    ),
    pytest.param(
        "config = ['x.py#a', {key = 'x.py#b'}]",
        "a.config[1].key: unknown key. Did you mean 'keys'? "
        "Allowed are keys, description, prefix, strip-prefix, rename",
        id="key of config",
    ),
    pytest.param(
        "config = {keys = []}",
        "a.config.keys: expected a non-empty list, found an empty one",
        id="empty keys",
    ),
    pytest.param(
        "depends = 3",
        "a.depends: expected a string, a table or a list of strings and tables, found the number 3",
        id="depends",
    ),
    pytest.param(
        "depends = {run = 'b', file = '*'}",
        "a.depends.file: unknown key. Did you mean 'files'? "
        "Allowed for files of another run are type, description, run, run-select, files",
        id="key of a dependency on a run",
    ),
    pytest.param(
        "depends = ['*.csv', {files = '*', links = true}]",
        "a.depends[1].links: unknown key. Did you mean 'link'? "
        "Allowed for files of the project are type, description, files, link",
        id="key of a dependency on files",
    ),
    pytest.param(
        "depends = {run = 'b', link = true}",
        "a.depends.link: not allowed here. "
        "Allowed for files of another run are type, description, run, run-select, files",
        id="key of another kind of dependency",
    ),
    pytest.param(
        "depends = {run = 'b', run-select = 'b'}",
        "a.depends: expected either run or run-select",
        id="two names of run",
    ),
    pytest.param(
        "depends = {type = 'project-file', files = '*'}",
        "a.depends.type: expected 'project-files', 'run-files' or 'runs-summary', "
        "found the string 'project-file'. Did you mean 'project-files'?",
        id="kind of dependency",
    ),
    pytest.param(
        "depends = {type = 'run-files', files = '*'}",
        "a.depends.type: expected 'project-files', found the string 'run-files'",
        id="kind that is not the one of the keys",
    ),
    pytest.param(
        "depends = {files = ['']}",
        "a.depends.files[0]: expected a non-empty string, found an empty one",
        id="empty pattern",
    ),
    pytest.param(
        "summary = {file = 'x.json'}",
        "a.summary.file: unknown key. Did you mean 'filename'? Allowed are filename",
        id="summary",
    ),
    pytest.param(
        "output-summary = {loss = ['(.+)']}",
        "a.output-summary.loss: expected a string, found a list",
        id="list of regular expressions by name",
    ),
    pytest.param(
        "progress = 'tqmd'",
        "a.progress: expected 'tqdm' or a regular expression with one group (the percentage), "
        "two (done and total) or none, found no group in 'tqmd'. Did you mean 'tqdm'?",
        id="progress",
    ),
    pytest.param(
        "progress = {run = '('}",
        "a.progress.run: malformed regular expression '(': "
        "missing ), unterminated subpattern at position 0",
        id="progress of a phase",
    ),
]


class TestFaults:
    @pytest.mark.parametrize(
        "text",
        [
            "output-summary = '--- summary ---(.*)---'",
            "output-summary = 'loss ('",
            "output-summary = {loss = 'no group'}",
            "output-summary = ''",
            "output-summary = false",
            "progress = 'epoch [0-9]+'",
            "listing = {summary = false}",
            "depends = [{type = 'runs-summary', runs-select = 'train'}]",
        ],
    )
    def test_forms_of_gage_0_1_are_accepted(self, tmp_path: Path, text: str) -> None:
        path = write(tmp_path, "gage.toml", f"[a]\n{text}\n")

        assert check_gagefile(path) == []

    @pytest.mark.parametrize(
        ("command", "fault"),
        [
            ("'python train.py | tee log'", "needs a command without shell syntax"),
            ("'#!/bin/sh\\npython train.py'", "needs a command"),
            ("'make train'", "needs a command that runs a Python script .* found make train"),
            ("'python train.py'", None),
            ("['python', '-m', 'pkg.train']", None),
        ],
    )
    def test_arguments_of_a_command_that_cannot_have_any(
        self, tmp_path: Path, command: str, fault: str | None
    ) -> None:
        path = write(tmp_path, "gage.toml", f"[a]\nexec = {command}\nconfig = 'args'\n")

        faults = check_gagefile(path)

        assert [(found.line, found.key) for found in faults] == (
            [] if fault is None else [(3, "a.config")]
        )
        assert all(re.search(fault or "", found.message) for found in faults)

    @pytest.mark.parametrize(("text", "expected"), FAULTS)
    def test_of_an_operation(self, tmp_path: Path, text: str, expected: str) -> None:
        assert message_of(tmp_path, f"[a]\n{text}\n") == f"gage.toml:2: {expected}"

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param(
                '"$run-dir" = "x"',
                f"$run-dir: unknown key. Did you mean '$runs-dir'? {AT_THE_TOP}",
                id="unknown setting",
            ),
            pytest.param(
                '"$runs-dir" = ""',
                "$runs-dir: expected a non-empty string, found an empty one",
                id="empty",
            ),
            pytest.param(
                '"$schema" = 3',
                "$schema: expected a string, found the number 3: write it in quotes",
                id="schema",
            ),
            pytest.param("train = 3", "train: expected a table, found the number 3", id="number"),
            pytest.param("[[train]]", "train: expected a table, found a list", id="two brackets"),
            pytest.param("['']", "'': expected a name, found an empty one", id="no name"),
            pytest.param(
                "exec = 'python train.py'",
                "exec: expected a table, found the string 'python train.py'. "
                "exec belongs to an operation: put it into the operation's table",
                id="key of an operation",
            ),
        ],
    )
    def test_at_the_top(self, tmp_path: Path, text: str, expected: str) -> None:
        assert message_of(tmp_path, f"{text}\n") == f"gage.toml:1: {expected}"

    @pytest.mark.parametrize(
        ("name", "text", "found"),
        [
            pytest.param("gage.yaml", "- a\n", "a list", id="yaml list"),
            pytest.param("gage.yaml", "a\n", "a string", id="yaml text"),
            pytest.param("gage.json", "[]", "a list", id="json list"),
            pytest.param("gage.json", "null", "nothing", id="json null"),
            pytest.param("gage.json", "3", "the number 3", id="json number"),
        ],
    )
    def test_top_is_no_table(self, tmp_path: Path, name: str, text: str, found: str) -> None:
        assert message_of(tmp_path, text, name).endswith(
            f": expected a table of keys and values, found {found}"
        )

    def test_operation_without_anything_in_yaml(self, tmp_path: Path) -> None:
        assert message_of(tmp_path, "a:\nb: {}\n", "gage.yaml") == (
            "gage.yaml:1: a: expected a table, found nothing: give it a value or remove the key"
        )

    def test_keys_that_are_no_texts_in_yaml(self, tmp_path: Path) -> None:
        text = "1: {}\na:\n  env:\n    no: x\n    2026-01-31: x\noff: {}\n"

        assert message_of(tmp_path, text, "gage.yaml").splitlines() == [
            "gage.yaml:1: 1: expected a string as key, found 1: write it in quotes",
            "gage.yaml:4: a.env.no: expected a string as key, found no: write it in quotes",
            "gage.yaml:6: off: expected a string as key, found off: write it in quotes",
        ]

    def test_names_with_dots_and_blanks_are_quoted(self, tmp_path: Path) -> None:
        assert message_of(tmp_path, '["my op.2".exec]\nrun = 3\n').startswith(
            "gage.toml:2: 'my op.2'.exec.run: expected a string"
        )

    def test_long_values_are_cut_with_a_mark(self, tmp_path: Path) -> None:
        found = message_of(tmp_path, f"[a]\ndefault = '{'x' * 100}'\n")

        assert found.endswith(f"found the string '{'x' * 59}…'")

    def test_all_faults_in_the_order_of_their_lines(self, tmp_path: Path) -> None:
        text = (
            "[a]\n"
            "default = 1\n"
            "depends = [\n"
            "  {file = '*'},\n"
            "]\n"
            "[[b.depends]]\n"
            "files = '*'\n"
            "[[b.depends]]\n"
            "files = 3\n"
            "[b.exec]\n"
            "run.x = 3\n"
        )

        faults = check_gagefile(write(tmp_path, "gage.toml", text))

        assert [(fault.line, fault.key) for fault in faults] == [
            (2, "a.default"),
            (4, "a.depends[0].file"),
            (9, "b.depends[1].files"),
            (11, "b.exec.run"),
        ]

    def test_error_survives_pickling(self, tmp_path: Path) -> None:
        with pytest.raises(GagefileError) as caught:
            get_operation(load(tmp_path, "[a]\ndefault = 1\n"), "a")

        again = pickle.loads(pickle.dumps(caught.value))

        assert str(again) == str(caught.value)
        assert again.faults == caught.value.faults


def test_fault_shows_what_is_known_of_its_place() -> None:
    assert str(Fault("gage.toml", 3, "a.exec", "x", 7)) == "gage.toml:3:7: a.exec: x"
    assert str(Fault("gage.toml", None, "", "x")) == "gage.toml: x"
    assert re.fullmatch(r"<Fault gage\.toml:3: x>", repr(Fault("gage.toml", 3, "", "x")))
