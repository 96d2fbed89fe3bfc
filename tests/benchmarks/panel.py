"""What the live panel costs a run that prints as fast as it can."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.case import Case
from tests.benchmarks.kernel import WarmKernel

LINES = 1_000_000


def cases(workspace: Path) -> list[Case]:
    """Return the case: the same magic, quiet and with its panel."""
    program = f"for i in range({LINES}): print(f'line {{i:07}} ' + 'x' * 66)\n"
    (workspace / "flood.py").write_text(program)
    kernel = WarmKernel(workspace)
    return [
        Case(
            "the panel while a run prints 1,000,000 lines",
            "`%gage_run -q`",
            kernel.timed("get_ipython().run_line_magic('gage_run', '-q flood.py')"),
            kernel.timed("get_ipython().run_line_magic('gage_run', 'flood.py')"),
            limit=1.1,
            rounds=5,
        )
    ]
