"""The summary of a run at its end, written by an interpreter with the packages that it needs.

The supervisor of a run starts without `site`, to be quick: it has only the standard library and
gage. Reading YAML needs ruamel.yaml, reading TensorBoard's event files needs tensorboard. The
summary of a run with such files is written by another process, which is started like the caller's
interpreter. If that process dies, the supervisor writes what it can.
"""

from __future__ import annotations

import os
import sys

from gage._internal.metrics.event_files import find_event_files
from gage._internal.metrics.summary import finalize_summary
from gage._internal.process.spawn import spawn
from gage._internal.record.run_meta import meta_opdef, run_for_meta_dir
from gage._internal.record.working_directory import work_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.metrics.series import MetricSeries
    from gage._internal.types import OpDef, Run

__all__ = ["has_packages_for_config", "summarize", "summarize_here"]

_YAML = (".yaml", ".yml")
_HOME = os.path.dirname(os.path.abspath(__file__)).rsplit(os.sep, 3)[0]
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from gage._internal.running.summarize import summarize_here; summarize_here(sys.argv[2])"
)


def summarize(run: Run, opdef: OpDef) -> dict[str, MetricSeries] | None:
    """Write the summary of a run whose command has ended.

    Return the metrics that were read for it (`finalize_summary`), None if another process did it.
    """
    if _has_site() or not _needs_packages(run, opdef) or not _summarized_elsewhere(run):
        return finalize_summary(run, opdef)
    return None


def summarize_here(meta_dir: str) -> None:
    """Write the summary of the run that a side-car belongs to, in this process."""
    run = run_for_meta_dir(meta_dir)
    finalize_summary(run, meta_opdef(run))


def has_packages_for_config(opdef: OpDef) -> bool:
    """Return whether this process can read the files that hold an operation's configuration."""
    if _has_site():
        return True
    keys = [str(key) for table in opdef.config for key in table["keys"]]
    return not any(key.partition("#")[0].lower().endswith(_YAML) for key in keys)


def _has_site() -> bool:
    return not sys.flags.no_site


def _needs_packages(run: Run, opdef: OpDef) -> bool:
    name = opdef.summary_filename
    if name.lower().endswith(_YAML) and os.path.exists(os.path.join(work_dir(run), name)):
        return True
    return bool(find_event_files(run.run_dir))


def _summarized_elsewhere(run: Run) -> bool:
    """Let another process write the summary; return whether it did."""
    null = os.open(os.devnull, os.O_RDWR)
    try:
        # Not imported from the working directory, which holds the user's files.
        argv = [sys.executable, "-P", "-c", _PROGRAM, _HOME, run.meta_dir]
        pid = spawn(argv, "/", dict(os.environ), null, null)
        _, status = os.waitpid(pid, 0)
    except (OSError, ValueError):
        return False
    finally:
        os.close(null)
    return status == 0
