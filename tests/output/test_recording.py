"""What is recorded between the start of a command and the end of its output."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gage._internal.output.format import STDERR, STDOUT
from gage._internal.output.recording import Recording
from gage._internal.output.writer import Capture, open_journal
from gage._internal.process.ending import Child
from gage._internal.process.identity import identity_of
from tests.output.portions import contents, records, take


@pytest.mark.parametrize("seen", [(0, 1), (1,)], ids=["both-seen", "one-seen-late"])
def test_a_line_is_ended_before_the_other_stream_is_taken(path: str, seen: tuple[int, ...]) -> None:
    """As one thread writes them: part of a line, its end, a line of the other stream."""
    sleeper = subprocess.Popen(["sleep", "1000"])
    try:
        pipes = [os.pipe(), os.pipe()]
        for read_end, _ in pipes:
            os.set_blocking(read_end, False)
        capture = Capture(path)
        child = Child(identity_of(sleeper.pid))
        recording = Recording(capture, (pipes[0][0], pipes[1][0]), child, print)
        recording.begin(select.poll())
        os.write(pipes[0][1], b"out")
        recording.step({pipes[0][0]: select.POLLIN})
        os.write(pipes[0][1], b"put\n")
        os.write(pipes[1][1], b"error\n")
        recording.step({pipes[stream][0]: select.POLLIN for stream in seen})
        recording.close()
        capture.close()
    finally:
        sleeper.kill()
        sleeper.wait()
        for _, write_end in pipes:
            os.close(write_end)
    assert contents(path) == b"output\nerror\n"
    assert [stream for _, stream in records(path)] == [STDOUT, STDERR]
    assert not Path(path + ".switches").exists()


@pytest.mark.parametrize("name", ["", ".index"], ids=["output", "index"])
def test_a_file_that_is_deleted_meanwhile_is_restored_with_a_note(
    path: str, run_script: Callable[..., int], name: str
) -> None:
    said: list[str] = []

    code = run_script(
        f"print('before', flush=True)\n"
        f"while os.stat({path + '.index'!r}).st_size < 9: time.sleep(0.001)\n"
        f"os.unlink({path + name!r})\nprint('after')",
        log=said.append,
    )

    assert code == 0
    assert contents(path) == b"before\nafter\n"
    assert [stream for _, stream in records(path)] == [STDOUT, STDOUT]
    (sentence,) = said
    assert f"output/40_run{name} was deleted" in sentence
    assert "restored" in sentence


def test_a_file_that_took_the_place_of_an_output_is_left_alone_and_said(
    path: str, run_script: Callable[..., int]
) -> None:
    said: list[str] = []

    run_script(
        f"os.unlink({path!r})\nopen({path!r}, 'w').write('other')\nprint('lost')",
        log=said.append,
    )

    assert contents(path) == b"other"
    assert "another file has taken its place" in said[0]


def test_an_output_whose_directory_is_gone_is_said(
    path: str, run_script: Callable[..., int]
) -> None:
    said: list[str] = []

    run_script(
        "import shutil\nshutil.rmtree(" + repr(path.rpartition("/")[0]) + ")\nprint('x')",
        log=said.append,
    )

    assert len(said) == 2
    assert all("could not be restored" in sentence for sentence in said)


def test_a_resumed_writer_of_a_deleted_output_begins_anew(path: str) -> None:
    journal = open_journal()
    capture = Capture(path, journal)
    take(capture, STDERR, b"one\ntwo")
    capture.close()
    Path(path).unlink()

    resumed = Capture.resume(path, journal)
    take(resumed, STDOUT, b"three\n")
    resumed.close()
    os.close(journal)

    assert contents(path) == b"three\n"
    assert [stream for _, stream in records(path)] == [STDOUT]
