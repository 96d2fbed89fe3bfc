"""Time and identity: strictly increasing timestamps, ids, and the names made from ids."""

from __future__ import annotations

import _thread
import os
import time

__all__ = ["iso_time", "make_id", "name_for_id", "now_us"]

_CONSONANTS = "bdfghjklmnprstvz"
_VOWELS = "aiou"

_last_us = 0
_lock = _thread.allocate_lock()


def now_us() -> int:
    """Return epoch microseconds (UTC), later than every value returned before in this process."""
    global _last_us
    with _lock:
        _last_us = max(time.time_ns() // 1000, _last_us + 1)
        return _last_us


def iso_time() -> str:
    """Return the local time as ISO 8601 with seconds and zone, `2026-11-22T23:06:50+0000`."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def make_id() -> str:
    """Return a new id: a random UUID (version 4, RFC 9562) in its canonical form."""
    digits = bytearray(os.urandom(16))
    digits[6] = digits[6] & 0x0F | 0x40
    digits[8] = digits[8] & 0x3F | 0x80
    text = digits.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def name_for_id(run_id: str) -> str:
    """Return the proquint of the first eight hex digits of an id.

    Five letters for each 16 bits, so that the name can be read aloud: D. S. Wilkerson, "A
    Proposal for Proquints" (arXiv:0901.4016).
    """
    number = int(run_id[:8], 16)
    return f"{_quint(number >> 16)}-{_quint(number & 0xFFFF)}"


def _quint(bits: int) -> str:
    return (
        _CONSONANTS[bits >> 12 & 15]
        + _VOWELS[bits >> 10 & 3]
        + _CONSONANTS[bits >> 6 & 15]
        + _VOWELS[bits >> 4 & 3]
        + _CONSONANTS[bits & 15]
    )
