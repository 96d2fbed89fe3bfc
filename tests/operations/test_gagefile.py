from __future__ import annotations

import copy
import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gage._internal.errors import GagefileError, TargetError
from gage._internal.operations import gagefile_faults
from gage._internal.operations.gagefile import (
    GageFile,
    check_gagefile,
    default_operation,
    describe_operation,
    find_gagefile,
    get_operation,
    load_gagefile,
    schema_path,
)
from gage._internal.operations.gagefile_text import key_lines, parse_text
from gage._internal.types import PHASES, Fault, OpDef

ROOT = Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads(Path(schema_path()).read_text(encoding="utf-8"))
KEYS_OF_OPERATION = (
    "description, default, version, exec, env, sourcecode, config, depends, summary, "
    "output-summary, progress"
)
KEYS_OF_EXEC = (
    "copy-sourcecode, stage-sourcecode, init-runtime, stage-runtime, resolve-deps, "
    "stage-dependencies, run, finalize-run, finalize"
)
AT_THE_TOP = "Allowed are $schema, $runs-dir and names of operations, which do not begin with $"


def write(directory: Path, name: str, text: str | bytes) -> str:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def load(directory: Path, text: str | bytes, name: str = "gage.toml") -> GageFile:
    return load_gagefile(write(directory, name, text))


def message_of(directory: Path, text: str | bytes, name: str = "gage.toml") -> str:
    """What loading says is wrong, with names of files instead of paths."""
    with pytest.raises(GagefileError) as caught:
        load(directory, text, name)
    return str(caught.value).replace(f"{directory}/", "")


class TestFind:
    @pytest.mark.parametrize("name", ["gage.toml", "gage.yaml", "gage.yml", "gage.json"])
    def test_in_the_directory(self, tmp_path: Path, name: str) -> None:
        path = write(tmp_path, name, "")

        assert find_gagefile(str(tmp_path)) == path

    def test_in_a_parent(self, tmp_path: Path) -> None:
        path = write(tmp_path, "gage.toml", "")
        (tmp_path / "a" / "b").mkdir(parents=True)

        assert find_gagefile(str(tmp_path / "a" / "b")) == path

    def test_the_nearest_one(self, tmp_path: Path) -> None:
        write(tmp_path, "gage.toml", "")
        path = write(tmp_path / "a", "gage.json", "")

        assert find_gagefile(str(tmp_path / "a")) == path

    def test_above_the_home_directory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write(tmp_path, "gage.toml", "")
        (tmp_path / "home" / "project").mkdir(parents=True)
        monkeypatch.setenv("HOME", str(tmp_path / "home"))

        assert find_gagefile(str(tmp_path / "home" / "project")) == path

    def test_of_a_relative_directory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write(tmp_path, "gage.toml", "")
        (tmp_path / "a").mkdir()
        monkeypatch.chdir(tmp_path / "a")

        assert find_gagefile(".") == path

    def test_in_the_dot_directory_of_the_project(self, tmp_path: Path) -> None:
        path = write(tmp_path / ".gage", "gage.yaml", "train: {exec: x}")
        (tmp_path / "a").mkdir()

        assert find_gagefile(str(tmp_path / "a")) == path
        assert load_gagefile(path).project_dir == str(tmp_path)

    def test_none(self, tmp_path: Path) -> None:
        write(tmp_path, "gage.ini", "")
        write(tmp_path / "a", "gage.toml", "")

        assert find_gagefile(str(tmp_path)) is None

    def test_two_in_one_directory(self, tmp_path: Path) -> None:
        write(tmp_path, "gage.toml", "")
        write(tmp_path, ".gage/gage.json", "")

        with pytest.raises(GagefileError) as caught:
            find_gagefile(str(tmp_path))

        assert str(caught.value) == (
            f"{tmp_path}: expected one Gage file, found gage.toml and {Path('.gage/gage.json')}: "
            "keep one of them and rename or remove the others"
        )


