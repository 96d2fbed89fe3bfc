"""Output as it comes: the new bytes of a growing output by stream, with unfinished lines.

Used to show the output of a run elsewhere exactly as the run wrote it. While only one stream
writes, which is nearly always, it does no work per line.
"""

from __future__ import annotations

from gage._internal.output.files import open_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["OutputStream", "follow_output"]

_MOST_BYTES = 1 << 20


class OutputStream:
    """Reads an output (`format`) once, from its beginning. The output need not exist yet."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._offset = 0
        self._line = 0
        # The stream of the unfinished line that the next bytes continue; None between lines.
        self._stream: int | None = None

    def read(self, *, final: bool = False) -> list[tuple[int, bytes]]:
        """Return new output as (stream, bytes) in the order of arrival, at most 1 MB at once.

        Bytes whose stream is not known yet are left for the next call. If `final`, nothing more
        will be written, and such bytes count as stdout.

        Raises
        ------
        MetaError
            If a record is damaged or one of the files is not a regular file.
        """
        files = open_files(self._path)
        if files is None:
            return []
        with files:
            data = files.read(self._offset, _MOST_BYTES)
            if not data:
                return []
            first = self._line if self._stream is None else self._line + 1
            streams = files.streams(first, data.count(b"\n") + 1)
            data = data if final else self._known(data, streams)
            begin = self._offset
            switches = files.switches(begin, begin + len(data))
        pieces = self._split(data, streams, by_line=bool(switches))
        return _merged(self._divided(pieces, switches, begin))

    def _known(self, data: bytes, streams: bytes) -> bytes:
        """Return the beginning of the data that the recorded lines cover."""
        begun = len(streams) + (self._stream is not None)
        if data.count(b"\n") < begun:
            return data
        lines = data.split(b"\n", begun)[:begun]
        return b"".join(line + b"\n" for line in lines)

    def _split(self, data: bytes, streams: bytes, *, by_line: bool) -> list[tuple[int, bytes]]:
        """Split the data by stream: line by line, or as a whole if one stream wrote all of it."""
        self._offset += len(data)
        current = self._stream
        ends = data.count(b"\n")
        self._line += ends
        unfinished = not data.endswith(b"\n")
        begins = ends + unfinished - (current is not None)
        used = streams[:begins]
        self._stream = None
        if unfinished and data:
            self._stream = used[-1] if begins and len(used) == begins else (current or 0)
        of_lines = ([] if current is None else [current]) + list(used)
        of_lines += [0] * (ends + unfinished - len(of_lines))
        if len(set(of_lines)) <= 1 and not by_line:
            return [(of_lines[0], data)] if data else []
        lines = data.split(b"\n")
        pieces = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if unfinished else [])
        return list(zip(of_lines, pieces, strict=True))

    def _divided(
        self, lines: list[tuple[int, bytes]], switches: list[tuple[int, int]], begin: int
    ) -> list[tuple[int, bytes]]:
        """Divide lines into which the other stream wrote, up to the end of the line."""
        if not switches:
            return lines
        divided = []
        for stream, data in lines:
            end = begin + len(data)
            current, rest = stream, data
            for offset, other in switches:
                if begin < offset < end or (offset == begin and other != current):
                    divided.append((current, rest[: offset - begin]))
                    rest = rest[offset - begin :]
                    begin, current = offset, other
            divided.append((current, rest))
            begin = end
            if not rest.endswith(b"\n"):
                self._stream = current
        return divided


def follow_output(
    path: str, finished: Callable[[], bool], wait: Callable[[], object]
) -> Iterator[tuple[int, bytes]]:
    """Yield (stream, bytes) of an output until it is finished and has been read completely.

    `finished` must return True only after the last byte was written; `wait` waits until there may
    be more.
    """
    output = OutputStream(path)
    while True:
        final = finished()
        pieces = output.read(final=final)
        yield from pieces
        if not pieces:
            if final:
                return
            wait()


def _merged(pieces: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Join neighbours of one stream, drop empty ones."""
    merged: list[tuple[int, bytearray]] = []
    for stream, data in pieces:
        if merged and merged[-1][0] == stream:
            merged[-1][1].extend(data)
        elif data:
            merged.append((stream, bytearray(data)))
    return [(stream, bytes(data)) for stream, data in merged]
