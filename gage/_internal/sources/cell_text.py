"""The code of notebooks: their code cells, and a cell as Python plus the words of commands.

IPython's own lines (`%magic`, `!command`, `name?`) are not Python: each becomes `pass`, and its
words are kept. A cell magic that runs its body as Python (`%%time`, `%%capture`) is skipped. The
body of any other cell magic (`%%bash`, `%%html`) is not Python, and its words are kept.
"""

from __future__ import annotations

import re

from gage._internal.errors import TargetError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "code_cells",
    "code_digest",
    "language_of",
    "parses",
    "python_of",
    "read_notebook",
    "without_magics",
]

# Cell magics whose body runs in the notebook's own kernel and namespace.
_TRANSPARENT = {"capture", "debug", "gage_run", "prun", "time", "timeit"}
_CELL_MAGIC = re.compile(r"\s*%%(\w+)(.*)")
_MAGIC = re.compile(
    r"""[ \t]*(?:
        [%!?]                               # %magic, !command, ?name
      | [\w.,\ \t]+=[ \t]*[%!]              # name = %magic, name = !command
      | [^'"\#=()\[\]]*\?\??[ \t]*;?[ \t]*$ # name?
    )""",
    re.VERBOSE,
)


def read_notebook(data: bytes, path: str) -> dict[str, Any]:
    """Return the JSON data of a notebook.

    Raises
    ------
    TargetError
        If it is not a notebook.
    """
    import json

    try:
        notebook = json.loads(data)
    except ValueError as error:
        raise TargetError(f"{path}: expected a notebook, found invalid JSON: {error}") from None
    if not isinstance(notebook, dict):
        raise TargetError(f"{path}: expected a notebook, found another JSON file")
    return notebook


def language_of(notebook: dict[str, Any]) -> str:
    """Return the language of a notebook's cells; default: `python`."""
    metadata = notebook.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    kernelspec = metadata.get("kernelspec")
    info = metadata.get("language_info")
    for found in (
        info.get("name") if isinstance(info, dict) else None,
        kernelspec.get("language") if isinstance(kernelspec, dict) else None,
    ):
        if isinstance(found, str) and found:
            language = found.lower()
            return "python" if language in ("python3", "ipython", "ipython3") else language
    return "python"


def code_cells(notebook: dict[str, Any]) -> list[str]:
    """Return the sources of a notebook's code cells, also of nbformat 3."""
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        sheets = notebook.get("worksheets")
        sheets = sheets if isinstance(sheets, list) else []
        cells = [cell for sheet in sheets for cell in sheet.get("cells", ())]
    found = []
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", cell.get("input", ""))
            parts = source if isinstance(source, list) else [source]
            found.append("".join(map(str, parts)))
    return found


def code_digest(data: bytes, path: str) -> str:
    """Return the sha256 of a notebook's code cells, without outputs, Markdown and metadata."""
    from hashlib import sha256

    digest = sha256()
    for source in code_cells(read_notebook(data, path)):
        encoded = source.encode("utf-8", "surrogatepass")
        digest.update(b"%d " % len(encoded) + encoded)
    return digest.hexdigest()


def python_of(source: str) -> tuple[str, str]:
    """Return a cell as Python, with the same number of lines, and the text that is not Python."""
    code, other = without_magics(source)
    return code, "\n".join(other.values())


def without_magics(source: str) -> tuple[str, dict[int, str]]:
    """Return a cell as Python with the same number of lines, and the other lines by number, from 1.

    A line inside a string can look like a magic. The body of a cell magic that hands it to
    something else is not Python: then the code is empty.
    """
    lines = source.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    magic = _CELL_MAGIC.match(lines[first])
    if magic:
        if magic.group(1) not in _TRANSPARENT:
            return "", dict(enumerate(lines, 1))
        lines[first] = ""
    other = {first + 1: magic.group(2)} if magic else {}
    if not magic and parses(source):
        return source, {}
    goes_on = False
    for number, line in enumerate(lines):
        if goes_on or _MAGIC.match(line):
            margin = line[: len(line) - len(line.lstrip())]
            lines[number] = "" if goes_on else f"{margin}pass"
            other[number + 1] = line
            goes_on = line.endswith("\\")
    return "\n".join(lines), other


def parses(source: str) -> bool:
    """Return whether a string is valid Python."""
    import ast
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
