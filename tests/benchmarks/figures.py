"""What it costs to show figures, and to carry a large frame into a cell's run."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.case import Case
from tests.benchmarks.kernel import WarmKernel

FIGURES = 20
_DRAW = """
import matplotlib
{backend}
import matplotlib.pyplot as plt
import numpy as np
rng = np.random.default_rng(1)
for number in range({count}):
    plt.figure(figsize=(8, 6))
    plt.imshow(rng.random((126, 126)))
    {end}
"""
_READ = "import pandas, sys; print(len(pandas.read_parquet(sys.argv[1])))"


def cases(workspace: Path) -> list[Case]:
    """Return the cases: pictures of about 100 kB, and 100 MB of numbers."""
    write = _DRAW.format(
        backend="matplotlib.use('agg')",
        count=FIGURES,
        end="plt.savefig(f'{number}.png'); plt.close()",
    )
    (workspace / "write.py").write_text(write)
    (workspace / "show.py").write_text(_DRAW.format(backend="", count=FIGURES, end="plt.show()"))
    (workspace / "read.py").write_text(_READ)
    kernel = WarmKernel(workspace)
    kernel.timed("import numpy; df = pandas.DataFrame(numpy.random.rand(1_250_000, 10))")()
    kernel.timed("df.columns = [f'c{n}' for n in df]")()
    return [
        Case(
            f"{FIGURES} figures of 100 kB, recorded and shown",
            "`plt.savefig` in `subprocess.run`",
            kernel.timed("subprocess.run([sys.executable, 'write.py'], check=True)"),
            kernel.timed("get_ipython().run_line_magic('gage_run', 'show.py')"),
            limit=1.2,
            rounds=5,
        ),
        Case(
            "a cell's run with a DataFrame of 100 MB",
            "`to_parquet`, `read_parquet` in `subprocess.run`",
            kernel.timed(
                "df.to_parquet('df.parquet')\n"
                "subprocess.run([sys.executable, 'read.py', 'df.parquet'], check=True)"
            ),
            kernel.timed("get_ipython().run_cell_magic('gage_run', '', 'print(len(df))')"),
            limit=1.5,
            rounds=5,
        ),
    ]
