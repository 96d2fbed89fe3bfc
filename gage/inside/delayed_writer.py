"""Delayed writing: soon, by a thread, and before the process ends.

What a program reports is written in batches. A call that reports also writes if the last batch is
old enough; a thread writes the rest, so that the last value before a pause does not wait for the
next.
"""

from __future__ import annotations

import _thread
import atexit
import os
import sys
import time

from gage.inside.current_run import current_meta_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DelayedWriter"]


class DelayedWriter:
    """Writes what this process reports of its run.

    A subclass keeps what is pending. It calls `_find_run` and `_begin` before the first report,
    then for each report `_flush(wait=False)` if the last batch is old enough, `_soon` otherwise.

    Attributes
    ----------
    _awake
        Whether the thread is going to write: then `_soon` is not needed.
    _due_ns
        When a call writes again, on a clock of the subclass's choice.
    """

    __slots__ = ("_awake", "_delay_s", "_due_ns", "_flusher", "_outside", "_writing")

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._outside = False
        self._flusher: _Flusher | None = None
        self._awake = False
        self._due_ns = 0
        self._writing = _thread.allocate_lock()

    def _write(self) -> None:
        """Write what is pending; only one thread at a time calls it."""
        raise NotImplementedError

    def _drop(self) -> None:
        """In a forked child, drop what the parent has pending."""
        raise NotImplementedError

    def _find_run(self) -> str | None:
        """Return the side-car of this process's run; None, from then on, outside a run."""
        meta_dir = None if self._outside else current_meta_dir()
        if meta_dir is None:
            self._outside = True
        return meta_dir

    def _begin(self) -> None:
        """Make sure that pending reports are written soon, and before this process ends."""
        if self._flusher is None:
            self._flusher = _Flusher(self._flush, self._forget, self._delay_s)
        else:
            self._flusher.at_exit()

    def _soon(self) -> None:
        """Let pending reports be written in a moment, even if no other call follows."""
        self._awake = True
        if self._flusher is not None:
            self._flusher.soon()

    def _flush(self, *, wait: bool = True) -> None:
        """Write what is pending; if another thread is writing and `wait` is False, do nothing."""
        # A call that reports never waits: its signal handler may have interrupted a write.
        if not self._writing.acquire(blocking=wait):
            self._soon()
            return
        try:
            # Reset before reports are taken: those that come later ask for another flush.
            self._awake = False
            self._write()
        finally:
            self._writing.release()

    def _forget(self) -> None:
        self._writing = _thread.allocate_lock()
        self._awake = False
        self._due_ns = 0
        self._drop()


class _Flusher:
    """Calls `flush` at most `delay_s` after a request, and when the process ends.

    `flush` is called from a thread and from the main program, possibly at the same time. In a
    forked child nothing is pending: `forget` is called first, and the child starts its own thread
    when it needs one.

    Parameters
    ----------
    flush
        A function that writes what is pending. An OSError in the thread is ignored: the next call
        from the program meets it too.
    forget
        A function that drops what is pending.
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
        """Ask for a flush. This is not needed while `awake` is True."""
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
            # Another thread asked at the same moment, or no thread can be started any more.
            if self._signal.locked():
                self._end()

    def at_exit(self) -> None:
        """Flush when this process ends, also if it is a forked worker of `multiprocessing`."""
        atexit.unregister(self._end)
        atexit.register(self._end)
        # Such a worker ends by os._exit, without `atexit`, but calls its own finalizers.
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            util.Finalize(None, self._end, exitpriority=0)

    def _end(self) -> None:
        # Later calls write at once, since there is no thread any more.
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
            # Reset before the flush: lines that come later ask again, earlier ones are written.
            self.awake = False
            try:
                self._flush()
            except OSError:
                pass  # The next call from the program meets the error too and reports it.


def _new_signal() -> _thread.LockType:
    """Return a locked lock: `release` is the signal, `acquire` waits for it."""
    signal = _thread.allocate_lock()
    signal.acquire()
    return signal
