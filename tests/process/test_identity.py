"""Which process it is."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gage._internal.process import identity
from gage._internal.process.ending import wait_for_exit
from gage._internal.process.identity import (
    Identity,
    decode_identity,
    encode_identity,
    identity_of,
    is_alive,
    is_local,
)

PYTHON = sys.executable


def test_an_identity_survives_its_line() -> None:
    identity = identity_of(os.getpid())
    assert decode_identity(encode_identity(identity)) == identity


@pytest.mark.parametrize("line", ["", "12", "x 1 b h", "1 2 3", "1 2 3 4 5", "-1 2 b h"], ids=repr)
def test_a_line_that_holds_no_identity_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="PID START BOOT HOST"):
        decode_identity(line)


def test_this_process_lives() -> None:
    assert is_alive(identity_of(os.getpid()))


def test_no_process_has_no_identity() -> None:
    process = subprocess.Popen([PYTHON, "-c", ""])
    process.wait()
    with pytest.raises(ProcessLookupError):
        identity_of(process.pid)


@pytest.mark.parametrize(
    ("start", "boot"),
    [("1", None), (None, "00000000-0000-0000-0000-000000000000:1")],
    ids=["pid-used-again", "other-boot"],
)
def test_another_process_of_the_same_pid_is_not_taken_for_it(
    start: str | None, boot: str | None
) -> None:
    here = identity_of(os.getpid())
    assert not is_alive(Identity(here.pid, start or here.start, boot or here.boot, here.host))


def test_a_process_that_waits_to_be_reaped_is_not_alive() -> None:
    child = subprocess.Popen([PYTHON, "-c", "input()"], stdin=subprocess.PIPE)
    identity = identity_of(child.pid)
    assert is_alive(identity)
    assert child.stdin is not None
    child.stdin.close()
    assert wait_for_exit(identity, 60)
    assert not is_alive(identity)
    assert identity_of(child.pid, ended=True) == identity
    child.wait()


def test_a_process_found_by_ps_is_the_same_each_time() -> None:
    child = subprocess.Popen([PYTHON, "-c", "input()"], stdin=subprocess.PIPE)
    start = identity._start_by_ps(child.pid, ended=False)
    assert start is not None
    assert " " not in start
    assert start == identity._start_by_ps(child.pid, ended=False)
    assert child.stdin is not None
    child.stdin.close()
    wait_for_exit(identity_of(child.pid, ended=True), 60)
    assert identity._start_by_ps(child.pid, ended=False) is None
    assert identity._start_by_ps(child.pid, ended=True) == start
    child.wait()
    assert identity._start_by_ps(child.pid, ended=True) is None


@pytest.mark.parametrize(
    ("boot", "host", "local"),
    [(None, None, True), ("gone:1", None, True), (None, "renamed", True), ("gone:1", "far", False)],
    ids=["here", "before-a-restart", "renamed-host", "other-machine"],
)
def test_a_process_is_local_by_its_host_or_its_boot(
    boot: str | None, host: str | None, local: bool
) -> None:
    here = identity_of(os.getpid())
    other = Identity(1, "1", boot or here.boot, host or here.host)
    assert is_local(other) is local
