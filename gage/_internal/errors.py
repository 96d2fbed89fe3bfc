"""The errors that gage raises on purpose.

    GageError
    ├── TargetError            the target does not exist, or cannot be run
    ├── GagefileError          a Gage file that cannot be read or is not valid
    ├── PatternError           a malformed pattern (source code, dependency, configuration)
    ├── ConfigError            an unknown key, or a value that cannot be written
    │   └── MalformedError     a file that is not of its format; carries the place
    ├── DependencyError        a dependency that is missing or not what was recorded
    ├── OptionError            options that mean nothing together
    ├── PhaseError             the command of a phase failed; carries its evidence
    ├── RunFailed              a run ended with `error` or `terminated`; carries its evidence
    ├── BatchFailed            trials of a batch did not complete; carries their names
    ├── RunNotFound            no run, or more than one, has that name
    ├── RunStateError          a run is not in the state that the request needs
    ├── MetaError              a side-car that is damaged or of another version
    └── StoreError             the runs directory cannot be used

A message says what was expected, what was found, where, and what to do. All survive pickling:
the arguments of the constructor are the arguments of the exception.
"""

from __future__ import annotations

from gage._internal.people import outcome
from gage._internal.text import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.types import Fault

__all__ = [
    "BatchFailed",
    "ConfigError",
    "DependencyError",
    "GageError",
    "GagefileError",
    "MalformedError",
    "MetaError",
    "OptionError",
    "PatternError",
    "PhaseError",
    "RunFailed",
    "RunNotFound",
    "RunStateError",
    "StoreError",
    "TargetError",
]


class GageError(Exception):
    """Base of every error of gage.

    Its text is inert: names and output that it quotes may hold what a terminal would obey, or
    bytes that are not UTF-8.
    """

    def __str__(self) -> str:
        return plain(self._text())

    def _text(self) -> str:
        """Return the message, with names as they are."""
        return super().__str__()

    def _render_traceback_(self) -> list[str]:
        # IPython shows this: the message is enough, gage's own stack frames do not help.
        return f"{type(self).__name__}: {self}".splitlines()


class TargetError(GageError):
    """The target does not exist, or cannot be run."""


class GagefileError(GageError):
    """A Gage file that cannot be read or is not valid; `faults` lists every fault of it."""

    def __init__(self, message: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message, faults)
        self.message = message
        self.faults = faults

    def _text(self) -> str:
        return self.message


class PatternError(GageError):
    """A malformed pattern; `pattern` is the string, `position` the offset of the fault in it."""

    def __init__(self, message: str, pattern: str, position: int) -> None:
        super().__init__(message, pattern, position)
        self.message = message
        self.pattern = pattern
        self.position = position

    def _text(self) -> str:
        return f"{self.message}\n    {self.pattern}\n    {' ' * self.position}^"


class ConfigError(GageError):
    """An unknown configuration key, or a value that cannot be written."""


class MalformedError(ConfigError):
    """A file that is not of its format.

    `problem` says what is wrong; `line` and `column` count from 1, None where they are not known.
    """

    def __init__(
        self, path: str, problem: str, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(path, problem, line, column)
        self.path = path
        self.problem = problem
        self.line = line
        self.column = column

    def _text(self) -> str:
        place = [self.path, *(str(number) for number in (self.line, self.column) if number)]
        return f"{':'.join(place)}: {self.problem}"


class DependencyError(GageError):
    """A dependency that is missing or is not what was recorded."""


class OptionError(GageError, ValueError):
    """Options of a request that mean nothing together, or a line that does not follow its form."""


class PhaseError(GageError):
    """The command of a phase failed.

    `exit_code` is negative for a signal, as in `subprocess`; `tail` holds the last lines of
    output; `run_name` says which run keeps the rest.
    """

    def __init__(
        self, phase: str, command: list[str] | str, exit_code: int, tail: str, run_name: str
    ) -> None:
        super().__init__(phase, command, exit_code, tail, run_name)
        self.phase = phase
        self.command = command
        self.exit_code = exit_code
        self.tail = tail
        self.run_name = run_name

    def _text(self) -> str:
        text = f"{self.phase} of run {self.run_name} failed with exit code {self.exit_code}"
        tail = "".join(f"\n    {line}" for line in self.tail.splitlines())
        return f"{text}: {self.command}{tail}\nFull output: gage output {self.run_name}"


class RunFailed(GageError):
    """A run ended with `error` or `terminated`; `hint` adds a line on what may have caused it.

    `is_shown` says that the reader already sees the run's output: IPython then shows the error
    without it.
    """

    is_shown = False

    def __init__(
        self,
        run_name: str,
        status: str,
        exit_code: int | None,
        reason: str,
        tail: str,
        hint: str = "",
    ) -> None:
        super().__init__(run_name, status, exit_code, reason, tail, hint)
        self.run_name = run_name
        self.status = status
        self.exit_code = exit_code
        self.reason = reason
        self.tail = tail
        self.hint = hint

    def _text(self) -> str:
        ended = outcome(self.status, self.exit_code, self.reason)
        lines = [f"run {self.run_name}: {ended}"]
        lines += [f"    {line}" for line in self.tail.splitlines()]
        lines += [self.hint] if self.hint else []
        return "\n".join([*lines, f"Full output: gage output {self.run_name}"])

    def _render_traceback_(self) -> list[str]:
        if not self.is_shown:
            return super()._render_traceback_()
        ended = outcome(self.status, self.exit_code, self.reason)
        lines = [f"{type(self).__name__}: run {self.run_name}: {ended}", self.hint]
        return [line for text in lines for line in plain(text).splitlines()]


class BatchFailed(GageError):
    """Trials of a batch did not complete, or did not give the metric that a search needs.

    `failed` holds name, status and reason of each failed run; `missing` counts the trials that
    were not started; `evidence` is the end of the first failed run's output, or names the metric
    that was not given.
    """

    def __init__(
        self,
        batch_name: str,
        count: int,
        failed: tuple[tuple[str, str, str], ...],
        missing: int,
        evidence: str,
    ) -> None:
        super().__init__(batch_name, count, failed, missing, evidence)
        self.batch_name = batch_name
        self.count = count
        self.failed = failed
        self.missing = missing
        self.evidence = evidence

    def _text(self) -> str:
        if not self.failed and not self.missing:
            return f"batch {self.batch_name}: {self.evidence}"
        counts = [f"{len(self.failed)} failed"] if self.failed else []
        counts += [f"{self.missing} were not started"] if self.missing else []
        lines = [f"batch {self.batch_name}: of {self.count} trials {', '.join(counts)}"]
        lines += [f"    {name} {status}: {reason}" for name, status, reason in self.failed[:10]]
        if len(self.failed) > 10:
            lines.append(f"    and {len(self.failed) - 10} more")
        if self.failed and self.evidence:
            lines.append(f"Last lines of {self.failed[0][0]}:")
            lines += [f"    {line}" for line in self.evidence.splitlines()]
        lines.append("Run what is missing: the same line again with --resume")
        return "\n".join(lines)


class RunNotFound(GageError):
    """No run, or more than one, has that name."""


class RunStateError(GageError):
    """A run is not in the state that the request needs."""


class MetaError(GageError):
    """A side-car that is damaged or of another version."""


class StoreError(GageError):
    """The runs directory cannot be used."""
