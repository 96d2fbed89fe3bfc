"""Values that a format cannot have are refused before anything is written."""

from __future__ import annotations

import math
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from gage._internal.config import read_config, read_document, rewrite
from gage._internal.config.document import same
from gage._internal.errors import ConfigError
from tests.config.documents import JSON, PYTHON, TOML, YAML, set_value


@pytest.mark.parametrize(
    ("path", "template", "words"),
    [
        ("f.py", PYTHON, "float"),
        ("f.toml", TOML, "inf nan"),
        ("f.yaml", YAML, ".inf .nan"),
    ],
    ids=["python", "toml", "yaml"],
)
@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan], ids=str)
def test_numbers_that_are_not_finite_are_written(
    path: str, template: str, words: str, value: float
) -> None:
    document = read_document(path, template.format("0.5").encode())

    text = set_value(document, value)

    assert any(word in text for word in words.split())
    assert same(read_document(path, text.encode()).roots["value"].value, value)


@pytest.mark.parametrize(
    ("path", "template", "value", "message"),
    [
        ("f.json", JSON, math.nan, "JSON has no number for nan"),
        ("f.json", JSON, [1, -math.inf], "JSON has no number for nan"),
        ("f.toml", TOML, None, "TOML has no null"),
        ("f.toml", TOML, {"a": [None]}, "TOML has no null"),
        ("f.toml", TOML, "\ud800", "lone surrogates"),
        ("f.yaml", YAML, "\ud800", "lone surrogates"),
    ],
    ids=["nan", "inf in a list", "null", "null inside", "toml surrogate", "yaml surrogate"],
)
def test_what_a_format_does_not_have_is_an_error(
    tmp_path: Path, path: str, template: str, value: Any, message: str
) -> None:
    source = template.format("0").encode()
    (tmp_path / path).write_bytes(source)
    config = read_config(str(tmp_path), [{"keys": [f"{path}#value"]}])
    line = source[: source.index(b"value")].count(b"\n") + 1

    with pytest.raises(ConfigError, match=message) as caught:
        rewrite(str(tmp_path), config, {"value": value})

    assert str(caught.value).startswith(f"{path}:{line}: value: cannot be set to")
    assert (tmp_path / path).read_bytes() == source


def test_integer_of_too_many_digits_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("n = 1\n")
    config = read_config(str(tmp_path), [{"keys": ["f.py"]}])

    with pytest.raises(ConfigError, match=r"f\.py:1: n: cannot be set to a number of too many"):
        rewrite(str(tmp_path), config, {"n": 10 ** sys.get_int_max_str_digits()})


@pytest.mark.parametrize("mode", [0o644, 0o444, 0o755], ids=oct)
@pytest.mark.parametrize("value", [5, 123456789], ids=["shorter", "longer"])
def test_a_file_keeps_its_permissions_and_its_place(tmp_path: Path, mode: int, value: int) -> None:
    path = tmp_path / "f.py"
    path.write_text("n = 1000\n")
    path.chmod(mode)
    inode = path.stat().st_ino
    config = read_config(str(tmp_path), [{"keys": ["f.py"]}])

    rewrite(str(tmp_path), config, {"n": value})

    assert path.read_text() == f"n = {value}\n"
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.stat().st_ino == inode
    assert [entry.name for entry in tmp_path.iterdir()] == ["f.py"]


def test_another_name_of_a_file_keeps_its_content(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    original = tmp_path / "project" / "f.py"
    original.write_text("n = 1\n")
    os.link(original, run_dir / "f.py")
    config = read_config(str(run_dir), [{"keys": ["f.py"]}])

    rewrite(str(run_dir), config, {"n": 2})

    assert (run_dir / "f.py").read_text() == "n = 2\n"
    assert original.read_text() == "n = 1\n"


def test_a_link_to_a_file_of_the_run_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("n = 1\n")
    (tmp_path / "f.py").symlink_to("other.txt")
    config = read_config(str(tmp_path), [{"keys": ["f.py"]}])

    rewrite(str(tmp_path), config, {"n": 2})

    assert (tmp_path / "f.py").read_text() == "n = 2\n"
    assert (tmp_path / "other.txt").read_text() == "n = 1\n"
