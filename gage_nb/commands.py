"""The commands of `%gage`: a name, what it says of itself, and the function it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from gage._internal.api import runs as requests
from gage._internal.operations.run_line import LineError
from gage._internal.store.reports import difference_rows, operation_rows, run_rows
from gage_nb import frames
from gage_nb.running import attach, start
from gage_nb.tables import readable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["COMMANDS", "Command", "carry_out", "help_text"]


class Command(NamedTuple):
    """A command of `%gage`: how it is written, what it is for, what it calls with its words."""

    usage: str
    about: str
    call: Callable[[Sequence[str]], Any]


def carry_out(name: str, words: Sequence[str]) -> Any:
    """Return what a command gives; a DataFrame is shown for reading."""
    result = COMMANDS[name].call(words)
    return readable(result) if isinstance(result, pd.DataFrame) else result


def help_text() -> str:
    """Return what `%gage help` prints."""
    width = max(len(command.usage) for command in COMMANDS.values())
    return "\n".join(
        [
            "%gage COMMAND [RUN]: look at runs and act on them.",
            "",
            "A RUN is called by its name, its id, a prefix of either, its position in",
            "`%gage runs` (1 is the newest), or a variable that holds it (--as); left out, it is",
            "the newest.",
            "",
            *(f"    %gage {item.usage:<{width}}  {item.about}" for item in COMMANDS.values()),
        ]
    )


def _of_run(function: Callable[[Any], Any]) -> Callable[[Sequence[str]], Any]:
    def call(words: Sequence[str]) -> Any:
        if len(words) > 1:
            raise LineError(f"expected one RUN at most, found {' '.join(words)!r}")
        return function(words[0] if words else None)

    return call


def _runs(words: Sequence[str]) -> Any:
    everything = requests.runs()
    positions = [row["position"] for row in run_rows(everything, words)]
    frame = frames.runs(everything[position - 1] for position in positions)
    frame.index = pd.Index(positions, dtype="int64")
    return frame


def _ops(words: Sequence[str]) -> Any:
    if words:
        raise LineError(f"expected nothing after ops, found {' '.join(words)!r}")
    return frames.from_rows(
        operation_rows(),
        {"name": "string", "kind": "string", "default": "bool", "description": "string"},
    )


def _batches(words: Sequence[str]) -> Any:
    from gage._internal.batch.batch import batch_rows, list_batches
    from gage._internal.store.store import runs_home

    if words:
        raise LineError(f"expected nothing after batches, found {' '.join(words)!r}")
    columns = dict.fromkeys(("batch", "operation", "plan", "running", "trials", "id"), "string")
    return frames.from_rows(batch_rows(list_batches(runs_home())), columns | {"running": "bool"})


def _attach(reference: str | None) -> Any:
    batch = _batch_called(reference)
    return attach(reference) if batch is None else _attach_to(batch)


def _show(reference: str | None) -> Any:
    return _batch_called(reference) or requests.find(reference)


def _batch_called(reference: str | None) -> Any:
    """Return the batch of that name, with its frame, if there is one."""
    from gage._internal.batch.batch import batch_called
    from gage._internal.store.store import runs_home

    batch = batch_called(runs_home(), reference)
    if batch is None:
        return None
    from gage_nb.batch_display import NotebookBatch

    return NotebookBatch(batch.home, batch.id)


def _attach_to(batch: Any) -> Any:
    """Show a batch live until it has ended."""
    from gage_nb.batches import attach_batch

    return attach_batch(batch)


def _stop(reference: str | None) -> Any:
    batch = _batch_called(reference)
    if batch is not None:
        batch.stop(by="notebook")
        return batch
    run = requests.find_to_stop(reference)
    run.stop(by="notebook")
    return run


def _wait(reference: str | None) -> Any:
    batch = _batch_called(reference)
    if batch is not None:
        batch.wait()
        return batch
    run = requests.find(reference)
    run.wait()
    return run


def _verify(reference: str | None) -> Any:
    return frames.from_rows(
        difference_rows(requests.find(reference)),
        {"difference": "string", "path": "string", "expected": "string", "found": "string"},
    )


def _metrics(words: Sequence[str]) -> Any:
    return frames.metrics(list(words) or None)


COMMANDS = {
    "runs": Command("runs [COLUMN=VALUE ...]", "every run, the newest first (DataFrame)", _runs),
    "batches": Command("batches", "runs asked for at once, the newest first (DataFrame)", _batches),
    "show": Command("show [RUN]", "what happened to a run", _of_run(_show)),
    "meta": Command("meta [RUN]", "everything recorded about it (DataFrame)", _of_run(frames.meta)),
    "files": Command("files [RUN]", "the log of its files (DataFrame)", _of_run(frames.files)),
    "manifest": Command(
        "manifest [RUN]", "its files with sha256 (DataFrame)", _of_run(frames.manifest)
    ),
    "output": Command("output [RUN]", "what it printed (DataFrame)", _of_run(frames.output)),
    "metrics": Command("metrics [RUN ...]", "the numbers it gave back (DataFrame)", _metrics),
    "attach": Command("attach [RUN]", "watch it live, from its start", _of_run(_attach)),
    "start": Command("start [RUN]", "start a staged run and watch it", _of_run(start)),
    "wait": Command("wait [RUN]", "wait until it has ended", _of_run(_wait)),
    "stop": Command("stop [RUN]", "stop it (left out: the newest that goes on)", _of_run(_stop)),
    "verify": Command(
        "verify [RUN]", "what differs from its manifest (DataFrame)", _of_run(_verify)
    ),
    "ops": Command("ops", "what can be run here (DataFrame)", _ops),
}
