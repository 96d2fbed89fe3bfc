r"""Logged metrics: `log` in the process of the run, and the files that it writes.

Each process that logs has its own file in the side-car, `metrics/STARTED-PID` (the time in epoch
microseconds, so that the names sort by time), so that workers never write into each other's lines.
It is UTF-8, with tabs between the fields of a line:

    gage-metrics 2                                  the version of this format
    1763853000123456 <tab> 10 <tab> loss <tab> 0.25
    1763853000123999 <tab>    <tab> val/loss <tab> nan
    * <tab> 0t5e7NkzW... <tab> loss <tab> acc       many values (`packed_metrics`)

A line is a value: its time in epoch microseconds (UTC), its step, its name and the value. A name is
written as in `quoting`, without tabs. Values are 64 bit floats that are read back exactly,
including `nan`, `inf` and `-inf`. An empty step means one more than the last step of that name in
this file, or 0 for the first. In version 1, a line has all values of a call (time, step, name,
value, name, value, ...), and none is packed.

Lines are written in batches: at once after a pause, otherwise every `FLUSH_S`. So a reader sees a
value within 100 ms, and a killed process loses the values of its last `FLUSH_S`. A process that
holds the interpreter in one long call of a C library writes after that call. A last line without
its line end is ignored: it is still being written, or its writer was killed.
"""

from __future__ import annotations

import os
from time import time_ns

from gage._internal.errors import MetaError
from gage._internal.guarded import MOST_BYTES, open_regular
from gage._internal.named import NamedTuple
from gage._internal.quoting import quote, unquote
from gage.inside.current_run import new_process_file
from gage.inside.delayed_writer import DelayedWriter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, SupportsFloat, SupportsIndex


__all__ = ["FLUSH_S", "LOGGED", "Metric", "MetricLogReader", "log"]


class Metric(NamedTuple):
    """A value of a run: its name, step (or None), time (epoch µs, UTC) and float.

    `source` is `logged`, `tensorboard`, `printed` or `summary`.
    """

    name: str
    step: int | None
    time_us: int
    value: float
    source: str


LOGGED = "logged"
FLUSH_S = 0.05

_HEADER = "gage-metrics 2"
_HEADERS = {"gage-metrics 1", _HEADER}
MARK = "*"  # of a line of many values
_LINE = "%s\t%s\t%s\t%s\n"
_LINES_IN_A_BATCH = 100  # those of a larger batch are packed
_PACKED_VALUES = 8192  # on a line: in about a millisecond, after which other threads may run
_FLUSH_NS = int(FLUSH_S * 1e9)
_MIN_STEP, _MAX_STEP = -(2**63), 2**63 - 1


# Writing, in the process of the run


class _Quoted(dict[str, str]):
    """A cache of quoted names: quoting checks each character, which is too slow for each call."""

    def __missing__(self, name: str) -> str:
        if len(self) >= 10_000:
            self.clear()
        quoted = self[name] = quote(name)
        return quoted


