"""Runs that a test starts, and what they left."""

from __future__ import annotations

import sys

from gage._internal.output.reader import OutputReader
from gage._internal.process.ending import wait_for_exit
from gage._internal.process.identity import (
    Identity,
    decode_identity,
)
from gage._internal.record.layout import run_meta_path
from gage._internal.record.reading import read_text
from gage._internal.running.runner import wait_for_run
from gage._internal.types import Run

PYTHON = sys.executable


def processes(run: Run) -> list[Identity]:
    """Return supervisor, keeper and command, as far as they are recorded."""
    text = (read_text(run, "proc", "supervisor") or "") + (read_text(run, "proc", "command") or "")
    return [decode_identity(line) for line in text.splitlines()]


def output(run: Run) -> OutputReader:
    return OutputReader(run_meta_path(run, "output", "40_run"))


def text_of(run: Run) -> bytes:
    return output(run).tail(1 << 30)


def log_of(run: Run) -> str:
    return read_text(run, "log", "runner") or ""


def ended(run: Run) -> tuple[str, int | None]:
    status = wait_for_run(run)
    for identity in processes(run):
        assert wait_for_exit(identity, 60)
    return status.name, status.exit_code


def by_stream(run: Run) -> tuple[bytes, bytes]:
    found: tuple[list[bytes], list[bytes]] = [], []
    for line in output(run).lines():
        found[line.stream].append(line.data)
    return b"".join(found[0]), b"".join(found[1])
