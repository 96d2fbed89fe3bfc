"""Text is told from binary content."""

from __future__ import annotations

import pytest

from gage._internal.sources.rules import is_text


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(b"", True, id="empty"),
        pytest.param(b"print(1)\n", True, id="ascii"),
        pytest.param("é€🎉".encode(), True, id="utf-8"),
        pytest.param("\ufeffx".encode(), True, id="byte-order-mark"),
        pytest.param("né".encode("latin-1"), True, id="latin-1"),
        pytest.param(b"\x1b[1mbold\x1b[0m \xe9\f\n", True, id="escapes"),
        pytest.param(b"a\0b", False, id="nul"),
        pytest.param("text".encode("utf-16"), False, id="utf-16"),
        pytest.param(b"\x89PNG\r\n\x1a\n", False, id="png"),
        pytest.param(b"\x80\x04\x95\x01", False, id="pickle"),
        pytest.param(b"x" * 8191 + "é".encode(), True, id="character-cut-in-two"),
        pytest.param(b"x" * 8192 + b"\0", True, id="only-the-head-counts"),
    ],
)
def test_text_is_told_from_binary(head: bytes, expected: bool) -> None:
    assert is_text(head) is expected