class _OwnLog(DelayedWriter):
    """The file of this process, and the lines that are not written to it yet."""

    __slots__ = ("_fd", "_pending", "_quoted", "_unwritten")

    def __init__(self) -> None:
        super().__init__(FLUSH_S)
        self._fd: int | None = None
        self._quoted = _Quoted()
        # Time, step, name, value of each line, one after the other: formatting many lines at once
        # is faster than each by itself. Always the same list, since other threads may add to it
        # while it is emptied.
        self._pending: list[Any] = []
        self._unwritten = b""

    # For a type checker, a dict of floats given by `**` may have the key `step`.
    def log(
        self, /, step: SupportsIndex | SupportsFloat | None = None, **values: SupportsFloat
    ) -> None:
        """Log values of the run that this code is part of; outside of a run, say so once.

            gage.log(loss=0.3, acc=0.91, step=10)
            gage.log(**{"val/loss": 0.35})

        Parameters
        ----------
        step
            An integer. Default: one more than the last step of the same name in this process, 0
            for the first.
        values
            Numbers: int, float, bool, or scalars and arrays of one element of NumPy, torch and
            others. NaN and infinities are allowed.

        Raises
        ------
        TypeError
            If a value is not a number, or the step not an integer.
        OverflowError
            If a value is beyond the range of a float, or the step has more than 64 bits.
        OSError
            If the values cannot be written: these, or those of earlier calls.
        """
        # This has to be fast: it is called in the innermost loop of a training.
        if self._fd is None and not self._open():
            return
        if step.__class__ is int and _MIN_STEP <= step <= _MAX_STEP:
            at: int | str = step
        else:
            at = "" if step is None else _checked_step(step)
        now_ns = time_ns()
        try:
            name, value = values.popitem()
        except KeyError:
            return
        if value.__class__ is not float:
            value = _checked_value(name, value)
        time_us = now_ns // 1000
        pending = self._pending
        if values:
            pending += _fields(time_us, at, {**values, name: value})
        else:
            pending += (time_us, at, name, value)
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + _FLUSH_NS
            self._flush(wait=False)
        elif not self._awake:
            self._soon()

    def _open(self) -> bool:
        """Open the file of this process; return whether it is part of a run."""
        if self._outside:
            return False
        meta_dir = self._find_run()
        if meta_dir is None:
            from gage.inside.outside import say_outside  # a run never needs it

            say_outside()
            return False
        with self._writing:
            if self._fd is None:
                fd = new_process_file(os.path.join(meta_dir, "metrics"))
                self._unwritten = f"{_HEADER}\n".encode()
                self._begin()
                self._fd = fd
        return True

    def _write(self) -> None:
        fields = self._pending[:]
        del self._pending[: len(fields)]
        count = len(fields) // 4
        if count <= _LINES_IN_A_BATCH:
            fields[2::4] = [self._quoted[name] for name in fields[2::4]]
            lines = [_LINE * count % tuple(fields)]
        else:
            from gage.inside.packed_metrics import packed_line  # most programs never need it

            at_once = 4 * _PACKED_VALUES
            lines = [packed_line(fields[i : i + at_once]) for i in range(0, len(fields), at_once)]
        self._unwritten += "".join(lines).encode("utf-8", "surrogateescape")
        try:
            while self._unwritten and self._fd is not None:
                self._unwritten = self._unwritten[os.write(self._fd, self._unwritten) :]
        except OSError:
            self._due_ns = 0
            raise

    def _drop(self) -> None:
        self._pending.clear()
        self._unwritten = b""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


log = _OwnLog().log


def _fields(time_us: int, at: int | str, values: dict[str, SupportsFloat]) -> list[Any]:
    fields: list[Any] = []
    for name, value in values.items():
        number = value if value.__class__ is float else _checked_value(name, value)
        fields += (time_us, at, name, number)
    return fields


def _checked_value(name: str, value: object) -> float:
    held = value
    item = getattr(value, "item", None)
    try:
        # NumPy, torch, JAX: the Python number that a scalar or an array of one element holds.
        held = item() if callable(item) else value
        # A string has no __float__, although float() would read it.
        if hasattr(held, "__float__") or hasattr(held, "__index__"):
            return float(held)
    except (TypeError, ValueError, RuntimeError):
        pass
    except OverflowError:
        raise OverflowError(
            f"gage.log: expected a number within the range of a float for {name!r}, "
            f"found {_shown(value)}"
        ) from None
    raise TypeError(f"gage.log: expected a number for {name!r}, found {_shown(value)}")


def _checked_step(step: object) -> int:
    if hasattr(step, "__index__"):
        try:
            number = int(step.__index__())
        except (TypeError, ValueError, RuntimeError):
            pass
        else:
            if _MIN_STEP <= number <= _MAX_STEP:
                return number
            raise OverflowError(f"gage.log: expected a step of at most 64 bits, found {number}")
    raise TypeError(f"gage.log: expected an integer for step, found {_shown(step)}")


def _shown(value: object) -> str:
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"{type(value).__name__} of shape {tuple(shape)}"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


