"""Scalars in TensorBoard event files that a run wrote into its directory.

TensorBoard, PyTorch, Keras and others write `*tfevents*` files: records of a wall time, a step and
values by tag. A tag is the name of the metric, behind the directory of its file where the files
lie in several: `train/loss`, `validation/loss` as seen from the directory that holds both.

The package tensorboard reads them (the extra of that name). It keeps no state: each reading is of
all files, which is for runs that ended, not for a view ten times a second.
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
        # As TensorBoard knows them; the name goes on with time, host and process.
        events = [name for name in names if "tfevents" in name]
        found += [os.path.relpath(os.path.join(directory, name), run_dir) for name in events]
    return sorted(found)


def read_event_files(run_dir: str, on_fault: Callable[[str], None]) -> list[Metric]:
    """Return the scalars of all event files below a directory, in the order of time.

    Parameters
    ----------
    on_fault
        Told when there are event files but tensorboard is not installed, and of files that
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
    # What a tag holds is said once in a directory, by the first event that has it.
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
        # The loader ends at a torn record; what is not an event file fails in many ways.
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
            said = value.metadata.plugin_data.plugin_name
            plugin = plugins.setdefault((directory, value.tag), said)
            if plugin == "scalars":
                from tensorboard.util import tensor_util

                yield value.tag, float(tensor_util.make_ndarray(value.tensor).item())
