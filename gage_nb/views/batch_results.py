"""What the trials of a batch show, below its panel: of each trial its last picture or table.

Each is an output of the cell of its own, below a line with the trial's name and values. It appears
when its trial ends. At most `MAX_TRIALS` are shown, and as many as fit into `FOLD_BYTES`: the best
trial, the last one, and the first ones of the plan. All others are counted; the records of their
runs have what they showed.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from gage._internal.clock import now_us
from gage._internal.errors import MetaError
from gage._internal.output.results import is_rich, read_results, size_of
from gage._internal.people import format_count
from gage._internal.text import cut
from gage._internal.types import ENDED
from gage_nb.views.display import NOTHING, send_output
from gage_nb.views.results import FOLD_BYTES, bundle_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gage._internal.batch.batch import Batch, BatchTrial
    from gage._internal.batch.state import BatchReader, BatchState
    from gage._internal.output.results import Result
    from gage._internal.store.recorded_run import RecordedRun
    from gage_nb.views.view import View

__all__ = ["MAX_TRIALS", "WithTrialResults", "send_batch_results"]

MAX_TRIALS = 12
# Of a batch in the background: its outputs are made before its trials have ended.
_MAX_IN_BACKGROUND = 2


class _Shown(NamedTuple):
    trial: BatchTrial
    run: RecordedRun
    last: Result
    total: int


class _Place:
    """Two outputs of the cell: a trial's line and its picture; empty ones without a trial."""

    def __init__(self, one: _Shown | None) -> None:
        key = f"{id(self):x}-{now_us()}"
        self._line, self._picture = f"gage-trial-{key}", f"gage-result-{key}"
        self._run_id = ""
        if one is None:
            send_output(NOTHING, self._line, update=False)
            send_output(NOTHING, self._picture, update=False)
        else:
            self.show(one, update=False)

    def show(self, one: _Shown, *, update: bool = True) -> None:
        """Show a trial in place of another."""
        if self._run_id != one.run.id:
            self._run_id = one.run.id
            _send_line(_line_of(one), self._line, update=update)
            send_output(bundle_of(one.run, one.last), self._picture, update=update)


class WithTrialResults:
    """A view of a batch, with the results of its trials below it.

    A thread other than the cell's can only replace outputs, not make them: a batch in the
    background has the best trial and the last one.
    """

    def __init__(self, reader: BatchReader, view: View[BatchState]) -> None:
        self._reader = reader
        self._view = view
        self._finished = 0
        # By place in the plan, in the order in which the trials ended.
        self._read: dict[int, _Shown | None] = {}
        self._places: list[_Place] = []
        self._count = ""
        self._limit = MAX_TRIALS
        self._is_full = False

    def show(self, state: BatchState) -> None:
        """Make the view, in the cell being executed."""
        self._view.show(state)

    def complete(self, state: BatchState) -> None:
        """Make the outputs, since the cell ends before the batch."""
        self._view.complete(state)
        self._limit = _MAX_IN_BACKGROUND
        self._places = [_Place(None) for _ in range(self._limit)]
        self._say_count(0)

    def update(self, state: BatchState) -> None:
        """Show the results of trials that have ended since."""
        self._view.update(state)
        if state.finished != self._finished:
            self._finished = state.finished
            self._send(state.best)

    def finish(self, state: BatchState) -> None:
        """Show what stays."""
        self._view.finish(state)
        self._send(state.best)

    def _send(self, best: int | None) -> None:
        batch = self._reader.batch
        if batch is None:
            return
        for trial in batch.trials:
            if trial.run is None or trial.index in self._read:
                continue
            if batch.status_of(trial).name in ENDED:
                self._read[trial.index] = _shown_by(trial)
        found = [one for one in self._read.values() if one is not None]
        chosen = _chosen(found, best, self._limit)
        for place, one in zip(self._places, chosen, strict=False):
            place.show(one)
        for one in chosen[len(self._places) :]:
            if not self._is_full:
                self._places.append(_Place(one))
        hidden = len(found) - min(len(chosen), len(self._places))
        if hidden:
            self._say_count(hidden)

    def _say_count(self, hidden: int) -> None:
        """Say below the others how many trials are not shown; no place is added after that."""
        update = self._is_full
        self._is_full = True
        if not update:
            self._count = f"gage-trial-count-{now_us()}"
        _send_line(_count_text(hidden), self._count, update=update)


def send_batch_results(batch: Batch, best: int | None = None) -> None:
    """Show the last result of each trial that has some, as outputs of the cell that runs.

    `best` is the place in the plan of the best trial.
    """
    found = [shown for trial in batch.trials if (shown := _shown_by(trial))]
    chosen = _chosen(found, best, MAX_TRIALS)
    for one in chosen:
        _send_line(_line_of(one), f"gage-trial-{batch.id}-{now_us()}", update=False)
        output = f"gage-result-{one.run.id}-{now_us()}"
        send_output(bundle_of(one.run, one.last), output, update=False)
    if len(found) > len(chosen):
        text = _count_text(len(found) - len(chosen))
        _send_line(text, f"gage-trial-{batch.id}-{now_us()}", update=False)


def _chosen(found: Sequence[_Shown], best: int | None, limit: int) -> list[_Shown]:
    """Return the trials to be shown, in the order of the plan; `found` are in that of their end."""
    first = [one for one in found if one.trial.index == best]
    last = list(found[-1:])
    others = sorted(found, key=lambda one: one.trial.index)
    wanted = {one.trial.index: one for one in (*first, *last, *others)}
    chosen: list[_Shown] = []
    left = FOLD_BYTES
    for one in wanted.values():
        left -= size_of(one.last) * 4 // 3
        if len(chosen) == limit or (left < 0 and chosen):
            break
        chosen.append(one)
    return sorted(chosen, key=lambda one: one.trial.index)


def _shown_by(trial: BatchTrial) -> _Shown | None:
    if trial.run is None:
        return None
    try:
        results = read_results(trial.run.meta_dir)
    except (MetaError, OSError):
        return None  # its status says that it is damaged
    rich = [result for result in results if is_rich(result) and not result.cleared]
    return _Shown(trial, trial.run, rich[-1], len(rich)) if rich else None


def _line_of(one: _Shown) -> str:
    values = " ".join(f"{key}={value}" for key, value in one.trial.asked.items())
    earlier = f" · the last of {one.total}" if one.total > 1 else ""
    return f"{one.run.name} {cut(values, 200)}{earlier}"


def _count_text(hidden: int) -> str:
    if not hidden:
        return ""
    return f"… {format_count(hidden, 'more trial')} with pictures: %gage show RUN"


def _send_line(text: str, output: str, *, update: bool) -> None:
    bundle: dict[str, Any] = NOTHING
    if text:
        bundle = {"text/html": f"<small>{escape(text)}</small>", "text/plain": text}
    send_output(bundle, output, update=update)
