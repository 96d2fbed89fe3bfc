r"""Metrics in printed output: lines with a name and a number.

By default, a whole line `name: number` is a value: `loss: 0.25`, `val/acc: 9.1e-1`, `top 5: nan`.
The name begins with a letter or `_` at the start of the line, has no colon and at most 80
characters, and no word that names a version, a size … (`line_values.NO_MEASURES`); nothing follows
the number. `step: 10` is the step of the following values. The lines of common training programs
are values too (`line_values`): `Epoch 1 | train loss 0.5`.

An operation says in `output-summary` what counts instead (`OpDef.output_summary`), a request with
`--metrics`: `expressions` that match anywhere in a line, as often as they do. The name `step` is
the step, of the values on the same line too. What is not a number is not a value.

A line is read as a terminal shows it: colours are removed, and of the parts that `\r` divides, the
last one counts. If both streams write to one line (a bar on stderr, a value on stdout), each has
its own line. Of a line of more than 1 MiB, the last MiB is read. The time of a value is the time
when its line began.

A value without a step has one more than the last step of its name, from 0.
"""

from __future__ import annotations

import os

from gage._internal.metrics.line_values import (
    STEMS,
    STEMS_WITH_SIGN,
    STEP_WORDS,
    names_no_measure,
    values_of_line,
)
from gage._internal.metrics.summary_block import is_block
from gage._internal.named import NamedTuple
from gage._internal.output.format import open_output, switches_path
from gage._internal.output.reader import LINE_BYTES, OutputReader
from gage._internal.record.layout import RUN_OUTPUT, run_meta_path
from gage.inside.metric_log import Metric

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from gage._internal.metrics.expressions import Expression
    from gage._internal.types import OpDef, OutputLine, Run


__all__ = ["PRINTED", "PrintedReader", "prepare"]


class _Expressions(NamedTuple):
    line: re.Pattern[str]
    escapes: re.Pattern[str]
    candidate: re.Pattern[bytes]


PRINTED = "printed"

_BLOCK_BYTES = 1 << 20
_CLOSER_CHARS = 2000  # lines that a program prints for people are shorter
_NEAR_LINES = 100  # reading this many lines costs as much as finding the next one


class PrintedReader:
    """Reads the values that a run has printed, each once, also while it is running.

    Raises
    ------
    ValueError
        If an expression of the operation cannot be used.
    """

    def __init__(self, run: Run, opdef: OpDef) -> None:
        self._output = OutputReader(run_meta_path(run, "output", RUN_OUTPUT))
        self._patterns = _patterns(opdef)
        self._step: int | None = None
        self._steps: dict[str, int] = {}
        # The offset of the first unread line, and how far it was searched for a line end.
        self._line = 0
        self._offset = 0
        self._scanned = 0

    def read(self, *, final: bool) -> list[Metric]:
        """Return the values of the lines completed since the last call.

        `final` means that there will be no more output, so an unfinished last line counts too.
        """
        if self._patterns == []:
            return []
        metrics: list[Metric] = []
        for start, stop in self._promising(final=final):
            for line in _by_stream(self._output.lines(start, stop)):
                if self._patterns is not None or self._may_hold(line.data):
                    metrics += self._values(line.data, line.time_ms * 1000)
        return metrics

    def _promising(self, *, final: bool) -> Iterator[tuple[int, int]]:
        """Yield the ranges of new lines that may hold values."""
        try:
            fd = open_output(self._output.path)
        except FileNotFoundError:
            return
        with open(fd, "rb") as file:
            while True:
                file.seek(self._offset + self._scanned)
                data = file.read(_BLOCK_BYTES)
                cut = data.rfind(b"\n") + 1
                if cut:
                    body = data[:cut]
                    first, self._line = self._line, self._line + body.count(b"\n")
                    self._offset += self._scanned + cut
                    # A line longer than a block is read by itself. If both streams wrote to a line,
                    # the bytes of the block do not show what each of them wrote.
                    looked_at = self._scanned == 0 and self._patterns is None and not self._mixed()
                    self._scanned = 0
                    if looked_at:
                        yield from self._ranges(body, first)
                    else:
                        yield first, self._line
                elif len(data) == _BLOCK_BYTES:
                    self._scanned += len(data)
                else:
                    break
            if final and (data or self._scanned):
                self._line += 1
                self._offset += self._scanned + len(data)
                self._scanned = 0
                yield self._line - 1, self._line

    def _mixed(self) -> bool:
        return os.path.exists(switches_path(self._output.path))

    def _ranges(self, block: bytes, number: int) -> Iterator[tuple[int, int]]:
        """Yield the ranges of lines in a block that may have values; `number` is its first line."""
        position = 0
        start = stop = number
        for found in self._places(block):
            number += block.count(b"\n", position, found)
            position = found
            if number - stop > _NEAR_LINES:
                if stop > start:
                    yield start, stop
                start = number
            stop = number + 1
        if stop > start:
            yield start, stop

    def _places(self, block: bytes) -> list[int]:
        """Return the positions in a block, in order, of lines that may have values."""
        places = []
        if b":" in block:
            places = [match.start() for match in self._expressions.candidate.finditer(block)]
        small = block.lower()
        stems = _stems(small) if _has_numbers(small) else []
        if stems:
            import re

            # On to the end of the line: one position in each line is enough.
            anywhere = re.compile(rb"(?:%s)[^\n]*" % b"|".join(stems))
            places += [match.start() for match in anywhere.finditer(small)]
            places.sort()
        return places

    @property
    def _expressions(self) -> _Expressions:
        return prepare()

    def _may_hold(self, lines: bytes) -> bool:
        if b":" in lines and self._expressions.candidate.search(lines) is not None:
            return True
        return bool(_stems(lines.lower()))

    def _shown(self, data: bytes) -> str:
        text = data.rstrip(b"\r\n").decode("utf-8", "replace")
        text = text[text.rfind("\r") + 1 :]
        return self._expressions.escapes.sub("", text) if "\x1b" in text else text

    def _found(self, text: str) -> list[tuple[str, str]] | None:
        """Return names and numbers; None for a line that needs a closer look."""
        if self._patterns is not None:
            from gage._internal.metrics.expressions import values_in

            return list(values_in(text, self._patterns))
        match = self._expressions.line.fullmatch(text) if ":" in text else None
        if match is None or match[1].lower() in STEP_WORDS:
            return None
        return [] if names_no_measure(match[1]) else [(match[1], match[2])]

    def _values(self, data: bytes, time_us: int) -> Iterator[Metric]:
        """Yield the values of a line, or of one stream's part of it."""
        values: list[tuple[str, float]] = []
        text = self._shown(data)
        found = self._found(text)
        line_step: int | None = None
        if found is None:
            line = values_of_line(text[-_CLOSER_CHARS:])
            if line.values:
                line_step, values = line
            elif line.step is not None:
                self._step = line.step
        for name, number in found or ():
            value = _as_number(number)
            if value is None:
                continue
            if name == "step":
                self._step = int(value) if value.is_integer() else self._step
            else:
                values.append((name, value))
        for name, value in values:
            step = self._step if line_step is None else line_step
            step = self._steps.get(name, -1) + 1 if step is None else step
            self._steps[name] = step
            yield Metric(name, step, time_us, value, PRINTED)


