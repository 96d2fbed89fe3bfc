"""What can be done to a file of a side-car or of a batch, and what nobody shows then."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _link(target: str) -> Callable[[Path], None]:
    def act(path: Path) -> None:
        path.unlink()
        path.symlink_to(target)

    return act


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _with(data: bytes) -> Callable[[Path], None]:
    return lambda path: overwrite(path, data)


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def _cut(path: Path) -> None:
    overwrite(path, path.read_bytes()[: path.stat().st_size // 2])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for place in range(0, len(data), 7):
        data[place] ^= 0x55
    overwrite(path, bytes(data))


def _huge(path: Path) -> None:
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.truncate(200_000_000)  # sparse


DAMAGES: dict[str, Callable[[Path], None]] = {
    "missing": Path.unlink,
    "empty": _with(b""),
    "cut": _cut,
    "flipped": _flip,
    "binary": _with(bytes(range(256)) * 8),
    "deep": _with(b"[" * 200_000),
    "deep object": _with(b'{"a":' * 200_000),
    "digits": _with(b"9" * 30 + b"\n"),
    "other json": _with(b'[1, {"x": null}]\n'),
    "long line": _with(b"x" * 2_000_000),
    "lines": _with(b"\n" * 100_000),
    "huge": _huge,
    "pipe": _pipe,
    "endless": _link("/dev/zero"),
    "loop": _link("loop"),
    "directory": _directory,
}


def assert_inert(text: str) -> None:
    """Nothing in a text is obeyed by a terminal, or cannot be encoded."""
    text.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)


@contextlib.contextmanager
def damaged_file(path: Path, act: Callable[[Path], None]) -> Iterator[None]:
    """Do something to a file, and have it back as it was."""
    kept = path.with_name(f"{path.name}.tmp")
    shutil.copy2(path, kept)
    act(path)
    try:
        yield
    finally:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        kept.rename(path)
