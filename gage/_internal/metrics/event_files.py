"""Scalars in the TensorBoard event files of a run's directory.

TensorBoard, PyTorch, Keras and others write `*tfevents*` files, whose records have a wall time, a
step and values by tag. The tag is the name of the metric. If files are in several directories, the
name begins with the directory: `train/loss`, `validation/loss`.

The package tensorboard (an extra of gage) reads them. It keeps no state and reads all files every
time, which is good for ended runs, not for a view that is updated ten times a second.
"""

from __future__ import annotations

import os

from gage.inside.metric_log import Metric

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

__all__ = ["TENSORBOARD", "find_event_files", "read_event_files"]

TENSORBOARD = "tensorboard"


def find_event_files(run_dir: str) -> list[str]:
    """Return the event files below a directory, relative to it, sorted; links are not followed."""
    found = []
    for directory, _, names in os.walk(run_dir):
        # TensorBoard's names; the rest is time, host and process.
        events = [name for name in names if "tfevents" in name]
        found += [os.path.relpath(os.path.join(directory, name), run_dir) for name in events]
    return sorted(found)


def read_event_files(run_dir: str, on_fault: Callable[[str], None]) -> list[Metric]:
    """Return the scalars of all event files below a directory, in the order of time.

    Parameters
    ----------
    on_fault
        A function that is called with a message if tensorboard is not installed, and for files that
        cannot be read.
    """
    paths = find_event_files(run_dir)
    if not paths:
        return []
    try:
        from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
    except ImportError:
        on_fault(
            f"{len(paths)} TensorBoard event files are not read: "
            f"install tensorboard (pip install 'gage[tensorboard]')"
        )
        return []
    except Exception as error:  # noqa: BLE001 # a protobuf that does not fit raises TypeError
        on_fault(f"{len(paths)} TensorBoard event files are not read: tensorboard: {error}")
        return []
    directories = {path: os.path.dirname(path) for path in paths}
    base = os.path.commonpath({*directories.values()}) if all(directories.values()) else ""
    metrics: list[Metric] = []
    # Only the first event with a tag in a directory has the tag's metadata.
    plugins: dict[tuple[str, str], str] = {}
    for path in paths:
        directory = directories[path]
        prefix = os.path.relpath(directory or ".", base or ".").replace(os.sep, "/")
        loader = LegacyEventFileLoader(os.path.join(run_dir, path))
        try:
            for event in loader.Load():
                for tag, value in _scalars(event, directory, plugins):
                    name = tag if prefix == "." else f"{prefix}/{tag}"
                    time_us = round(event.wall_time * 1e6)
                    metrics.append(Metric(name, event.step, time_us, value, TENSORBOARD))
        # The loader stops at an incomplete record; other files fail in many ways.
        except Exception as error:  # noqa: BLE001
            on_fault(f"{path}: not read to its end as a TensorBoard event file: {error!r}")
    metrics.sort(key=lambda metric: metric.time_us)
    return metrics


def _scalars(
    event: Any, directory: str, plugins: dict[tuple[str, str], str]
) -> Iterator[tuple[str, float]]:
    for value in event.summary.value:
        kind = value.WhichOneof("value")
        if kind == "simple_value":
            yield value.tag, float(value.simple_value)
        elif kind == "tensor":
            plugin_name = value.metadata.plugin_data.plugin_name
            plugin = plugins.setdefault((directory, value.tag), plugin_name)
            if plugin == "scalars":
                from tensorboard.util import tensor_util

                yield value.tag, float(tensor_util.make_ndarray(value.tensor).item())