# Reading, from anywhere and while it is written


class MetricLogReader:
    """Reads the values that a run has logged, each once.

    Parameters
    ----------
    meta_dir
        The side-car of the run, which may still be empty.
    on_fault
        A function that is called with `PATH:OFFSET: FAULT` for each line that cannot be read. Such
        a line is left out, the others are read.

    Raises
    ------
    MetaError
        If a file is of another version of the format.
    """

    __slots__ = ("_directory", "_files", "_on_fault")

    def __init__(self, meta_dir: str, on_fault: Callable[[str], None]) -> None:
        self._directory = os.path.join(meta_dir, "metrics")
        self._on_fault = on_fault
        self._files: dict[str, _LogFile] = {}

    def read(self) -> list[Metric]:
        """Return the values logged since the last call, in the order of time."""
        try:
            names = os.listdir(self._directory)
        except (FileNotFoundError, NotADirectoryError):
            return []
        for name in sorted(names):
            if name not in self._files and name.replace("-", "", 1).isdigit():
                self._files[name] = _LogFile(os.path.join(self._directory, name))
        metrics: list[Metric] = []
        sources = 0
        for file in self._files.values():
            before = len(metrics)
            metrics.extend(file.read(self._on_fault))
            sources += len(metrics) > before
        # Threads of one process may be out of order by microseconds, which is not sorted.
        if sources > 1:
            metrics.sort(key=lambda metric: metric.time_us)
        return metrics


class _LogFile:
    """The file of one process, read from the end of the last read."""

    __slots__ = ("offset", "path", "steps")

    def __init__(self, path: str) -> None:
        self.path = path
        self.offset = 0
        self.steps: dict[str, int] = {}

    def read(self, on_fault: Callable[[str], None]) -> Iterator[Metric]:
        try:
            with open_regular(self.path) as file:
                file.seek(self.offset)
                data = file.read(MOST_BYTES)
        except OSError as error:
            on_fault(f"{self.path}: expected a file of metrics, found {error.strerror}")
            return
        data = data[: data.rfind(b"\n") + 1]
        lines = data.decode("utf-8", "surrogateescape").split("\n")[:-1]
        if not self.offset and lines and lines[0] not in _HEADERS:
            raise MetaError(
                f"{self.path}: expected {_HEADER!r} in the first line, found {lines[0][:40]!r}: "
                f"read it with the gage that wrote it"
            )
        first = 0 if self.offset else 1
        for number, line in enumerate(lines[first:], start=first):
            try:
                yield from self._parsed(line)
            except ValueError as error:
                offset = self.offset + sum(
                    len(text.encode("utf-8", "surrogateescape")) + 1 for text in lines[:number]
                )
                on_fault(f"{self.path}:{offset}: {error} in {line[:80]!r}")
        self.offset += len(data)

    def _parsed(self, line: str) -> list[Metric]:
        """Return the values of a line; raise ValueError if any part of it is invalid."""
        if line.startswith(f"{MARK}\t"):
            from gage.inside.packed_metrics import unpacked  # most logs have none

            values = unpacked(line)
        else:
            values = _plain(line)
        metrics = []
        steps = self.steps
        for time_us, step, name, value in values:
            at = steps.get(name, -1) + 1 if step is None else step
            metrics.append(Metric(name, at, time_us, value, LOGGED))
            steps[name] = at
        return metrics


def _plain(line: str) -> Iterator[tuple[int, int | None, str, float]]:
    fields = line.split("\t")
    if len(fields) < 4 or len(fields) % 2:
        raise ValueError(f"expected time, step, name and value, found {len(fields)} fields")
    step = int(fields[1]) if fields[1] else None
    if step is not None and not _MIN_STEP <= step <= _MAX_STEP:
        raise ValueError("expected a step of at most 64 bits")
    names = [unquote(name) for name in fields[2::2]]
    values = [float(value) for value in fields[3::2]]
    time_us = int(fields[0])
    return ((time_us, step, name, value) for name, value in zip(names, values, strict=True))
