"""What the trials of a batch show, below its panel: of each trial its last picture or table.

Each is an output of the cell of its own, below a line with the trial's name and values. What is
beyond `MAX_TRIALS` and `FOLD_BYTES` is counted, and is in the record of its run.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from gage._internal.clock import now_us
from gage._internal.errors import MetaError
from gage._internal.output.results import is_rich, read_results, size_of
from gage._internal.people import format_count
from gage._internal.text import cut
from gage_nb.views.display import send_output
from gage_nb.views.results import FOLD_BYTES, bundle_of

if TYPE_CHECKING:
    from gage._internal.batch.batch import Batch, BatchTrial
    from gage._internal.output.results import Result
    from gage._internal.store.recorded_run import RecordedRun

__all__ = ["MAX_TRIALS", "send_batch_results"]

MAX_TRIALS = 12


class _Shown(NamedTuple):
    trial: BatchTrial
    run: RecordedRun
    last: Result
    total: int


def send_batch_results(batch: Batch) -> None:
    """Show the last result of each trial that has some, as outputs of the cell that runs."""
    shown = [found for trial in batch.trials if (found := _shown_by(trial))]
    left = FOLD_BYTES
    for position, one in enumerate(shown):
        left -= size_of(one.last) * 4 // 3
        if position == MAX_TRIALS or (left < 0 and position):
            more = format_count(len(shown) - position, "more trial")
            _send_line(batch, f"… {more} with pictures: %gage show RUN")
            return
        values = " ".join(f"{key}={value}" for key, value in one.trial.asked.items())
        earlier = f" · the last of {one.total}" if one.total > 1 else ""
        _send_line(batch, f"{one.run.name} {cut(values, 200)}{earlier}")
        output = f"gage-result-{one.run.id}-{now_us()}"
        send_output(bundle_of(one.run, one.last), output, update=False)


def _shown_by(trial: BatchTrial) -> _Shown | None:
    if trial.run is None:
        return None
    try:
        results = read_results(trial.run.meta_dir)
    except (MetaError, OSError):
        return None  # its status says that it is damaged
    rich = [result for result in results if is_rich(result) and not result.cleared]
    return _Shown(trial, trial.run, rich[-1], len(rich)) if rich else None


def _send_line(batch: Batch, text: str) -> None:
    bundle = {"text/html": f"<small>{escape(text)}</small>", "text/plain": text}
    send_output(bundle, f"gage-trial-{batch.id}-{now_us()}", update=False)
