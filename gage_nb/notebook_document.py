"""Notebooks as documents of the notebook format (nbformat 4), without the package nbformat."""

from __future__ import annotations

import json
import sys
from typing import Any

__all__ = ["MAX_DOCUMENT_BYTES", "document_of", "holds_source", "size_bytes_of", "without_outputs"]

MAX_DOCUMENT_BYTES = 1_000_000


def without_outputs(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without outputs, attachments and the state of widgets."""
    cells = []
    for cell in document["cells"]:
        kept = {key: value for key, value in cell.items() if key != "attachments"}
        if "outputs" in kept:
            kept["outputs"] = []
        cells.append(kept)
    metadata = dict(document.get("metadata") or {})
    metadata.pop("widgets", None)
    return {**document, "metadata": metadata, "cells": cells}


def size_bytes_of(document: dict[str, Any]) -> int:
    """Return the size of a document as JSON."""
    return len(json.dumps(document))


def holds_source(document: dict[str, Any], source: str) -> bool:
    """Return whether a document has a cell with this text, ignoring white space at its ends."""
    wanted = source.strip()
    return any(
        _text(candidate.get("source")).strip() == wanted
        for candidate in document["cells"]
        if isinstance(candidate, dict)
    )


def _text(source: Any) -> str:
    """Return a text in a notebook, which may be stored as a list of lines."""
    return "".join(source) if isinstance(source, list) else str(source)


def document_of(executed: list[tuple[int, str]]) -> tuple[dict[str, Any], int]:
    """Return a notebook of executed cells, and how many of the oldest were left out for its size.

    nbformat is not used: it takes 100 ms to import, and a kernel may not have it.
    """
    cells: list[dict[str, Any]] = []
    room = MAX_DOCUMENT_BYTES
    for number, source in reversed(executed):
        room -= len(source.encode("utf-8", "surrogatepass")) + 200
        if room < 0:
            break
        cells.append(
            {
                "cell_type": "code",
                "execution_count": number,
                "id": f"executed-{number}",
                "metadata": {},
                "outputs": [],
                "source": source,
            }
        )
    version = ".".join(map(str, sys.version_info[:3]))
    document = {
        "cells": cells[::-1],
        "metadata": {"language_info": {"name": "python", "version": version}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return document, len(executed) - len(cells)
