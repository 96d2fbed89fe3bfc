"""Measures every case and prints one table: `python -m tests.benchmarks [FAMILY...]`.

Figures depend on the machine: nothing here passes or fails, a ratio above what is asked for is
marked.
"""

from __future__ import annotations

import argparse
import compileall
import importlib
import importlib.metadata
import os
import pkgutil
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import tests.benchmarks
from tests.benchmarks.case import Case, Side

_ROOT = Path(__file__).parents[2]

# They change what is measured: without bytecode every start compiles anew.
_DISTORTING = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPROFILEIMPORTTIME")

_PACKAGES = ("click", "ipython", "ipykernel", "ipywidgets", "pandas", "rich")

_COLUMNS = ("case", "bare way", "bare", "gage", "ratio", "asked for", "")


@dataclass(frozen=True)
class Result:
    """Medians in seconds, and the remark of the case."""

    case: Case
    bare_s: float | None
    ours_s: float
    remark: str

    @property
    def figure(self) -> float:
        """What the limit of the case is for: the ratio, or seconds where there is no bare way."""
        return self.ours_s if self.bare_s is None else self.ours_s / self.bare_s


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help="default: all")
    parser.add_argument("--rounds", type=int, help="rounds of each case (default: its own)")
    parser.add_argument("--dir", type=Path, help="where the workspace is made (its disk counts)")
    args = parser.parse_args(argv)
    unknown = sorted({*args.families}.difference(_families()))
    if unknown:
        parser.error(f"no family {', '.join(unknown)}: choose from {', '.join(_families())}")
    _restart_with_clean_environment()
    for package in ("gage", "gage_nb", "tests/benchmarks"):
        compileall.compile_dir(_ROOT / package, quiet=1)
    workspace = Path(tempfile.mkdtemp(prefix="gage-benchmarks-", dir=args.dir))
    try:
        print(*_machine(workspace), sep="\n", end="\n\n", flush=True)
        results = []
        for case in _cases(workspace, args.families or _families()):
            print(f"… {case.name}", file=sys.stderr, flush=True)
            results.append(measure(case, args.rounds or case.rounds))
        print(*table(results), sep="\n")
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def measure(case: Case, rounds: int) -> Result:
    """Return the medians of a case; the sides take turns, and take turns in going first."""
    sides = [case.ours] if case.bare is None else [case.bare, case.ours]
    seconds: dict[Side, list[float]] = {side: [] for side in sides}
    for side in sides:
        side()
    for number in range(rounds):
        for side in sides if number % 2 == 0 else reversed(sides):
            seconds[side].append(side())
    bare_s = None if case.bare is None else statistics.median(seconds[case.bare])
    remark = "" if case.remark is None else case.remark()
    return Result(case, bare_s, statistics.median(seconds[case.ours]), remark)


def table(results: Iterable[Result]) -> list[str]:
    """Return the lines of a Markdown table, aligned to be read as it is."""
    rows = [_row(result) for result in results]
    if not rows:
        return []
    widths = [max(len(row[i]) for row in [*rows, _COLUMNS]) for i in range(len(_COLUMNS))]
    lines = [_COLUMNS, tuple("-" * width for width in widths), *rows]
    return [
        "| "
        + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    ]


def _row(result: Result) -> tuple[str, ...]:
    case = result.case
    over = "" if result.figure <= case.limit else "over"
    if result.bare_s is None:
        ratio, limit = "–", f"≤ {_duration(case.limit)}"
    else:
        ratio, limit = f"{result.figure:.2f}×", f"≤ {case.limit:g}×"
    return (
        case.name,
        case.bare_name,
        "–" if result.bare_s is None else _duration(result.bare_s),
        _duration(result.ours_s),
        ratio,
        limit,
        ", ".join(part for part in (over, result.remark) if part),
    )


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _cases(workspace: Path, families: Iterable[str]) -> Iterable[Case]:
    for name in families:
        directory = workspace / name
        directory.mkdir()
        yield from importlib.import_module(f"tests.benchmarks.{name}").cases(directory)


def _families() -> list[str]:
    names = [info.name for info in pkgutil.iter_modules(tests.benchmarks.__path__)]
    return [name for name in names if name not in {"__main__", "case", "kernel"}]


def _restart_with_clean_environment() -> None:
    distorting = [name for name in _DISTORTING if name in os.environ]
    if distorting:
        env = {name: value for name, value in os.environ.items() if name not in distorting}
        os.execve(sys.executable, [sys.executable, "-m", "tests.benchmarks", *sys.argv[1:]], env)


def _machine(workspace: Path) -> Iterable[str]:
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield f"Machine: {_processor()}, {os.cpu_count()} cores, {memory_gib:.0f} GiB of memory"
    yield f"System: {platform.system()} {platform.release()}, {_file_system(workspace)}"
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    yield f"Load when it began (1, 5, 15 minutes): {load}"
    versions = [f"Python {platform.python_version()}"]
    for name in _PACKAGES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"no {name}")
    yield f"Versions: {', '.join(versions)}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _file_system(path: Path) -> str:
    """Return the type of the file system that holds a path, by the longest mount point."""
    best, found = "", "file system unknown"
    try:
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return found
    for line in mounts:
        _, point, kind, *_ = line.split()
        inside = point == "/" or path == Path(point) or Path(point) in path.parents
        if inside and len(point) >= len(best):
            best, found = point, kind
    return found


if __name__ == "__main__":
    main()
