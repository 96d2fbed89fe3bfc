"""The lifecycle documents: every example in them is run, as a reader would run it."""

from __future__ import annotations

import doctest
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gage._internal.record.layout import run_meta_path
from gage._internal.types import Run

_DOCUMENTS = sorted(Path(__file__).parent.joinpath("lifecycle").glob("*.md"))


def ls(root: str) -> None:
    """Print the files of a directory and of those below it."""
    paths = sorted(str(path.relative_to(root)) for path in Path(root).rglob("*") if path.is_file())
    print("\n".join(paths) or "<empty>")


def modes(root: str) -> None:
    """Print the rights of what is in a directory."""
    for path in sorted(Path(root).iterdir()):
        print(stat.filemode(path.stat().st_mode)[1:], path.name)


def _names(home: Path) -> dict[str, object]:
    """Return what the documents use without defining it."""

    def make_dir() -> str:
        return tempfile.mkdtemp(dir=home)

    def write(directory: str, name: str, text: str) -> None:
        path = Path(directory, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def data(*parts: str) -> bytes:
        return Path(*parts).read_bytes()

    def text(*parts: str) -> str:
        return Path(*parts).read_text()

    def cat(*parts: str) -> None:
        print(text(*parts).removesuffix("\n"))

    def cat_diff(path: str) -> None:
        """Print the changed lines of a unified diff."""
        lines = text(path).splitlines()
        print(
            "\n".join(line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---"))
        )

    def cat_events(run: Run) -> None:
        """Print the log of files without the times."""
        lines = text(run_meta_path(run, "log", "files")).splitlines()
        print("\n".join(" ".join([*line.split(" ")[:2], line.split(" ", 3)[3]]) for line in lines))

    def wait_for_line(run: Run, line: str) -> None:
        """Return when the run has printed a line; there is no event for it but the file."""
        deadline = time.monotonic() + 30
        while f"{line}\n" not in text(run_meta_path(run, "output", "40_run")):
            assert time.monotonic() < deadline, f"the run never printed {line!r}"
            time.sleep(0.01)

    return {
        "cat": cat,
        "cat_diff": cat_diff,
        "cat_events": cat_events,
        "data": data,
        "ls": ls,
        "make_dir": make_dir,
        "modes": modes,
        "os": os,
        "remove": shutil.rmtree,
        "text": text,
        "wait_for_line": wait_for_line,
        "write": write,
    }


@pytest.fixture
def _usual_umask() -> Iterator[None]:
    """The documents show who may read the files."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_usual_umask")
@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda path: path.stem)
def test_document(document: Path, tmp_path: Path) -> None:
    results = doctest.testfile(
        str(document),
        module_relative=False,
        globs=_names(tmp_path),
        optionflags=doctest.ELLIPSIS,
        encoding="utf-8",
    )

    assert results.attempted > 0
    assert results.failed == 0
