"""Many logged values on one line, which is faster to write than a line for each.

    * <tab> COLUMNS <tab> NAME <tab> NAME ...

A name is written as in `quoting`. COLUMNS is in base64, without line ends, and decodes to the
CRC-32 of what follows it (unsigned, 4 bytes) and to five columns of n values each, little-endian:

    time     int64     epoch microseconds (UTC)
    step     int64     0 where the call gave none
    value    float64
    name     uint32    its place on the line, from 0
    stepped  uint8     1 if the call gave a step, 0 otherwise
"""

from __future__ import annotations

import binascii
import struct

from gage._internal.quoting import quote, unquote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

__all__ = ["packed_line", "unpacked"]

_MARK = "*"

_ROW_SIZE = struct.calcsize("<qqdIB")
_NO_STEP = ""


def packed_line(fields: Sequence[Any]) -> str:
    """Return a line of values, with its line end.

    Parameters
    ----------
    fields
        The time, step (`""` for none), name and value of each, one after the other: 4n fields.
    """
    steps = fields[1::4]
    names = fields[2::4]
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    if _NO_STEP in steps:
        stepped = bytes(step != _NO_STEP for step in steps)
        steps = [step or 0 for step in steps]
    else:
        stepped = b"\1" * len(steps)
    columns = struct.pack(
        "<{0}q{0}q{0}d{0}I{0}s".format(len(steps)),
        *fields[::4],
        *steps,
        *fields[3::4],
        *map(places.__getitem__, names),
        stepped,
    )
    coded = binascii.b2a_base64(
        binascii.crc32(columns).to_bytes(4, "little") + columns, newline=False
    )
    return "\t".join([_MARK, coded.decode(), *map(quote, places)]) + "\n"


def unpacked(line: str) -> Iterator[tuple[int, int | None, str, float]]:
    """Return the time, step, name and value of each value on a line, which has no line end.

    Raises
    ------
    ValueError
        If any part of the line is damaged.
    """
    _, coded, *quoted = line.split("\t")
    try:
        data = binascii.a2b_base64(coded.encode("ascii"), strict_mode=True)
    except ValueError:
        raise ValueError("expected packed values in base64, found something else") from None
    columns = data[4:]
    count, rest = divmod(len(columns), _ROW_SIZE)
    if rest or len(data) < 4 or int.from_bytes(data[:4], "little") != binascii.crc32(columns):
        raise ValueError("expected packed values with their checksum, found others")
    names = [unquote(name) if name[:1] == '"' else name for name in quoted]
    *numbers, stepped = struct.unpack(f"<{count}q{count}q{count}d{count}I{count}s", columns)
    times, steps, values, places = (numbers[i * count : (i + 1) * count] for i in range(4))
    if count and max(places) >= len(names):
        raise ValueError(f"expected {max(places) + 1} names, found {len(names)}")
    return zip(
        times,
        (step if given else None for step, given in zip(steps, stepped, strict=True)),
        (names[place] for place in places),
        values,
        strict=True,
    )
