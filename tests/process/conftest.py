"""Commands that are started for a test and killed at its end."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gage._internal.process.identity import (
    identity_of,
)
from gage._internal.process.spawn import spawn


class Started:
    """A command that was started, with its output; it is killed at the end of the test."""

    def __init__(self, pid: int, output_fd: int) -> None:
        self.pid = pid
        self.identity = identity_of(pid, ended=True)
        self.output = os.fdopen(output_fd, "rb")

    def line(self) -> bytes:
        return self.output.readline()

    def end(self) -> int:
        """Wait for the end; return the exit code."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    started: list[Started] = []

    def start_command(
        argv: list[str],
        env: dict[str, str] | None = None,
        how: Callable[..., int] = spawn,
    ) -> Started:
        read_end, write_end = os.pipe()
        pid = how(
            argv, str(tmp_path), dict(os.environ) if env is None else env, write_end, write_end
        )
        os.close(write_end)
        started.append(Started(pid, read_end))
        return started[-1]

    yield start_command
    for command in started:
        command.output.close()
        for target in (-command.pid, command.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(target, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(command.pid, 0)
