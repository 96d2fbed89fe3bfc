"""Only regular files of a stated size are read, and nothing is waited for."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gage._internal.guarded import open_regular, read_regular


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")

    assert read_regular(str(path)) == b"abc"
    assert read_regular(str(path), 3) == b"abc"


def test_a_larger_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abcd")

    with pytest.raises(OSError, match="a file of more than 3 bytes"):
        read_regular(str(path), 3)


def test_a_file_that_does_not_tell_its_size_is_read_to_its_end() -> None:
    name = Path(__file__).name.encode()
    code = "print('here', flush=True); input()"
    argv = [sys.executable, "-c", code, "x" * 100_000, name.decode()]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # until then the system may show an empty command line
        path = f"/proc/{process.pid}/cmdline"
        if not Path(path).exists():
            pytest.skip("this system has no /proc")
        data = read_regular(path)
        with pytest.raises(OSError, match="a file of more than 1,000 bytes"):
            read_regular(path, 1000)
        process.communicate(b"\n")

    assert data.split(b"\0")[-2:] == [name, b""]


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_regular(str(tmp_path / "none"))


@pytest.mark.parametrize("kind", ["a pipe", "a symbolic link", "a directory", "a socket"])
def test_anything_else_is_named_and_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a symbolic link":
        path.symlink_to("/dev/zero")
    elif kind == "a directory":
        path.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))

    with pytest.raises(OSError, match=kind):
        read_regular(str(path))


def test_a_device_is_refused() -> None:
    with pytest.raises(OSError, match="a device"):
        read_regular("/dev/null")
