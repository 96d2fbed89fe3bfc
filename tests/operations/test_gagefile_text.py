from __future__ import annotations

import os
from pathlib import Path

import pytest

from gage._internal.errors import GagefileError
from gage._internal.operations.gagefile import (
    find_gagefile,
    load_gagefile,
)
from gage._internal.operations.gagefile_text import key_lines
from tests.operations.gagefiles import (
    message_of,
    write,
)


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
