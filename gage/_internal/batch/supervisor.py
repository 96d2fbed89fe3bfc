"""The supervisor of a batch: it stages, starts, records and finalises every trial.

    caller ── keeper ── supervisor ── commands, up to `jobs` at a time
                 └──────────┴── read ends of the commands' pipes

One process for all trials, with one poll for all that happens; the next trial is staged while
others run. Work that may take long (commands of phases, big files, much output) is done by a
process of its own, forked for it. As for a single run (`supervisor`), a keeper waits for the
supervisor and takes its place if it dies: the pipes of every command are sent to it.

To its caller it writes one line, `started` or `refused REASON`. SIGTERM tells it to read what is
to be stopped: the batch (`stop` in its directory) or single trials (`proc/stop` of their runs). As
many signals as requests belong to them; one more, as from a machine that shuts down, stops all.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import select
import socket

# Where it is loaded, `spawn` starts commands by vfork. A fork of this process, grown by what it
# imports, would take three times as long.
import subprocess  # noqa: F401
import sys
import time
from collections import deque

from gage._internal.atomic import replace
from gage._internal.batch.record import (
    DROPPED,
    ENDED,
    FOUND,
    MADE,
    TrialEvent,
    TrialLog,
    append_event,
    log_batch,
    mend_events,
    read_json,
    read_plan,
)
from gage._internal.batch.template import Template
from gage._internal.clock import make_id, now_us
from gage._internal.errors import GageError, MetaError
from gage._internal.output.recording import Recording, open_pipes, poll_timeout_ms
from gage._internal.output.writer import Capture, open_journal
from gage._internal.process.command import command_argv, program_env
from gage._internal.process.ending import Child, open_exit_fd
from gage._internal.process.identity import Identity, encode_identity, identity_of
from gage._internal.process.spawn import spawn, start_fault
from gage._internal.record.file_log import scan_files
from gage._internal.record.layout import home_of, run_at
from gage._internal.record.run_meta import (
    log_runner,
    meta_opcmd,
    read_text,
    run_meta_path,
    write_timestamp,
)
from gage._internal.record.status import read_exit_code, read_status
from gage._internal.record.stop_request import (
    GRACE_S,
    encode_stop_request,
    make_stop_request,
    read_stop_request,
)
from gage._internal.record.working_directory import work_dir
from gage._internal.running.supervisor import (
    finalize_whatever,
    inherit_orphans,
    run_to_exit,
    tell,
)
from gage._internal.staging.staging import record_failure
from gage._internal.store.same_work import completed_work, remove_directory, remove_run, work_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType
    from typing import Any

    from gage._internal.batch.search import Search
    from gage._internal.types import Run

__all__ = ["main"]

_OUTPUT = "40_run"
_SETTLED_S = 0.05
_BIG_BYTES = 8 << 20
_MUCH_OUTPUT_BYTES = 256 << 10
_RESERVE_BYTES = 256 << 10
_SET_PARENT_DEATH_SIGNAL = 1


def main(directory: str) -> None:
    """Supervise a batch from its start to its end; never returns."""
    os.closerange(3, 4096)  # what a careless library of the caller leaked
    directory = os.path.abspath(directory)
    os.chdir("/")
    try:
        shared = _Shared(directory)
    except (GageError, OSError) as error:
        tell(f"refused {error}")
        os._exit(1)

    def log(message: str) -> None:
        log_batch(directory, message)

    supervisor = os.fork()
    if supervisor == 0:
        os.setsid()
        run_to_exit(log, lambda: _Supervisor(shared, os.getppid()).start())
    run_to_exit(log, lambda: _keep(shared, supervisor))


class _Shared:
    """What supervisor and keeper both have: the plan, requests to stop, a way to hand over."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.home = home_of(os.path.join(directory, "template"))
        self.plan = read_plan(directory)
        self.how = read_json(directory, "start.json")
        self.stop_signals = 0
        self.wake_read, self._wake_write = os.pipe()
        os.set_blocking(self.wake_read, False)
        os.set_blocking(self._wake_write, False)
        for name in ("SIGHUP", "SIGINT"):
            # Not ignored: that would be handed on to the commands.
            _signal.signal(getattr(_signal, name), lambda *_: None)
        _signal.signal(_signal.SIGTERM, self._note_stop)
        self.to_keeper: socket.socket | None = None
        self.from_supervisor: socket.socket | None = None
        if hasattr(socket, "send_fds") and sys.platform == "linux":
            pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self.to_keeper, self.from_supervisor = pair

    def _note_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_signals += 1
        try:
            os.write(self._wake_write, b"s")
        except BlockingIOError:
            pass  # it wakes anyway


