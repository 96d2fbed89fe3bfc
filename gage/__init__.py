"""gage records runs of code: what they used, what they printed, what they made.

    import gage

    run = gage.run("train.py", {"lr": 0.1})     # run a script and wait for it
    run.status, run.config, run.last_lines()    # what happened
    gage.runs()                                  # every run so far, the newest first

    gage.log(loss=0.3, step=10)                  # in the run's own code: a metric
    gage.progress(3, 10)                         # and how far it is

Importing this package loads next to nothing: a name is loaded when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.api.batches import batches, run_batch
    from gage._internal.api.order import doctor, du
    from gage._internal.api.runs import find, operations, run, runs
    from gage._internal.api.whence import whence
    from gage._internal.batch.batch import Batch
    from gage._internal.errors import (
        BatchFailed,
        ConfigError,
        DependencyError,
        GageError,
        GagefileError,
        MetaError,
        OptionError,
        PatternError,
        PhaseError,
        RunFailed,
        RunNotFound,
        RunStateError,
        StoreError,
        TargetError,
    )
    from gage._internal.store.recorded_run import RecordedRun
    from gage.inside.metric_log import log
    from gage.inside.progress_report import progress

__version__ = "0.2.0"

# Each public name with the module it comes from.
_HOMES = {
    "Batch": "gage._internal.batch.batch",
    "BatchFailed": "gage._internal.errors",
    "ConfigError": "gage._internal.errors",
    "DependencyError": "gage._internal.errors",
    "GageError": "gage._internal.errors",
    "GagefileError": "gage._internal.errors",
    "MetaError": "gage._internal.errors",
    "OptionError": "gage._internal.errors",
    "PatternError": "gage._internal.errors",
    "PhaseError": "gage._internal.errors",
    "RecordedRun": "gage._internal.store.recorded_run",
    "RunFailed": "gage._internal.errors",
    "RunNotFound": "gage._internal.errors",
    "RunStateError": "gage._internal.errors",
    "StoreError": "gage._internal.errors",
    "TargetError": "gage._internal.errors",
    "batches": "gage._internal.api.batches",
    "doctor": "gage._internal.api.order",
    "du": "gage._internal.api.order",
    "find": "gage._internal.api.runs",
    "log": "gage.inside.metric_log",
    "operations": "gage._internal.api.runs",
    "progress": "gage.inside.progress_report",
    "run": "gage._internal.api.runs",
    "run_batch": "gage._internal.api.batches",
    "runs": "gage._internal.api.runs",
    "whence": "gage._internal.api.whence",
}

__all__ = [
    "Batch",
    "BatchFailed",
    "ConfigError",
    "DependencyError",
    "GageError",
    "GagefileError",
    "MetaError",
    "OptionError",
    "PatternError",
    "PhaseError",
    "RecordedRun",
    "RunFailed",
    "RunNotFound",
    "RunStateError",
    "StoreError",
    "TargetError",
    "__version__",
    "batches",
    "doctor",
    "du",
    "find",
    "log",
    "operations",
    "progress",
    "run",
    "run_batch",
    "runs",
    "whence",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        from gage._internal.facade import public_name

        return public_name(globals(), _HOMES, name)


def __dir__() -> list[str]:
    return sorted(__all__)
