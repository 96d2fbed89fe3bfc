"""The files of a run as its records list them."""

from __future__ import annotations

from gage._internal.record.file_log import read_events
from gage._internal.record.manifest import read_manifest
from gage._internal.types import Run
from tests.making import meta


def paths(run: Run) -> list[tuple[str, str]]:
    """Return type and path of the files in the manifest."""
    return [(entry.type, entry.path) for entry in read_manifest(str(meta(run, "manifest")))]


def events(run: Run) -> list[tuple[str, str, str]]:
    return [(event.event, event.type, event.path) for event in read_events(run)]
