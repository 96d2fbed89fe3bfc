"""Files are there as a whole or as they were; lines do not mix."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gage._internal.atomic import append, cut_torn_line, replace, write_new

ROOT = Path(__file__).parents[2]


def test_a_new_file_gets_its_directory(tmp_path: Path) -> None:
    write_new(str(tmp_path / "a" / "b"), b"data")

    assert (tmp_path / "a" / "b").read_bytes() == b"data"


def test_a_new_file_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    with pytest.raises(FileExistsError):
        write_new(str(path), b"new")

    assert path.read_bytes() == b"old"


def test_a_replaced_file_has_the_new_content_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"longer than the new one")

    replace(str(path), b"new")

    assert path.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_temporary_file_of_a_killed_process_is_in_nobodys_way(tmp_path: Path) -> None:
    """In a container the next process may have the number of the killed one."""
    for number in range(3):
        (tmp_path / f"file.{os.getpid()}-{number}.tmp").write_bytes(b"half")

    replace(str(tmp_path / "file"), b"new")

    assert (tmp_path / "file").read_bytes() == b"new"


@pytest.mark.parametrize("name", ["n" * 255, "é" * 127], ids=["ascii", "two-bytes"])
def test_a_file_with_the_longest_name_can_be_replaced(tmp_path: Path, name: str) -> None:
    replace(str(tmp_path / name), b"new")

    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_threads_can_replace_one_file(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    contents = [bytes([65 + number]) * 10_000 for number in range(8)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(replace, [path] * 160, contents * 20))

    assert Path(path).read_bytes() in contents
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_cannot_be_replaced_stays_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()

    with pytest.raises(IsADirectoryError):
        replace(str(tmp_path / "file"), b"new")

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("write", [write_new, replace, append], ids=lambda write: write.__name__)
def test_a_file_in_the_place_of_the_directory_is_said(
    write: Callable[[str, bytes], None], tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"")

    with pytest.raises(NotADirectoryError):
        write(str(tmp_path / "a" / "b"), b"data")


def test_a_dangling_link_in_the_place_of_the_directory_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "nowhere")

    with pytest.raises(FileExistsError):
        replace(str(tmp_path / "a" / "b"), b"data")


def test_a_reader_sees_one_content_or_the_other(tmp_path: Path) -> None:
    """While a process that replaces it without pause is killed."""
    path = tmp_path / "file"
    path.write_bytes(b"0" * 50_000)
    program = (
        "import sys; from gage._internal.atomic import replace\n"
        "while True:\n"
        "    for digit in b'12':\n"
        "        replace(sys.argv[1], bytes([digit]) * 50_000)\n"
        "        print(flush=True)"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert writer.stdout is not None

    seen = []
    for _ in range(200):
        writer.stdout.readline()
        seen.append(path.read_bytes())
    writer.send_signal(signal.SIGKILL)
    writer.communicate()

    assert {len(data) for data in (*seen, path.read_bytes())} == {50_000}
    assert all(len(set(data)) == 1 for data in seen)


def append_lines(path: str, letter: str) -> None:
    for number in range(500):
        append(path, f"{letter * 100}{number}\n".encode())


def test_lines_of_several_processes_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "log"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=append_lines, args=(str(path), c)) for c in "abc"]

    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    expected = [f"{c * 100}{number}" for c in "abc" for number in range(500)]
    assert sorted(path.read_text().splitlines()) == sorted(expected)


@pytest.mark.parametrize(
    ("data", "left"),
    [
        (b"", b""),
        (b"a\n", b"a\n"),
        (b"a\nb", b"a\n"),
        (b"ab", b""),
        (b"a\n" + b"b" * 200_000, b"a\n"),
        (b"b" * 200_000, b""),
        (b"a" * 65_535 + b"\n" + b"b" * 65_536, b"a" * 65_535 + b"\n"),
    ],
    ids=["empty", "whole", "torn", "no-end", "long-torn", "long-no-end", "at-a-block"],
)
def test_a_torn_line_is_cut(data: bytes, left: bytes, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(data)

    cut_torn_line(str(path))

    assert path.read_bytes() == left


def test_a_file_that_is_not_there_has_no_torn_line(tmp_path: Path) -> None:
    cut_torn_line(str(tmp_path / "log"))

    assert list(tmp_path.iterdir()) == []