class TestRead:
    def test_operations_in_their_order(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, "[b]\nexec = 'x'\n[a]\nexec = 'y'\n")

        assert list(gagefile.operations) == ["b", "a"]
        assert gagefile.operations["b"] == OpDef("b", {"exec": "x"})
        assert gagefile.operations["b"].src == gagefile.path == str(tmp_path / "gage.toml")
        assert gagefile.data == {"b": {"exec": "x"}, "a": {"exec": "y"}}
        assert gagefile.runs_dir is None

    @pytest.mark.parametrize(
        ("written", "expected"),
        [
            pytest.param("runs", "{project}/runs", id="relative"),
            pytest.param("../runs", "{parent}/runs", id="outside"),
            pytest.param("/data/runs", "/data/runs", id="absolute"),
            pytest.param("~/runs", "{home}/runs", id="home"),
        ],
    )
    def test_runs_dir(self, tmp_path: Path, home: Path, written: str, expected: str) -> None:
        gagefile = load(tmp_path / "p", f'"$runs-dir" = "{written}"\n')

        assert gagefile.runs_dir == expected.format(
            project=tmp_path / "p", parent=tmp_path, home=home
        )

    def test_runs_dir_of_a_file_in_the_dot_directory(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, '"$runs-dir" = "runs"\n', ".gage/gage.toml")

        assert gagefile.runs_dir == str(tmp_path / "runs")

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            pytest.param("gage.toml", '["träin"]\nexec = ["a", "b"]\ndefault = true', id="toml"),
            pytest.param("gage.yaml", "träin:\n  exec: [a, b]\n  default: true", id="yaml"),
            pytest.param("gage.yml", "träin: {exec: [a, b], default: yes}", id="yml"),
            pytest.param(
                "gage.json", '{"träin": {"exec": ["a", "b"], "default": true}}', id="json"
            ),
        ],
    )
    @pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
    @pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no mark", "byte order mark"])
    def test_formats_say_the_same(
        self, tmp_path: Path, name: str, text: str, line_end: str, mark: str
    ) -> None:
        gagefile = load(tmp_path, mark + text.replace("\n", line_end) + line_end, name)

        assert gagefile.data == {"träin": {"exec": ["a", "b"], "default": True}}

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param('{"a": 1} // x', {"a": 1}, id="line"),
            pytest.param('// {\n{"a": 1}\n//', {"a": 1}, id="first and last line"),
            pytest.param('{/* , */"a"/**/:/* " */1}', {"a": 1}, id="inside a line"),
            pytest.param('{"a": /*\n "b": 2, \n*/ 1}', {"a": 1}, id="several lines"),
            pytest.param('{"a": "// /* x */"}', {"a": "// /* x */"}, id="in a text"),
            pytest.param(r'{"a": "\"// x"}', {"a": '"// x'}, id="after an escaped quote"),
            pytest.param(r'{"a": "x\\"/*"*/}', {"a": "x\\"}, id="after an escaped backslash"),
        ],
    )
    def test_comments_in_json(self, text: str, expected: Any) -> None:
        assert parse_text("gage.json", text) == expected

    @given(
        st.recursive(
            st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
        )
    )
    def test_json_without_comments_is_read_as_json(self, data: Any) -> None:
        assert parse_text("gage.json", json.dumps(data)) == data
        assert parse_text("gage.json", json.dumps(data, ensure_ascii=False, indent="\t")) == data

    @pytest.mark.parametrize("word", ["yes", "On", "TRUE", "true"])
    def test_words_for_true_in_yaml(self, tmp_path: Path, word: str) -> None:
        assert load(tmp_path, f"a: {{default: {word}}}", "gage.yaml").operations["a"].default

    def test_numbers_in_yaml_are_those_of_version_1_2(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, "a: {env: {A: 010, B: 12:30:45}}", "gage.yaml")

        assert gagefile.operations["a"].env == {"A": "10", "B": "12:30:45"}

    def test_anchors_in_yaml(self, tmp_path: Path) -> None:
        text = "a: &a\n  exec: x\n  env: {A: b}\nb:\n  <<: *a\n  exec: y\n"

        gagefile = load(tmp_path, text, "gage.yaml")

        assert gagefile.operations["b"].data == {"exec": "y", "env": {"A": "b"}}

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            pytest.param("gage.toml", "# nothing yet\n", id="toml"),
            pytest.param("gage.yaml", "# nothing yet\n", id="yaml"),
            pytest.param("gage.json", "{} // nothing yet\n", id="json"),
        ],
    )
    def test_no_operation(self, tmp_path: Path, name: str, text: str) -> None:
        assert load(tmp_path, text, name).operations == {}


