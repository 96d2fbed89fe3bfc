"""The command line: parses and prints; the work is done by the functions of `gage`.

`gage run` has a way of its own through `gage.cli.run`, which imports neither Click nor Rich: half
of what a tracker's command line costs is the import of its command line.
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
    """Run the command line and leave the process with its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["run"] and "_GAGE_COMPLETE" not in os.environ:
        from gage.cli.run import run_command

        sys.exit(run_command(words[1:]))
    from gage.cli.app import main_command

    sys.exit(main_command(words))
