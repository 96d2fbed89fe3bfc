"""A run with methods to read it and act on it: what `gage.run` and `gage.runs` return."""

from __future__ import annotations

from gage._internal.errors import MetaError
from gage._internal.output.reader import OutputReader
from gage._internal.output.stream import follow_output
from gage._internal.process.stopping import GRACE_S
from gage._internal.record.layout import RUN_OUTPUT, run_meta_path
from gage._internal.record.manifest import Difference, read_manifest, verify
from gage._internal.record.outside_files import OutsideFile, outside_files
from gage._internal.record.run_meta import meta_opref
from gage._internal.record.status import read_status
from gage._internal.running.runner import (
    check_run,
    last_lines,
    start_run,
    stop_run,
    wait_for_run,
)
from gage._internal.store.described_run import DescribedRun
from gage._internal.store.missing_files import MissingFile, missing_files, missing_files_hint
from gage._internal.types import ENDED, ManifestEntry, OpRef, Run, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from gage._internal.metrics.series import MetricSeries

__all__ = ["RecordedRun"]


_FOLLOW_STEP_S = 0.03


class RecordedRun(DescribedRun):
    """A run on disk. Every property is read at each access, so that it is never out of date.

    Attributes
    ----------
    found
        Whether `needed` returned this earlier run instead of a new one.
    """

    __slots__ = ("found",)

    def __init__(self, id: str, name: str, run_dir: str, meta_dir: str) -> None:
        super().__init__(id, name, run_dir, meta_dir)
        self.found = False

    @classmethod
    def of(cls, run: Run, *, found: bool = False) -> RecordedRun:
        """Return a run as an instance of this class."""
        recorded = cls(run.id, run.name, run.run_dir, run.meta_dir)
        recorded.found = found
        return recorded

    @property
    def opref(self) -> OpRef:
        """The operation's namespace and name; both are `?` if they cannot be read."""
        try:
            return meta_opref(self)
        except MetaError:
            return OpRef("?", "?")

    @property
    def status(self) -> str:
        """One of `pending`, `staged`, `running`, `completed`, `error`, `terminated`, `damaged`."""
        return read_status(self).name

    @property
    def full_status(self) -> Status:
        """The status with its reason and exit code."""
        return read_status(self)

    @property
    def exit_code(self) -> int | None:
        """The exit code, below 0 for a signal; None before the end or if it is not known."""
        return read_status(self).exit_code

    @property
    def config(self) -> dict[str, Any]:
        """The values of the run, given ones and defaults, by key.

        Defaults that were not needed to start the run are read from its staged source.
        """
        from gage._internal.config.recorded import recorded_config

        return recorded_config(self)

    @property
    def manifest(self) -> list[ManifestEntry]:
        """The files of the run with their digests, staged ones first; empty before `staged`."""
        return read_manifest(run_meta_path(self, "manifest"))

    @property
    def metrics(self) -> dict[str, MetricSeries]:
        """The metrics of the run by name, each with `last`, `min` and `max`."""
        from gage._internal.metrics.series import read_metrics, summarize

        return summarize(read_metrics(self))

    def output(self, phase: str = RUN_OUTPUT) -> OutputReader:
        """Return a reader of what a phase printed."""
        return OutputReader(run_meta_path(self, "output", phase))

    def follow(
        self, phase: str = RUN_OUTPUT, *, idle: Callable[[], object] = lambda: None
    ) -> Iterator[tuple[int, bytes]]:
        """Yield what a phase prints as (stream, bytes), from its start until the run has ended.

        `idle` is called again and again while there is nothing new.
        """
        status = read_status(self)

        def wait() -> None:
            nonlocal status
            idle()
            status = wait_for_run(self, _FOLLOW_STEP_S)

        path = run_meta_path(self, "output", phase)
        return follow_output(path, finished=lambda: status.name in ENDED, wait=wait)

    def last_lines(self, count: int = 20) -> str:
        """Return the last lines of output as a string."""
        return last_lines(self, count)

    def start(self, *, force: bool = False) -> None:
        """Start a staged run; return when its command is running.

        With `force`, also start a run whose files were changed since it was staged. They are
        recorded as they are now.
        """
        from gage._internal.running.restaging import accept_changes, check_unchanged

        if force:
            accept_changes(self)
        else:
            check_unchanged(self)
        start_run(self)

    def wait(self, timeout_s: float | None = None) -> Status:
        """Wait until the run has ended; return its status."""
        return wait_for_run(self, timeout_s)

    def stop(self, by: str = "user", grace_s: float = GRACE_S) -> Status:
        """Stop the run: SIGINT, SIGTERM, SIGKILL, `grace_s` seconds apart; return the status."""
        return stop_run(self, by, grace_s)

    def check(self, hint: str = "") -> None:
        """Raise `RunFailed` if the run ended with anything but `completed`.

        `hint` becomes a line of the message: what may have caused the failure. By default the line
        names files of the project that the run did not find.
        """
        check_run(self, hint or missing_files_hint(self))

    @property
    def missing_files(self) -> list[MissingFile]:
        """Return the files of the project that a failed run did not find.

        Each has `path`, `reason` (why the run did not have it) and `option` (the option to add it).
        """
        return missing_files(self)

    @property
    def outside_files(self) -> list[OutsideFile]:
        """Files that the run read outside of its directory, where its Python could tell.

        Each with `path`, `size_bytes`, `modified_us` (µs) and `digest` (sha256).
        """
        return outside_files(self)

    def load(self, name: str, *, trust: bool = False) -> Any:
        """Return a variable that the run saved (`-o NAME`).

        A pickle of a run that this process did not make is loaded only with `trust`: it runs code.
        """
        from gage._internal.store.saved_variables import load_variable

        return load_variable(self, name, trust=trust)

    def verify(self) -> list[Difference]:
        """Hash the files again; return what differs from the manifest."""
        return verify(self)
