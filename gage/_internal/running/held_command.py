"""A command that is started while its run is still being staged, and held back until it is.

Starting Python takes longer than staging a small run. A Python program of our interpreter is
therefore started early, in the run directory and with the run's environment. The `sitecustomize`
that a run's program has on its path waits at a gate, before Python has looked for the program: for
one byte from the descriptor that the variable `GAGE_GATE` names. If the pipe ends without one, the
process exits, and nothing was run.

    supervisor ──┐
                 ├── gate ──► command
    keeper     ──┘

The supervisor opens the gate when it has claimed the run and noted the start. If it is killed after
noting it, its keeper opens the gate. If it is killed before, the gate closes with the keeper.
"""

from __future__ import annotations

import os
import sys

from gage._internal.named import NamedTuple
from gage._internal.process.command import command_argv, program_env
from gage._internal.process.spawn import can_fork, fork_exec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gage._internal.running.pipes import Pipes
    from gage._internal.types import OpCmd, Run

__all__ = ["GATE", "Gate", "HeldCommand", "can_be_held", "hold"]

GATE = "GAGE_GATE"
_SIGKILL = 9


class Gate:
    """The pipe that a held command waits for."""

    __slots__ = ("_read", "_write")

    def __init__(self) -> None:
        self._read, self._write = os.pipe()

    @property
    def read_fd(self) -> int:
        """The descriptor that the command reads from; below 0 when it was closed."""
        return self._read

    def close_read_end(self) -> None:
        """Close the read end here: only the command has it then."""
        if self._read >= 0:
            os.close(self._read)
            self._read = -1

    def open(self) -> None:
        """Let the command begin, if it was started and waits; again does nothing."""
        if self._write < 0:
            return
        self.close_read_end()
        try:
            os.write(self._write, b"1")
        except BrokenPipeError:
            pass  # nothing waits: it began earlier, or was killed
        os.close(self._write)
        self._write = -1


class HeldCommand(NamedTuple):
    """A command that waits at its gate: its process and how it was started."""

    pid: int
    argv: list[str]
    cwd: str
    env: dict[str, str]
    gate: Gate

    def is_for(self, argv: list[str], cwd: str, env: Mapping[str, str]) -> bool:
        """Return whether it was started as the command would be now."""
        return (self.argv, self.cwd, self.env) == (argv, cwd, env)

    def give_up(self) -> None:
        """End it: it has run nothing."""
        os.kill(self.pid, _SIGKILL)
        os.waitpid(self.pid, 0)


def can_be_held(opcmd: OpCmd) -> bool:
    """Return whether a command is a Python program that waits at a gate, for all that is known."""
    args = opcmd.args
    if opcmd.env or isinstance(args, str) or any("\0" in word for word in args):
        return False
    if len(args) < 2 or args[0] not in ("python", "python3"):
        return False
    return args[1] in ("-m", "-c") or not args[1].startswith("-")


def hold(
    run: Run, words: list[str], environ: Mapping[str, str], pipes: Pipes, gate: Gate
) -> HeldCommand | None:
    """Start the command of a run, which waits at the gate; return None if that is not possible."""
    argv, cwd, env = command_argv(words, ""), run.run_dir, program_env(environ, run, {})
    if argv[0] != sys.executable or not can_fork():
        return None
    try:
        pid = fork_exec(
            argv,
            cwd,
            env,
            pipes.out_write,
            pipes.err_write,
            in_child=pipes.note_held,
            gate=(GATE, gate.read_fd),
        )
    except (OSError, ValueError):
        pipes.forget_start()
        return None  # what is wrong is found again, and recorded, when the run is started
    gate.close_read_end()
    return HeldCommand(pid, argv, cwd, env, gate)
