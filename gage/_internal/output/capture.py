"""The output of a command on disk: its exact bytes, and for each line when it came and whence.

    NN_phase            the bytes of both streams in the order of their arrival, nothing else
    NN_phase.index      a record for each line: time of its first byte in epoch milliseconds
                        (unsigned, 64 bit), stream of its first byte (8 bit, 0 stdout, 1 stderr)
    NN_phase.switches   there only when lines hold bytes of both streams (a progress bar that
                        stands still in stderr, then a line of stdout): a record for each
                        change inside a line: offset in NN_phase of the first byte of the other
                        stream (unsigned, 64 bit), that stream (8 bit)

All records have 9 bytes, big endian. A line ends with its line feed; the last one may lack it.
A line has its record from its first byte on, so the number of records is the number of lines,
an unfinished last one included.

Bytes are written when they come, in whatever portions: bytes first, their index next. A writer
that was killed in between leaves an index that is short by the last portion. A reader gives such
lines the time of the last record (of the file, where there is none) and the stream 0. A last
record of less than 9 bytes, cut by a crash, is not read. A switch is written before its bytes;
one at the end of the file says nothing.

On Linux the kernel moves the bytes from the pipe to the file (splice), and each is in one or the
other at any moment: a writer that is killed loses nothing, since another process can hold the
pipe and go on (see `Capture.resume`). Elsewhere they pass through this process, and a kill loses
at most the portion (64 KiB) that it holds.
"""

from __future__ import annotations

import errno
import os
import select
import time

from gage._internal.process.process import (
    SIGINT,
    SIGKILL,
    SIGTERM,
    Child,
    Escalation,
    identity_of,
    left_over,
    open_exit_fd,
    send_to_all,
    signal_targets,
    signal_text,
    spawn,
    start_fault,
)
from gage._internal.types import OutputLine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType
    from typing import Self

__all__ = [
    "STDERR",
    "STDOUT",
    "Capture",
    "OutputReader",
    "Recording",
    "open_journal",
    "open_pipes",
    "poll_timeout_ms",
    "run_captured",
]

STDOUT, STDERR = 0, 1

_RECORD_BYTES = 9
_PIPE_BYTES = 1 << 20
_PORTION_BYTES = 1 << 18  # what is read back to count lines stays in the processor's cache
_READ_BYTES = 1 << 16
_BLOCK_BYTES = 1 << 18

# Times of a recording, in seconds
_TICK_S = 0.02
_SURVIVOR_GRACE_S = 0.5
_SURVIVOR_KILL_S = 2.0
_IDLE_S = 1.0
_AFTER_END_S = 10.0


def open_pipes() -> tuple[tuple[int, int], tuple[int, int]]:
    """Return pipes (read end, write end) for stdout and stderr, as large as they may be."""
    pipes = os.pipe(), os.pipe()
    for read_end, _ in pipes:
        os.set_blocking(read_end, False)
        _enlarge(read_end)
    return pipes