class TestUnreadable:
    def test_nothing_there(self, tmp_path: Path) -> None:
        with pytest.raises(GagefileError) as caught:
            load_gagefile(str(tmp_path / "gage.toml"))

        assert str(caught.value) == f"{tmp_path}/gage.toml: expected a Gage file, found nothing"

    def test_directory(self, tmp_path: Path) -> None:
        (tmp_path / "gage.toml").mkdir()

        assert find_gagefile(str(tmp_path)) == str(tmp_path / "gage.toml")
        with pytest.raises(GagefileError, match=r"gage\.toml: expected a file, found a directory$"):
            load_gagefile(str(tmp_path / "gage.toml"))

    def test_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "gage.toml")

        with pytest.raises(GagefileError, match="expected a file, found something else"):
            load_gagefile(str(tmp_path / "gage.toml"))

    def test_link_to_nowhere(self, tmp_path: Path) -> None:
        (tmp_path / "gage.toml").symlink_to("other.toml")

        path = find_gagefile(str(tmp_path))

        assert path is not None
        with pytest.raises(GagefileError) as caught:
            load_gagefile(path)
        assert str(caught.value) == (
            f"{path}: expected a Gage file, found a link to other.toml, which is not there"
        )

    def test_no_permission(self, without_rights: Path) -> None:
        path = write(without_rights, "gage.toml", "[a]\n")
        Path(path).chmod(0)

        with pytest.raises(GagefileError, match="expected a file that can be read: Permission"):
            load_gagefile(path)

    def test_link_in_a_circle(self, tmp_path: Path) -> None:
        (tmp_path / "gage.toml").symlink_to("gage.toml")

        with pytest.raises(GagefileError, match="expected a file that can be read: Too many"):
            load_gagefile(str(tmp_path / "gage.toml"))

    @pytest.mark.parametrize("name", ["gage.toml", "gage.yaml", "gage.json"])
    @pytest.mark.parametrize("text", ["", " \n\n"], ids=["no byte", "blanks"])
    def test_empty(self, tmp_path: Path, name: str, text: str) -> None:
        assert message_of(tmp_path, text, name) == (
            f"{name}: expected a table of operations, found an empty file"
        )

    @pytest.mark.parametrize("name", ["gage.toml", "gage.yaml", "gage.json"])
    def test_not_utf8(self, tmp_path: Path, name: str) -> None:
        assert message_of(tmp_path, b"# a\n# na\xefve\n", name) == (
            f"{name}:2:5: expected UTF-8, found the byte 0xef"
        )

    def test_other_format(self, tmp_path: Path) -> None:
        assert message_of(tmp_path, "[a]\n", "gage.ini") == (
            "gage.ini: expected a name that ends in .toml, .yaml, .yml or .json, found 'gage.ini'"
        )

    @pytest.mark.parametrize(
        ("name", "text", "expected"),
        [
            pytest.param(
                "gage.toml", "[a]\nexec =\n", "2:7: malformed TOML: Invalid value", id="toml"
            ),
            pytest.param(
                "gage.toml",
                '[a]\nexec = """\nx',
                "3:2: malformed TOML: Unterminated string",
                id="toml, end of the file",
            ),
            pytest.param(
                "gage.toml",
                "[a]\n[a]\n",
                "2:3: malformed TOML: Cannot declare ('a',) twice",
                id="toml, table twice",
            ),
            pytest.param(
                "gage.yaml",
                "a:\n\t- x\n",
                "2:1: malformed YAML: found character '\\t' that cannot start any token "
                "(while scanning for the next token)",
                id="yaml",
            ),
            pytest.param(
                "gage.yaml",
                "a: {}\nb: {}\na: {}\n",
                '3:1: malformed YAML: found duplicate key "a" with value "{}" '
                '(original value: "{}") (while constructing a mapping)',
                id="yaml, key twice",
            ),
            pytest.param(
                "gage.yaml",
                "a: !!python/object:os.system {}\n",
                "1:4: malformed YAML: could not determine a constructor for the tag "
                "'tag:yaml.org,2002:python/object:os.system'",
                id="yaml, object",
            ),
            pytest.param(
                "gage.yaml",
                "a: {}\n---\nb: {}\n",
                "2:1: malformed YAML: but found another document "
                "(expected a single document in the stream)",
                id="yaml, two documents",
            ),
            pytest.param(
                "gage.yaml",
                "a: 2026-13-01\n",
                " malformed YAML: month must be in 1..12",
                id="yaml, no such date",
            ),
            pytest.param(
                "gage.json",
                '// x\n{"a": {}\n "b": {}}\n',
                "3:2: malformed JSON: Expecting ',' delimiter",
                id="json",
            ),
            pytest.param(
                "gage.json",
                '{"a": {}} /* x',
                "1:11: malformed JSON: Extra data",
                id="json, open comment",
            ),
            pytest.param(
                "gage.json",
                '{"a": {"exec": "x",\n"exec": "y"}}',
                "2: expected each key once, found 'exec' again",
                id="json, key twice",
            ),
            pytest.param(
                "gage.json",
                '{"NaN": {\n  "version": NaN}}',
                "2:14: malformed JSON: NaN is not a number of JSON",
                id="json, no number",
            ),
            pytest.param(
                "gage.json",
                "[" * 100_000,
                " expected tables and lists, found too many of them nested",
                id="json, deep",
            ),
        ],
    )
    def test_malformed(self, tmp_path: Path, name: str, text: str, expected: str) -> None:
        found = message_of(tmp_path, text, name)

        assert found == f"{name}:{expected}" + (": " if expected[0] == ":" else "")

    def test_alias_of_what_it_stands_in(self, tmp_path: Path) -> None:
        assert message_of(tmp_path, "a: &a\n  exec: *a\n", "gage.yaml") == (
            "gage.yaml: expected tables and lists, found one that holds itself or too many nested"
        )


