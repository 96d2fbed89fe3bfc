"""The one way to runs: what an observer sees of it, and what an interrupt does to it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import gage
from gage._internal.api.driver import Asked, run_one, run_several
from gage._internal.api.observer import Observer
from gage._internal.batch.launch import PlannedBatch
from gage._internal.operations.options import RunOptions
from gage._internal.types import Run

Work = gage.RecordedRun | gage.Batch


class Seen(Observer):
    """Remembers what it is told; sends an interrupt where it is asked to."""

    def __init__(self, interrupted_in: str = "", *, means_stop: bool = True) -> None:
        self.calls: list[str] = []
        self._interrupted_in = interrupted_in
        self._means_stop = means_stop

    def event(self, name: str, run: Run) -> None:
        self._see("made" if name == "made" else "event")

    def planned(self, planned: PlannedBatch) -> None:
        self._see("planned")

    def launched(self, work: Work) -> None:
        self._see("launched")

    def failed(self) -> None:
        self._see("failed")

    def follow(self, work: Work, stop: Callable[[], object]) -> None:
        self._see("follow")
        super().follow(work, stop)

    def interrupt_means_stop(self) -> bool:
        return self._means_stop

    def _see(self, name: str) -> None:
        if self.calls[-1:] != [name]:
            self.calls.append(name)
        if name == self._interrupted_in:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(autouse=True)
def _scripts(project: Path, runs_home: Path) -> None:
    (project / "lr.py").write_text("lr = 0.1\n")
    (project / "wait.py").write_text("lr = 0.1\nimport time\ntime.sleep(1000)\n")


def asked(target: str, **options: bool) -> Asked:
    return Asked(target, {}, (), RunOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "calls"),
    [
        ({}, ["made", "event", "launched", "follow"]),
        ({"background": True}, ["made", "event", "launched"]),
        ({"stage": True}, ["made", "event", "launched"]),
    ],
    ids=["waits", "background", "stage"],
)
def test_an_observer_sees_a_run_on_its_way(options: dict[str, bool], calls: list[str]) -> None:
    seen = Seen()

    run = run_one(asked("lr.py", **options), seen)

    if not options.get("stage"):
        run.wait()
    assert seen.calls == calls


def test_an_observer_sees_a_batch_on_its_way() -> None:
    seen = Seen()

    batch = run_several(asked("lr.py")._replace(config={"lr": [1, 2]}), seen)

    assert seen.calls == ["planned", "launched", "follow"]
    assert batch.counts() == {"completed": 2}


def test_an_observer_sees_that_nothing_was_launched(project: Path) -> None:
    (project / "gage.toml").write_text("[op]\nexec = { run = 'true', init-runtime = 'false' }\n")
    seen = Seen()

    with pytest.raises(gage.PhaseError):
        run_one(asked("op"), seen)

    assert seen.calls[-1] == "failed"


@pytest.mark.parametrize("place", ["launched", "follow"])
def test_an_interrupt_stops_a_run_wherever_it_arrives(place: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_one(asked("wait.py"), Seen(place))

    assert gage.find().full_status.reason.startswith("stopped by interrupt, ")


@pytest.mark.parametrize("place", ["launched", "follow"])
def test_an_interrupt_stops_a_batch_wherever_it_arrives(place: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_several(asked("wait.py")._replace(config={"lr": [1, 2]}), Seen(place))

    (batch,) = gage.batches()
    assert "completed" not in batch.counts()
    assert batch.wait(0)


def test_an_interrupt_that_means_something_else_leaves_the_run_alone() -> None:
    with pytest.raises(KeyboardInterrupt):
        run_one(asked("wait.py"), Seen("follow", means_stop=False))

    run = gage.find()
    assert run.status == "running"
    run.stop(grace_s=0.2)