class Capture:
    """The writer of an output and its index.

    Parameters
    ----------
    path
        The file of the output; one that is there is replaced, unless it is resumed.
    journal_fd
        An open file for the state before the last portion, from which `resume` goes on when this
        process is killed; it outlives the process if another has it open. Without one, an
        interrupted portion cannot be indexed later.
    """

    def __init__(self, path: str, journal_fd: int | None = None, *, _resumed: bool = False) -> None:
        self.path = path
        self.size_bytes = 0
        self.line_count = 0
        # The stream of the last byte of an unfinished last line; -1 where every line is ended.
        self.open_stream = -1
        self._journal_fd = journal_fd
        self._state: tuple[int, int, int, int] | None = None
        self._buffer = bytearray(_PORTION_BYTES)
        self._splice = hasattr(os, "splice")
        # Bytes that were read but could not be written, with their stream.
        self._unwritten: tuple[bytes, int] | None = None
        self._switches_fd: int | None = None
        os.makedirs(os.path.dirname(path), exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | (0 if _resumed else os.O_TRUNC)
        if not _resumed:
            _remove(path + ".switches")
        self._output_fd = os.open(path, flags, 0o666)
        self._index_fd = os.open(path + ".index", flags, 0o666)

    @classmethod
    def resume(cls, path: str, journal_fd: int) -> Capture:
        """Go on where a killed writer was, from the journal that it kept.

        What is after the last portion that was begun came in that portion: its index is written
        again, whether it was not written, in part or as a whole.
        """
        self = cls(path, journal_fd, _resumed=True)
        # Without a state it was killed before the first portion.
        self._redo(_read_journal(journal_fd) or (0, 0, -1, STDOUT))
        return self

    def take(self, pipe_fd: int, stream: int) -> int | None:
        """Write what a pipe holds; return the number of bytes, 0 at its end, None if it is empty.

        Raises
        ------
        OSError
            If the file cannot be written (a full disk): nothing was taken that is not written,
            except on systems without splice, where `repair` writes it when there is room.
        """
        switching = self.open_stream not in {-1, stream}
        self._begin_portion(stream)
        moved: int | None = 0
        try:
            if switching:
                self._write_switch(stream)
            moved = self._move(pipe_fd, stream)
        finally:
            if switching and not moved and self._switches_fd is not None:
                _cut_switches(self._switches_fd, self.size_bytes)
        if moved:
            self._index(moved, stream)
        return moved

    def write(self, data: bytes, stream: int) -> None:
        """Write bytes that did not come through a pipe."""
        if not data:
            return
        self._begin_portion(stream)
        if self.open_stream not in {-1, stream}:
            self._write_switch(stream)
        _pwrite_all(self._output_fd, data, self.size_bytes)
        self._index(len(data), stream)

    def repair(self) -> None:
        """Complete what could not be written before; raises OSError if it still cannot be."""
        if self._unwritten is not None:
            data, stream = self._unwritten
            os.ftruncate(self._output_fd, self.size_bytes)
            self.write(data, stream)
            self._unwritten = None
        elif self._state is not None:
            self._redo(self._state)

    @property
    def unwritten_bytes(self) -> int:
        """The number of bytes that were taken and could not be written."""
        return 0 if self._unwritten is None else len(self._unwritten[0])

    def close(self) -> None:
        """Close the files."""
        for fd in (self._output_fd, self._index_fd, self._switches_fd):
            if fd is not None:
                os.close(fd)
        self._switches_fd = None

    def _move(self, pipe_fd: int, stream: int) -> int | None:
        if self._splice:
            try:
                return os.splice(
                    pipe_fd,
                    self._output_fd,
                    _PIPE_BYTES,
                    offset_dst=self.size_bytes,
                    flags=os.SPLICE_F_NONBLOCK,
                )
            except BlockingIOError:
                return None
            except OSError as error:
                if error.errno not in {errno.EINVAL, errno.ENOSYS}:
                    raise
                self._splice = False  # not on this file system
        try:
            data = os.read(pipe_fd, _READ_BYTES)
        except BlockingIOError:
            return None
        self._unwritten = (data, stream)
        _pwrite_all(self._output_fd, data, self.size_bytes)
        self._unwritten = None
        return len(data)

    def _index(self, size_bytes: int, stream: int) -> None:
        """Append the records of the lines that begin in the next `size_bytes` of the output."""
        now_ms = time.time_ns() // 1_000_000
        end = self.size_bytes + size_bytes
        view = memoryview(self._buffer)
        position, line_ends, last = self.size_bytes, 0, 0
        while position < end:
            part = view[: min(_PORTION_BYTES, end - position)]
            count = os.preadv(self._output_fd, [part], position)
            if count == 0:
                raise OSError(errno.EIO, "output became shorter while it was written", self.path)
            line_ends += self._buffer.count(b"\n", 0, count)
            last = self._buffer[count - 1]
            position += count
        unfinished = last != 0x0A
        begun = line_ends + unfinished - (self.open_stream >= 0)
        if begun:
            record = now_ms.to_bytes(8, "big") + bytes((stream,))
            _pwrite_all(self._index_fd, record * begun, self.line_count * _RECORD_BYTES)
        self.size_bytes = end
        self.line_count += begun
        self.open_stream = stream if unfinished else -1

    def _write_switch(self, stream: int) -> None:
        if self._switches_fd is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
            self._switches_fd = os.open(self.path + ".switches", flags, 0o666)
        os.write(self._switches_fd, self.size_bytes.to_bytes(8, "big") + bytes((stream,)))

    def _begin_portion(self, stream: int) -> None:
        state = (self.size_bytes, self.line_count, self.open_stream, stream)
        if state != self._state:
            self._state = state
            if self._journal_fd is not None:
                # One write to one page: a kill leaves the old state or the new one.
                os.pwrite(self._journal_fd, (b"%d %d %d %d" % state).ljust(_JOURNAL_BYTES), 0)

    def _redo(self, state: tuple[int, int, int, int]) -> None:
        """Index what came after a state again, whether it was indexed, in part or as a whole."""
        self._state = state
        self.size_bytes, self.line_count, self.open_stream, stream = state
        os.ftruncate(self._index_fd, self.line_count * _RECORD_BYTES)
        if os.path.exists(self.path + ".switches") and self._switches_fd is None:
            self._switches_fd = os.open(self.path + ".switches", os.O_RDWR | os.O_APPEND)
        if self._switches_fd is not None:
            _cut_switches(self._switches_fd, self.size_bytes)
        portion_bytes = os.fstat(self._output_fd).st_size - self.size_bytes
        if portion_bytes:
            if self.open_stream not in {-1, stream}:
                self._write_switch(stream)
            self._index(portion_bytes, stream)


_JOURNAL_BYTES = 96


def _read_journal(journal_fd: int) -> tuple[int, int, int, int] | None:
    fields = os.pread(journal_fd, _JOURNAL_BYTES, 0).split()
    if len(fields) != 4:
        return None
    size_bytes, line_count, open_stream, stream = map(int, fields)
    return size_bytes, line_count, open_stream, stream


def _cut_switches(switches_fd: int, size_bytes: int) -> None:
    """Drop the switches at and after an offset of the output; at most the last one can be."""
    size = os.fstat(switches_fd).st_size
    kept = size - size % _RECORD_BYTES
    if kept:
        last = os.pread(switches_fd, 8, kept - _RECORD_BYTES)
        if int.from_bytes(last, "big") >= size_bytes:
            kept -= _RECORD_BYTES
    if kept != size:
        os.ftruncate(switches_fd, kept)


class Recording:
    """What happens between the start of a command and the end of its output.

    `run` does it all. Whoever records several commands at once does it step by step, with one
    poll for all of them: `begin`, then `step` with the events of the poll or when `due_s` is
    reached, until it returns True.

    Parameters
    ----------
    capture
        Where the output goes.
    pipes
        The read ends of stdout and stderr.
    child
        The command, leader of its session.
    log
        Takes a sentence on what was done to the command.
    wake_fd
        A descriptor that becomes readable when `stop_asked` is to be looked at; without it, `run`
        looks many times a second.
    stop_asked
        Returns the grace period in seconds once the command is to be stopped, None before.
    make_room
        Called when output could not be written, before it is tried a last time.
    """

    def __init__(
        self,
        capture: Capture,
        pipes: tuple[int, int],
        child: Child,
        log: Callable[[str], None],
        *,
        stop_asked: Callable[[], float | None] = lambda: None,
        wake_fd: int | None = None,
        make_room: Callable[[], None] = lambda: None,
    ) -> None:
        self.capture = capture
        # Why output could not be written; the command was stopped for it.
        self.fault: OSError | None = None
        self.lost_bytes = 0
        self._pipes: dict[int, int] = dict(enumerate(pipes))
        self._child = child
        self._log = log
        self._stop_asked = stop_asked
        self._wake_fd = wake_fd
        self._make_room = make_room
        self._poll: select.poll | None = None
        self._exit_fd: int | None = None
        self._stop: Escalation | None = None
        self._stops_tree = False
        self._last_data_s = 0.0
        # When the command had ended, on the monotonic clock; None before.
        self._ended_s: float | None = None

    def run(self) -> None:
        """Record until the command has ended, nothing of its session lives and all is written.

        Output that another session's process still holds open is recorded until it is silent for
        a second; the log says so.
        """
        poll = select.poll()
        self.begin(poll)
        if self._wake_fd is not None:
            poll.register(self._wake_fd, select.POLLIN)
        events: dict[int, int] = {}
        try:
            while not self.step(events):
                due_s = self.due_s
                if self._wake_fd is None:  # nothing tells of a request to stop
                    tick_s = time.monotonic() + _TICK_S
                    due_s = tick_s if due_s is None else min(tick_s, due_s)
                events = dict(poll.poll(poll_timeout_ms(due_s)))
                if self._wake_fd in events:
                    os.read(self._wake_fd, 512)
        finally:
            self.close()

    def begin(self, poll: select.poll) -> None:
        """Let a poll watch what is to be recorded."""
        self._poll = poll
        self._exit_fd = open_exit_fd(self._child.pid)
        for fd in (*self._pipes.values(), self._exit_fd):
            if fd is not None:
                poll.register(fd, select.POLLIN)

    @property
    def due_s(self) -> float | None:
        """When `step` has something to do without an event, on the monotonic clock, if ever."""
        due_s = self._stop.due_s if self._stop is not None else None
        if self._ended_s is None and self._exit_fd is not None:
            return due_s
        # Nothing tells that what the command left has ended, or without a descriptor itself.
        tick_s = time.monotonic() + _TICK_S
        return tick_s if due_s is None else min(tick_s, due_s)

    @property
    def has_ended(self) -> bool:
        """Whether the command has ended; output of what it left may be recorded still."""
        return self._ended_s is not None

    def step(self, events: Mapping[int, int]) -> bool:
        """Take what came and do what is due; return whether there is nothing left to record.

        `events` are those of the poll, by descriptor; of others too.
        """
        self._take([stream for stream, fd in self._pipes.items() if fd in events], events)
        if self._ended_s is None:
            if not self._child.has_ended():
                self._step_stop()
                return False
            self._begin_rest()
        return self._step_rest()

    def close(self) -> None:
        """Close the descriptors; the poll watches nothing of this recording any more."""
        for fd in self._pipes.values():
            if self._poll is not None and self.fault is None:
                self._poll.unregister(fd)
            os.close(fd)
        self._pipes = {}
        self._close_exit_fd()

    def _close_exit_fd(self) -> None:
        if self._exit_fd is not None:
            if self._poll is not None:
                self._poll.unregister(self._exit_fd)
            os.close(self._exit_fd)
            self._exit_fd = None

    def _take(self, ready: list[int], events: Mapping[int, int]) -> None:
        for stream in ready:
            unfinished = self.capture.open_stream
            if unfinished not in {-1, stream} and unfinished in self._pipes:
                # Written before what is ready here, if one thread writes to both: the rest of an
                # unfinished line may have come after its pipe was looked at.
                self._take_one(unfinished, may_end=False)
            if stream in self._pipes and self.fault is None:
                ended = not events[self._pipes[stream]] & select.POLLIN
                if ended:
                    self._end(stream)
                else:
                    self._take_one(stream)

    def _take_one(self, stream: int, *, may_end: bool = True) -> bool:
        """Take what a stream's pipe holds; return whether that was anything."""
        if self.fault is not None:
            return False
        try:
            moved = self.capture.take(self._pipes[stream], stream)
        except OSError as error:
            self._fail(error)
            return False
        if moved:
            self._last_data_s = time.monotonic()
        elif moved == 0 and may_end:
            self._end(stream)
        return bool(moved)

    def _end(self, stream: int) -> None:
        fd = self._pipes.pop(stream)
        if self._poll is not None:
            self._poll.unregister(fd)
        os.close(fd)

    def _fail(self, error: OSError) -> None:
        """Stop the command because its output cannot be written; it stays in the pipes."""
        self.fault = error
        for fd in self._pipes.values():
            if self._poll is not None:
                self._poll.unregister(fd)
        self._log(f"Output cannot be written ({error.strerror}): stopping the command")
        self._begin_stop(5.0)

    def _begin_stop(self, grace_s: float) -> None:
        self._stops_tree = True
        if self._stop is None:
            self._stop = Escalation((SIGINT, SIGTERM, SIGKILL), grace_s)

    def _step_stop(self, targets: list[int] | None = None) -> None:
        grace_s = self._stop_asked()
        if grace_s is not None:
            self._begin_stop(grace_s)
            if self._stop is not None:
                self._stop.hurry(grace_s)
        signal = self._stop.next_signal() if self._stop is not None else None
        if signal is not None:
            if targets is None:
                targets = signal_targets(self._child.pid, signal, self._child.orphans_of)
                self._log(f"Sent {signal_text(signal)} to the command")
            else:
                self._log(f"Sent {signal_text(signal)} to what the command left running: {targets}")
            send_to_all(targets, signal)

    def _begin_rest(self) -> None:
        """Take what the ended command left in the pipes."""
        self._close_exit_fd()
        self._ended_s = self._last_data_s = time.monotonic()
        for stream in list(self._pipes):
            # Not for ever: a process that the command left may go on writing.
            for _ in range(8):
                if stream not in self._pipes or not self._take_one(stream):
                    break
        if self._stop is None or not self._stop.sent:
            self._stop = None

    def _step_rest(self) -> bool:
        """Stop what the command left running; return whether all is recorded that will be."""
        ended_s = self._ended_s or 0.0
        left = left_over(self._child.pid, tree=self._stops_tree, orphans_of=self._child.orphans_of)
        if left and self._stop is None:
            # Helpers that end with their parent (multiprocessing's, say) have a moment for it.
            signals = (SIGTERM, SIGKILL)
            self._stop = Escalation(signals, _SURVIVOR_KILL_S, first_after_s=_SURVIVOR_GRACE_S)
        if left:
            self._step_stop(left)
        given_up = self._stop is not None and self._stop.due_s is None
        now_s = time.monotonic()
        if left and not (given_up and now_s > ended_s + _AFTER_END_S):
            return False
        if self._pipes and self.fault is None:
            if now_s <= self._last_data_s + _IDLE_S and now_s <= ended_s + _AFTER_END_S:
                return False
            self._log(
                "A process that the command left in another session keeps its output "
                "open: what it prints from now on is not recorded"
            )
        if self.fault is not None:
            self._save_or_count()
        return True

    def _save_or_count(self) -> None:
        """Write what a full disk left in the pipes if there is room now; else count it."""
        self._make_room()
        try:
            self.capture.repair()
            for stream, fd in self._pipes.items():
                while self.capture.take(fd, stream):
                    pass
            return
        except OSError:
            self._make_room()
        try:
            self.capture.repair()  # the index of what found room
        except OSError as error:
            self._log(f"The index of the output is not complete ({error.strerror})")
        self.lost_bytes = self.capture.unwritten_bytes
        self.lost_bytes += sum(map(_drain, self._pipes.values()))
        if self.lost_bytes:
            self._log(f"Output of the command that is not recorded: {self.lost_bytes} bytes")


def _drain(fd: int) -> int:
    size_bytes = 0
    while True:
        try:
            data = os.read(fd, _PIPE_BYTES)
        except BlockingIOError:
            return size_bytes
        if not data:
            return size_bytes
        size_bytes += len(data)


def poll_timeout_ms(due_s: float | None) -> int | None:
    """Return the timeout of a poll that is to end at a time of the monotonic clock."""
    # Rounded up: a timeout of 0 until the time is reached would be a busy loop.
    return None if due_s is None else int(max(0.0, due_s - time.monotonic()) * 1000) + 1


def run_captured(
    argv: list[str],
    cwd: str,
    env: Mapping[str, str],
    output_path: str,
    *,
    grace_s: float = 5.0,
    stop_requested: Callable[[], bool] = lambda: False,
    log: Callable[[str], None] = lambda _: None,
) -> int:
    """Run a command to its end, its output captured; return its exit code (below 0: a signal).

    An interrupt stops the command's whole process group, as `stop_requested` does, with
    `grace_s` seconds between the signals (a second interrupt: at once); it is raised when the
    output is recorded. A command that cannot be started has the exit code 127 (not found) or 126,
    and its output, in stderr, says why.

    Raises
    ------
    OSError
        If the output cannot be written; the command was stopped for it.
    ChildProcessError
        If the exit code is lost, since this process ignores or reaps every child that ends.
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


def open_journal() -> int:
    """Return an open file without a name, for `Capture`."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("gage-capture")
    import tempfile

    fd, path = tempfile.mkstemp()
    os.unlink(path)
    return fd


class _Interrupts:
    """Counts interrupts (SIGINT) instead of raising them, so that no step is left half done.

    At the end the handler that was there before gets them. In a thread that is not the main one
    nothing is done: interrupts do not arrive there.
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


class OutputReader:
    """Reads an output that is finished, or grows while it is read; it need not exist yet.

    Lines are read by blocks; a reader keeps where the blocks' lines begin, so that a range of lines
    is found without reading what is before it twice. A line is held as a whole while it is read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        # The number of line ends before each block, as far as it is known.
        self._ends_before = [0]

    @property
    def line_count(self) -> int:
        """The number of lines, an unfinished last one included; from the size of the index."""
        return _size(self.path + ".index") // _RECORD_BYTES

    @property
    def size_bytes(self) -> int:
        return _size(self.path)

    def tail(self, max_bytes: int) -> bytes:
        """Return the last bytes, the unfinished line included; may begin inside a line."""
        try:
            with open(self.path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(max(0, size - max_bytes))
                return file.read(min(size, max_bytes))
        except FileNotFoundError:
            return b""

    def last_lines(self, count: int, max_bytes: int) -> str:
        r"""Return the last lines as text; of a line that `\r` wrote anew, what stood last."""
        text = self.tail(max_bytes).decode("utf-8", "replace")
        lines = text.removesuffix("\n").split("\n")[-count:]
        return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)

    def lines(
        self,
        start: int = 0,
        stop: int | None = None,
        *,
        stream: int | None = None,
        since_ms: int | None = None,
        until_ms: int | None = None,
    ) -> Iterator[OutputLine]:
        """Read the lines that are there now, an unfinished last one included.

        A line that both streams wrote to is given in parts, one for each change of stream, with
        the same number and time. Filters leave out lines and parts; they change no number.

        Parameters
        ----------
        start, stop
            The range of line numbers, from 0, `stop` excluded.
        stream
            Only what this stream wrote (0 stdout, 1 stderr).
        since_ms, until_ms
            Only lines that began in this time, epoch milliseconds, `until_ms` excluded.
        """
        if start < 0 or (stop is not None and stop < 0):
            raise ValueError(f"expected line numbers from 0, found {start}, {stop}")
        try:
            files = _Files(self.path)
        except FileNotFoundError:
            return
        with files:
            size = files.size_bytes()
            if since_ms is not None:
                start = max(start, files.first_since(since_ms))
            offset = self._offset_of(start, files, size)
            if offset is None:
                return
            cursor = _Cursor(start, offset)
            for line in cursor.advance(files, size, stop, final=True):
                if stream is not None and line.stream != stream:
                    continue
                if since_ms is not None and line.time_ms < since_ms:
                    continue
                if until_ms is not None and line.time_ms >= until_ms:
                    continue
                yield line

    def follow(
        self, finished: Callable[[], bool], *, start: int = 0, poll_s: float = 0.03
    ) -> Iterator[OutputLine]:
        """Read lines as they are completed, until `finished` and all are read.

        An unfinished last line comes only at the end (`tail` has it before). `finished` is to be
        true no sooner than the last byte is written.
        """
        files: _Files | None = None
        cursor: _Cursor | None = None
        try:
            while True:
                final = finished()
                if files is None:
                    try:
                        files = _Files(self.path)
                    except FileNotFoundError:
                        pass
                if files is not None:
                    size = files.size_bytes()
                    if cursor is None:
                        offset = self._offset_of(start, files, size)
                        cursor = None if offset is None else _Cursor(start, offset)
                    if cursor is not None:
                        yield from cursor.advance(files, size, None, final=final)
                if final:
                    return
                time.sleep(poll_s)
        finally:
            if files is not None:
                files.close()

    def _offset_of(self, number: int, files: _Files, size: int) -> int | None:
        """Return where a line begins, None if it does not yet."""
        if number == 0:
            return 0
        while self._ends_before[-1] < number:
            block = len(self._ends_before) - 1
            data = files.read(block * _BLOCK_BYTES, _BLOCK_BYTES)
            if len(data) < _BLOCK_BYTES:
                if self._ends_before[-1] + data.count(b"\n") < number:
                    return None
                break
            self._ends_before.append(self._ends_before[-1] + data.count(b"\n"))
        block = _first_at_least(self._ends_before, number) - 1
        data = files.read(block * _BLOCK_BYTES, _BLOCK_BYTES)
        rest = data.split(b"\n", number - self._ends_before[block])[-1]
        offset = block * _BLOCK_BYTES + len(data) - len(rest)
        return None if offset >= size else offset


class _Files:
    """The files of an output, open for reading."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._output_fd = os.open(path, os.O_RDONLY)
        self._index_fd: int | None = None
        self._switches = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        for fd in (self._output_fd, self._index_fd):
            if fd is not None:
                os.close(fd)
        self._index_fd = None
        self._output_fd = -1

    def size_bytes(self) -> int:
        return os.fstat(self._output_fd).st_size

    def modified_ms(self) -> int:
        return os.fstat(self._output_fd).st_mtime_ns // 1_000_000

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._output_fd, size, offset)

    def records(self, number: int, count: int) -> bytes:
        """Return the whole records of lines, as many as there are."""
        if self._index_fd is None:
            try:
                self._index_fd = os.open(self._path + ".index", os.O_RDONLY)
            except FileNotFoundError:
                return b""
        parts = []
        offset, left = number * _RECORD_BYTES, count * _RECORD_BYTES
        while left:
            data = os.pread(self._index_fd, left, offset)
            if not data:
                break
            parts.append(data)
            offset += len(data)
            left -= len(data)
        found = b"".join(parts)
        return found[: len(found) - len(found) % _RECORD_BYTES]

    def settled_records(self, number: int, count: int) -> bytes:
        """Return what `records` does, once a writer that lives had time to write them.

        Bytes are written before their records: records are missing for good only when none come.
        """
        found = self.records(number, count)
        for _ in range(5):
            if len(found) == count * _RECORD_BYTES:
                break
            time.sleep(_TICK_S)
            found = self.records(number, count)
        return found

    def last_record(self) -> tuple[int, int] | None:
        """Return time and stream of the last record."""
        self.records(0, 0)
        if self._index_fd is None:
            return None
        count = os.fstat(self._index_fd).st_size // _RECORD_BYTES
        data = self.records(count - 1, 1) if count else b""
        return (int.from_bytes(data[:8], "big"), data[8]) if data else None

    def first_since(self, time_ms: int) -> int:
        """Return the number of the first line that has a record of this time or later."""
        import struct

        number = 0
        while data := self.records(number, _READ_BYTES):
            for line_time_ms, _ in struct.iter_unpack(">QB", data):
                if line_time_ms >= time_ms:
                    return number
                number += 1
        return number

    def switches(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return offset and stream of the switches in a range of the output."""
        path = self._path + ".switches"
        size = _size(path)
        if size != len(self._switches):
            with open(path, "rb") as file:
                self._switches = file.read()
        data = self._switches
        low, high = 0, len(data) // _RECORD_BYTES
        while low < high:
            middle = (low + high) // 2
            if int.from_bytes(data[middle * 9 : middle * 9 + 8], "big") < start:
                low = middle + 1
            else:
                high = middle
        found = []
        for at in range(low * _RECORD_BYTES, len(data) - _RECORD_BYTES + 1, _RECORD_BYTES):
            offset = int.from_bytes(data[at : at + 8], "big")
            if offset >= end:
                break
            found.append((offset, data[at + 8]))
        return found


class _Cursor:
    """A place in an output: before the line `number`, which begins at `offset`."""

    def __init__(self, number: int, offset: int) -> None:
        self.number = number
        self.offset = offset
        # From here on no line end was looked for; what is before has none.
        self._scanned = offset

    def advance(
        self, files: _Files, size: int, stop: int | None, *, final: bool
    ) -> Iterator[OutputLine]:
        """Read complete lines up to `size`, with `final` also the unfinished one."""
        if final:
            self._scanned = self.offset
        while self._scanned < size and (stop is None or self.number < stop):
            data = files.read(self._scanned, min(_BLOCK_BYTES, size - self._scanned))
            if not data:
                return
            cut = data.rfind(b"\n") + 1
            at_end = final and self._scanned + len(data) >= size
            if not cut and not at_end:
                self._scanned += len(data)
                continue
            end = self._scanned + (len(data) if at_end else cut)
            # What was scanned before is the beginning of a long line: read as a whole only now.
            before = _read_exactly(files, self.offset, self._scanned)
            body = before + data[: end - self._scanned]
            lines = [line + b"\n" for line in body.split(b"\n")]
            rest = lines.pop()[:-1]
            if rest:
                lines.append(rest)
            if stop is not None:
                del lines[stop - self.number :]
            if not final:
                # What has no record yet will have it the next time.
                ready = len(files.records(self.number, len(lines))) // _RECORD_BYTES
                size = size if ready == len(lines) else 0
                del lines[ready:]
            first, begin = self.number, self.offset
            self.number += len(lines)
            self.offset = begin + sum(map(len, lines))
            self._scanned = self.offset
            yield from _with_records(files, first, begin, self.offset, lines)


def _with_records(
    files: _Files, first: int, begin: int, end: int, lines: list[bytes]
) -> Iterator[OutputLine]:
    import struct

    records = files.settled_records(first, len(lines))
    times: tuple[int, ...]
    streams: tuple[int, ...]
    times, streams = zip(*struct.iter_unpack(">QB", records), strict=True) if records else ((), ())
    missing = len(lines) - len(times)
    if missing:
        last = files.last_record()
        times += (files.modified_ms() if last is None else last[0],) * missing
        streams += (STDOUT,) * missing
    numbers = range(first, first + len(lines))
    switches = files.switches(begin, end)
    if not switches:
        yield from map(OutputLine, numbers, times, streams, lines)
        return
    switches.reverse()
    for number, time_ms, stream, line in zip(numbers, times, streams, lines, strict=True):
        line_end = begin + len(line)
        part_begin, part_stream = begin, stream
        while switches and switches[-1][0] < line_end:
            offset, next_stream = switches.pop()
            if offset > part_begin:
                data = line[part_begin - begin : offset - begin]
                yield OutputLine(number, time_ms, part_stream, data)
            part_begin, part_stream = offset, next_stream
        yield OutputLine(number, time_ms, part_stream, line[part_begin - begin :])
        begin = line_end


def _read_exactly(files: _Files, start: int, end: int) -> bytes:
    if start == end:
        return b""
    parts = []
    while start < end:
        data = files.read(start, end - start)
        if not data:
            break
        parts.append(data)
        start += len(data)
    return b"".join(parts)


def _first_at_least(sorted_numbers: list[int], value: int) -> int:
    low, high = 0, len(sorted_numbers)
    while low < high:
        middle = (low + high) // 2
        if sorted_numbers[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _pwrite_all(fd: int, data: bytes, offset: int) -> None:
    left = memoryview(data)
    while left:
        written = os.pwrite(fd, left, offset)
        left = left[written:]
        offset += written


def _enlarge(pipe_fd: int) -> None:
    try:
        import fcntl

        fcntl.fcntl(pipe_fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except (ImportError, AttributeError, OSError):
        return  # not on this system, or this user has too many large pipes
