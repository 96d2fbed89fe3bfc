"""Writing what may wait a moment: soon, by a thread of its own, and before the process ends.

What a run logs is written in batches. The one who logs writes when the last batch is old enough;
a `Flusher` sees to the rest, so that the last value before a pause does not wait for the next.
"""

from __future__ import annotations

import _thread
import atexit
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Flusher"]


class Flusher:
    """Calls `flush` at most `delay_s` after it was asked to, and when the process ends.

    `flush` is called from a thread as well as from the main program, and must be ready for both
    at once. In a forked child nothing is pending: `forget` is called there first, and the child
    starts a thread of its own when it needs one.

    Parameters
    ----------
    flush
        Writes what is pending. An OSError of a call from the thread is left to the next call
        from the program.
    forget
        Drops what is pending without writing it.
    """

    __slots__ = ("_delay_s", "_ended", "_flush", "_forget", "_signal", "_started", "awake")

    def __init__(
        self, flush: Callable[[], object], forget: Callable[[], object], delay_s: float
    ) -> None:
        self._flush = flush
        self._forget = forget
        self._delay_s = delay_s
        self.awake = False
        self._started = self._ended = False
        self._signal = _new_signal()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._after_fork)
        self.at_exit()

    def soon(self) -> None:
        """Ask for a flush. Nothing to do while `awake` is true: one is on its way."""
        if self._ended:
            self._flush()
            return
        if self.awake:
            return
        self.awake = True
        try:
            if not self._started:
                self._started = True
                _thread.start_new_thread(self._loop, (self._signal,))
            self._signal.release()
        except RuntimeError:
            # Another thread asked at the same moment; or no thread can be started any more.
            if self._signal.locked():
                self._end()

    def at_exit(self) -> None:
        """Flush when this process ends, also when it is a forked worker of `multiprocessing`."""
        atexit.unregister(self._end)
        atexit.register(self._end)
        # Such a worker ends by os._exit, past `atexit`, but finalizers of its own are called.
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            util.Finalize(None, self._end, exitpriority=0)

    def _end(self) -> None:
        # What is still called after this writes at once: no thread is there for it any more.
        self._ended = True
        self._flush()

    def _after_fork(self) -> None:
        self.awake = False
        self._started = self._ended = False
        self._signal = _new_signal()
        self._forget()

    def _loop(self, signal: _thread.LockType) -> None:
        while True:
            signal.acquire()
            time.sleep(self._delay_s)
            # Before the flush: what comes after this line asks again, what came before is written.
            self.awake = False
            try:
                self._flush()
            except OSError:
                pass  # The next call from the program meets it too, and can say so.


def _new_signal() -> _thread.LockType:
    """Return a lock that is taken: `release` is the signal, `acquire` waits for it."""
    signal = _thread.allocate_lock()
    signal.acquire()
    return signal
