"""JSON, YAML, TOML and notebooks: what is read, what a new value looks like, what is an error."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from gage._internal.config import (
    Text,
    read_config,
    read_document,
    resolve_values,
    rewrite,
)
from gage._internal.errors import ConfigError


def rewritten(tmp_path: Path, name: str, source: str, given: dict[str, Any]) -> str:
    path = tmp_path / name
    path.write_bytes(source.encode())
    config = read_config(str(tmp_path), [{"keys": [name]}])
    values, _ = resolve_values(config, given)
    rewrite(str(tmp_path), config, values)
    return path.read_bytes().decode()


def defaults(tmp_path: Path, name: str, source: str, *patterns: str) -> dict[str, Any]:
    (tmp_path / name).write_bytes(source.encode())
    return read_config(str(tmp_path), [{"keys": list(patterns) or [name]}]).defaults()


@pytest.mark.parametrize(
    ("name", "source", "given", "expected"),
    [
        ("f.json", '{"a": 1, // c\n"b": [1, 2,],}', {"b": [1, 3]}, '{"a": 1, // c\n"b": [1, 3,],}'),
        ("f.json", '{"é": 1}', {"é": "ü"}, '{"é": "ü"}'),
        ("f.json", '{"\\u00e9": 1}', {"é": "ü"}, '{"\\u00e9": "\\u00fc"}'),
        ("f.json", '{"a": {"b.c": 1}}', {'a."b.c"': 2}, '{"a": {"b.c": 2}}'),
        ("f.json", '{"a": 1, "a": 2}', {"a": 3}, '{"a": 1, "a": 3}'),
        (
            "f.json",
            '{\n\t"a": [\n\t\t1\n\t]\n}\n',
            {"a": [1, 2]},
            '{\n\t"a": [\n\t\t1,\n\t\t2\n\t]\n}\n',
        ),
        ("f.toml", "a = 'x' # c\n", {"a": "y"}, "a = 'y' # c\n"),
        ("f.toml", "a.b = 1\r\n[t]\r\nx = 2\r\n", {"t.x": 3}, "a.b = 1\r\n[t]\r\nx = 3\r\n"),
        ("f.toml", '"a.b" . c = 1', {'"a.b".c': 2}, '"a.b" . c = 2'),
        ("f.toml", "d = 2001-01-01", {"d": "2002-02-02"}, "d = 2002-02-02"),
        ("f.toml", "[[p]]\nn = 1\n[p.q]\nm = 1\n[[p]]\nn = 2", {"p.1.n": 3, "p.0.q.m": 4},
         "[[p]]\nn = 1\n[p.q]\nm = 4\n[[p]]\nn = 3"),
        ("f.toml", 'x = """a"b""" # c\ny = 1', {"y": 2}, 'x = """a"b""" # c\ny = 2'),
        ("f.toml", "x = ''''a''''\ny = 1", {"y": 2}, "x = ''''a''''\ny = 2"),
        ("f.yaml", "a: yes # c\n", {"a": False}, "a: no # c\n"),
        ("f.yaml", "a: On\n", {"a": Text("false")}, "a: Off\n"),
        ("f.yaml", "a: 1e-3\n", {"a": 1e-9}, "a: 1.0e-09\n"),
        ("f.yaml", "a: x\n", {"a": "yes"}, 'a: "yes"\n'),
        ("f.yaml", "a: x\n", {"a": "010"}, 'a: "010"\n'),
        ("f.yaml", "a: x\n", {"a": "two words"}, "a: two words\n"),
        ("f.yaml", "a: 2001-01-01\n", {"a": "2002-02-02"}, "a: 2002-02-02\n"),
        ("f.yaml", "a: x\n", {"a": "2002-02-02"}, 'a: "2002-02-02"\n'),
        ("f.yaml", "a:\nb: 1\n", {"a": 1}, "a: 1\nb: 1\n"),
        ("f.yaml", "a: |\n  x\n  y\n# c\nb: 1\n", {"a": "z\n\nw\n"},
         "a: |\n  z\n\n  w\n# c\nb: 1\n"),
        ("f.yaml", "a: |\n  x\n  y\n# c\nb: 1\n", {"a": "z"}, "a: z\n# c\nb: 1\n"),
        ("f.yaml", "a:\n- 1 # one\n- 2\n", {"a": [1, 3]}, "a:\n- 1 # one\n- 3\n"),
        ("f.yaml", "a:\n- 1\n- 2\nb: 1\n", {"a": [1, 2, 3]}, "a:\n- 1\n- 2\n- 3\nb: 1\n"),
        ("f.yaml", "a:\n- 1\n- 2\nb: 1\n", {"a": []}, "a:\n  []\nb: 1\n"),
        ("f.yaml", "a: {b: [x, 'y']}\n", {"a.b.0": "p, q"}, "a: {b: [\"p, q\", 'y']}\n"),
        ("f.yaml", "a: &x 1\nb: *x\n", {"a": 2}, "a: &x 2\nb: *x\n"),
        ("f.yaml", "a: &x 1\nb: *x\n", {"b": 2}, "a: &x 1\nb: 2\n"),
        ("f.yaml", "a: &x 1\nb: *x\n", {"a": 2, "b": 1}, "a: &x 2\nb: 1\n"),
        ("f.yaml", "a: &x {p: 1}\nb: [*x, 2]\n", {"a.p": 3}, "a: &x {p: 3}\nb: [*x, 2]\n"),
        ("f.yaml", "a: &x {p: 1}\nb:\n  <<: *x\n  q: 1\n", {"b.q": 2},
         "a: &x {p: 1}\nb:\n  <<: *x\n  q: 2\n"),
        ("f.yml", "---\na: 1\n...\n", {"a": 2}, "---\na: 2\n...\n"),
    ],
)  # fmt: skip
def test_only_the_characters_of_the_value_change(
    tmp_path: Path, name: str, source: str, given: dict[str, Any], expected: str
) -> None:
    assert rewritten(tmp_path, name, source, given) == expected