# What is wrong in the table [a], one fault each: the text below `[a]`, and what is said of it.
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
        "a.description: expected a text, found the number 3: write it in quotes",
        id="number as text",
    ),
    pytest.param(
        "description = 2026-01-31",
        "a.description: expected a text, found the date 2026-01-31: write it in quotes",
        id="date as text",
    ),
    pytest.param(
        "description = 'a\\u0000'".replace("'", '"'),
        "a.description: expected a text without NUL characters, found 'a\\x00'",
        id="NUL",
    ),
    pytest.param(
        "default = 'true'",
        "a.default: expected true or false, found the text 'true': write it without quotes",
        id="default as text",
    ),
    pytest.param(
        "default = 1", "a.default: expected true or false, found the number 1", id="default"
    ),
    pytest.param(
        "version = 1.10",
        "a.version: expected a text or a whole number, found the number 1.1: write it in quotes",
        id="version",
    ),
    pytest.param("version = ''", "a.version: expected a text, found an empty one", id="no version"),
    pytest.param(
        "exec = true",
        "a.exec: expected a text, a list of texts or a table, found true",
        id="exec",
    ),
    pytest.param(
        "exec = ['sleep', 3]",
        "a.exec[1]: expected a text, found the number 3: write it in quotes",
        id="argument",
    ),
    pytest.param(
        "exec = ['sleep', '']",
        "a.exec[1]: expected a text, found an empty one",
        id="empty argument",
    ),
    pytest.param(
        "exec = {runn = 'x'}",
        f"a.exec.runn: unknown key. Did you mean 'run'? Allowed are {KEYS_OF_EXEC}",
        id="unknown phase",
    ),
    pytest.param(
        "exec = {run = 3}",
        "a.exec.run: expected a text or a list of texts, found the number 3",
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
        "a.env.A: expected a text or a whole number, found the number 0.5: write it in quotes",
        id="value of env",
    ),
    pytest.param(
        "env = {'A=B' = 'x'}",
        "a.env: expected the name of an environment variable, without =, found 'A=B'",
        id="name in env",
    ),
    pytest.param(
        "sourcecode = 3",
        "a.sourcecode: expected a text, a list of texts, true, false or a table, "
        "found the number 3",
        id="sourcecode",
    ),
    pytest.param(
        "sourcecode = ['*.py', false]",
        "a.sourcecode[1]: expected a text, found false: write it in quotes",
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
        "a.config: expected a text, a table or a list of texts and tables, found false",
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
        "a.config.keys: expected a list, found an empty one",
        id="empty keys",
    ),
    pytest.param(
        "depends = 3",
        "a.depends: expected a text, a table or a list of texts and tables, found the number 3",
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
        "found the text 'project-file'. Did you mean 'project-files'?",
        id="kind of dependency",
    ),
    pytest.param(
        "depends = {type = 'run-files', files = '*'}",
        "a.depends.type: expected 'project-files', found the text 'run-files'",
        id="kind that is not the one of the keys",
    ),
    pytest.param(
        "depends = {files = ['']}",
        "a.depends.files[0]: expected a text, found an empty one",
        id="empty pattern",
    ),
    pytest.param(
        "summary = {file = 'x.json'}",
        "a.summary.file: unknown key. Did you mean 'filename'? Allowed are filename",
        id="summary",
    ),
    pytest.param(
        "output-summary = {loss = 'loss ('}",
        "a.output-summary.loss: malformed regular expression 'loss (': "
        "missing ), unterminated subpattern at position 5",
        id="malformed regular expression",
    ),
    pytest.param(
        "output-summary = {loss = 'loss: .*'}",
        "a.output-summary.loss: expected a regular expression with (?P<value>...), or one "
        "group, found no group in 'loss: .*'",
        id="regular expression without a group",
    ),
    pytest.param(
        "output-summary = ['(?P<key>.+): (?P<value>.+)']",
        "a.output-summary[0]: expected a regular expression with (?P<name>...) and "
        "(?P<value>...), or two groups, found 2 groups (key, value) in "
        "'(?P<key>.+): (?P<value>.+)'",
        id="regular expression without a name",
    ),
    pytest.param(
        "output-summary = '(.+)'",
        "a.output-summary: expected a regular expression with (?P<name>...) and "
        "(?P<value>...), or two groups, found one group in '(.+)'",
        id="regular expression with one group",
    ),
    pytest.param(
        "output-summary = {loss = ['(.+)']}",
        "a.output-summary.loss: expected a text, found a list",
        id="list of regular expressions by name",
    ),
    pytest.param(
        "progress = 'tqmd'",
        "a.progress: expected 'tqdm' or a regular expression with one group (the percentage) "
        "or two (done and total), found no group in 'tqmd'. Did you mean 'tqdm'?",
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
                '"$runs-dir" = ""', "$runs-dir: expected a text, found an empty one", id="empty"
            ),
            pytest.param(
                '"$schema" = 3',
                "$schema: expected a text, found the number 3: write it in quotes",
                id="schema",
            ),
            pytest.param("train = 3", "train: expected a table, found the number 3", id="number"),
            pytest.param("[[train]]", "train: expected a table, found a list", id="two brackets"),
            pytest.param("['']", "'': expected a name, found an empty one", id="no name"),
            pytest.param(
                "exec = 'python train.py'",
                "exec: expected a table, found the text 'python train.py'. "
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
            pytest.param("gage.yaml", "a\n", "the text 'a'", id="yaml text"),
            pytest.param("gage.json", "[]", "an empty list", id="json list"),
            pytest.param("gage.json", "null", "nothing", id="json null"),
            pytest.param("gage.json", "3", "the number 3", id="json number"),
        ],
    )
    def test_top_is_no_table(self, tmp_path: Path, name: str, text: str, found: str) -> None:
        assert message_of(tmp_path, text, name) == (
            f"{name}: expected a table of operations at the top, found {found}"
        )

    def test_operation_without_anything_in_yaml(self, tmp_path: Path) -> None:
        assert message_of(tmp_path, "a:\nb: {}\n", "gage.yaml") == (
            "gage.yaml:1: a: expected a table, found nothing: give it a value or take the key away"
        )

    def test_keys_that_are_no_texts_in_yaml(self, tmp_path: Path) -> None:
        text = "1: {}\na:\n  env:\n    no: x\n    2026-01-31: x\noff: {}\n"

        assert message_of(tmp_path, text, "gage.yaml").splitlines() == [
            "gage.yaml:1: 1: expected a text as key, found the number 1: write it in quotes",
            "gage.yaml:4: a.env.False: expected a text as key, found false: write it in quotes",
            (
                "gage.yaml:5: a.env.2026-01-31: "
                "expected a text as key, found the date 2026-01-31: write it in quotes"
            ),
            "gage.yaml:6: False: expected a text as key, found false: write it in quotes",
        ]

    def test_names_with_dots_and_blanks_are_quoted(self, tmp_path: Path) -> None:
        assert message_of(tmp_path, '["my op.2".exec]\nrun = 3\n').startswith(
            "gage.toml:2: 'my op.2'.exec.run: expected a text"
        )

    def test_long_values_are_cut_with_a_mark(self, tmp_path: Path) -> None:
        found = message_of(tmp_path, f"[a]\ndefault = '{'x' * 100}'\n")

        assert found.endswith(f"found the text '{'x' * 60}...'")

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

        with pytest.raises(GagefileError) as caught:
            load(tmp_path, text)

        assert [(fault.line, fault.key) for fault in caught.value.faults] == [
            (2, "a.default"),
            (3, "a.depends[0].file"),
            (9, "b.depends[1].files"),
            (11, "b.exec.run"),
        ]
        assert str(caught.value).splitlines() == [str(fault) for fault in caught.value.faults]

    def test_error_survives_pickling(self, tmp_path: Path) -> None:
        with pytest.raises(GagefileError) as caught:
            load(tmp_path, "[a]\ndefault = 1\n")

        again = pickle.loads(pickle.dumps(caught.value))

        assert str(again) == str(caught.value)
        assert again.faults == caught.value.faults


