"""A supervisor kept ready so that the next run of a kernel, also its first, starts at once."""

from __future__ import annotations

import contextlib
import os
import threading

from gage._internal.running.waiting_supervisor import WaitingSupervisor

__all__ = ["Spare", "spare"]


class Spare:
    """Holds one waiting supervisor from `%load_ext` on; it ends with the kernel."""

    def __init__(self) -> None:
        self._waiting: WaitingSupervisor | None = None
        self._pid = 0
        self._lock = threading.Lock()

    def take(self) -> WaitingSupervisor | None:
        """Return the supervisor, if there is one."""
        with self._lock:
            waiting, self._waiting = self._waiting, None
            # In a fork of the kernel, it belongs to the kernel.
            return waiting if self._pid == os.getpid() else None

    def provide(self) -> None:
        """Start one in a thread, if there is none."""
        threading.Thread(target=self._start, name="gage-spare", daemon=True).start()

    def dismiss(self) -> None:
        """Let it go, if there is one."""
        waiting = self.take()
        if waiting is not None:
            waiting.dismiss()

    def _start(self) -> None:
        with self._lock:
            if self._waiting is None or self._pid != os.getpid():
                # If it fails, the next run starts its own supervisor, and reports the error.
                with contextlib.suppress(OSError):
                    self._waiting, self._pid = WaitingSupervisor(), os.getpid()


spare = Spare()
