"""A page of documentation as examples that can be run.

The word after the three backquotes says what a block is:

    python title="train.py"   a file of the example project (any language may have a title)
    sh              commands, which have to succeed
    console         `$ command` lines, each followed by what it prints; `…` is anything
    python          a program; the blocks of a page are one program
    ipython         a cell; the blocks of a page are one notebook
    text            nothing to run

A page shows real output. Names of runs, ids, times and durations differ each time, and so does the
number of blanks between columns: they are not compared.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_VARYING = [
    (re.compile(r"\b[a-z]{5}-[a-z]{5}\b"), "NAME"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b(?=[a-f]*\d)[0-9a-f]{8}\b"), "ID"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "DIGEST"),
    (re.compile(r"\b(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d( [A-Z]+)?\b"), "TIME"),
    (re.compile(r"\b\d+\.\d+ s\b"), "DURATION"),
    (re.compile(r"[ \t]+"), " "),
]


@dataclass(frozen=True)
class Block:
    """A block of a page: its language, the name of its file, its text, its first line."""

    language: str
    file: str
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """A page and its blocks."""

    path: Path
    text: str
    blocks: tuple[Block, ...]

    def of(self, language: str) -> list[Block]:
        """Return the examples in a language that are not files."""
        return [block for block in self.blocks if block.language == language and not block.file]

    def write_files(self, directory: Path) -> None:
        """Write the files of the page's example project."""
        for block in self.blocks:
            if block.file:
                path = directory / block.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text)

    def section(self, heading: str) -> str | None:
        """Return the text below a heading, up to the next one of its level or above."""
        level = len(heading) - len(heading.lstrip("#"))
        found = re.search(
            rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{level}}} |\Z)",
            self.text,
            re.MULTILINE | re.DOTALL,
        )
        return None if found is None else found[1]


def read_page(path: Path) -> Page:
    """Return a page of Markdown."""
    text = path.read_text(encoding="utf-8")
    blocks = tuple(
        Block(found[1], found[2] or "", found[3], text.count("\n", 0, found.start()) + 1)
        for found in _FENCE.finditer(text)
    )
    return Page(path, text, blocks)


def in_shell(script: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run a script with `gage` and `python` of the environment under test first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-c", script],
        cwd=directory,
        env={**os.environ, "PATH": path, "COLUMNS": "100", "TZ": "UTC"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def commands_of(block: Block) -> list[tuple[str, str]]:
    """Return the commands of a console block, each with what it is said to print."""
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert not parts[0].strip(), f"line {block.line}: a console block begins with a command"
    pairs = []
    for part in parts[1:]:
        command, _, printed = part.partition("\n")
        pairs.append((command, printed))
    return pairs


def check_console(page: Page, directory: Path) -> None:
    """Run the commands of a page's console blocks; each has to print what the page says."""
    for block in page.of("console"):
        for command, expected in commands_of(block):
            printed = in_shell(command, directory).stdout
            assert agrees(expected, printed), f"line {block.line}: {command}\n{printed}"


def agrees(expected: str, printed: str) -> bool:
    """Return whether what was printed is what is expected, where `…` is anything."""
    pattern = ".*?".join(re.escape(part) for part in _comparable(expected).split("…"))
    return re.fullmatch(pattern, _comparable(printed), re.DOTALL) is not None


def _comparable(text: str) -> str:
    text = "\n".join(line.rstrip() for line in text.strip().splitlines())
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return text