class TestLines:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            pytest.param(
                "gage.toml",
                '# [a]\n"$x" = 1\n\n[a]\nb = """\n[c]\nd = 1\n"""\ne = [\n  1, # ]\n  {f = 2},\n]\n'
                "  [g.'h.i']\n  j.k = 1\n[[l.m]]\nn = 1\n[[l.m]]\n[l.m.o]\np = 1\n"
                "[[l.m.q]]\nr = 1\n",
                id="toml",
            ),
            pytest.param(
                "gage.yaml",
                "# a\n$x: 1\n\na:\n  b: |\n    c: 1\n    d\n    e\n  e: [1,\n\n    {f: 2}]\n"
                "g:\n  h.i:\n    j: {k: 1}\nl:\n  m:\n  - n: 1\n  - o:\n      p: 1\n"
                "    q:\n      - r: 1\n",
                id="yaml",
            ),
            pytest.param(
                "gage.json",
                '// {"a":\n{"$x": 1,\n\n"a": {\n"b": "\\n[c] {\\"d\\": 1",\n\n\n/* \n*/ "e": [1,\n'
                '\n{"f": 2}]},\n"g": {"h.i":\n\n {"j": {"k": 1}}}, "l":\n{"m": [\n{"n": 1},\n'
                '{"o":\n\n {"p": 1},\n "q": [{"r": 1}]}]}}\n',
                id="json",
            ),
        ],
    )
    def test_of_every_key(self, name: str, text: str) -> None:
        lines = key_lines(name, text)

        shown = text.split("\n")
        for path, line in lines.items():
            # In TOML a key in a list that goes on for lines is on the line of the statement.
            written = path[:2] if name == "gage.toml" and path[:2] == ("a", "e") else path
            if isinstance(written[-1], str):
                assert written[-1] in shown[line - 1], (path, line)
        assert {path for path in lines if isinstance(path[-1], str)} == {
            ("$x",),
            ("a",),
            ("a", "b"),
            ("a", "e"),
            ("a", "e", 1, "f"),
            ("g",),
            ("g", "h.i"),
            ("g", "h.i", "j"),
            ("g", "h.i", "j", "k"),
            ("l",),
            ("l", "m"),
            ("l", "m", 0, "n"),
            ("l", "m", 1, "o"),
            ("l", "m", 1, "o", "p"),
            ("l", "m", 1, "q"),
            ("l", "m", 1, "q", 0, "r"),
        }


