"""The summary of a run at its end: every metric's last value, and what the run itself says."""

from __future__ import annotations

from gage._internal.atomic import replace
from gage._internal.errors import MetaError
from gage._internal.metrics.series import read_metrics, summarize
from gage._internal.metrics.summary_file import read_said_summary
from gage._internal.record.run_meta import encode_json, log_runner, run_meta_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.types import OpDef, Run

__all__ = ["finalize_summary"]


def finalize_summary(run: Run, opdef: OpDef) -> None:
    """Write the side-car's `summary.json` (`summary_file`) of a run whose command has ended.

    There is none where there is nothing to say. What cannot be read is told in `log/runner`: a
    summary never fails a run.
    """

    def tell(fault: str) -> None:
        log_runner(run, f"Warning: {fault}")

    said = read_said_summary(run, opdef.summary_filename, tell)
    if said is not None:
        log_runner(run, f"Using run summary {opdef.summary_filename}")
    try:
        series = summarize(read_metrics(run, tell, final=True))
    except (MetaError, OSError) as error:
        tell(f"metrics are not read: {error}")
        series = {}
    metrics = {name: values.last for name, values in series.items()}
    summary = {
        "metrics": metrics | (said["metrics"] if said else {}),
        "attributes": said["attributes"] if said else {},
    }
    if summary["metrics"] or summary["attributes"]:
        log_runner(run, "Writing meta summary.json")
        replace(run_meta_path(run, "summary.json"), encode_json(summary))
