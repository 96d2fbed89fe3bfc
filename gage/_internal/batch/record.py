"""A batch on disk: its plan, its trials, the processes that keep it.

    RUNS/.batches/ID/           ID is a UUID, as of a run
        plan.json               what is to be run; written once
        start.json              how it was started the last time: jobs, fail_fast, needed
        trials                  a line for each trial that was started or has ended
        supervisor              its processes, one a line (`process.Identity`)
        stop                    `record.stop_request`
        log                     what the supervisor did, as `record.runner_log`
        ID ID.meta              the template: the sources of all trials, staged once

A line of `trials` is `INDEX EVENT RUN`: the trial's place in the plan, from 0; the id of its run;
and of the events

    made      its run is going to be made
    ended     the run has ended and is finalised: its side-car says how
    found     a completed run did the same (`--needed`): it is the trial's
    dropped   the run was staged ahead, never started, and is removed

The last line with a trial's index names its run. A run is announced here before it is made, so that
every run of the batch is listed, no matter which process dies when. A last line without its line
end was cut off by a crash and is not read.

`plan.json` holds `schema`; `id`; `key`, the digest of the request and the sources, which is equal
for the same request of the same code; `operation`; `text`, the plan in words; `count`; `columns`,
the keys that vary; `seed`; `objective`; `space` of a search; `defaults`, a value for every key;
`trials` with `asked` and `values` (what differs from the defaults), and `command` where that
differs; `attrs`, the user's attributes of every run; `project_dir`; `created_us`.
"""

from __future__ import annotations

import os

from gage._internal.atomic import append, cut_torn_line, replace
from gage._internal.errors import MetaError
from gage._internal.guarded import MOST_BYTES, open_regular, read_regular
from gage._internal.named import NamedTuple
from gage._internal.process.identity import Identity, decode_identity, is_alive
from gage._internal.record.layout import BATCHES
from gage._internal.record.place import is_keeper_in
from gage._internal.record.run_meta import encode_json, read_attr
from gage._internal.record.runner_log import encode_entries
from gage._internal.store.store import is_run_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from gage._internal.types import Run


__all__ = [
    "DROPPED",
    "ENDED",
    "EVENTS",
    "FOUND",
    "MADE",
    "MAX_RUNS",
    "SCHEMA",
    "TrialEvent",
    "TrialLog",
    "append_event",
    "asked_of",
    "batch_directory",
    "batch_ids",
    "live_keepers",
    "log_batch",
    "mend_events",
    "read_json",
    "read_plan",
    "write_json",
]

SCHEMA = 1
MAX_RUNS = 100_000
MADE, ENDED, FOUND, DROPPED = "made", "ended", "found", "dropped"
EVENTS = (MADE, ENDED, FOUND, DROPPED)


class TrialEvent(NamedTuple):
    """A line of `trials`: see the module."""

    index: int  # type: ignore[assignment]  # that of a tuple finds items; nobody does here
    event: str
    run_id: str


def batch_directory(home: str, batch_id: str) -> str:
    """Return the directory of a batch; it need not exist."""
    return os.path.join(os.path.abspath(home), BATCHES, batch_id)


def batch_ids(home: str) -> list[str]:
    """Return the ids of the batches in a directory of runs, the newest first."""
    directory = os.path.join(home, BATCHES)
    found = []
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    for name in names:
        # Without either, the batch was interrupted while it was made: no trial was started.
        for file in ("plan.json", "trials"):
            try:
                found.append((os.lstat(os.path.join(directory, name, file)).st_mtime_ns, name))
            except OSError:
                continue
            break
    return [name for _, name in sorted(found, reverse=True)]


def read_plan(directory: str) -> dict[str, Any]:
    """Return the plan of a batch.

    Raises
    ------
    MetaError
        If it is damaged or of another version.
    """
    plan = read_json(directory, "plan.json")
    if not isinstance(plan, dict) or plan.get("schema") != SCHEMA:
        found = plan.get("schema") if isinstance(plan, dict) else plan
        raise MetaError(
            f"{os.path.join(directory, 'plan.json')}: expected version {SCHEMA} of a batch, "
            f"found {found!r:.40}: read it with the gage that wrote it"
        )
    fault = _fault_of(plan, os.path.basename(directory))
    if fault:
        raise MetaError(f"{os.path.join(directory, 'plan.json')}: {fault}")
    return plan