def _has_numbers(text: bytes) -> bool:
    """Return whether a text in lower case may have a number, which is found sooner than names."""
    return any(digit in text for digit in b"0123456789") or b"nan" in text or b"inf" in text


def _stems(text: bytes) -> list[bytes]:
    """Return the stems that a text in lower case contains."""
    has_sign = b":" in text or b"=" in text
    return [stem for stem in (STEMS_WITH_SIGN if has_sign else STEMS) if stem in text]


def _by_stream(lines: Iterator[OutputLine]) -> Iterator[OutputLine]:
    """Join the parts of a long line by stream; of each stream's text, the last MiB."""
    held: OutputLine | None = None
    for line in lines:
        if held is not None and (held.number, held.stream) == (line.number, line.stream):
            held = line._replace(data=(held.data + line.data)[-LINE_BYTES:])
            continue
        if held is not None:
            yield held
        held = line
    if held is not None:
        yield held


# The expressions of this process, once something has needed them.
_compiled: list[_Expressions] = []


def prepare() -> _Expressions:
    """Compile what lines are searched with, and return it.

    A process that has nothing else to do may call this ahead.
    """
    if not _compiled:
        _compiled.append(_expressions())
    return _compiled[0]


def _expressions() -> _Expressions:
    # Imported only if needed: this runs at the end of every run, and few print numbers.
    import re

    number = r"[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[nN]a[nN]|NAN|[iI]nf(?:inity)?)"
    name = r"[^\W\d][^:\t]{0,79}?"
    return _Expressions(
        re.compile(rf"({name})[ \t]*:[ \t]+({number})[ \t]*"),
        re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]"),
        # A part of every line that the first expression matches, with or without escapes. It
        # begins with a fixed character, so that searching it in a block is a fast memchr; and it
        # matches in only one way, so that no line takes long.
        re.compile(
            rb":(?:[ \t]*\x1b"
            rb"|[ \t]+(?:[-+.\d]|[nN][aA][nN]|[iI]nf)[-+.\deEinftyNaA]*[ \t\r]*(?:\n|\x1b|\Z))"
        ),
    )


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _patterns(opdef: OpDef) -> list[Expression] | None:
    """Return the expressions; None for the default, an empty list for no metrics."""
    setting = opdef.output_summary
    if is_block(opdef):
        return []
    if isinstance(setting, bool):
        return None if setting else []
    from gage._internal.metrics.expressions import expression

    try:
        return [expression(text, name) for name, text in setting]
    except ValueError as error:
        raise ValueError(f"output-summary: {error}") from None