def test_alias_follows_what_it_stands_for(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text("a: &x {p: 1, q: 2}\nb: *x\nc: [*x]\n")
    config = read_config(str(tmp_path), [{"keys": ["f.yaml", "#c"]}])

    values, _ = resolve_values(config, {"a.p": 3})

    assert values == {"a.p": 3, "a.q": 2, "b": {"p": 3, "q": 2}, "c": [{"p": 3, "q": 2}]}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("1", 1),
        ("0x1F", 31),
        ("+1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ("~", None),
        ("null", None),
        ("off", False),
        ("x y", "x y"),
        ("'1'", "1"),
        ("2001-01-01", "2001-01-01"),
    ],
)
def test_plain_words_of_yaml(tmp_path: Path, word: str, expected: Any) -> None:
    found = defaults(tmp_path, "f.yaml", f"a: {word}\n")["a"]

    assert repr(found) == repr(expected)


@pytest.mark.parametrize("word", ["010", "0o7", "1_000", "1:30", "+1_0.5", "!!int 5", "!x y"])
def test_words_that_versions_of_yaml_read_in_two_ways_are_left_alone(
    tmp_path: Path, word: str
) -> None:
    assert defaults(tmp_path, "f.yaml", f"a: {word}\nb: 1\n") == {"b": 1}


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("f.json", b'{"a": 1,\n "b" 2}', r'f\.json:2:6: malformed JSON: expected ":"'),
        ("f.json", b'{"a": 1\n', r"f\.json:2:1: malformed JSON: .* found the end of the file"),
        ("f.json", b'{"a": "x', r"f\.json:1:7: malformed JSON: Unterminated string"),
        ("f.json", b"[1]", r"f\.json: expected a table of keys .* found a list"),
        ("f.json", b'{"a": 1} x', r"f\.json:1:10: malformed JSON: expected the end of the file"),
        ("f.json", b'{"a": \xff}', r"f\.json:1:7: expected UTF-8, found the byte 0xff"),
        ("f.json", b'{"a": ' + b"[" * 100_000, r"f\.json: malformed JSON: it is nested too deeply"),
        ("f.toml", b"a = 1\nb = \n", r"f\.toml:2:5: malformed TOML: Invalid value"),
        ("f.yaml", b"a: 1\nb: [1\n", r"f\.yaml:3:1: malformed YAML: expected"),
        ("f.yaml", b"- 1\n", r"f\.yaml:1:1: expected a table of keys .* found a list"),
        ("f.yaml", b"a: 1\n---\nb: 1\n", r"f\.yaml:2:1: expected one YAML document, found several"),
        ("f.yaml", b"a: *x\n", r"f\.yaml:1:4: expected an anchor &x before its alias"),
        ("f.yaml", b"a: \x01\n", r"f\.yaml: malformed YAML: unacceptable character"),
        ("f.ipynb", b'{"a": 1}', r"f\.ipynb: expected a notebook .* found another JSON file"),
        ("f.ipynb", b'{"nbformat": 3}', r"f\.ipynb: expected a notebook .* found nbformat 3"),
        ("f.sh", b"", r"f\.sh: expected a file of configuration \(.ipynb, .* found .sh"),
    ],
    ids=lambda value: value[:12].decode("latin-1") if isinstance(value, bytes) else None,
)
def test_a_file_that_is_not_what_it_says_is_an_error_with_its_line(
    name: str, data: bytes, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        read_document(name, data)


@pytest.mark.parametrize("name", ["f.yaml", "f.yml"])
def test_empty_yaml_has_no_values(tmp_path: Path, name: str) -> None:
    assert defaults(tmp_path, name, "# nothing\n") == {}


def test_table_of_toml_cannot_get_other_keys(tmp_path: Path) -> None:
    (tmp_path / "f.toml").write_text("[t]\nx = 1\n")
    config = read_config(str(tmp_path), [{"keys": ["f.toml#t"]}])

    rewrite(str(tmp_path), config, {"t": {"x": 2}})
    with pytest.raises(ConfigError, match=r"t: cannot be set to .* expected its own keys \(x\)"):
        rewrite(str(tmp_path), config, {"t": {"y": 2}})

    assert (tmp_path / "f.toml").read_text() == "[t]\nx = 2\n"


def test_yaml_without_its_library_names_the_command(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['ruamel.yaml'] = None\n"
        "from gage._internal.config import read_document\n"
        "read_document('f.yaml', b'a: 1')"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "needs ruamel.yaml: pip install 'gage[config]'" in done.stderr


# Notebooks


def notebook(*cells: str, tags: dict[int, list[str]] | None = None) -> nbformat.NotebookNode:
    made: nbformat.NotebookNode = nbformat.v4.new_notebook()
    for number, source in enumerate(cells):
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata["tags"] = (tags or {}).get(number, [])
        made.cells.append(cell)
    made.cells.insert(0, nbformat.v4.new_markdown_cell("x = 'text'"))
    return made


def test_cell_with_the_tag_parameters_is_the_only_one_read(tmp_path: Path) -> None:
    text = nbformat.writes(notebook("a = 1", "b = 2", tags={1: ["parameters"]}))

    assert defaults(tmp_path, "n.ipynb", text) == {"b": 2}


def test_a_name_that_a_later_cell_binds_again_is_not_offered(tmp_path: Path) -> None:
    cells = ("a = 1\nloss = 0", "loss += a", "b = 1", "b = 2")

    text = nbformat.writes(notebook(*cells))
    assert defaults(tmp_path, "n.ipynb", text) == {"a": 1, "b": 2}
    text = nbformat.writes(notebook(*cells, tags={0: ["parameters"]}))
    assert defaults(tmp_path, "n.ipynb", text) == {"a": 1, "loss": 0}


def test_without_a_tag_all_code_cells_are_read(tmp_path: Path) -> None:
    text = nbformat.writes(notebook("a = 1\nb = 1", "def f(:", "b = 2"))

    assert defaults(tmp_path, "n.ipynb", text) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    "cell",
    [
        "%matplotlib inline\nx = 1",
        "!pip list | \\\n  head\nx = 1",
        "files = !ls\nx = 1",
        "t = %timeit -o 1\nx = 1",
        "x = 1\nx?",
        "?x\nx = 1",
        "x = 1;",
        "if 1:\n    %time f()\nx = 1",
        "await f()\nx = 1",
        "%%time\nx = 1",
        "%%capture out\nx = 1",
        "s = '''\n%magic\n'''\n!ls\nx = 1",
    ],
)
def test_ipython_syntax_is_passed_over(tmp_path: Path, cell: str) -> None:
    text = nbformat.writes(notebook(cell))
    path = tmp_path / "n.ipynb"
    path.write_text(text)
    config = read_config(str(tmp_path), [{"keys": ["n.ipynb#x"]}])

    rewrite(str(tmp_path), config, {"x": "new"})

    source = nbformat.read(path, as_version=4).cells[1].source
    assert source == cell.replace("x = 1", 'x = "new"')


@pytest.mark.parametrize("cell", ["%%bash\nx=1", "%%html\nx = 1", "%%writefile f.py\nx = 1"])
def test_cells_of_another_language_have_no_values(tmp_path: Path, cell: str) -> None:
    assert defaults(tmp_path, "n.ipynb", nbformat.writes(notebook(cell))) == {}


def test_text_with_a_hidden_line_in_it_is_no_value(tmp_path: Path) -> None:
    text = nbformat.writes(notebook("s = '''\n%magic\n'''\n!ls\nx = 1"))

    assert defaults(tmp_path, "n.ipynb", text) == {"x": 1}


@pytest.mark.parametrize("indent", [1, 2, None])
@pytest.mark.parametrize("split", [True, False], ids=["lines", "text"])
def test_notebook_changes_in_one_place_and_stays_valid(
    tmp_path: Path, indent: int | None, split: bool
) -> None:
    made = notebook("n = 100  # é\nwords = ['a',\n  'b']\n", tags={0: ["parameters"]})
    made.cells[1].outputs = [nbformat.v4.new_output("stream", text="n = 100\n")]
    data = json.loads(nbformat.writes(made)) if split else json.loads(json.dumps(made))
    text = json.dumps(data, indent=indent, ensure_ascii=False) + "\n"

    new = rewritten(tmp_path, "n.ipynb", text, {"n": Text("5"), "words": Text("[]")})

    after = nbformat.reads(new, as_version=4)
    nbformat.validate(after)
    assert after.cells[1].source == "n = 5  # é\nwords = []\n"
    after.cells[1].source = made.cells[1].source
    assert after == nbformat.reads(text, as_version=4)
    assert new.startswith(text[: text.index("n = 100  # é")] + "n = 5  # é")