# A file that uses every key, to be made wrong in every way.
FULL: dict[str, Any] = {
    "$schema": "x",
    "$runs-dir": "runs",
    "a": {
        "description": "x",
        "default": True,
        "version": 1,
        "exec": {"run": ["a", "b"], "finalize": "c"},
        "env": {"A": "b", "C": 1},
        "sourcecode": {"patterns": ["*.py"]},
        "config": [{"keys": ["x#y"], "prefix": "p"}, "z"],
        "depends": [
            "x",
            {"type": "project-files", "files": "y", "link": True},
            {"type": "run-files", "run": "b", "files": ["y"], "description": "z"},
            {"run-select": "b"},
            {"type": "runs-summary", "runs-select": "a", "summary-filename": "b"},
        ],
        "summary": {"filename": "x"},
        "output-summary": {"loss": "(x)"},
        "progress": {"run": "tqdm"},
    },
    "b": {
        "exec": "x",
        "version": "2",
        "sourcecode": False,
        "config": "x",
        "depends": "y",
        "output-summary": ["(a)(b)"],
        "summary": "x",
        "progress": "tqdm",
    },
}
WORDS = sorted(
    {
        name
        for definition in [SCHEMA, *SCHEMA["$defs"].values()]
        for name in definition.get("properties", {})
    }
    | {"", "$x", "x", "A=B"}
)
VALUES = st.recursive(
    st.sampled_from([*WORDS, None, True, False, 0, 1, 1.0, 1.5, "(", "(x)", "project-files"])
    | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)
    ),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, dict):
        found += [p for name in value for p in places(value[name], (*path, name))]
    if isinstance(value, list):
        found += [p for name, item in enumerate(value) for p in places(item, (*path, name))]
    return found


@st.composite
def changed_files(draw: Callable[..., Any]) -> Any:
    """A Gage file with up to three changes, most of which make it wrong."""
    data = copy.deepcopy(FULL)
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(places(data)))
        value = draw(VALUES)
        if not path:
            continue
        around = data
        for name in path[:-1]:
            around = around[name]
        how = draw(st.sampled_from(["replace", "remove", "add"]))
        if how == "replace":
            around[path[-1]] = value
        elif how == "remove":
            del around[path[-1]]
        elif isinstance(around, list):
            around.append(value)
        else:
            around[draw(st.sampled_from(WORDS))] = value
    return data


class TestSchema:
    def test_is_a_json_schema(self) -> None:
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_allows_the_full_file(self) -> None:
        jsonschema.Draft202012Validator(SCHEMA).validate(FULL)

    @given(changed_files() | VALUES)
    @settings(max_examples=400, deadline=None)
    def test_quick_look_and_jsonschema_agree(self, data: Any) -> None:
        judge = jsonschema.Draft202012Validator(
            SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        )

        assert gagefile_faults._fits(data, SCHEMA, SCHEMA) == judge.is_valid(data)

    @given(changed_files())
    @settings(max_examples=200, deadline=None)
    def test_what_jsonschema_refuses_has_a_fault_in_our_words(self, data: Any) -> None:
        faults = gagefile_faults.faults_of(data, full=True)

        refused = not gagefile_faults._fits(data, SCHEMA, SCHEMA)
        assert bool(faults) >= refused
        assert not [message for _, message in faults if "is not valid under any" in message]
        for path, _ in faults:
            assert path in places(data), "a fault is of something that is there"

    def test_unknown_keyword_is_refused_by_the_quick_look(self) -> None:
        with pytest.raises(ValueError, match="unknown keyword 'maxLength'"):
            gagefile_faults._fits("x", {"maxLength": 3}, SCHEMA)

    def test_everything_has_a_title_for_editors(self) -> None:
        operation = SCHEMA["$defs"]["operation"]

        for name, key in operation["properties"].items():
            assert key["title"], name
            assert key["description"], name

    def test_every_phase_is_in_exec_and_progress(self) -> None:
        names = {name for phase in PHASES for name in (phase.name, *phase.aliases)}

        assert {*SCHEMA["$defs"]["phase-commands"]["properties"]} == names
        assert {*SCHEMA["$defs"]["phase-progress"]["properties"]} == names


class TestCost:
    """What a start that is to be quick may not import."""

    @staticmethod
    def loaded_by(code: str) -> set[str]:
        code = f"import sys\n{code}\nprint(*sys.modules)"
        result = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return {*result.stdout.split()}

    def test_import(self) -> None:
        loaded = self.loaded_by("import gage._internal.operations.gagefile")

        assert not loaded & {"re", "json", "tomllib", "typing", "difflib", "pathlib"}

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            pytest.param("gage.toml", "[a]\nexec = 'x'\nprogress = 'tqdm'\n", id="toml"),
            pytest.param("gage.json", '{"a": {"exec": "x"}} // y', id="json"),
        ],
    )
    def test_right_file_needs_the_standard_library_only(
        self, tmp_path: Path, name: str, text: str
    ) -> None:
        path = write(tmp_path, name, text)

        loaded = self.loaded_by(
            f"from gage._internal.operations.gagefile import load_gagefile\nload_gagefile({path!r})"
        )

        assert not loaded & {"jsonschema", "ruamel", "tomlkit", "difflib"}


