"""The functions of the commands of `%gage`, which `command_list` lists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gage._internal.api import runs as requests
from gage._internal.api.comparing import Asked
from gage._internal.api.completion import COMMAND_OPTIONS
from gage._internal.api.order import deleted, doctor, du, find_many, purge, restore
from gage._internal.api.place import home_of
from gage._internal.operations.run_line import LineError
from gage._internal.resources.log import resource_words
from gage._internal.store.reports import as_recorded, difference_rows, operation_rows
from gage_nb import frames
from gage_nb.command_list import command_name
from gage_nb.option_words import OptionWords, option_words
from gage_nb.running import attach, start

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from gage._internal.store.recorded_run import RecordedRun

__all__ = ["Place", "carry_out"]


class Place(NamedTuple):
    """The place where a command works: `-C DIR` and `--runs DIR`."""

    directory: str | None = None
    runs_home: str | None = None

    @property
    def home(self) -> str:
        """The directory of runs."""
        return home_of(self.directory, self.runs_home)

    def find(self, reference: str | None) -> RecordedRun:
        """Return the run with this name."""
        return requests.find(reference, self.directory, runs_home=self.runs_home)


def carry_out(name: str, words: Sequence[str]) -> Any:
    """Return the result of a command; a DataFrame has a readable display.

    Raises
    ------
    LineError
        If an option lacks its value, or there are more words than the command takes.
    """
    place, rest = _placed(words)
    return _CALLS[command_name(name)](rest, place)


def _placed(words: Sequence[str]) -> tuple[Place, list[str]]:
    """Return the place that options name, and the other words."""
    place, rest = Place(), []
    left = iter(words)
    for word in left:
        option, equals, value = word.partition("=")
        if word in ("-y", "--yes"):
            continue  # %gage never asks
        if word == "-C" or option == "--runs":
            if not equals:
                value = next(left, "")
            if not value:
                raise LineError(f"expected DIR after {option}, found nothing")
            place = place._replace(**{"directory" if word == "-C" else "runs_home": value})
        else:
            rest.append(word)
    return place, rest


def _of_run(function: Callable[[str | None, Place], Any]) -> Callable[[Sequence[str], Place], Any]:
    def call(words: Sequence[str], place: Place) -> Any:
        if len(words) > 1:
            raise LineError(f"expected at most one RUN, found {' '.join(words)!r}")
        return function(words[0] if words else None, place)

    return call


def _with_run(function: Callable[[RecordedRun], Any]) -> Callable[[Sequence[str], Place], Any]:
    return _of_run(lambda reference, place: function(place.find(reference)))


def _runs(words: Sequence[str], place: Place) -> Any:
    return frames.listed(place.home, words)


def _ops(words: Sequence[str], place: Place) -> Any:
    if words:
        raise LineError(f"expected nothing after ops, found {' '.join(words)!r}")
    return frames.from_rows(
        operation_rows(place.directory),
        {"name": "string", "kind": "string", "default": "bool", "description": "string"},
    )


def _batches(words: Sequence[str], place: Place) -> Any:
    from gage._internal.batch.batch import batch_listing

    if words:
        raise LineError(f"expected nothing after batches, found {' '.join(words)!r}")
    columns = dict.fromkeys(("batch", "operation", "plan", "running", "trials", "id"), "string")
    return frames.from_rows(batch_listing(place.home), columns | {"running": "bool"})


def _attach(reference: str | None, place: Place) -> Any:
    batch = _batch_called(reference, place)
    if batch is None:
        return attach(place.find(reference))
    from gage_nb.batches import attach_batch

    return attach_batch(batch)


def _start(words: Sequence[str], place: Place) -> Any:
    rest = [word for word in words if word != "--force"]
    force = len(rest) < len(words)
    return _with_run(lambda run: start(run, force=force))(rest, place)


def _show(reference: str | None, place: Place) -> Any:
    return _batch_called(reference, place) or place.find(reference)


def _batch_called(reference: str | None, place: Place) -> Any:
    """Return the batch with that name as a `NotebookBatch`, if there is one."""
    from gage._internal.batch.batch import batch_called

    batch = batch_called(place.home, reference)
    if batch is None:
        return None
    from gage_nb.batch_display import NotebookBatch

    return NotebookBatch(batch.home, batch.id)


def _stop(reference: str | None, place: Place) -> Any:
    batch = _batch_called(reference, place)
    if batch is not None:
        batch.stop(by="notebook")
        return batch
    run = requests.find_to_stop(place.home, reference)
    run.stop(by="notebook")
    return run


def _wait(reference: str | None, place: Place) -> Any:
    work = _batch_called(reference, place) or place.find(reference)
    work.wait()
    return work


def _verify(run: RecordedRun) -> Any:
    frame = frames.from_rows(
        difference_rows(run),
        {"difference": "string", "path": "string", "expected": "string", "found": "string"},
    )
    frame.attrs["if_empty"] = as_recorded(run)
    return frame


def _metrics(words: Sequence[str], place: Place) -> Any:
    return frames.metrics([place.find(word) for word in words] or place.find(None))


def _resources(run: RecordedRun) -> Any:
    frame = frames.resources(run)
    frame.attrs["if_empty"] = resource_words(run.resources.total) or "No resources are recorded."
    return frame


def _label(words: Sequence[str], place: Place) -> Any:
    run = _named(words, place, "label RUN [TEXT]", most=2)
    run.set_label(words[1] if len(words) > 1 else None)
    return run


def _tag(words: Sequence[str], place: Place) -> Any:
    run = _named(words, place, "tag RUN TAG ... (-TAG removes one)")
    run.remove_tags(*(word[1:] for word in words[1:] if word.startswith("-")))
    run.add_tags(*(word for word in words[1:] if not word.startswith("-")))
    return run


def _comment(words: Sequence[str], place: Place) -> Any:
    run = _named(words, place, "comment RUN TEXT")
    try:
        run.comment(" ".join(words[1:]))
    except ValueError as error:
        raise LineError(str(error)) from None
    return run


def _delete(words: Sequence[str], place: Place) -> Any:
    from gage._internal.store.trash import delete_run

    chosen = find_many(words, None, place.directory, runs_home=place.runs_home)
    return _said([delete_run(run) for run in chosen], "in the trash")


def _restore(words: Sequence[str], place: Place) -> Any:
    found = restore(*words, directory=place.directory, runs_home=place.runs_home)
    return _said(found, "back")


def _purge(words: Sequence[str], place: Place) -> Any:
    if not words:
        raise LineError("expected the runs to be removed for good: %gage purge RUN ...")
    found = deleted(*words, directory=place.directory, runs_home=place.runs_home)
    purge(found)
    return _said(found, "removed for good")


def _doctor(words: Sequence[str], place: Place) -> Any:
    rest = [word for word in words if word != "--repair"]
    if rest:
        raise LineError(f"expected nothing but --repair after doctor, found {' '.join(rest)!r}")
    found = doctor(
        repair=len(rest) < len(words), directory=place.directory, runs_home=place.runs_home
    )
    columns = dict.fromkeys(("run", "path", "problem", "remedy", "done"), "string")
    frame = frames.from_rows([each.row for each in found], columns | {"mended": "bool"})
    frame.attrs["if_empty"] = "Nothing is wrong."
    return frame


def _du(words: Sequence[str], place: Place) -> Any:
    if words:
        raise LineError(f"expected nothing after du, found {' '.join(words)!r}")
    found = du(directory=place.directory, runs_home=place.runs_home)
    columns = dict.fromkeys(("kind", "name", "operation"), "string")
    sizes = dict.fromkeys(("size_bytes", "disk_bytes", "freed_bytes"), "Int64")
    return frames.from_rows([usage.row for usage in found], columns | sizes)


def _compare(words: Sequence[str], place: Place) -> Any:
    from gage_nb import comparisons

    given = option_words(words, COMMAND_OPTIONS["compare"])
    chosen = _chosen(given, place)
    baseline = given.one("--baseline")
    return comparisons.compare_at(
        place.home,
        chosen,
        Asked(
            baseline,
            given.one("--by"),
            given.several("--minimize"),
            given.several("--maximize"),
            "--all" in given.flags,
            given.one("--interval") or "student",
        ),
    )


def _plot(words: Sequence[str], place: Place) -> Any:
    from gage_nb.plots.plot import PlotAsked, plot_at

    given = option_words(words, COMMAND_OPTIONS["plot"])
    one = given.one
    asked = PlotAsked(one("--metric"), one("--x"), one("--by"), one("--kind"))
    return plot_at(place.home, _chosen(given, place), asked)


def _chosen(given: OptionWords, place: Place) -> Any:
    """Return the runs that a line names, or its filter; None for all."""
    if given.rest and given.one("--where"):
        raise LineError("expected the names of runs, or a filter (--where), and not both")
    return [place.find(word) for word in given.rest] or given.one("--where")


def _timeline(words: Sequence[str], place: Place) -> Any:
    from gage_nb.timelines import plot_timeline, timeline

    given = option_words(words, COMMAND_OPTIONS["timeline"])
    return _with_run(plot_timeline if "--plot" in given.flags else timeline)(given.rest, place)


def _whence(words: Sequence[str], place: Place) -> Any:
    from gage_nb.origins import whence_at

    if not words:
        raise LineError("expected a file, a number or a line of output: %gage whence X")
    text = " ".join(words)
    beside = Path(place.directory or "").expanduser() / text
    return whence_at(beside if "\n" not in text and beside.is_file() else text, place.home)


def _diff(words: Sequence[str], place: Place) -> Any:
    if len(words) != 2:
        raise LineError("expected two runs: %gage diff A B")
    from gage_nb.run_difference import diff

    return diff(*(place.find(word) for word in words))


def _named(words: Sequence[str], place: Place, usage: str, most: int | None = None) -> RecordedRun:
    if not words or (most is not None and len(words) > most):
        raise LineError(f"expected %gage {usage}, found {' '.join(words)!r}")
    return place.find(words[0])


def _said(runs: Sequence[RecordedRun], what: str) -> pd.DataFrame:
    """Return what was done to runs as a frame: `run` and `now`."""
    rows = [{"run": run.name, "now": what} for run in runs]
    return frames.from_rows(rows, {"run": "string", "now": "string"})


_CALLS: dict[str, Callable[[Sequence[str], Place], Any]] = {
    "runs": _runs,
    "batches": _batches,
    "show": _of_run(_show),
    "meta": _with_run(frames.meta),
    "files": _with_run(frames.files),
    "manifest": _with_run(frames.manifest),
    "output": _with_run(frames.output),
    "metrics": _metrics,
    "resources": _with_run(_resources),
    "attach": _of_run(_attach),
    "start": _start,
    "wait": _of_run(_wait),
    "stop": _of_run(_stop),
    "verify": _with_run(_verify),
    "compare": _compare,
    "plot": _plot,
    "timeline": _timeline,
    "whence": _whence,
    "diff": _diff,
    "label": _label,
    "tag": _tag,
    "comment": _comment,
    "delete": _delete,
    "restore": _restore,
    "purge": _purge,
    "doctor": _doctor,
    "du": _du,
    "ops": _ops,
}
