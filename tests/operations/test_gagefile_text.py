"""The text of a Gage file: its values with their lines, its faults with their places."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from gage._internal.errors import GagefileError
from gage._internal.operations.beyond_schema import paths_of
from gage._internal.operations.gagefile import (
    find_gagefile,
    load_gagefile,
)
from gage._internal.operations.gagefile_text import line_of, read_gagefile
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
            f"{path}: expected a Gage file, found a link to other.toml, which does not exist"
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
                "3: a: expected each key once, found 'a' again",
                id="yaml, key twice",
            ),
            pytest.param(
                "gage.yaml",
                "a: !!python/object:os.system {}\n",
                "1: a: expected plain values, found the tag "
                "tag:yaml.org,2002:python/object:os.system",
                id="yaml, object",
            ),
            pytest.param(
                "gage.yaml",
                "a: {}\n---\nb: {}\n",
                "2:1: expected one YAML document, found several",
                id="yaml, two documents",
            ),
            pytest.param(
                "gage.json",
                '// x\n{"a": {}\n "b": {}}\n',
                '3:2: malformed JSON: expected "," or "}", found \'"b": {}}\'',
                id="json",
            ),
            pytest.param(
                "gage.json",
                '{"a": {}} /* x',
                "1:11: malformed JSON: expected the end of the file, found '/* x'",
                id="json, open comment",
            ),
            pytest.param(
                "gage.json",
                '{"a": {"exec": "x",\n"exec": "y"}}',
                "2: a.exec: expected each key once, found 'exec' again",
                id="json, key twice",
            ),
            pytest.param(
                "gage.json",
                '{"NaN": {\n  "version": NaN}}',
                "2: NaN.version: expected a string or a whole number, found the number nan: "
                "write it in quotes",
                id="json, no number",
            ),
            pytest.param(
                "gage.json",
                "[" * 100_000,
                " malformed JSON: it is nested too deeply",
                id="json, deep",
            ),
        ],
    )
    def test_malformed(self, tmp_path: Path, name: str, text: str, expected: str) -> None:
        found = message_of(tmp_path, text, name)

        assert found == f"{name}:{expected}" + (": " if expected[0] == ":" else "")

    def test_alias_of_what_it_stands_in(self, tmp_path: Path) -> None:
        assert message_of(tmp_path, "a: &a\n  exec: *a\n", "gage.yaml") == (
            "gage.yaml:2:9: expected an anchor &a before its alias, found none"
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
        document = read_gagefile(name, text.encode())

        found = {path: line_of(document, path) for path in paths_of(document.data(), ())}

        shown = text.split("\n")
        keys = {path for path in found if path and isinstance(path[-1], str)}
        for path in keys:
            line = found[path]
            assert line is not None
            # A key of a TOML header is on the line of the first header that names it.
            assert str(path[-1]) in shown[line - 1], (path, line)
        assert keys == {
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


class TestBounds:
    @pytest.mark.parametrize(
        ("name", "text", "message"),
        [
            pytest.param(
                "gage.toml", f"[a]\nexec = {'[' * 60}{']' * 60}", "at most 50 levels", id="toml"
            ),
            pytest.param(
                "gage.json", f'{{"a": {"[" * 60}{"]" * 60}}}', "at most 50 levels", id="json"
            ),
            pytest.param("gage.yaml", f"a: {'[' * 60}{']' * 60}", "at most 50 levels", id="yaml"),
            pytest.param("gage.toml", "#" * 1_000_001, "at most 1,000,000 bytes", id="size"),
        ],
    )
    def test_depth_and_size(self, tmp_path: Path, name: str, text: str, message: str) -> None:
        assert message in message_of(tmp_path, text, name)

    def test_alias_bomb(self, tmp_path: Path) -> None:
        lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
        lines += [
            f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]"
            for old, new in itertools.pairwise("abcdefghi")
        ]

        found = message_of(tmp_path, "\n".join(lines), "gage.yaml")

        assert "expected aliases of at most 100,000 values in all, found more" in found
