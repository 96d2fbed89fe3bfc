"""Values that a format cannot have are refused before anything is written."""

from __future__ import annotations

import math
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
