"""The end of a run as its supervisor records it, also where finalising fails."""

from __future__ import annotations

from gage._internal.atomic import NO_ROOM, replace
from gage._internal.clock import now_us
from gage._internal.record.layout import run_meta_path
from gage._internal.record.run_meta import write_timestamp
from gage._internal.record.runner_log import log_runner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gage._internal.running.default_config import DefaultConfig
    from gage._internal.types import Run

__all__ = ["finalize_or_record_why"]


def finalize_or_record_why(
    run: Run,
    exit_code: int | None,
    reason: str,
    default_config: DefaultConfig | None = None,
    asked_to_stop: Callable[[], bool] = lambda: False,
    at_end: Callable[[], None] = lambda: None,
) -> None:
    """Finalise a run; if that fails, record its end and why it is not finalised.

    If the disk has no room, the end stays open: it is recorded later (`late_end`).
    """
    from gage._internal.running.finalize import finalize_run

    try:
        finalize_run(run, exit_code, reason, default_config, asked_to_stop, at_end=at_end)
    except Exception as error:  # noqa: BLE001 - the record of the end depends on no other step
        reason = reason or f"not finalised: {error}"
        try:
            log_runner(run, f"Finalising failed: {type(error).__name__}: {error}")
        except OSError:
            pass  # never lose a run over a log line
        if exit_code is not None:
            replace(run_meta_path(run, "proc", "exit"), b"%d\n" % exit_code)
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                return
        replace(run_meta_path(run, "proc", "reason"), f"{reason}\n".encode("utf-8", "replace"))
        write_timestamp(run, "stopped", now_us())
