"""Configuration of a project of 1,000 files: reading all values, rewriting one in each file."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from gage._internal.config import read_config, resolve_values, rewrite
from tests.benchmarks.case import Case, Side, timed

_COUNT = 1000

_BODY = "\n\n".join(
    f"def step_{n}(x, scale=1.0):\n    # what step {n} does\n    return [x * scale + {n}] * 3"
    for n in range(20)
)


def cases(workspace: Path) -> list[Case]:
    """Return reading and rewriting, each against the least that Python can do for it."""
    source = workspace / "project"
    _write(source, _COUNT)
    small = workspace / "small"
    _write(small, _COUNT // 10)
    copies = (workspace / f"copy-{number}" for number in itertools.count())
    tables = [{"keys": ["**/*.py#lr_*"]}]
    return [
        Case(
            name="config: read 1,000 Python files",
            bare_name="compile() of each",
            bare=timed(lambda: _compile(source)),
            ours=timed(lambda: read_config(str(source), tables)),
            limit=2,
            rounds=3,
        ),
        Case(
            name="config: read and rewrite 1,000 Python files",
            bare_name="read, compile() twice, write",
            bare=_on_copy(copies, _COUNT, _replace_text),
            ours=_on_copy(copies, _COUNT, _rewrite),
            limit=2,
            rounds=3,
        ),
        Case(
            name="config: 1,000 files (is it linear?)",
            bare_name="10 times 100 files",
            bare=timed(lambda: [read_config(str(small), tables) for _ in range(10)]),
            ours=timed(lambda: read_config(str(source), tables)),
            limit=1.3,
            rounds=3,
        ),
    ]


def _write(directory: Path, count: int) -> None:
    for number in range(count):
        path = directory / f"package_{number % 20}" / f"module_{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"import os\n\nlr_{number} = 0.1  # rate\n\n\n{_BODY}\n")


def _files(directory: Path) -> list[Path]:
    return sorted(directory.rglob("*.py"))


def _compile(directory: Path) -> None:
    for path in _files(directory):
        compile(path.read_bytes(), path, "exec", dont_inherit=True)


def _replace_text(directory: Path) -> None:
    for path in _files(directory):
        text = path.read_text()
        compile(text, path, "exec", dont_inherit=True)
        new = text.replace("= 0.1", "= 0.2", 1)
        compile(new, path, "exec", dont_inherit=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(new)
        os.replace(temporary, path)


def _rewrite(directory: Path) -> None:
    config = read_config(str(directory), [{"keys": ["**/*.py#lr_*"]}])
    values, _ = resolve_values(config, dict.fromkeys(config, 0.2))
    rewrite(str(directory), config, values)


def _on_copy(copies: Iterator[Path], count: int, work: Callable[[Path], None]) -> Side:
    def side() -> float:
        directory = next(copies)
        _write(directory, count)
        return timed(lambda: work(directory))()

    return side
