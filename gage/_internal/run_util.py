"""The life of a run as functions, in the order of a run's life; defines nothing itself."""

from gage._internal.record.layout import run_meta_dir, run_meta_path
from gage._internal.record.run_meta import SCHEMA as META_SCHEMA
from gage._internal.record.run_meta import (
    meta_config,
    meta_opcmd,
    meta_opdef,
    meta_opref,
    run_attrs,
    run_for_meta_dir,
)
from gage._internal.record.status import run_status
from gage._internal.running.finalize import finalize_run
from gage._internal.running.runner import start_run, stop_run, wait_for_run
from gage._internal.staging.staging import (
    apply_config,
    copy_sourcecode,
    finalize_staged_run,
    init_run_meta,
    init_runtime,
    make_run,
    resolve_deps,
    stage_run,
)

__all__ = [
    "META_SCHEMA",
    "apply_config",
    "copy_sourcecode",
    "finalize_run",
    "finalize_staged_run",
    "init_run_meta",
    "init_runtime",
    "make_run",
    "meta_config",
    "meta_opcmd",
    "meta_opdef",
    "meta_opref",
    "resolve_deps",
    "run_attrs",
    "run_for_meta_dir",
    "run_meta_dir",
    "run_meta_path",
    "run_status",
    "stage_run",
    "start_run",
    "stop_run",
    "wait_for_run",
]
