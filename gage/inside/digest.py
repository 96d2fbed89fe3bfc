"""The digest of a value: equal digests in two processes mean equal values.

Plain Python values, NumPy arrays, DataFrames and Series have a digest; other values, and very large
ones, have none. Types count: 1, 1.0 and True differ.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["digest_of"]

_MAX_BYTES = 50_000_000


def digest_of(value: Any) -> str:
    """Return the digest of a value, "" if it has none."""
    try:
        data = _bytes_of(value)
    except Exception:  # noqa: BLE001 - whatever it holds: then nothing is known of it
        return ""
    if data is None:
        return ""
    from hashlib import blake2b

    return blake2b(data, digest_size=12).hexdigest()


def _bytes_of(value: Any) -> bytes | None:
    kind = type(value)
    home = kind.__module__.partition(".")[0]
    if home == "numpy" and kind.__name__ == "ndarray":
        if value.dtype.hasobject or value.nbytes > _MAX_BYTES:
            return None
        return f"{value.dtype.descr}{value.shape}".encode() + bytes(value.tobytes())
    if home == "pandas" and kind.__name__ in ("DataFrame", "Series"):
        return _bytes_of_frame(value)
    from gage.inside.plain import NotPlain, encode

    try:
        encoded = encode(value)
    except NotPlain:
        return None
    return repr(_ordered(encoded)).encode("utf-8", "surrogatepass")


def _bytes_of_frame(value: Any) -> bytes | None:
    pandas: Any = sys.modules["pandas"]
    usage = value.memory_usage(index=True)
    if (usage if isinstance(usage, int) else int(usage.sum())) > _MAX_BYTES:
        return None
    types = value.dtypes if type(value).__name__ == "DataFrame" else [value.dtype]
    labels = value.columns.tolist() if type(value).__name__ == "DataFrame" else [value.name]
    hashes = pandas.util.hash_pandas_object(value, index=True).to_numpy().tobytes()
    return f"{labels!r}{[str(each) for each in types]}".encode() + bytes(hashes)


def _ordered(encoded: Any) -> Any:
    """Return an encoded value with its sets sorted, since their order differs between processes."""
    if isinstance(encoded, list):
        return [_ordered(item) for item in encoded]
    if not isinstance(encoded, dict):
        return encoded
    for tag in ("$set", "$frozenset"):
        if tag in encoded:
            return {tag: sorted(repr(_ordered(item)) for item in encoded[tag])}
    return {key: _ordered(item) for key, item in encoded.items()}
