"""What is recorded between the start of a command and the end of its output."""

from __future__ import annotations

import os
import select
import subprocess
from pathlib import Path

import pytest

from gage._internal.output.format import STDERR, STDOUT
from gage._internal.output.recording import Recording
from gage._internal.output.writer import Capture
from gage._internal.process.ending import Child
from gage._internal.process.identity import identity_of
from tests.output.portions import contents, records


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
