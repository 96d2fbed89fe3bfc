"""The command line: it parses and prints; the functions of `gage` do the work.

`gage run` takes a shorter way through `gage.cli.run`, which imports neither Click nor Rich:
importing them would double the time that a run takes to start.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit the process with its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["run"] and "_GAGE_COMPLETE" not in os.environ:
        from gage.cli.import_cache import keep_modules, use_kept_modules

        is_kept = use_kept_modules()
        from gage.cli.run import run_command

        loaded = [] if is_kept else [name for name in sys.modules if name.startswith("gage.")]
        code = run_command(words[1:])
        if loaded:
            keep_modules(loaded)
        _leave(code)
    from gage.cli.app import main_command

    _leave(main_command(words))


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