class _Pipes:
    """What a trial's output goes through, and what is left of it when the supervisor dies."""

    def __init__(self, fds: tuple[int, ...] | None = None) -> None:
        self.out_write = self.err_write = -1
        if fds is None:
            (self.out_read, self.out_write), (self.err_read, self.err_write) = open_pipes()
            self.journal = open_journal()
            # `PID START_US` of the command, once it is started.
            self._start = open_journal()
        else:
            self.out_read, self.err_read, self.journal, self._start = fds

    @property
    def kept(self) -> list[int]:
        return [self.out_read, self.err_read, self.journal, self._start]

    def close_write_ends(self) -> None:
        for fd in (self.out_write, self.err_write):
            if fd >= 0:
                os.close(fd)
        self.out_write = self.err_write = -1

    def close_journals(self) -> None:
        os.close(self.journal)
        os.close(self._start)

    def close(self) -> None:
        self.close_write_ends()
        os.close(self.out_read)
        os.close(self.err_read)
        self.close_journals()

    def note_start(self, pid: int, started_us: int) -> None:
        os.pwrite(self._start, b"%d %d" % (pid, started_us), 0)

    def noted_start(self) -> tuple[int, int] | None:
        fields = os.pread(self._start, 64, 0).split()
        return (int(fields[0]), int(fields[1])) if len(fields) == 2 else None

    def find_start(self, run_id: str) -> tuple[int, int] | None:
        """Return pid and start (epoch µs) of the command; None if there is none and never will be.

        To be called when the supervisor has died: it may have been killed between starting the
        command and noting it. Who still holds the write end of the pipe then is the command.
        """
        poll = select.poll()
        poll.register(self.out_read, 0)  # POLLHUP is always reported
        while (noted := self.noted_start()) is None:
            pid = _leader_of_run(run_id)
            if pid is not None:
                return pid, now_us()
            if poll.poll(10):
                break
        return noted


class _Trial:
    """A trial whose run is there: staged, running, or being finalised."""

    def __init__(self, number: int, run: Run) -> None:
        self.number = number
        self.run = run
        self.pipes: _Pipes | None = None
        self.child: Child | None = None
        self.recording: Recording | None = None
        self.exit_code: int | None = None
        self.reason = ""
        self.grace_s: float | None = None
        self.request = ""

    def log(self, message: str) -> None:
        try:
            log_runner(self.run, message)
        except OSError:
            pass  # a run is not lost for a line about it


class _Helper:
    """A process that does for a trial what may take long; `done` is called when it has ended."""

    def __init__(
        self, trial: _Trial, pid: int, exit_fd: int | None, done: Callable[[_Trial], None]
    ) -> None:
        self.trial = trial
        self.pid = pid
        self.exit_fd = exit_fd
        self.done = done


