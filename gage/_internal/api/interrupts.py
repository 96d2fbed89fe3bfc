"""What an interrupt means: stop the run, or only that a kernel is going and takes its cell along.

Jupyter interrupts a kernel before it restarts it or shuts it down: SIGINT first, the request right
after it. A cell that waits for a run sees the same `KeyboardInterrupt` both times. Only the request
tells them apart: IPython's shell has `exit_now` from then on.
"""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["interrupt_stops_runs"]

# The request comes a few milliseconds after the interrupt; on a machine under load, later.
_REQUEST_S = 1.0
_STEP_S = 0.02


def interrupt_stops_runs() -> bool:
    """Return whether an interrupt that has just arrived asks to stop runs.

    In a Jupyter kernel this waits for a second at most, to see whether the kernel is going.
    """
    shell = _kernel_shell()
    if shell is None:
        return True
    until_s = time.monotonic() + _REQUEST_S
    while not shell.exit_now:
        if time.monotonic() >= until_s:
            return True
        time.sleep(_STEP_S)
    return False


def _kernel_shell() -> Any:  # IPython's, which gage does not import
    """Return the shell of the kernel that this process is, None where it is none."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell if getattr(shell, "kernel", None) is not None else None
