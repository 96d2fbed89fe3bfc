"""A batch in a notebook, with its frame and its live display."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gage._internal.api.observer import Observer
from gage._internal.batch.batch import Batch
from gage._internal.batch.state import BatchReader, BatchState
from gage._internal.types import STATUSES
from gage_nb.frame_index import index_of
from gage_nb.frames import from_rows, inert
from gage_nb.shown import mark_shown
from gage_nb.tables import readable
from gage_nb.views.choosing import choose_view, make_batch_view
from gage_nb.views.live import Panel, watch, watch_in_background

if TYPE_CHECKING:
    from collections.abc import Callable

    from gage._internal.api.observer import Work
    from gage._internal.batch.launch import PlannedBatch
    from gage._internal.operations.options import RunOptions
    from gage_nb.keywords import Display

__all__ = ["BatchDisplay", "NotebookBatch"]


class NotebookBatch(Batch):
    """A batch in a notebook: a `gage.Batch` with a frame."""

    def frame(self) -> pd.DataFrame:
        """Return a DataFrame with a row for each trial of the plan.

        Columns: `run` (string), `status` (category), `duration` (timedelta64[us]), the keys that
        vary (with the dtypes of their values), the last value of each metric (float64), the
        attributes of the runs' summaries (with the dtypes of their values), `exit_code` (Int64),
        `reason` (string), `id` (string). The index, `trial`, is the position in the plan, from 0. A
        trial that was not started has missing values. A key, metric or attribute with the name of
        an earlier column is `config.NAME`, `metric.NAME` or `attr.NAME`.

        The frame of a batch whose rows came from a DataFrame has the index of that, and no column
        that it has: `df.join(batch.frame())` puts the results beside the rows.
        """
        table = self._table()
        rows = table.rows
        fixed = {
            "run": "string",
            "status": pd.CategoricalDtype(list(STATUSES)),
            "duration_us": "timedelta64[us]",
        }
        last = {"exit_code": "Int64", "reason": "string", "id": "string"}
        frame = from_rows(rows, fixed)
        for name in (*table.keys, *table.attributes):
            frame[name] = pd.Series([inert(row[name]) for row in rows]).infer_objects()
        for name in table.metrics:
            frame[name] = pd.Series([row[name] for row in rows], dtype="float64")
        frame = frame[
            [*frame.columns[: len(fixed)], *table.keys, *table.metrics, *table.attributes]
        ]
        frame = pd.concat([frame, from_rows(rows, last)], axis=1)
        index = index_of(self.given_frame.get("index"), len(rows))
        if index is None:
            index = pd.RangeIndex(len(rows), name="trial")
        frame.index = index
        return readable(frame)


class BatchDisplay:
    """Shows a batch from its plan to its end, for `NotebookObserver`."""

    def __init__(self, planned: PlannedBatch, options: RunOptions, display: Display) -> None:
        self.batch: NotebookBatch | None = None
        self._reader = BatchReader(planned)
        self._options = options
        self._display = display
        self._panel: Panel[BatchState] | None = None
        if not options.quiet:
            kind = choose_view(display.view)
            self._panel = Panel[BatchState](
                f"a batch of {planned.operation.opref.op_name}",
                self._reader,
                lambda button: make_batch_view(kind, "batch", self._reader, button),
                self._stop if options.background else None,
            )
            self._panel.show()

    def launched(self, work: Work) -> None:
        """Show the launched batch, from a thread if it runs in the background."""
        assert isinstance(work, Batch)  # noqa: S101  # what was planned
        batch = self.batch = self._reader.batch = NotebookBatch(work.home, work.id)
        if self._display.on_made is not None:
            self._display.on_made(batch)
        if self._panel is not None:
            mark_shown(batch.id)
            if self._options.background:
                watch_in_background(self._panel, wait=batch.wait)

    def failed(self) -> None:
        """Show what there is."""
        if self._panel is not None:
            self._panel.finish()

    def follow(self, batch: Batch, stop: Callable[[], object]) -> None:
        """Show the batch live until it has ended; an interrupt of the kernel stops it."""
        if self._panel is not None:
            watch(self._panel, wait=batch.wait, stop=stop)
        else:
            Observer().follow(batch, stop)

    def _stop(self) -> None:
        if self.batch is not None:
            self.batch.stop(by="notebook")
