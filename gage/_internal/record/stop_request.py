"""A request to stop a run or a batch: the file `proc/stop` of a side-car, `stop` of a batch.

    {"by": "user", "asked_us": 1795539600000000, "grace_s": 5.0}

`by` is the source of the request: `user`, `interrupt`, `signal` (SIGTERM to the supervisor without
a request), `fail-fast`; `asked_us` is its time in epoch microseconds; `grace_s` is the time between
SIGINT and SIGTERM, and between SIGTERM and SIGKILL, in seconds. A file that cannot be read like
this is a request too.
"""

from __future__ import annotations

from gage._internal.atomic import replace
from gage._internal.clock import now_us
from gage._internal.errors import MetaError
from gage._internal.guarded import read_regular
from gage._internal.light_json import dumps, loads
from gage._internal.named import NamedTuple
from gage._internal.process.stopping import GRACE_S
from gage._internal.record.reading import unreadable

__all__ = [
    "StopRequest",
    "any_stop_request",
    "decode_stop_request",
    "encode_stop_request",
    "make_stop_request",
    "read_stop_request",
    "write_stop_request",
]


class StopRequest(NamedTuple):
    """A request to stop a run or batch: its source, its time, and the seconds between signals."""

    by: str
    asked_us: int
    grace_s: float


_LONGEST_GRACE_S = 1e6
_UNKNOWN = StopRequest("unknown", 0, GRACE_S)


def make_stop_request(by: str, grace_s: float = GRACE_S) -> StopRequest:
    """Return a request with the present time."""
    return StopRequest(by, now_us(), grace_s)


def encode_stop_request(request: StopRequest) -> bytes:
    """Return the content of a request's file."""
    return dumps(dict(zip(request._fields, request, strict=True))).encode() + b"\n"


def decode_stop_request(data: bytes) -> StopRequest:
    """Return the request in a file's content.

    Raises
    ------
    ValueError
        If the content is not a request.
    """
    value = loads(data.decode("utf-8", "surrogateescape"))
    fields = value if isinstance(value, dict) else {}
    by, asked_us, grace_s = (fields.get(name) for name in StopRequest._fields)
    if not by:
        raise ValueError(f'expected a JSON object with "by", found {data[:80]!r}')
    if not isinstance(asked_us, int):
        asked_us = 0
    if not isinstance(grace_s, (int, float)) or not 0 <= grace_s <= _LONGEST_GRACE_S:
        grace_s = GRACE_S
    return StopRequest(str(by), asked_us, float(grace_s))


def any_stop_request(data: bytes) -> StopRequest:
    """Return the request in a file's content; an unreadable one is by `unknown`."""
    try:
        return decode_stop_request(data)
    except ValueError:
        return _UNKNOWN


def write_stop_request(path: str, request: StopRequest) -> None:
    """Write a request, replacing an earlier one."""
    replace(path, encode_stop_request(request))


def read_stop_request(path: str, *, strict: bool = False) -> StopRequest | None:
    """Return the request in a file, None if there is no file.

    Parameters
    ----------
    strict
        Whether a file that cannot be read is an error. Otherwise it is a request by `unknown`.

    Raises
    ------
    MetaError
        With `strict`, for a file that cannot be read.
    """
    try:
        data = read_regular(path)
        return decode_stop_request(data) if strict else any_stop_request(data)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if strict:
            raise unreadable(path, error) from error
        return _UNKNOWN
    except ValueError as error:
        raise MetaError(f"{path}: {error}") from None
