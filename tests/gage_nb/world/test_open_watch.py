"""The watch over `open`: what it sees, what it leaves alone, and that it goes."""

from __future__ import annotations

import builtins
import copy
import io
import pickle
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gage_nb.world.open_watch import OpenWatch

# ruff: noqa: PTH123, SIM115 - calling `open` in all ways is what is tested


@pytest.fixture
def noted() -> list[str]:
    return []


@pytest.fixture
def watch(noted: list[str], project: Path) -> Iterator[OpenWatch]:
    (project / "data.csv").write_text("a,b\n1,2\n")
    watch = OpenWatch(noted.append)
    watch.install()
    yield watch
    watch.remove()


def _numpy(path: str) -> None:
    import numpy as np

    np.save(path, np.zeros(3))
    np.load(path)


def _picture(path: str) -> None:
    from PIL import Image

    Image.new("RGB", (2, 2)).save(path, "PNG")
    Image.open(path).load()


def _pandas(path: str) -> None:
    import pandas as pd

    pd.read_csv(path)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("data.csv", lambda path: builtins.open(path).close()),
        ("data.csv", lambda path: open(file=path, mode="rb").close()),
        ("data.csv", lambda path: io.open(path, "r+").close()),  # noqa: UP020 - likewise
        ("data.csv", lambda path: Path(path).read_text()),
        ("data.csv", lambda path: open(path.encode()).close()),
        ("data.csv", _pandas),
        ("array.npy", _numpy),
        ("picture.png", _picture),
        ("rows.db", lambda path: sqlite3.connect(path).close()),
    ],
    ids=["open", "keywords", "io", "pathlib", "bytes", "pandas", "numpy", "PIL", "sqlite3"],
)
def test_reading_is_noted(
    watch: OpenWatch, noted: list[str], name: str, read: Callable[[str], object]
) -> None:
    read(name)

    assert name in noted


def test_writing_and_failing_are_not_noted(watch: OpenWatch, noted: list[str]) -> None:
    open("new", "w").close()
    with pytest.raises(FileNotFoundError):
        open("nowhere")
    with open("data.csv") as file, open(file.fileno(), closefd=False):
        pass

    assert noted == ["data.csv"]


def test_an_error_has_no_line_of_the_watch(watch: OpenWatch) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        open("nowhere")

    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.filename for frame in frames] == [__file__]


def test_an_error_of_noting_does_not_reach_the_program(
    watch: OpenWatch, noted: list[str], project: Path
) -> None:
    def note(path: str) -> None:
        raise OSError(path)

    failing = OpenWatch(note)
    failing.install()
    with open("data.csv") as file:
        text = file.read()
    failing.remove()

    assert text == "a,b\n1,2\n"


def test_the_watched_open_behaves_like_the_original(watch: OpenWatch) -> None:
    class Own:
        opener: Any = open  # a built-in function does not become a method

    assert open is io.open
    assert open.__name__ == "open"
    assert open.__doc__ == open.__wrapped__.__doc__  # type: ignore[attr-defined]
    Own().opener("data.csv").close()
    assert callable(copy.deepcopy(open))


def test_a_pickle_of_the_watched_open_is_one_of_the_original(watch: OpenWatch) -> None:
    program = "import pickle, sys; print(pickle.load(sys.stdin.buffer))"

    done = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps(open), capture_output=True, check=True
    )

    assert done.stdout == b"<built-in function open>\n"


def test_removing_puts_the_originals_back(noted: list[str], project: Path) -> None:
    before = (builtins.open, io.open, sqlite3.connect)

    watch = OpenWatch(noted.append)
    watch.install()
    watch.install()
    watch.remove()
    watch.remove()

    assert (builtins.open, io.open, sqlite3.connect) == before


def test_the_replacement_of_someone_else_stays(
    noted: list[str], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "data.csv").write_text("x")
    monkeypatch.setattr(builtins, "open", builtins.open)  # put back at the end
    watch = OpenWatch(noted.append)
    watch.install()
    ours = builtins.open

    def theirs(*args: Any, **kwargs: Any) -> Any:
        return ours(*args, **kwargs)

    builtins.open = theirs
    watch.remove()

    assert builtins.open is theirs
    open("data.csv").close()
    assert noted == []


def test_modules_loaded_later_are_watched(project: Path) -> None:
    program = (
        "import sys\n"
        "from gage_nb.world.open_watch import OpenWatch\n"
        "noted = []\n"
        "watch = OpenWatch(noted.append)\n"
        "watch.install()\n"
        "import bz2, sqlite3, tarfile\n"
        "watch.install()\n"
        "tarfile.open('a.tar', 'w').close()\n"
        "tarfile.open('a.tar').close()\n"
        "bz2.BZ2File('b.bz2', 'w').close()\n"
        "bz2.BZ2File('b.bz2').close()\n"
        "sqlite3.connect('c.db').close()\n"
        "watch.remove()\n"
        "left = [type(each).__name__ for each in (\n"
        "    open, bz2._builtin_open, tarfile.bltn_open, sqlite3.connect)]\n"
        "print([n for n in dict.fromkeys(noted) if n[1] == '.'], set(left))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == ("['a.tar', 'b.bz2', 'c.db'] {'builtin_function_or_method'}\n")
