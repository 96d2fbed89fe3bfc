"""Python source: which assignments are configuration, and what they look like when rewritten."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from gage._internal.config import (
    Text,
    read_config,
    read_document,
    resolve_values,
    rewrite,
)
from gage._internal.errors import ConfigError


def values(source: str) -> dict[str, Any]:
    roots = read_document("f.py", source.encode()).roots
    return {name: node.value for name, node in roots.items() if node.simple}


def rewritten(tmp_path: Path, source: str | bytes, **given: Any) -> bytes:
    data = source if isinstance(source, bytes) else source.encode()
    (tmp_path / "f.py").write_bytes(data)
    rewrite(str(tmp_path), read_config(str(tmp_path), [{"keys": ["f.py#**"]}]), given)
    return (tmp_path / "f.py").read_bytes()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1", 1),
        ("x = -1", -1),
        ("x = +1.5", 1.5),
        ("x = - - 2", 2),
        ("x = 0x_ff", 255),
        ("x = 1_000", 1000),
        ("x = True", True),
        ("x = None", None),
        ("x = 'a'", "a"),
        ("x = r'\\d'", "\\d"),
        ("x = ('a'\n     'b')", "ab"),
        ("x = '''a\nb'''", "a\nb"),
        ("x: float = 0.1", 0.1),
        ("x = (1)", 1),
        ("x = (1,)", (1,)),
        ("x = 1, 'a'", (1, "a")),
        ("x = [1, [2.5, None], {'a': ()}]", [1, [2.5, None], {"a": ()}]),
        ("x = float('-inf')", -math.inf),
        ("y = x = 1", 1),
        ("y, x = 2, 1", 1),
        ("(y, [x, z]) = (2, [1, 3])", 1),
        ("y = 2; x = 1; z = 3", 1),
        ("\ufeffx = 1", 1),
        ("# é\r\nx = 1\r\n", 1),
        ("\f\nx = 1", 1),
        ("x = 1 if 0 else 2\nx = 3", 3),
        ("x = 3\nx = [y for y in ()]", 3),
        ("x = 1\nx = 2", 2),
        ("x = {'a': 1, 'a': 2}", {"a": 2}),
    ],
)
def test_simple_values_are_read(source: str, expected: Any) -> None:
    found = values(source)["x"]

    assert repr(found) == repr(expected)


@pytest.mark.parametrize(
    "source",
    [
        "x += 1",
        "x: int",
        "x = y",
        "x = 2 ** 3",
        "x = f'{1}'",
        "x = b'1'",
        "x = 1j",
        "x = not 1",
        "x = -True",
        "x = {1, 2}",
        "x = {1: 2}",
        "x = {**y}",
        "x = [*y]",
        "x, *y = 1, 2",
        "x[0] = 1",
        "x.y = 1",
        "if True:\n    x = 1",
        "def f():\n    x = 1",
        "class A:\n    x = 1",
        "print(x := 1)",
        "for x in 1, 2: pass",
    ],
)
def test_what_is_not_a_simple_value_at_the_top_is_not_read(source: str) -> None:
    assert "x" not in values(source)


def test_simple_parts_of_a_container_are_keys(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text(
        "opts = {'lr': 0.1, 'act': relu, 'deep': [1, f(), 3]}\nmixed = {**opts, 'lr': 2}\n"
    )

    config = read_config(str(tmp_path), [{"keys": ["f.py"]}])

    assert config.defaults() == {
        "opts.lr": 0.1,
        "opts.deep.0": 1,
        "opts.deep.2": 3,
        "mixed.lr": 2,
    }


@pytest.mark.parametrize(
    ("source", "given", "expected"),
    [
        ("h = 2\nx = [64, h, 10]\n", {"x": Text("[8]")}, "h = 2\nx = [8]\n"),
        ("x = [f()]\n", {"x": [1, "a"]}, "x = [1, 'a']\n"),
        ("x = (1, f())\n", {"x": Text("[3, 4]")}, "x = (3, 4)\n"),
        ("x = {'a': 1, 'f': f}\n", {"x": Text('{"b": 2}')}, "x = {'b': 2}\n"),
        ("x = {**d, 'a': 1}\n", {"x": {"a": 2}}, "x = {'a': 2}\n"),
        ("x = {'a': [1, f()], 'g': g}\n", {"x.a": [2]}, "x = {'a': [2], 'g': g}\n"),
        ("x = [64, f(), 10]\n", {"x.0": 1}, "x = [1, f(), 10]\n"),
        ("x = y = [1, f()]\n", {"y": [2]}, "x = y = [2]\n"),
    ],
)
def test_a_list_or_dict_with_an_expression_is_set_as_a_whole(
    tmp_path: Path, source: str, given: dict[str, Any], expected: str
) -> None:
    (tmp_path / "f.py").write_text(source)
    config = read_config(str(tmp_path), [{"keys": ["f.py#*"]}])

    values, _ = resolve_values(config, given, strict=True)
    rewrite(str(tmp_path), config, values)

    assert (tmp_path / "f.py").read_text().replace('"', "'") == expected
    assert not [key for key in values if any(key.startswith(f"{name}.") for name in given)]


def test_a_list_with_an_expression_and_a_part_of_it_are_not_both_set(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("x = [1, f()]\n")
    config = read_config(str(tmp_path), [{"keys": ["f.py#*"]}])

    assert list(config) == ["x.0"]
    with pytest.raises(ConfigError, match=r"x\.0: expected one value, found another one in x"):
        resolve_values(config, {"x": [1], "x.0": 2})
    with pytest.raises(
        ConfigError, match=r"x: expected list, like the default in f\.py, found int"
    ):
        resolve_values(config, {"x": 1}, strict=True)


@pytest.mark.parametrize(
    "later",
    [
        "x += 1",
        "x: int = f()",
        "x = f(x)",
        "for i in y:\n    x *= 2",
        "for x in y: pass",
        "while (x := x - 1): pass",
        "with f() as x: pass",
        "if y:\n    x = 2",
        "try:\n    f()\nexcept E as x: pass",
        "def f():\n    global x\n    x = 2",
        "class A:\n    def f(self):\n        global x\n        x += 1",
        "def x(): pass",
        "import a as x",
        "a, (x, *b) = y",
        "del x",
        "match y:\n    case x: pass",
    ],
)
def test_a_name_that_is_bound_again_is_set_only_where_it_is_named(
    tmp_path: Path, later: str
) -> None:
    (tmp_path / "f.py").write_text(f"x = 1\nz = 1\n{later}\n")

    for wild in ("f.py", "f.py#*", "f.py#**"):
        config = read_config(str(tmp_path), [{"keys": [wild]}])
        assert "x" not in config
        assert resolve_values(config, {"x": 3})[0] == {"z": 1, "x": 3}
    named = read_config(str(tmp_path), [{"keys": ["f.py#x"]}])

    assert list(named) == ["x"]


@pytest.mark.parametrize(
    "other",
    [
        "def f():\n    x = 2",
        "class A:\n    x = 2",
        "[x for x in y]",
        "f(lambda x: x)",
        "x.y = 2",
        "x[0] = 2",
        "f(x=2)",
        "x == 2",
    ],
)
def test_a_name_that_is_only_used_stays_configuration(tmp_path: Path, other: str) -> None:
    (tmp_path / "f.py").write_text(f"import x\nx = 1\n{other}\n")

    assert list(read_config(str(tmp_path), [{"keys": ["f.py#*"]}])) == ["x"]


def test_special_names_are_read_only_when_spelled_out(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("__version__ = '1'\n_x = 2\n")

    wild = read_config(str(tmp_path), [{"keys": ["f.py", "#**"]}])
    spelled = read_config(str(tmp_path), [{"keys": ["f.py#__version__"]}])

    assert list(wild) == ["_x"]
    assert list(spelled) == ["__version__"]


@pytest.mark.parametrize(
    ("source", "given", "expected"),
    [
        ("x=1#c", {"x": 2}, "x=2#c"),
        ("x = 'a'  # c", {"x": "it's"}, "x = 'it\\'s'  # c"),
        ('x = "a"', {"x": 'it\'s "q"'}, 'x = "it\'s \\"q\\""'),
        ("x = u'a'", {"x": "b"}, "x = 'b'"),
        ("x = (  # c\n 'a'\n 'b' )", {"x": "c"}, "x = (  # c\n 'c' )"),
        ("x = '''a\nb'''", {"x": "c\nd'"}, "x = '''c\nd\\''''"),
        ("x = [1,  # one\n     2]", {"x": [1, 3]}, "x = [1,  # one\n     3]"),
        ("x = [1, 2]", {"x": [1]}, "x = [1]"),
        ("x = 1, 2", {"x": (1,)}, "x = (1,)"),
        ("x = {'a': 1, 'b': {'c': 2}}", {"x.b.c": 3}, "x = {'a': 1, 'b': {'c': 3}}"),
        ("x = 1; y = 2", {"y": -3, "x": None}, "x = None; y = -3"),
        ("a = b = 1", {"a": 2}, "a = b = 2"),
        ("x\t=\t1\t", {"x": 2}, "x\t=\t2\t"),
        ("é = 'ü'; x = 1 # é", {"x": 2}, "é = 'ü'; x = 2 # é"),
        ("x = 1\\\n  ;y = 1", {"y": 2}, "x = 1\\\n  ;y = 2"),
        ("x = 1e3", {"x": 0.1}, "x = 0.1"),
        ("x = 1\rx = 2\r\ny = 3\n", {"x": 5, "y": 6}, "x = 1\rx = 5\r\ny = 6\n"),
    ],
)
def test_only_the_characters_of_the_value_change(
    tmp_path: Path, source: str, given: dict[str, Any], expected: str
) -> None:
    key = next(iter(given))
    (tmp_path / "f.py").write_bytes(source.encode())
    patterns = ["f.py#*"] if "." not in key else ["f.py#**"]
    config = read_config(str(tmp_path), [{"keys": patterns}])

    rewrite(str(tmp_path), config, given)

    assert (tmp_path / "f.py").read_bytes() == expected.encode()


def test_encoding_of_the_file_is_kept(tmp_path: Path) -> None:
    source = "# coding: latin-1\nname = 'é' # ü\nx = 1\n".encode("latin-1")

    new = rewritten(tmp_path, source, name="ä€")

    assert new == b"# coding: latin-1\nname = '\xe4\\u20ac' # \xfc\nx = 1\n"


def test_byte_order_mark_and_line_ends_are_kept(tmp_path: Path) -> None:
    new = rewritten(tmp_path, b"\xef\xbb\xbfx = 1\r\ntext = '''a'''\r\n", text="b\nc")

    assert new == b"\xef\xbb\xbfx = 1\r\ntext = '''b\r\nc'''\r\n"


@pytest.mark.parametrize("mode", [0o444, 0o755], ids=oct)
def test_mode_of_the_file_is_kept(tmp_path: Path, mode: int) -> None:
    (tmp_path / "f.py").write_text("x = 1\n")
    (tmp_path / "f.py").chmod(mode)
    config = read_config(str(tmp_path), [{"keys": ["f.py"]}])

    rewrite(str(tmp_path), config, {"x": 2})

    assert (tmp_path / "f.py").stat().st_mode & 0o777 == mode
    assert [path.name for path in tmp_path.iterdir()] == ["f.py"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"x = 1\ny = = 2\n", r"f\.py:2: expected Python source, found a fault: invalid syntax"),
        (b"x = 1\n\xff\n", r"f\.py:2: expected utf-8 text, found the byte 0xff"),
        (b"# coding: nonsense\n", r"f\.py:1: expected Python source: unknown encoding"),
        (b"# coding: utf-8\n\n\nx = '\xe9'\n", r"f\.py:4: expected utf-8 text, found .* 0xe9"),
        (b"x = 1\n\0\n", r"f\.py"),
        (b"x = " + b"(" * 5000, r"f\.py"),
    ],
    ids=["syntax", "bytes", "codec", "not utf-8", "nul", "deep"],
)
def test_what_is_not_python_is_an_error_with_its_line(data: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_document("f.py", data)