class TestWithoutExtras:
    """As after `pip install gage` alone: the import of a package fails as if it were not there."""

    @staticmethod
    def check(path: str) -> list[Fault]:
        code = (
            "import pickle, sys\n"
            "sys.modules.update({'jsonschema': None, 'ruamel': None, 'ruamel.yaml': None})\n"
            "from gage._internal.operations.gagefile import check_gagefile\n"
            f"sys.stdout.buffer.write(pickle.dumps(check_gagefile({path!r})))"
        )
        result = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True
        )
        faults: list[Fault] = pickle.loads(result.stdout)
        return faults

    def test_right_file(self, tmp_path: Path) -> None:
        assert self.check(write(tmp_path, "gage.toml", "[a]\nexec = 'x'\n")) == []

    def test_wrong_file(self, tmp_path: Path) -> None:
        path = write(tmp_path, "gage.toml", "[a]\nexec = 'x'\n[b]\nexc = 3\n")

        assert [str(fault) for fault in self.check(path)] == [
            (
                f"{path}: 'b' does not say what the schema of Gage files allows: "
                "to learn more, pip install 'gage[config]'"
            )
        ]

    def test_yaml(self, tmp_path: Path) -> None:
        path = write(tmp_path, "gage.yaml", "a: {exec: x}\n")

        assert [str(fault) for fault in self.check(path)] == [
            (
                f"{path}: reading YAML needs ruamel.yaml: "
                "pip install 'gage[config]', or write gage.toml"
            )
        ]


class TestCheck:
    def test_right_file(self, tmp_path: Path) -> None:
        assert check_gagefile(write(tmp_path, "gage.json", json.dumps(FULL))) == []

    def test_faults_are_those_of_loading(self, tmp_path: Path) -> None:
        path = write(tmp_path, "gage.toml", "[a]\ndefault = 1\nexc = 'x'\n")

        with pytest.raises(GagefileError) as caught:
            load_gagefile(path)

        assert tuple(check_gagefile(path)) == caught.value.faults

    @pytest.mark.parametrize(
        ("config", "key", "expected"),
        [
            pytest.param('"#lr"', "a.config", "expected a file before the keys", id="text"),
            pytest.param('["x.py", "y.py#"]', "a.config[1]", "expected a key after #", id="list"),
            pytest.param(
                '{keys = ["x.py#a", "#b", "#"]}', "a.config.keys[2]", "expected a key", id="table"
            ),
            pytest.param(
                '["x.py", {keys = "#b"}]', "a.config[1].keys", "expected a file", id="mixed"
            ),
            pytest.param('"*.py size<x#a"', "a.config", "expected a number", id="file"),
        ],
    )
    def test_patterns_of_configuration(
        self, tmp_path: Path, config: str, key: str, expected: str
    ) -> None:
        path = write(tmp_path, "gage.toml", f"[a]\nconfig = {config}\n")

        (fault,) = check_gagefile(path)

        assert (fault.line, fault.key) == (2, key)
        assert fault.message.startswith(f"malformed pattern: {expected}")

    def test_malformed(self, tmp_path: Path) -> None:
        path = write(tmp_path, "gage.toml", "[a\n")

        (fault,) = check_gagefile(path)

        assert (fault.file, fault.line, fault.column, fault.key) == (path, 1, 3, "")

    def test_nothing_there(self, tmp_path: Path) -> None:
        path = str(tmp_path / "gage.toml")

        assert check_gagefile(path) == [
            Fault(path, None, "", "expected a Gage file, found nothing")
        ]

    def test_two_defaults(self, tmp_path: Path) -> None:
        path = write(tmp_path, "gage.toml", "[a]\ndefault = true\n[b]\n[c]\ndefault = true\n")

        assert check_gagefile(path) == [
            Fault(path, 5, "c.default", "expected one default operation, found a and c")
        ]


class TestOperations:
    def test_default(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, "[a]\n[b]\ndefault = true\n")

        assert default_operation(gagefile) is gagefile.operations["b"]

    def test_only_operation_is_the_default(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, "[a]\n")

        assert default_operation(gagefile) is gagefile.operations["a"]

    @pytest.mark.parametrize("text", ["[a]\n[b]\n", "# none\n"], ids=["several", "none"])
    def test_no_default(self, tmp_path: Path, text: str) -> None:
        assert default_operation(load(tmp_path, text)) is None

    def test_two_defaults(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, "[a]\ndefault = true\n[b]\ndefault = true\n")

        with pytest.raises(TargetError) as caught:
            default_operation(gagefile)

        assert str(caught.value) == (
            f"{gagefile.path}: expected one default operation, found a and b: name the one to run"
        )

    def test_by_name(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, "[a]\n[b]\n")

        assert get_operation(gagefile, "b") is gagefile.operations["b"]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param(
                "[train]\n[prepare]\n",
                "Did you mean 'train'? Its operations are train, prepare",
                id="near",
            ),
            pytest.param("[b]\n", "Its operations are b", id="not near"),
            pytest.param("# none\n", "It defines none", id="none"),
        ],
    )
    def test_unknown_name(self, tmp_path: Path, text: str, expected: str) -> None:
        gagefile = load(tmp_path, text)

        with pytest.raises(TargetError) as caught:
            get_operation(gagefile, "trian")

        assert str(caught.value) == (
            f"expected an operation of {gagefile.path}, found 'trian'. {expected}"
        )

    def test_description(self, tmp_path: Path) -> None:
        text = (
            "[a]\ndescription = 'Train'\nversion = 2\ndefault = true\nsourcecode = '*.py'\n"
            "env = {A = 1}\n"
            "depends = ['x', {run = 'b'}, {run-select = 'c', files = 'y', description = 'z'}]\n"
            "[a.exec]\nfinalize = 'c'\nstage-runtime = 'b'\nrun = ['python', 'a.py']\n"
        )
        gagefile = load(tmp_path, text)

        told = describe_operation(gagefile.operations["a"])

        assert told._asdict() == {
            "name": "a",
            "description": "Train",
            "version": "2",
            "is_default": True,
            "phases": [
                ("init-runtime", "b"),
                ("run", ["python", "a.py"]),
                ("finalize-run", "c"),
            ],
            "sourcecode": ["*.py"],
            "depends": ["x", "all files of run b", "y of run c: z"],
            "env": {"A": "1"},
            "src": gagefile.path,
        }


