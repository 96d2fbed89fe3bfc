"""Digests of small files, without loading OpenSSL.

`hashlib` loads OpenSSL, which takes 5 ms: a third of the interpreter's own start. A run of a few
small files has them hashed by what CPython has of its own. That is slower by the byte, and so it
is used for the first few kilobytes of a process only.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

small_sha256: Callable[[bytes], Any] | None
try:
    _own = __import__("_sha2" if sys.version_info >= (3, 12) else "_sha256")
    small_sha256 = _own.sha256
except ImportError:  # another Python than CPython, or one without it
    small_sha256 = None

__all__ = ["sha256_of"]

_left_bytes = 32 << 10
_of_openssl: Callable[[bytes], Any] | None = None


def sha256_of(data: bytes) -> str:
    """Return the sha256 of data in hex."""
    # Both are of the process, as the cost of loading OpenSSL is.
    global _left_bytes, _of_openssl  # noqa: PLW0603
    if _of_openssl is None:
        if small_sha256 is not None and len(data) <= _left_bytes and "hashlib" not in sys.modules:
            _left_bytes -= len(data)
            return str(small_sha256(data).hexdigest())
        from hashlib import sha256

        # Kept, since the import statement alone takes as long as hashing a small file.
        _of_openssl = sha256
    return str(_of_openssl(data).hexdigest())
