"""The command line: it parses and prints; the functions of `gage` do the work.

`gage run` takes a shorter way through `gage.cli.run`, which imports neither Click nor Rich:
importing them would double the time that a run takes to start.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` takes a third of a start
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType
    from typing import NoReturn

    from gage._internal.running.waiting_supervisor import WaitingSupervisor

__all__ = ["main"]

_STARTS_NOTHING = frozenset(("-h", "--help", "--help-op", "--preview", "--stage"))
_INTERRUPTED = 130  # as in `gage.cli.run`, which takes a moment to load


def _exit_interrupted(_number: int, _frame: FrameType | None) -> None:
    os._exit(_INTERRUPTED)


def _takes_interrupts() -> bool:
    """Return whether Ctrl-C ends this process: not if it is ignored, as after `nohup`."""
    return _signal.getsignal(_signal.SIGINT) in {_signal.default_int_handler, _exit_interrupted}


# As early as a program can: the console script has imported nothing else yet. An interrupt before
# this is Python's own affair, and ends its start with a traceback.
if os.path.basename(sys.argv[0]) == "gage" and _takes_interrupts():
    _signal.signal(_signal.SIGINT, _exit_interrupted)


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit the process with its exit code."""
    takes_interrupts = _takes_interrupts()

    def on_interrupt(handler: Callable[[int, FrameType | None], object]) -> None:
        if takes_interrupts:
            _signal.signal(_signal.SIGINT, handler)

    # Before and after the command, an interrupt finds nothing that has to be cleaned up.
    on_interrupt(_exit_interrupted)
    words = list(sys.argv[1:] if argv is None else argv)
    command = _load(words)
    try:
        on_interrupt(_signal.default_int_handler)
        code = command()
        on_interrupt(_exit_interrupted)
    except KeyboardInterrupt:
        on_interrupt(_exit_interrupted)
        code = _INTERRUPTED
    _leave(code)


def _load(words: list[str]) -> Callable[[], int]:
    """Import what a command line needs; return a function that carries it out."""
    if words[:1] == ["run"] and "_GAGE_COMPLETE" not in os.environ:
        import gc

        gc.disable()  # nothing of what is loaded is garbage
        from gage.cli.import_cache import keep_modules, loaded_modules, use_kept_modules

        is_kept = use_kept_modules()
        # It gets ready on another core while this process loads the rest.
        supervisor = _early_supervisor(words) if is_kept else None
        from gage.cli.run import run_command

        loaded = None if is_kept else loaded_modules()
        gc.freeze()
        gc.enable()

        def run() -> int:
            code = run_command(words[1:], supervisor)
            if loaded is not None:
                keep_modules(loaded)
            return code

        return run
    from gage.cli.app import main_command

    return lambda: main_command(words)


def _early_supervisor(words: list[str]) -> WaitingSupervisor | None:
    """Return a supervisor for the run that is probably asked for, None if it cannot be had."""
    if _STARTS_NOTHING.intersection(words):
        return None
    from gage._internal.running.waiting_supervisor import ForkedSupervisor

    try:
        return ForkedSupervisor()
    except OSError:
        return None  # the run makes its own, and reports the error


def _leave(code: int) -> NoReturn:
    """Exit at once: taking the interpreter apart takes longer than listing the runs."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (BrokenPipeError, ValueError):
        code = code or 1  # the reader of a pipe has gone, or a stream was closed
    except OSError as error:
        os.write(2, f"gage: cannot write the output: {error.strerror}\n".encode())
        code = code or 1
    os._exit(code)
