"""Arguments of a script that uses argparse, read without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gage._internal.config import read_config
from gage._internal.config.script_arguments import UNKNOWN, read_arguments
from gage._internal.errors import ConfigError

MAKE = "import argparse, os\nN = 3\np = argparse.ArgumentParser()\n"


@pytest.mark.parametrize(
    ("call", "key", "type_", "default"),
    [
        pytest.param("'--lr', type=float, default=0.1", "lr", "float", 0.1, id="number"),
        pytest.param("'-n', '--n-items', type=int, default=N", "n_items", "int", 3, id="name"),
        pytest.param("'--x', default=os.getcwd()", "x", "str", UNKNOWN, id="computed"),
        pytest.param("'--fast', action='store_true'", "fast", "bool", False, id="switch"),
        pytest.param("'file'", "file", "str", None, id="positional"),
        pytest.param("'--a', dest='b', type=my_type", "b", "my_type", None, id="own-type"),
    ],
)
def test_argument_is_read(call: str, key: str, type_: str, default: object) -> None:
    (argument,) = read_arguments(f"{MAKE}p.add_argument({call})\n".encode(), "t.py")

    assert (argument.key, argument.type, argument.default) == (key, type_, default)
    assert argument.line == 4


@pytest.mark.parametrize(
    "call", ["'-V', action='version', version='1'", "*names", "", "'--own', action=MyAction"]
)
def test_what_is_no_value_is_left_out(call: str) -> None:
    assert read_arguments(f"{MAKE}p.add_argument({call})\n".encode(), "t.py") == []


@pytest.mark.parametrize("data", [b"p.add_argument(", b"\xff\xfe", b"x = 1\0"])
def test_source_that_is_not_python_is_an_error(data: bytes) -> None:
    with pytest.raises(ConfigError, match=r"^t\.py:1: expected Python source"):
        read_arguments(data, "t.py")


def test_script_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "t.py").write_text(
        "import argparse, pathlib\n"
        "pathlib.Path('ran').touch()\n"
        "p = argparse.ArgumentParser()\n"
        "p.add_argument('--x', type=int, default=1)\n"
        "s = p.add_subparsers().add_parser('sub')\n"
        "s.add_argument('--inner')\n"
    )

    config = read_config(str(tmp_path), [{"keys": "args"}], ["python", "-m", "t"])

    assert config.defaults() == {"x": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["t.py"]
