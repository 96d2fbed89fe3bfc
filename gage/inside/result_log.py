"""The record of this process's results: MIME bundles in the side-car, text also in the output.

`gage._internal.output.results` describes the files. A result without a picture is also printed as
text, so that the log of a run reads like the notebook. Outside a run it is only printed.
"""

from __future__ import annotations

import os
import sys
from time import time_ns

from gage._internal.output.results import (
    DATA_DIR,
    HEADER,
    INLINE_BYTES,
    MAX_PART_BYTES,
    MAX_TOTAL_BYTES,
    RESULTS_DIR,
    is_text,
)
from gage.inside.current_run import current_meta_dir, new_process_file
from gage.inside.log_position import log_position
from gage.inside.silence import is_silent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["clear_output", "origin_of", "publish"]

_SHOW, _UPDATE, _CLEAR = "show", "update", "clear"


def publish(
    data: Mapping[str, Any],
    metadata: Mapping[str, Any] | None = None,
    *,
    kind: str = "display",
    display_id: str = "",
    update: bool = False,
    origin: str = "",
    printing: bool = True,
) -> None:
    """Record a MIME bundle; print its text if it has no picture.

    Parameters
    ----------
    data
        The parts by MIME type: text, JSON, bytes or, as in Jupyter, bytes as base64.
    kind
        `value`, `figure` or `display`.
    display_id, update
        The id for updates; whether this is an update.
    origin
        Its place in the program, and what it is: steps of one picture have the same origin.
    printing
        False if the caller prints the text itself.
    """
    if is_silent():
        sys.stdout.write(f"{data.get('text/plain', '')}\n")
        return
    parts = _Parts(data)
    text = ""
    if not update and printing and not any(mime.startswith("image/") for mime in data):
        text = str(data.get("text/plain", ""))
        text += "\n" if text and not text.endswith("\n") else ""
    event: dict[str, Any] = {"event": _UPDATE if update else _SHOW, "time_us": 0, "id": display_id}
    at = log_position()
    event["time_us"] = time_ns() // 1000
    if not update:
        event |= {"kind": kind, "at": at, "origin": origin}
        event["printed"] = len(text.encode("utf-8", "replace"))
    event |= parts.recorded()
    event["metadata"] = _as_json(metadata or {})
    _record(event)
    if text:
        sys.stdout.write(text)
        sys.stdout.flush()


class _Parts:
    """The parts of a bundle: in the line, in a file, or left out."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def recorded(self) -> dict[str, Any]:
        """Write the large parts; return the line's fields for all parts."""
        inline: dict[str, Any] = {}
        files: dict[str, tuple[str, int]] = {}
        left_out: dict[str, int] = {}
        for mime, value in self._data.items():
            if is_text(mime):
                value = _as_json(value) if mime.endswith("json") else str(value)  # noqa: PLW2901
                stored = _json_bytes(value) if mime.endswith("json") else _text_bytes(value)
                if len(stored) <= INLINE_BYTES:
                    inline[mime] = value
                    continue
            else:
                stored = _bytes_of(value)
            if len(stored) > MAX_PART_BYTES or _store.written + len(stored) > MAX_TOTAL_BYTES:
                left_out[mime] = len(stored)
                _say_left_out(mime, len(stored))
                continue
            if _store.open():
                files[mime] = (_store.add(stored), len(stored))
        return {"data": inline, "files": files, "left_out": left_out}


class _Store:
    """The files of this process in the side-car."""

    def __init__(self) -> None:
        self._fd: int | None = None
        self._pid = 0
        self._directory = ""
        self.written = 0

    def open(self) -> bool:
        """Open the file of this process; return whether it is part of a run."""
        if self._pid == os.getpid():
            return self._fd is not None
        # The first call, or the first in a forked child, which has its own file.
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
        self._pid = os.getpid()
        meta_dir = current_meta_dir()
        if meta_dir is None:
            return False
        self._directory = os.path.join(meta_dir, RESULTS_DIR)
        os.makedirs(os.path.join(self._directory, DATA_DIR), exist_ok=True)
        self._fd = new_process_file(self._directory)
        self._append(f"{HEADER}\n".encode())
        return True

    def add(self, data: bytes) -> str:
        """Store a part; return its digest. Equal parts are stored once."""
        from hashlib import sha256

        digest = sha256(data).hexdigest()
        path = os.path.join(self._directory, DATA_DIR, digest)
        if not os.path.exists(path):
            temporary = f"{path}.{self._pid}"
            with open(temporary, "wb") as file:
                file.write(data)
            os.replace(temporary, path)
        self.written += len(data)
        return digest

    def record(self, event: Mapping[str, Any]) -> None:
        if self.open():
            self._append(_json_bytes(event) + b"\n")

    def _append(self, data: bytes) -> None:
        while data and self._fd is not None:
            data = data[os.write(self._fd, data) :]


_store = _Store()


def _record(event: Mapping[str, Any]) -> None:
    try:
        _store.record(event)
    except OSError as error:
        # The program's work is more important than its picture.
        sys.stderr.write(f"gage: a result cannot be recorded: {error}\n")


def _say_left_out(mime: str, size_bytes: int) -> None:
    limit, which = MAX_PART_BYTES, "one part"
    if size_bytes <= limit:
        limit, which = MAX_TOTAL_BYTES, "all of a process"
    sys.stderr.write(
        f"gage: {mime} of {size_bytes >> 20} MiB is not recorded: "
        f"the limit for {which} is {limit >> 20} MiB\n"
    )


def _text_bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _bytes_of(value: Any) -> bytes:
    if isinstance(value, str):
        from binascii import a2b_base64

        return a2b_base64(value)
    return bytes(value)


def _json_bytes(value: Any) -> bytes:
    from json import dumps

    return dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _as_json(value: Any) -> Any:
    """Return a value for JSON, with strings for parts that JSON cannot represent."""
    from json import dumps, loads

    return loads(dumps(value, default=str))


def origin_of(what: str) -> str:
    """Return the place in the program that shows something, and what: `train.py:31 DataFrame`.

    Digits of `what` are ignored: `epoch 3` and `epoch 4` are steps of one picture.
    """
    frame = sys._getframe(1)  # noqa: SLF001 - there is no other way
    own = os.path.dirname(__file__)
    while frame.f_back is not None and (
        frame.f_code.co_filename.startswith(own) or "site-packages" in frame.f_code.co_filename
    ):
        frame = frame.f_back
    place = f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"
    if frame.f_back is None and frame.f_code.co_filename.startswith((own, "<frozen runpy>")):
        place = "end"
    words = ""
    for char in what:
        if not char.isdigit():
            words += char
        elif words[-1:] != "#":
            words += "#"
    return f"{place} {words[:200]}"


def clear_output(wait: bool = False) -> None:  # noqa: FBT001, FBT002 - as IPython's
    """Remove the results that this process has shown; with `wait`, when it shows the next."""
    if is_silent():
        return
    _record({"event": _CLEAR, "time_us": time_ns() // 1000, "at": log_position(), "wait": wait})
