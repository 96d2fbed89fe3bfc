"""The configuration that a run has by default, read while its command runs.

A run that was given no values has those of its staged source. Reading them loads a parser, which
takes longer than a short run. It is therefore done by a child of the supervisor, while the command
runs; the supervisor stays as small as it is.
"""

from __future__ import annotations

import os

from gage._internal import light_json
from gage._internal.errors import MetaError
from gage._internal.record.run_meta import meta_config, meta_opdef
from gage._internal.record.working_directory import work_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gage._internal.types import Run

__all__ = ["DefaultConfig", "known_config"]

_MOST_LOOKED_AT = 65536


class DefaultConfig:
    """The configuration of a run as a child process reads it."""

    __slots__ = ("_answer", "_pid", "_run")

    def __init__(self, run: Run) -> None:
        self._run = run
        self._answer = self._pid = -1
        if known_config(run) is not None:
            return
        self._answer, answer = os.pipe()
        try:
            self._pid = os.fork()
            if self._pid == 0:
                _answer_and_exit(run, answer)
        except OSError:
            os.close(self._answer)  # no process to be had: it is read when it is needed
            self._answer = -1
        finally:
            os.close(answer)

    def value(self) -> dict[str, Any] | None:
        """Return the configuration; None if it is not known yet how it is."""
        if self._answer < 0:
            return known_config(self._run)
        parts = []
        try:
            while part := os.read(self._answer, 65536):
                parts.append(part)
            os.waitpid(self._pid, 0)
            found = light_json.loads(b"".join(parts).decode())
        except (OSError, ValueError):
            return None
        finally:
            os.close(self._answer)
            self._answer = -1
        return found if isinstance(found, dict) else None


def known_config(run: Run) -> dict[str, Any] | None:
    """Return the configuration of a run if nothing has to be parsed for it.

    It was given, or it is empty: nothing is assigned in the run's scripts.
    """
    try:
        recorded, tables = meta_config(run), meta_opdef(run).config
    except (MetaError, OSError):
        return None
    if recorded or not tables:
        return recorded
    for key in (key for table in tables for key in table["keys"]):
        file, _, pattern = str(key).partition("#")
        if not file.endswith(".py") or pattern != "*" or "*" in file or _may_assign(run, file):
            return None
    return {}


def _may_assign(run: Run, file: str) -> bool:
    try:
        with open(os.path.join(work_dir(run), file), "rb", buffering=0) as source:
            text = source.read(_MOST_LOOKED_AT + 1)
    except OSError:
        return True
    return b"=" in text or len(text) > _MOST_LOOKED_AT


def _answer_and_exit(run: Run, answer: int) -> None:
    """Write the configuration as JSON; what cannot be read is not written."""
    code = 1
    try:
        from gage._internal.config.recorded import recorded_config

        data = memoryview(light_json.compact(recorded_config(run)).encode())
        while data:
            data = data[os.write(answer, data) :]
        code = 0
    finally:
        os._exit(code)  # what went wrong is met again by whoever reads the configuration
