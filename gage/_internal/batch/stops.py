"""Requests to stop a batch or single trials, and carrying them out.

SIGTERM tells the supervisor to read what it should stop: the batch (`stop` in its directory) or
trials (`proc/stop` of their runs). Each request comes with one signal. A signal without a request,
as from a machine that shuts down, stops everything.
"""

from __future__ import annotations

import os

from gage._internal.atomic import replace
from gage._internal.guarded import read_regular
from gage._internal.record.stop_request import (
    any_stop_request,
    encode_stop_request,
    make_stop_request,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.batch.helpers import Helpers
    from gage._internal.batch.queue import Queue
    from gage._internal.batch.trials import Trials
    from gage._internal.batch.work import Trial, Work
    from gage._internal.record.stop_request import StopRequest
    from gage._internal.running.keeper import StopSignals

__all__ = ["Stops"]


class Stops:
    """Stops a batch, or trials of it, on request."""

    def __init__(
        self, work: Work, signals: StopSignals, queue: Queue, trials: Trials, helpers: Helpers
    ) -> None:
        self._work = work
        self._signals = signals
        self._queue = queue
        self._trials = trials
        self._helpers = helpers
        self._path = os.path.join(work.directory, "stop")
        self._seen_request = b""
        self._requests_seen = 0
        self._signals_seen = 0

    def look(self) -> None:
        """Find out what the signals since the last call ask for."""
        data = _content(self._path)
        if data and data != self._seen_request:
            self._seen_request = data
            self._requests_seen += 1
            self._stop(any_stop_request(data))
        for trial in self._trials.running:
            if trial.command is not None and trial.command.look_for_stop():
                self._requests_seen += 1
        for trial in self._helpers.trials:  # a trial that has ended, but is not recorded yet
            if trial.command is not None and trial.command.look_for_stop():
                self._requests_seen += 1
                self._helpers.interrupt(trial)
        if self._signals.count > self._signals_seen:
            self._signals_seen = self._signals.count
            if self._signals_seen > self._requests_seen and self._work.stopped is None:
                request = make_stop_request("signal")
                # Written for the keeper, in case it takes this process's place.
                written = self._seen_request = encode_stop_request(request)
                self._work.reserve.with_room(lambda: replace(self._path, written))
                self._stop(request)

    def after_failure(self, trial: Trial) -> None:
        """Stop the others if a trial has failed and the batch was started with `fail_fast`."""
        stopped_alone = trial.command is not None and trial.command.is_asked_to_stop
        if self._work.fail_fast and self._work.stopped is None and not stopped_alone:
            self._work.say(f"Trial {trial.index} failed: stopping the others")
            self._stop(make_stop_request("fail-fast"))

    def _stop(self, request: StopRequest) -> None:
        """Stop all running trials and start no more."""
        work = self._work
        if work.stopped is None:
            work.stopped = request
            work.say(f"Stopping, asked by {request.by}")
        elif request.grace_s < work.stopped.grace_s:
            work.stopped = work.stopped._replace(grace_s=request.grace_s)
        for trial in self._trials.running:
            if trial.command is not None:
                trial.command.stop(work.stopped)
        self._helpers.interrupt()
        self._queue.clear()


def _content(path: str) -> bytes:
    try:
        return read_regular(path)
    except OSError:
        return b""
