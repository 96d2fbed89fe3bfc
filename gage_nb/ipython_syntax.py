"""What IPython takes beyond Python: `%magic`, `!command`, `object?`, short forms of calls.

IPython's own transformers find it, so that what is found is exactly what IPython would change.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from IPython.core.inputtransformer2 import TransformerManager

    class _Transform(Protocol):
        """What is used of IPython's `TokenTransformBase`, which has no types."""

        start_line: int

        def sortby(self) -> tuple[int, int]: ...
        def transform(self, lines: list[str]) -> list[str]: ...


__all__ = ["IPythonLine", "find_ipython_syntax"]


class IPythonLine(NamedTuple):
    """A statement of IPython's own: its line (the first is 1), its text, what to write instead."""

    line: int
    text: str
    advice: str


def find_ipython_syntax(
    source: str, manager: TransformerManager | None = None
) -> tuple[list[IPythonLine], str]:
    """Return all of IPython's own syntax, and the source with `pass` in its place.

    IPython's transformers find it, one after the other as IPython does it, so that what is
    refused here is exactly what IPython would have changed.
    """
    if manager is None:
        from IPython.core.inputtransformer2 import TransformerManager

        manager = TransformerManager()
    found = []
    lines = source.splitlines(keepends=True)
    while (place := _first_transform(manager, lines)) is not None:
        start, length = place
        taken = lines[start : start + length]
        text = "".join(taken)
        # splitlines divides at more than line breaks (form feeds, say): count the breaks.
        line = "".join(lines[:start]).count("\n") + 1
        found.append(IPythonLine(line, text.strip(), _advice(text.strip())))
        indent = text[: len(text) - len(text.lstrip())]
        lines[start : start + length] = [f"{indent}pass\n", *("\n" for _ in taken[1:])]
    return found, "".join(lines)


def _first_transform(manager: TransformerManager, lines: list[str]) -> tuple[int, int] | None:
    """Return where IPython's first change begins and how many lines it takes."""
    from IPython.core.inputtransformer2 import make_tokens_by_line

    tokens = make_tokens_by_line(lines)
    transformers = cast("list[Any]", manager.token_transformers)
    found: list[_Transform] = [item for kind in transformers if (item := kind.find(tokens))]
    for transformer in sorted(found, key=lambda item: item.sortby()):
        try:
            changed = transformer.transform(lines)
        except SyntaxError:
            continue
        return transformer.start_line, len(lines) - len(changed) + 1
    return None


_MAGIC = re.compile(r"(?:[\w.,\s]+=\s*)?(%{1,2})\s*(\w+)\s*(.*)", re.DOTALL)
_COMMAND = re.compile(r"(?:(?P<target>[^=!]+)=\s*)?!{1,2}\s*(?P<command>.*)", re.DOTALL)
_ELSEWHERE = "write it in a cell of its own, before the run"
_MAGIC_ADVICE = {
    "autoreload": "remove it: a run imports everything afresh",
    "cd": "write `import os` and `os.chdir(…)`",
    "conda": _ELSEWHERE,
    "env": "write `import os` and `os.environ[…] = …`",
    "load_ext": "remove it: a run has no IPython that could load an extension",
    "mamba": _ELSEWHERE,
    "matplotlib": "remove it: a run has no notebook to show figures. Save them: `plt.savefig(…)`",
    "pip": _ELSEWHERE,
    "reload_ext": "remove it: a run has no IPython that could load an extension",
    "run": "import what the script has, or run the script: `%gage_run SCRIPT`",
    "set_env": "write `import os` and `os.environ[…] = …`",
    "time": "remove it: the time of a run is measured. For a part, write `time.perf_counter()`",
    "timeit": "write `import timeit` and `timeit.timeit(…)`",
    "uv": _ELSEWHERE,
}


def _advice(text: str) -> str:
    if text.rstrip().endswith("?") or text.startswith("?"):
        return "IPython's help: ask in a cell of its own"
    magic = _MAGIC.match(text)
    if magic:
        known = _MAGIC_ADVICE.get(magic[2])
        if magic[1] == "%%":
            return f"a cell has one cell magic, `%%gage_run`: {known or 'remove this one'}"
        return f"a magic of IPython: {known or 'write it as Python, or in a cell of its own'}"
    command = _COMMAND.match(text)
    if command:
        words = " ".join(command["command"].replace("\\\n", " ").split())
        call = f"subprocess.run({words!r}, shell=True, "
        call += (
            "capture_output=True, text=True).stdout.splitlines()"
            if command["target"] or text.startswith("!!")
            else "check=True)"
        )
        return f"a command for the shell: write `import subprocess` and\n`{call}`"
    return "IPython's short form of a call: write it as Python, with parentheses"
