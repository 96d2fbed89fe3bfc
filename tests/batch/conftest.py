"""Scripts whose trials are started for a test, and killed at its end."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gage._internal.batch.batch import list_batches
from gage._internal.batch.record import live_keepers
from gage._internal.process.ending import kill, wait_for_exit
from gage._internal.process.identity import decode_identity
from gage._internal.record.layout import run_meta_path
from gage._internal.store.store import list_runs
from tests.batch.trials import waits_for


@pytest.fixture
def _nothing_is_left(runs_home: Path) -> Iterator[None]:
    """Kill what still runs at the end of the test."""
    yield
    for batch in list_batches(str(runs_home)):
        for identity in live_keepers(batch.directory):
            kill(identity, signal.SIGKILL)
    for run in list_runs(str(runs_home)):
        path = Path(run_meta_path(run, "proc", "command"))
        if path.exists():
            identity = decode_identity(path.read_text())
            kill(identity, signal.SIGKILL)
            assert wait_for_exit(identity, 60)


@pytest.fixture
def script(project: Path, _nothing_is_left: None) -> Callable[[str], None]:
    """Write `train.py`, which has the values lr, epochs and name."""

    def write(text: str) -> None:
        (project / "train.py").write_text(
            f"import os, sys, time\nlr = 0.1\nepochs = 5\nname = 'a'\n{text}\n"
        )

    return write


@pytest.fixture
def waiting(script: Callable[[str], None], tmp_path: Path) -> None:
    """Have trials that make `begun-EPOCHS` and end when there is a file `go`."""
    script(
        "print('begun', flush=True)\n"
        f"open({str(tmp_path / 'begun-')!r} + str(epochs), 'w')\n"
        f"{waits_for(tmp_path / 'go')}\n"
        "print('end', epochs)"
    )
