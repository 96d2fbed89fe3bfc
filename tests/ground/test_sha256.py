"""Digests of small files without OpenSSL."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest


@pytest.mark.parametrize("size", [0, 1, 1000, 32768, 32769, 1 << 20])
def test_digest_is_that_of_hashlib(size: int) -> None:
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}; from gage._internal.sha256 import sha256_of\n"
        f"print(sha256_of(b'x' * {size})); print(sha256_of(b'again'))\n"
        "print('hashlib' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True
    )
    first, second, has_loaded = done.stdout.split()

    assert first == hashlib.sha256(b"x" * size).hexdigest()
    assert second == hashlib.sha256(b"again").hexdigest()
    assert has_loaded == str(size > 32768 - len("again"))