# Each pair of forms means the same.
FORMS = [
    pytest.param({"exec": "x"}, {"exec": {"run": "x"}}, id="exec"),
    pytest.param({"exec": ["x"]}, {"exec": {"run": ["x"]}}, id="exec list"),
    *(
        pytest.param({"exec": {alias: "x"}}, {"exec": {phase.name: "x"}}, id=alias)
        for phase in PHASES
        for alias in phase.aliases
    ),
    pytest.param({"exec": ""}, {}, id="empty command"),
    pytest.param({"progress": "tqdm"}, {"progress": {"run": "tqdm"}}, id="progress"),
    pytest.param({"sourcecode": "x"}, {"sourcecode": ["x"]}, id="sourcecode"),
    pytest.param({"sourcecode": {"patterns": "x"}}, {"sourcecode": ["x"]}, id="sourcecode table"),
    pytest.param({"config": "x"}, {"config": {"keys": ["x"]}}, id="config"),
    pytest.param({"config": ["x", "y"]}, {"config": [{"keys": ["x", "y"]}]}, id="config list"),
    pytest.param(
        {"config": ["x", {"keys": "y", "rename": "z"}]},
        {"config": [{"keys": ["x"]}, {"keys": ["y"], "rename": "z"}]},
        id="config mixed",
    ),
    pytest.param({"config": []}, {}, id="empty config"),
    pytest.param({"depends": "x"}, {"depends": {"files": ["x"]}}, id="depends"),
    pytest.param({"depends": ["x", "y"]}, {"depends": {"files": ["x", "y"]}}, id="depends list"),
    pytest.param(
        {"depends": ["x", {"run": "a", "files": "y"}]},
        {"depends": [{"files": ["x"]}, {"run": "a", "files": ["y"]}]},
        id="depends mixed",
    ),
    pytest.param({"depends": []}, {}, id="no depends"),
    pytest.param({"summary": "x"}, {"summary": {"filename": "x"}}, id="summary"),
    pytest.param({"summary": {}}, {"summary": "summary.json"}, id="summary default"),
    pytest.param({"output-summary": "(x)(y)"}, {"output-summary": ["(x)(y)"]}, id="output-summary"),
    pytest.param({"output-summary": True}, {}, id="output-summary default"),
    pytest.param({"env": {"A": 1}}, {"env": {"A": "1"}}, id="env"),
    pytest.param({"version": 1}, {"version": "1"}, id="version"),
]


def meaning(opdef: OpDef) -> dict[str, Any]:
    views = (
        "description",
        "default",
        "version",
        "env",
        "sourcecode",
        "config",
        "depends",
        "summary_filename",
        "output_summary",
    )
    told = {name: getattr(opdef, name) for name in views}
    for phase in PHASES:
        told[phase.name] = opdef.command(phase.name), opdef.progress(phase.name)
    return told


class TestForms:
    @pytest.mark.parametrize(("form", "same"), FORMS)
    def test_means_the_same(self, form: dict[str, Any], same: dict[str, Any]) -> None:
        assert meaning(OpDef("a", form)) == meaning(OpDef("a", same))

    @pytest.mark.parametrize(("form", "same"), FORMS)
    def test_is_allowed(self, form: dict[str, Any], same: dict[str, Any]) -> None:
        jsonschema.Draft202012Validator(SCHEMA).validate({"a": form, "b": same})

    def test_metrics_by_name(self) -> None:
        table = {"loss": "loss (.+)", "step": "epoch (.+)"}

        assert OpDef("a", {"output-summary": table}).output_summary == [
            ("loss", "loss (.+)"),
            ("step", "epoch (.+)"),
        ]
        assert OpDef("a", {"output-summary": ["(.+)=(.+)"]}).output_summary == [(None, "(.+)=(.+)")]
        assert OpDef("a", {"output-summary": False}).output_summary is False


def test_fault_shows_what_is_known_of_its_place() -> None:
    assert str(Fault("gage.toml", 3, "a.exec", "x", 7)) == "gage.toml:3:7: a.exec: x"
    assert str(Fault("gage.toml", None, "", "x")) == "gage.toml: x"
    assert re.fullmatch(r"<Fault gage\.toml:3: x>", repr(Fault("gage.toml", 3, "", "x")))
