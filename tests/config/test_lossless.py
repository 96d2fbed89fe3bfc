"""Rewriting changes the characters of values and nothing else: generated values, real sources."""

from __future__ import annotations

import json
import random
import sysconfig
import tokenize
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import libcst
import pytest
import ruamel.yaml
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gage._internal.config import read_config, read_document, rewrite, split_key
from gage._internal.config.document import Document, same
from gage._internal.errors import ConfigError
from tests.config.documents import JSON, PYTHON, TOML, YAML, YAML_FLOW, set_value

# The tmp_path of a test serves all examples: each writes its files anew.
in_tmp_path = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

finite = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "",
        "it's",
        'say "x"',
        "a\nb",
        "a\r\nb",
        "tab\t",
        "back\\slash\\n",
        "# no comment",
        "k: v",
        "yes",
        "null",
        "1e3",
        "010",
        "2001-01-01",
        "- x",
        " edge ",
        "'''",
        '"""',
        "é€😀",
        "\u2028\x85\ufeff",
        "\x00\x1b\x7f",
    ]
)
scalars = st.booleans() | st.integers(-(10**30), 10**30) | finite | texts
with_null = st.none() | scalars


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=6,
    )


CASES = {
    "python": ("f.py", PYTHON, with_null),
    "json": ("f.json", JSON, with_null),
    "toml": ("f.toml", TOML, scalars),
    "yaml": ("f.yaml", YAML, with_null),
    "yaml flow": ("f.yaml", YAML_FLOW, with_null),
}
OLD = {
    "python": ["0", "-1.5", "'x'", '"x"', '"""x\ny"""', "('a'\n 'b')", "None", "[1, 2]", "()"],
    "json": ["0", '"x"', "null", "[1, 2]", '{\n  "a": 1\n}'],
    "toml": ["0", "'x'", '"x"', '"""\nx\ny"""', "'''x'''", "[1, 2]", "{ a = 1 }"],
    "yaml": ["0", "x", "'x'", '"x"', "~", "|\n  a\n  b", ">-\n  a\n  b", "[1, 2]", "\n- 1\n- 2"],
    "yaml flow": ["0", "x", "'x'", '"x"', "~", "[1, 2]", "{a: b}"],
}


@pytest.mark.parametrize("name", CASES)
@in_tmp_path
@given(data=st.data())
def test_a_written_value_reads_back_and_nothing_else_changes(
    name: str, data: st.DataObject
) -> None:
    path, template, leaves = CASES[name]
    old = data.draw(st.sampled_from(OLD[name]))
    value = data.draw(nested(leaves))
    source = template.format(old)
    document = read_document(path, source.encode())
    node = document.roots["value"]

    text = set_value(document, value)

    after = read_document(path, text.encode())
    assert same(after.roots["value"].value, value)
    assert {key: node.value for key, node in after.roots.items() if key != "value"} == {
        key: node.value for key, node in document.roots.items() if key != "value"
    }
    assert text.startswith(source[: node.start])
    assert text.endswith(source[node.end :])


@in_tmp_path
@given(value=nested(with_null))
def test_python_sees_the_written_value(value: Any) -> None:
    document = read_document("f.py", PYTHON.format("'x'").encode())

    text = set_value(document, value)

    namespace: dict[str, Any] = {}
    exec(compile(text.encode(), "f.py", "exec"), namespace)
    assert same(namespace["value"], value)


@in_tmp_path
@given(value=nested(scalars))
def test_tomllib_and_tomlkit_see_the_written_value(value: Any) -> None:
    document = read_document("f.toml", TOML.format("'x'").encode())

    text = set_value(document, value)

    assert same(tomllib.loads(text)["value"], value)
    assert tomlkit.dumps(tomlkit.loads(text)) == text


@in_tmp_path
@given(value=nested(with_null))
def test_json_sees_the_written_value(value: Any) -> None:
    document = read_document("f.json", b'{"value": {"a": 1}}')

    text = set_value(document, value)

    assert same(json.loads(text)["value"], value)


@pytest.mark.parametrize("version", [(1, 1), (1, 2)], ids=["1.1", "1.2"])
@in_tmp_path
@given(value=nested(with_null))
def test_both_versions_of_yaml_see_the_written_value(version: tuple[int, int], value: Any) -> None:
    document = read_document("f.yaml", YAML.format("x").encode())
    yaml = ruamel.yaml.YAML(typ="safe", pure=True)
    yaml.version = version

    text = set_value(document, value)

    assert same(yaml.load(text)["value"], value)