def _fault_of(plan: dict[str, Any], batch_id: str) -> str:
    """Return what readers of a plan would stumble over, empty if there is nothing."""
    if plan.get("id") != batch_id:  # it names the directories of the template
        return f"expected {batch_id} as id, found {plan.get('id')!r:.40}"
    for key, kind, word in (
        ("operation", str, "a string"),
        ("text", str, "a string"),
        ("count", int, "a number"),
        ("columns", list, "a list"),
        ("trials", list, "a list"),
    ):
        if not isinstance(plan.get(key), kind):
            return f"expected {word} as {key}, found {plan.get(key)!r:.40}"
    count, trials = plan["count"], plan["trials"]
    if not 0 <= count <= MAX_RUNS:
        return f"expected a count up to {MAX_RUNS:,}, found {count:.3g}"
    if trials and len(trials) != count:
        return f"expected {count} trials, found {len(trials)}"
    for trial in trials:
        if not isinstance(trial, dict) or not isinstance(trial.get("asked"), dict):
            return f"expected a trial with the values that it was asked for, found {trial!r:.40}"
    return ""


def read_json(directory: str, name: str) -> Any:
    """Return the value that a file of a batch holds.

    Raises
    ------
    MetaError
        If it cannot be read.
    """
    import json

    path = os.path.join(directory, name)
    try:
        return json.loads(read_regular(path))
    except OSError as error:
        raise MetaError(f"{path}: expected a file of a batch, found {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise MetaError(f"{path}: expected JSON: {error}") from error


def write_json(directory: str, name: str, value: Any) -> None:
    """Write a file of a batch as a whole."""
    replace(os.path.join(directory, name), encode_json(value))


def append_event(directory: str, event: TrialEvent) -> None:
    """Append an event to `trials`."""
    line = f"{event.index} {event.event} {event.run_id}\n"
    append(os.path.join(directory, "trials"), line.encode())


def log_batch(directory: str, message: str) -> None:
    """Append a message to the batch's log."""
    append(os.path.join(directory, "log"), encode_entries([message]))


def live_keepers(directory: str) -> list[Identity]:
    """Return the processes that keep a batch and are alive now."""
    try:
        text = read_regular(os.path.join(directory, "supervisor")).decode("utf-8", "replace")
    except OSError:
        return []
    identities = []
    for line in text.split("\n")[:-1]:
        try:
            identities.append(decode_identity(line))
        except ValueError:
            continue  # a damaged line names no process
    home = os.path.dirname(os.path.dirname(directory))
    return [
        identity for identity in identities if is_alive(identity) and is_keeper_in(identity, home)
    ]


class TrialLog:
    """Follows the file `trials` of a batch; `runs` has the last event of each trial."""

    def __init__(self, directory: str) -> None:
        self._path = os.path.join(directory, "trials")
        self._offset = 0
        self.runs: dict[int, TrialEvent] = {}

    def update(self) -> list[TrialEvent]:
        """Read new events; return them."""
        try:
            if os.stat(self._path).st_size == self._offset:
                return []  # called often, so the file is not opened
            with open_regular(self._path) as file:
                file.seek(self._offset)
                data = file.read(MOST_BYTES)
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        events = list(_decoded(whole))
        for event in events:
            if event.event == DROPPED:
                self.runs.pop(event.index, None)
            else:
                self.runs[event.index] = event
        return events


def mend_events(directory: str) -> None:
    """Remove the last line of `trials` if a crash cut it off: its run was not made."""
    cut_torn_line(os.path.join(directory, "trials"))


def asked_of(run: Run) -> dict[str, Any]:
    """Return the values that vary of a trial, as its run has recorded them."""
    try:
        batch = read_attr(run, "sys", "batch", {})
    except MetaError:
        return {}
    asked = batch.get("asked") if isinstance(batch, dict) else None
    return dict(asked) if isinstance(asked, dict) else {}


def _decoded(data: bytes) -> Iterator[TrialEvent]:
    for line in data.split(b"\n")[:-1]:
        fields = line.decode("utf-8", "replace").split()
        # Anything else was cut off by a crash, so that its run was not made, or is damage: a path
        # in place of an id would lead to another directory.
        if len(fields) == 3 and fields[1] in EVENTS and _is_index(fields[0]):
            index, event, run_id = fields
            if is_run_id(run_id):
                yield TrialEvent(int(index), event, run_id)


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_RUNS))
