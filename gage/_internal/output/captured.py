"""Running a command to its end and capturing its output."""

from __future__ import annotations

import os

from gage._internal.output.format import STDERR
from gage._internal.output.recording import Recording, open_pipes
from gage._internal.output.writer import Capture, open_journal
from gage._internal.process.ending import Child
from gage._internal.process.identity import identity_of
from gage._internal.process.spawn import spawn, start_fault
from gage._internal.process.stopping import GRACE_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType
    from typing import Self

__all__ = [
    "run_captured",
]


def run_captured(
    argv: list[str],
    cwd: str,
    env: Mapping[str, str],
    output_path: str,
    *,
    grace_s: float = GRACE_S,
    stop_requested: Callable[[], bool] = lambda: False,
    log: Callable[[str], None] = lambda _: None,
) -> int:
    """Run a command to its end and capture its output; return its exit code (below 0: a signal).

    An interrupt stops the command's whole process group, as `stop_requested` does, with `grace_s`
    seconds between the signals, or none after a second interrupt. It is raised when the output is
    recorded. A command that cannot be started has the exit code 127 (not found) or 126, and its
    stderr says why.

    Raises
    ------
    OSError
        If the output cannot be written; then the command is stopped.
    ChildProcessError
        If the exit code is lost because this process ignores or reaps every child that ends.
    KeyboardInterrupt
        After an interrupt.
    """
    journal_fd = open_journal()
    capture = Capture(output_path, journal_fd)
    (out_read, out_write), (err_read, err_write) = open_pipes()
    try:
        with _Interrupts() as interrupts:
            try:
                pid = spawn(argv, cwd, env, out_write, err_write)
            except (OSError, ValueError) as error:
                code, reason = start_fault(error, argv)
                capture.write(f"gage: {reason}\n".encode("utf-8", "replace"), STDERR)
                os.close(out_read)
                os.close(err_read)
                return code
            finally:
                os.close(out_write)
                os.close(err_write)
            child = Child(identity_of(pid, ended=True))

            def stop_asked() -> float | None:
                if interrupts.count or stop_requested():
                    return grace_s if interrupts.count < 2 else 0.0
                return None

            recording = Recording(capture, (out_read, err_read), child, log, stop_asked=stop_asked)
            recording.run()
        if recording.fault is not None:
            raise recording.fault
        if child.exit_code is None:
            raise ChildProcessError(f"the exit code of {argv} was taken by other code in here")
        return child.exit_code
    finally:
        capture.close()
        os.close(journal_fd)


class _Interrupts:
    """Counts interrupts (SIGINT) instead of raising them, so that no step is interrupted halfway.

    At the end the previous handler gets them. In a thread other than the main thread this does
    nothing, since interrupts do not arrive there.
    """

    def __init__(self) -> None:
        self.count = 0
        self._before: Callable[[int, FrameType | None], object] | None = None

    def __enter__(self) -> Self:
        import signal
        import threading

        before = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is threading.main_thread() and callable(before):
            self._before = before
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._before is None:
            return
        import signal

        signal.signal(signal.SIGINT, self._before)
        if self.count:
            self._before(signal.SIGINT, None)

    def _note(self, _number: int, _frame: object) -> None:
        self.count += 1