class _Supervisor:
    """The process that has the batch, from its start or from where another one died."""

    def __init__(self, shared: _Shared, keeper: int | None) -> None:
        self._shared = shared
        self._directory = shared.directory
        self._home = shared.home
        self._plan = shared.plan
        self._jobs = max(1, int(shared.how.get("jobs") or 1))
        self._fail_fast = bool(shared.how.get("fail_fast"))
        batch_id = str(self._plan["id"])
        self._template = Template(run_at(self._directory, batch_id), str(self._plan["project_dir"]))
        self._sys_attrs: dict[str, Any] = dict(self._plan.get("sys_attrs") or {})
        self._user_attrs: dict[str, Any] = dict(self._plan.get("attrs") or {})
        self._own = identity_of(os.getpid())
        self._keeper = None if keeper is None else identity_of(keeper)
        keepers = [self._own, *([] if self._keeper is None else [self._keeper])]
        self._claim = "".join(f"{encode_identity(identity)}\n" for identity in keepers).encode()
        self._environ = dict(os.environ)
        self._poll = select.poll()
        self._poll.register(shared.wake_read, select.POLLIN)
        self._log_of_trials = TrialLog(self._directory)
        self._todo: deque[int] = deque()
        self._ready: deque[_Trial] = deque()
        self._running: list[_Trial] = []
        self._helpers: list[_Helper] = []
        self._search: Search | None = None
        self._same: dict[str, Run] | None = None
        self._stopped_by = ""
        self._grace_s = GRACE_S
        self._signals_seen = 0
        self._requests_seen = 0
        self._batch_request = ""
        self._failed = 0

    # From start to end

    def start(self) -> None:
        """Run what is missing of the batch."""
        try:
            replace(os.path.join(self._directory, "supervisor"), self._claim)
            replace(os.path.join(self._directory, "reserve"), os.urandom(_RESERVE_BYTES))
            mend_events(self._directory)
            self._prepare()
        except (GageError, OSError) as error:
            tell(f"refused {error}")
            return
        log_batch(self._directory, f"Running {len(self._todo)} trials, {self._jobs} at a time")
        tell("started")
        self._loop()

    def take_over(self, kept: Mapping[int, _Pipes], codes: Mapping[int, int]) -> None:
        """Do what the supervisor, killed, has not done.

        `kept` are the pipes of trials that it had started; `codes` exit codes that are known, by
        process.
        """
        log_batch(self._directory, "The supervisor was killed: its keeper goes on")
        tell("started")
        mend_events(self._directory)
        self._prepare(kept)
        for number, pipes in kept.items():
            self._adopt(number, pipes, codes)
        self._look_for_requests()
        self._loop()

    def _prepare(self, kept: Mapping[int, _Pipes] | None = None) -> None:
        """Find out what there is to do."""
        self._log_of_trials.update()
        done = {
            number
            for number, event in self._log_of_trials.runs.items()
            if event.event == FOUND or read_status(self._run_of(event)).name == "completed"
        }
        for number, event in sorted(self._log_of_trials.runs.items()):
            if event.event == MADE and number not in done and number not in (kept or {}):
                run = self._run_of(event)
                if read_status(run).name in ("pending", "staged", "damaged"):
                    self._drop(_Trial(number, run))
                elif read_text(run, "stopped") is None and kept is not None:
                    finalize_whatever(run, read_exit_code(run), "")
        self._log_of_trials.update()
        if kept is None:
            begun: set[int] = set()  # what has failed is done again
        else:
            begun = {*self._log_of_trials.runs, *kept}
        count = int(self._plan["count"])
        self._todo.extend(n for n in range(count) if n not in done and n not in begun)
        if self._shared.how.get("needed"):
            found = completed_work(self._home, self._template.run)
            self._same = dict(found.items())
        if self._plan.get("objective"):
            self._search = self._begin_search(done)

    def _loop(self) -> None:
        self._fill()
        while self._running or self._helpers or self._ready:
            events = dict(self._poll.poll(poll_timeout_ms(self._due_s())))
            if self._shared.wake_read in events:
                os.read(self._shared.wake_read, 512)
                self._look_for_requests()
            ended = [trial for trial in self._running if self._step(trial, events)]
            for trial in ended:
                self._running.remove(trial)
            for helper in [helper for helper in self._helpers if self._has_ended(helper)]:
                self._helpers.remove(helper)
                helper.done(helper.trial)
            # First what makes the processors work, then what can be done beside it.
            self._start_ready()
            for trial in ended:
                self._finish(trial)
            self._fill()
        self._end()

    def _end(self) -> None:
        try:
            os.unlink(os.path.join(self._directory, "reserve"))
        except FileNotFoundError:
            pass
        self._log_of_trials.update()
        runs = self._log_of_trials.runs
        if len(runs) == self._plan["count"] and not self._failed and not self._stopped_by:
            # There is nothing left to be staged from it; what it says of itself stays.
            remove_directory(self._template.run.run_dir)
        words = f"stopped by {self._stopped_by}" if self._stopped_by else "all done"
        log_batch(self._directory, f"The batch has ended: {words}, {self._failed} failed")

    def _due_s(self) -> float | None:
        due = [trial.recording.due_s for trial in self._running if trial.recording is not None]
        if any(helper.exit_fd is None for helper in self._helpers):
            due.append(time.monotonic() + _SETTLED_S)
        known = [moment for moment in due if moment is not None]
        return min(known) if known else None

    # Staging

    def _fill(self) -> None:
        """Start what can be started, and stage ahead so that the next can be at once."""
        self._start_ready()
        while self._todo and not self._stopped_by:
            busy = len(self._running) + len(self._helpers)
            # A search proposes from what has ended: nothing is staged ahead of its time.
            ahead = 0 if self._search is not None else self._jobs
            if busy + len(self._ready) >= self._jobs + ahead or len(self._ready) >= self._jobs:
                return
            if len(self._running) < self._jobs or self._poll_is_silent():
                self._stage(self._todo.popleft())
                self._start_ready()
            else:
                return

    def _poll_is_silent(self) -> bool:
        """Return whether nothing waits to be done before the next trial is staged ahead."""
        return not self._poll.poll(0)

    def _stage(self, number: int) -> None:
        run_id = make_id()
        run = run_at(self._home, run_id)
        append_event(self._directory, TrialEvent(number, MADE, run_id))
        trial = _Trial(number, run)
        try:
            values, asked, command = self._values_of(number)
        except GageError as error:
            log_batch(self._directory, f"Trial {number} cannot be planned: {error}")
            self._failed += 1
            return
        attrs = {
            **self._sys_attrs,
            "batch": {
                "id": self._plan["id"],
                "key": self._plan["key"],
                "index": number,
                "count": self._plan["count"],
                "asked": asked,
            },
        }

        def work() -> None:
            self._template.stage(self._home, run_id, values, command, self._user_attrs, attrs)

        if self._template.has_commands or self._template.size_bytes > _BIG_BYTES:
            self._help(trial, lambda: _staged(run, work), self._staged)
        else:
            _staged(run, work)
            self._staged(trial)

    def _values_of(self, number: int) -> tuple[dict[str, Any], dict[str, Any], Any]:
        plan = self._plan
        if self._search is not None:
            from gage._internal.config import resolve_values, with_values

            asked = self._search.ask(number)
            config = self._template.config
            values, _ = resolve_values(config, {**plan["fixed"], **asked})
            command = with_values(config, values, self._template.cmd.args)
            return values, asked, command
        planned = plan["trials"][number]
        values = {**plan["defaults"], **planned["values"]}
        return values, planned["asked"], planned.get("command", self._template.cmd.args)

    def _staged(self, trial: _Trial) -> None:
        if not os.path.isdir(trial.run.meta_dir):
            log_batch(self._directory, f"Trial {trial.number}: its run could not be made")
            self._failed += 1
            self._tell_search(trial.number, None)
            return
        if read_text(trial.run, "stopped") is not None or read_text(trial.run, "staged") is None:
            self._ended(trial)
            return
        if self._same is not None:
            found = self._same.get(work_digest(trial.run) or "")
            if found is not None:
                remove_run(trial.run)
                append_event(self._directory, TrialEvent(trial.number, FOUND, found.id))
                log_batch(self._directory, f"Trial {trial.number}: {found.name} has done the same")
                self._tell_search(trial.number, found)
                return
        if self._stopped_by:
            self._drop(trial)
        else:
            self._ready.append(trial)

    def _drop(self, trial: _Trial) -> None:
        """Remove a run that was staged ahead and is not going to be started."""
        append_event(self._directory, TrialEvent(trial.number, DROPPED, trial.run.id))
        remove_run(trial.run)

    # Running

    def _start_ready(self) -> None:
        while self._ready and len(self._running) + self._finalizing() < self._jobs:
            self._start(self._ready.popleft())

    def _finalizing(self) -> int:
        return sum(helper.done == self._ended for helper in self._helpers)

    def _start(self, trial: _Trial) -> None:
        run = trial.run
        try:
            pid, started_us, capture, pipes = self._start_command(trial)
        except (OSError, ValueError, GageError) as error:
            code, reason = 126, str(error)
            if isinstance(error, _NotStartedError):
                code, reason = error.exit_code, error.reason
            trial.exit_code, trial.reason = code, reason
            trial.log(f"The command was not started: {reason}")
            self._finish(trial)
            return
        trial.pipes = pipes
        identity = identity_of(pid, ended=True, beside=self._own)
        path = run_meta_path(run, "proc", "command")
        self._with_room(lambda: replace(path, encode_identity(identity).encode() + b"\n"))
        self._with_room(lambda: write_timestamp(run, "started", started_us))
        self._record(trial, capture, identity)

    def _start_command(self, trial: _Trial) -> tuple[int, int, Capture, _Pipes]:
        run = trial.run
        replace(run_meta_path(run, "proc", "supervisor"), self._claim)
        opcmd = meta_opcmd(run)
        trial.log(f"Running run (see output/{_OUTPUT} for output): {opcmd.args}")
        argv = command_argv(opcmd.args, run_meta_path(run, "proc", "run-script"), opcmd.env)
        env = program_env(self._environ, run, opcmd.env)
        pipes = _Pipes()
        try:
            capture = Capture(run_meta_path(run, "output", _OUTPUT), pipes.journal)
            self._hand_to_keeper(trial.number, pipes.kept)
            started_us = now_us()
            pid = spawn(argv, work_dir(run), env, pipes.out_write, pipes.err_write)
            pipes.note_start(pid, started_us)
        except (OSError, ValueError) as error:
            pipes.close()
            raise _NotStartedError(*start_fault(error, argv)) from error
        pipes.close_write_ends()
        return pid, started_us, capture, pipes

    def _record(self, trial: _Trial, capture: Capture, identity: Identity) -> None:
        """Begin to record what a command prints."""
        assert trial.pipes is not None  # noqa: S101  # it was started
        path = run_meta_path(trial.run, "proc", "exit")

        def note_exit(code: int | None) -> None:
            if code is not None:
                self._with_room(lambda: replace(path, b"%d\n" % code))

        trial.child = Child(identity, on_exit=note_exit)
        trial.recording = Recording(
            capture,
            (trial.pipes.out_read, trial.pipes.err_read),
            trial.child,
            trial.log,
            stop_asked=lambda: trial.grace_s,
            make_room=self._release_reserve,
        )
        trial.recording.begin(self._poll)
        self._running.append(trial)
        if self._stopped_by:
            self._stop_trial(trial, self._stopped_by, self._grace_s)

    def _step(self, trial: _Trial, events: Mapping[int, int]) -> bool:
        """Record what a trial printed; return whether it has ended and all is recorded."""
        recording = trial.recording
        assert recording is not None and trial.child is not None  # noqa: PT018, S101  # it runs
        if not recording.step(events):
            return False
        recording.close()
        recording.capture.close()
        if recording.fault is not None:
            trial.reason = f"stopped: its output could not be written ({recording.fault.strerror})"
            if recording.lost_bytes:
                trial.reason += f"; {recording.lost_bytes} bytes of it are not recorded"
        if trial.child.exit_code is not None:
            trial.exit_code = trial.child.exit_code
        elif trial.exit_code is None:
            trial.exit_code = read_exit_code(trial.run)
        if trial.exit_code != 0:
            self._after_failure(trial)
        return True

    # The end of a trial

    def _finish(self, trial: _Trial) -> None:
        """Finalise a trial; in a process of its own where that may take long."""
        size_bytes = trial.recording.capture.size_bytes if trial.recording is not None else 0
        if (
            self._template.opdef.command("finalize-run") is not None
            or size_bytes > _MUCH_OUTPUT_BYTES
            or self._made_much(trial.run)
        ):
            self._help(trial, lambda: self._finalize(trial), self._ended)
        else:
            self._finalize(trial)
            self._ended(trial)

    def _finalize(self, trial: _Trial) -> None:
        finalize_whatever(trial.run, trial.exit_code, trial.reason)

    def _made_much(self, run: Run) -> bool:
        known = self._template.size_bytes
        try:
            found = scan_files(run.run_dir)
        except OSError:
            return False
        return sum(file.size_bytes for file in found.values()) > known + _BIG_BYTES

    def _ended(self, trial: _Trial) -> None:
        """Note that a trial has ended and is finalised."""
        if read_text(trial.run, "stopped") is None:  # its helper was killed
            finalize_whatever(trial.run, trial.exit_code, trial.reason)
        try:
            self._with_room(
                lambda: append_event(self._directory, TrialEvent(trial.number, ENDED, trial.run.id))
            )
        except OSError:
            pass  # its run says that it has ended
        if trial.pipes is not None:
            trial.pipes.close_journals()
            self._hand_to_keeper(trial.number, [])
        failed = read_exit_code(trial.run) != 0
        if failed:
            self._failed += 1
            self._after_failure(trial)
        self._tell_search(trial.number, None if failed else trial.run)

    def _after_failure(self, trial: _Trial) -> None:
        if self._fail_fast and not self._stopped_by and trial.grace_s is None:
            log_batch(self._directory, f"Trial {trial.number} failed: stopping the others")
            self._stop("fail-fast", self._grace_s)

    # Requests to stop

    def _look_for_requests(self) -> None:
        """Find out what a signal is about."""
        batch_path = os.path.join(self._directory, "stop")
        text = _content(batch_path)
        if text and text != self._batch_request:
            self._batch_request = text
            self._requests_seen += 1
            request = read_stop_request(batch_path)
            if request is not None:
                self._stop(request.by, request.grace_s)
        for trial in self._running:
            path = run_meta_path(trial.run, "proc", "stop")
            text = _content(path)
            if text and text != trial.request:
                self._requests_seen += 1
                trial.request = text
                request = read_stop_request(path)
                if request is not None:
                    trial.grace_s = request.grace_s
                    trial.log(f"Stopping, asked by {request.by}")
        if self._shared.stop_signals > self._signals_seen:
            self._signals_seen = self._shared.stop_signals
            if self._signals_seen > self._requests_seen and not self._stopped_by:
                self._stop("signal", GRACE_S)

    def _stop(self, by: str, grace_s: float) -> None:
        """Stop what runs, begin nothing more."""
        self._grace_s = min(grace_s, self._grace_s) if self._stopped_by else grace_s
        if not self._stopped_by:
            self._stopped_by = by
            log_batch(self._directory, f"Stopping, asked by {by}")
            if by == "signal":
                # For whoever takes this process's place.
                request = make_stop_request(by, grace_s)
                self._batch_request = encode_stop_request(request).decode()
                path = os.path.join(self._directory, "stop")
                self._with_room(lambda: replace(path, self._batch_request.encode()))
        self._todo.clear()
        for trial in self._running:
            self._stop_trial(trial, by, grace_s)
        for helper in self._helpers:
            try:
                os.kill(helper.pid, _signal.SIGINT)
            except ProcessLookupError:
                continue
        while self._ready:
            self._drop(self._ready.popleft())

    def _stop_trial(self, trial: _Trial, by: str, grace_s: float) -> None:
        if trial.grace_s is None and trial.recording is not None and not trial.recording.has_ended:
            data = encode_stop_request(make_stop_request(by, grace_s))
            trial.request = data.decode()
            path = run_meta_path(trial.run, "proc", "stop")
            self._with_room(lambda: replace(path, data))
            trial.log(f"Stopping, asked by {by}")
        if trial.recording is not None and not trial.recording.has_ended:
            trial.grace_s = grace_s if trial.grace_s is None else min(grace_s, trial.grace_s)

    # Helpers

    def _help(
        self, trial: _Trial, work: Callable[[], None], done: Callable[[_Trial], None]
    ) -> None:
        """Do work in a process of its own; then call `done`."""
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _become_helper(parent, work)
        exit_fd = open_exit_fd(pid)
        if exit_fd is not None:
            self._poll.register(exit_fd, select.POLLIN)
        self._helpers.append(_Helper(trial, pid, exit_fd, done))

    def _has_ended(self, helper: _Helper) -> bool:
        pid, _ = os.waitpid(helper.pid, os.WNOHANG)
        if not pid:
            return False
        if helper.exit_fd is not None:
            self._poll.unregister(helper.exit_fd)
            os.close(helper.exit_fd)
        return True

    # The keeper

    def _hand_to_keeper(self, number: int, fds: list[int]) -> None:
        """Let the keeper hold a trial's descriptors; none: the trial has ended."""
        channel = self._shared.to_keeper
        if channel is None or self._keeper is None:
            return
        try:
            if fds:
                socket.send_fds(channel, [b"%d" % number], fds)
            else:
                channel.send(b"%d" % number)
        except OSError:
            self._keeper = None  # it was killed: from now on there is nobody to go on

    def _adopt(self, number: int, pipes: _Pipes, codes: Mapping[int, int]) -> None:
        """Go on with a trial that the supervisor had started."""
        event = self._log_of_trials.runs[number]
        trial = _Trial(number, self._run_of(event))
        noted = pipes.find_start(trial.run.id)
        if noted is None:
            pipes.close()
            if read_text(trial.run, "stopped") is None:
                self._drop(trial)
                self._todo.appendleft(number)
            return
        if read_text(trial.run, "stopped") is not None:
            pipes.close()
            return
        trial.pipes = pipes
        trial.log("The supervisor was killed: its keeper goes on")
        pid, started_us = noted
        capture = Capture.resume(run_meta_path(trial.run, "output", _OUTPUT), pipes.journal)
        identity = self._identity_of(trial.run, pid)
        path = run_meta_path(trial.run, "proc", "command")
        replace(path, encode_identity(identity).encode() + b"\n")
        if read_text(trial.run, "started") is None:
            write_timestamp(trial.run, "started", started_us)
        trial.exit_code = codes.get(pid)
        self._record(trial, capture, identity)

    def _identity_of(self, run: Run, pid: int) -> Identity:
        from gage._internal.process.identity import decode_identity

        text = read_text(run, "proc", "command")
        if text is not None:
            return decode_identity(text)
        try:
            return identity_of(pid, ended=True)
        except ProcessLookupError:
            return Identity(pid, "0", self._own.boot, self._own.host)

    # What is asked of elsewhere

    def _begin_search(self, done: set[int]) -> Search:
        from gage._internal.batch.axes import Distribution
        from gage._internal.batch.plan import parse_objective
        from gage._internal.batch.search import Search

        # The libraries under Optuna would start threads for each processor, for sums of ten.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        plan = self._plan
        space = {
            key: Distribution(name, tuple(args), text)
            for key, (name, args, text) in plan["space"].items()
        }
        objective = parse_objective(plan["objective"])
        past = []
        for number in sorted(done):
            run = self._run_of(self._log_of_trials.runs[number])
            metric = _last_metric(run, objective.metric)
            asked = _asked_of(run)
            if metric is not None and all(key in asked for key in space):
                past.append((asked, metric))
        return Search(space, objective.direction, int(plan["seed"]), past)

    def _tell_search(self, number: int, run: Run | None) -> None:
        if self._search is not None:
            metric = str(self._plan["objective"]).partition(":")[2]
            self._search.tell(number, None if run is None else _last_metric(run, metric))

    def _run_of(self, event: TrialEvent) -> Run:
        return run_at(self._home, event.run_id)

    def _with_room(self, write: Callable[[], object]) -> None:
        """Write, if need be with the room that was kept for it."""
        try:
            write()
        except OSError:
            self._release_reserve()
            write()

    def _release_reserve(self) -> None:
        try:
            os.unlink(os.path.join(self._directory, "reserve"))
        except OSError:
            pass  # it is gone, or the disk took it: what needs its room will say so


