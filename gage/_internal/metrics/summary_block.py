"""A printed summary: a block of JSON that a regular expression finds in the output of a run.

    --- summary ---
    {"metrics": {"acc": 0.91}, "attributes": {"data": "v2"}}
    ---

This is a form of gage 0.1. `output-summary` is one regular expression with one group, in which `.`
also matches line ends; the last match counts. Without `output-summary`, the block is searched
between the lines above. The JSON is as in `summary_file`, or only a table of metrics.
"""

from __future__ import annotations

import os

from gage._internal.errors import ConfigError
from gage._internal.record.layout import RUN_OUTPUT, run_meta_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gage._internal.types import OpDef, Run

__all__ = ["is_block", "read_block"]

_DEFAULT = r"--- summary ---(.*?)---"
_MARK = b"--- summary ---"
_MOST_BYTES = 1_000_000  # of the end of the output


def is_block(opdef: OpDef) -> bool:
    """Return whether `output-summary` is one expression that finds a block of JSON."""
    text = opdef.data.get("output-summary")
    if not isinstance(text, str) or not text:
        return False
    import re

    try:
        return re.compile(text).groups == 1
    except (re.error, OverflowError, RecursionError):
        return False


def read_block(run: Run, opdef: OpDef) -> dict[str, Any] | None:
    """Return the data of the last block that a run printed, None if there is none.

    Raises
    ------
    ConfigError
        If the block is not a table in JSON.
    """
    by_default = opdef.output_summary is True
    if not by_default and not is_block(opdef):
        return None
    tail = _tail(run_meta_path(run, "output", RUN_OUTPUT))
    if by_default and _MARK not in tail:
        return None
    import re

    expression = _DEFAULT if by_default else opdef.data["output-summary"]
    blocks = re.findall(expression, tail.decode("utf-8", "replace"), re.DOTALL)
    if not blocks:
        return None
    from gage._internal.config.json_file import read

    text = blocks[-1].strip()
    if by_default and not text.startswith("{"):
        return None  # the program uses these lines for something else
    try:
        return read(text.encode(), "the printed summary").data()
    except RecursionError:
        raise ConfigError("the printed summary: it is nested too deeply") from None


def _tail(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _MOST_BYTES))
            return file.read(_MOST_BYTES)
    except OSError:
        return b""
