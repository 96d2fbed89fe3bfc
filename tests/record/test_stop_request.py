"""Requests to stop: what is asked is what is read; what cannot be read is a request too."""

from __future__ import annotations

from pathlib import Path

import pytest

from gage._internal.errors import MetaError
from gage._internal.process.stopping import GRACE_S
from gage._internal.record.stop_request import (
    StopRequest,
    make_stop_request,
    read_stop_request,
    write_stop_request,
)


def test_a_request_comes_back(tmp_path: Path) -> None:
    path = str(tmp_path / "stop")
    request = make_stop_request("user", 0.25)

    write_stop_request(path, request)

    assert read_stop_request(path, strict=True) == request
    assert request.asked_us > 0


def test_no_file_is_no_request(tmp_path: Path) -> None:
    assert read_stop_request(str(tmp_path / "stop"), strict=True) is None
    assert read_stop_request(str(tmp_path / "no" / "stop")) is None


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"7", b"{}", b"\xff", b'{"by": null}'])
def test_a_damaged_file_is_a_request_by_somebody_unknown(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "stop"
    path.write_bytes(data)

    assert read_stop_request(str(path)) == StopRequest("unknown", 0, GRACE_S)
    with pytest.raises(MetaError, match="stop: "):
        read_stop_request(str(path), strict=True)


@pytest.mark.parametrize("grace", ["-1", "NaN", "Infinity", '"5"', "null", "[]"])
def test_a_grace_period_that_cannot_be_one_is_the_default(tmp_path: Path, grace: str) -> None:
    path = tmp_path / "stop"
    path.write_text(f'{{"by": "x", "asked_us": 1, "grace_s": {grace}}}')

    assert read_stop_request(str(path)) == StopRequest("x", 1, GRACE_S)


def test_a_directory_in_its_place_is_a_request(tmp_path: Path) -> None:
    assert read_stop_request(str(tmp_path)) == StopRequest("unknown", 0, GRACE_S)
