"""The summary of a run at its end: the last value of every metric, and the run's own summary."""

from __future__ import annotations

from gage._internal.atomic import replace
from gage._internal.errors import ConfigError, MetaError
from gage._internal.metrics.series import read_metrics, summarize
from gage._internal.metrics.summary_block import read_block
from gage._internal.metrics.summary_file import SUMMARY_KEYS, checked_summary, read_run_file
from gage._internal.record.layout import run_meta_path
from gage._internal.record.run_meta import encode_json
from gage._internal.record.runner_log import log_note, log_runner
from gage._internal.record.status import read_exit_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gage._internal.metrics.series import MetricSeries
    from gage._internal.types import OpDef, Run

__all__ = ["finalize_summary"]


def finalize_summary(run: Run, opdef: OpDef) -> dict[str, MetricSeries]:
    """Write the side-car's `summary.json` (`summary_file`) of a run whose command has ended.

    There is none if it would be empty. What cannot be read becomes a note of the run: a summary
    never makes a run fail.

    Returns the metrics of the run but for those that only its summary has.
    """

    def on_fault(fault: str) -> None:
        log_note(run, f"Warning: {fault}")

    printed = _printed_summary(run, opdef, on_fault)
    own = read_run_file(run, opdef.summary_filename, on_fault)
    if own is not None:
        log_runner(run, f"Using run summary {opdef.summary_filename}")
    elif opdef.data.get("summary") and read_exit_code(run) == 0:
        on_fault(f"{opdef.summary_filename}: the run has not written this file, its summary")
    try:
        series = summarize(read_metrics(run, on_fault, final=True))
    except (MetaError, OSError) as error:
        on_fault(f"metrics are not read: {error}")
        series = {}
    metrics = {name: values.last for name, values in series.items()}
    summary = {
        "metrics": metrics | printed["metrics"] | (own["metrics"] if own else {}),
        "attributes": printed["attributes"] | (own["attributes"] if own else {}),
    }
    if summary["metrics"] or summary["attributes"]:
        log_runner(run, "Writing meta summary.json")
        replace(run_meta_path(run, "summary.json"), encode_json(summary))
    return series


def _printed_summary(
    run: Run, opdef: OpDef, on_fault: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """Return the printed summary of a run; a table in another form is a table of metrics."""
    try:
        data = read_block(run, opdef)
    except ConfigError as error:
        on_fault(f"{error}: it is not used")
        data = None
    if data is not None and not data.keys() & {*SUMMARY_KEYS}:
        data = {"metrics": data}
    return checked_summary(data or {}, "the printed summary", on_fault)
