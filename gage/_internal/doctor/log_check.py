"""Logs and attributes of a run that cannot be read: lines that can be are kept."""

from __future__ import annotations

import os

from gage._internal.atomic import replace
from gage._internal.doctor.finding import Finding
from gage._internal.doctor.quarantine import keep_copy, log_repair, set_aside
from gage._internal.errors import MetaError
from gage._internal.guarded import read_regular
from gage._internal.quoting import unquote
from gage._internal.record.file_log import is_event, read_events
from gage._internal.record.layout import run_meta_path
from gage._internal.record.run_meta import read_attr
from gage._internal.record.runner_log import read_notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gage._internal.types import Run

__all__ = ["log_findings"]


def log_findings(run: Run, home: str) -> Iterator[Finding]:
    """Yield the logs and attributes of a run that cannot be read."""
    for name, read, is_readable in (
        ("files", read_events, is_event),
        ("notes", read_notes, _is_note),
    ):
        path = run_meta_path(run, "log", name)
        try:
            read(run)
        except MetaError as error:
            call = _Mend(run, home, path, str(error), is_readable)
            yield call.finding("lines that can be read are kept")
    for kind in ("user", "sys"):
        for name in _attributes(run_meta_path(run, kind)):
            try:
                read_attr(run, kind, name)
            except MetaError as error:
                path = run_meta_path(run, kind, name)
                yield _Mend(run, home, path, str(error)).finding("it is moved to .damaged")


class _Mend:
    """The repair of a file: its readable lines are kept, or it is moved away."""

    def __init__(
        self,
        run: Run,
        home: str,
        path: str,
        problem: str,
        is_readable: Callable[[str], bool] | None = None,
    ) -> None:
        self._run = run
        self._home = home
        self._path = path
        self._problem = problem.removeprefix(f"{path}: ").removeprefix(f"{path}:")
        self._is_readable = is_readable

    def finding(self, remedy: str) -> Finding:
        """Return the finding that this repairs."""
        path = os.path.relpath(self._path, self._home)
        return Finding(self._run.name, path, self._problem, remedy, mend=self)

    def __call__(self) -> str:
        name = os.path.relpath(self._path, self._run.meta_dir)
        done = self._keep_lines() or f"moved to {set_aside(self._home, self._path, self._problem)}"
        log_repair(self._run, f"{name}: {done}")
        return done

    def _keep_lines(self) -> str:
        """Remove the lines that cannot be read; return what was done, "" if it is not a file."""
        if self._is_readable is None:
            return ""
        try:
            text = read_regular(self._path).decode("utf-8", "surrogateescape")
        except OSError:
            return ""
        keep_copy(self._home, self._path, self._problem)
        lines = text.split("\n")[:-1]
        kept = [line for line in lines if self._is_readable(line)]
        data = "".join(f"{line}\n" for line in kept)
        replace(self._path, data.encode("utf-8", "surrogateescape"))
        return f"{len(lines) - len(kept)} of {len(lines)} lines removed"


def _is_note(line: str) -> bool:
    try:
        unquote(line)
    except ValueError:
        return False
    return True


def _attributes(directory: str) -> list[str]:
    try:
        names = sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [name for name in names if not name.endswith(".tmp")]