@in_tmp_path
@given(value=nested(with_null), ascii_only=st.booleans())
def test_notebook_keeps_its_text_around_a_value(value: Any, ascii_only: bool) -> None:
    notebook: dict[str, Any] = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"é": 1},
        "cells": [
            {"cell_type": "code", "metadata": {}, "outputs": [], "source": ["%time\n", "é = 1\n"]},
            {
                "cell_type": "code",
                "metadata": {},
                "source": ["s = 'é😀'; value = [1,\n", "  '\\x41'] # \"end\"\n", "last = 2"],
            },
        ],
    }
    text = json.dumps(notebook, indent=1, ensure_ascii=ascii_only) + "\n"
    document = read_document("n.ipynb", text.encode())
    node = document.roots["value"]

    new = set_value(document, value)

    after = json.loads(new)
    namespace: dict[str, Any] = {}
    exec("".join(after["cells"][1]["source"]), namespace)
    assert same(namespace["value"], value)
    assert namespace["s"] == "é😀"
    assert namespace["last"] == 2
    assert after["cells"][0] == notebook["cells"][0]
    assert new.startswith(text[: node.start])
    assert new.endswith(text[node.end :])


def python_sources() -> list[Path]:
    """Return files of the standard library and of installed packages, the same ones every time."""
    library = Path(sysconfig.get_path("stdlib"))
    packages = Path(sysconfig.get_path("purelib"))
    chosen = []
    for directory, count in ((library, 200), (packages, 200)):
        files = [
            path
            for path in sorted(directory.rglob("*.py"))
            if directory is packages or packages not in path.parents
        ]
        chosen += random.Random(1).sample(files, min(count, len(files)))
    return chosen


def another(value: Any) -> Any:
    """Return a value of the same type that is not the same."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return -value - 7
    if isinstance(value, float):
        return 0.25 if value != 0.25 else 1e300
    if isinstance(value, str):
        return value + "'\"\n€"
    if isinstance(value, (list, tuple)):
        return type(value)([*value, None])
    if isinstance(value, dict):
        return {**value, "new 'key'": [1]}
    return "was None"


def tokens(text: str) -> list[tuple[int, str]]:
    """Return the tokens that matter, by type and text."""
    lines = iter(text.splitlines(keepends=True))
    return [(item.type, item.string) for item in tokenize.generate_tokens(lambda: next(lines, ""))]


def test_real_python_sources_change_in_their_values_only(tmp_path: Path) -> None:
    rewritten = values = 0
    for number, source in enumerate(python_sources()):
        data = source.read_bytes()
        try:
            before = read_document("f.py", data)
        except ConfigError:
            continue  # tests of the standard library that are no Python on purpose
        directory = tmp_path / str(number)
        directory.mkdir()
        (directory / "f.py").write_bytes(data)
        config = read_config(str(directory), [{"keys": ["f.py#**.*"]}])
        wanted = {key: another(entry.value) for key, entry in config.items()}

        diff = rewrite(str(directory), config, wanted)

        after = read_document("f.py", (directory / "f.py").read_bytes())
        assert bool(diff) == bool(wanted), source
        assert around(after, wanted) == around(before, wanted), source
        for key, value in wanted.items():
            node = after.node(split_key(key))
            assert node is not None
            assert same(node.value, value), (source, key)
        rewritten += bool(wanted)
        values += len(wanted)
    assert rewritten > 60
    assert values > 400


def around(document: Document, keys: Iterable[str]) -> list[str]:
    """Return the text between the values of keys."""
    nodes = [document.node(split_key(key)) for key in keys]
    parts = []
    position = 0
    # One assignment may set several names: its value is one place.
    for start, end in sorted({(node.start, node.end) for node in nodes if node is not None}):
        parts.append(document.text[position:start])
        position = end
    return [*parts, document.text[position:]]


def test_rewritten_python_parses_the_same_but_for_its_values(tmp_path: Path) -> None:
    source = Path(tokenize.__file__).with_name("string.py").read_text()
    (tmp_path / "f.py").write_text(source)
    config = read_config(str(tmp_path), [{"keys": ["f.py#digits"]}])

    rewrite(str(tmp_path), config, {"digits": "01"})

    new = (tmp_path / "f.py").read_text()
    changed = [(a, b) for a, b in zip(tokens(source), tokens(new), strict=True) if a != b]
    assert changed == [((tokenize.STRING, "'0123456789'"), (tokenize.STRING, "'01'"))]
    assert libcst.parse_module(new).code == new