class _NotStartedError(GageError):
    """The command could not be started."""

    def __init__(self, exit_code: int, reason: str) -> None:
        super().__init__(exit_code, reason)
        self.exit_code = exit_code
        self.reason = reason


def _staged(run: Run, work: Callable[[], None]) -> None:
    """Stage a run; if it fails, that is recorded as its end."""
    try:
        work()
    except (GageError, OSError, ValueError, KeyboardInterrupt) as error:
        if os.path.isdir(run.meta_dir):
            record_failure(run, error)


def _leader_of_run(run_id: str) -> int | None:
    """Return the command of a run, found by its environment; None where it is not to be found."""
    wanted = f"RUN_ID={run_id}".encode()
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdecimal()]
    except OSError:
        return None
    for pid in pids:
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if wanted in file.read().split(b"\0") and os.getsid(pid) == pid:
                    return pid
        except OSError:
            continue
    return None


def _become_helper(parent: int, work: Callable[[], None]) -> None:
    """Do work in this process, just forked, and end it; never returns."""
    code = 1
    try:
        os.setsid()
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)
        _signal.signal(_signal.SIGTERM, _signal.SIG_DFL)
        _die_with(parent)
        work()
        code = 0
    finally:
        os._exit(code)


def _die_with(parent: int) -> None:
    """See to it that this process is killed when its parent dies, where that can be had."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, _signal.SIGKILL, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return
    if os.getppid() != parent:
        os._exit(1)


def _keep(shared: _Shared, supervisor: int) -> None:
    """Wait for the supervisor, holding what it started; take its place if it dies."""
    if shared.to_keeper is not None:
        shared.to_keeper.close()
    kept: dict[int, _Pipes] = {}
    codes: dict[int, int] = {}
    exit_fd = open_exit_fd(supervisor)
    ended, anything = select.poll(), select.poll()
    if exit_fd is not None:
        ended.register(exit_fd, select.POLLIN)
        anything.register(exit_fd, select.POLLIN)
    if shared.from_supervisor is not None:
        anything.register(shared.from_supervisor, select.POLLIN)
    inherit_orphans()
    while True:
        status = _reap(supervisor, codes)
        _receive(shared, kept)
        if status is not None:
            break
        # Not at once for each message: the commands have better use for the processor.
        ended.poll(1000 * _SETTLED_S)
        anything.poll(None if exit_fd is not None else 1000 * _SETTLED_S)
    if os.waitstatus_to_exitcode(status) != 0:
        _receive(shared, kept)
        _Supervisor(shared, None).take_over(kept, codes)


def _reap(supervisor: int, codes: dict[int, int]) -> int | None:
    """Reap what has ended; return the status of the supervisor if that is among it."""
    found = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if not pid:
            return found
        if pid == supervisor:
            found = status
        else:
            codes[pid] = os.waitstatus_to_exitcode(status)


def _receive(shared: _Shared, kept: dict[int, _Pipes]) -> None:
    """Take what the supervisor has sent."""
    channel = shared.from_supervisor
    while channel is not None:
        try:
            data, fds, _, _ = socket.recv_fds(channel, 64, 4, socket.MSG_DONTWAIT)
        except (BlockingIOError, ConnectionError):
            return
        if not data:
            return
        before = kept.pop(int(data), None)
        if before is not None:
            before.close()
        if fds:
            kept[int(data)] = _Pipes(tuple(fds))


def _content(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _last_metric(run: Run, name: str) -> float | None:
    from gage._internal.metrics.summary_file import read_summary

    try:
        value = read_summary(run)["metrics"].get(name)
    except MetaError:
        return None
    return None if value is None else float(value)


def _asked_of(run: Run) -> dict[str, Any]:
    from gage._internal.record.run_meta import read_attr

    batch = read_attr(run, "sys", "batch", {})
    return dict(batch.get("asked") or {}) if isinstance(batch, dict) else {}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m gage._internal.batch.supervisor DIRECTORY")
    main(sys.argv[1])
