"""The formats of configuration files, by the suffix of their names."""

from __future__ import annotations

import os

from gage._internal.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gage._internal.config.document import Document

__all__ = ["SUFFIXES", "read_document"]

SUFFIXES = (".ipynb", ".json", ".jsonc", ".py", ".toml", ".yaml", ".yml")


def read_document(path: str, data: bytes) -> Document:
    """Read a file; the reader of a format is imported for the first file of that format.

    Parameters
    ----------
    path
        Its name in messages; the suffix names the format.
    data
        Its content.

    Raises
    ------
    ConfigError
        If there is no such format, or the file is not of that format.
    """
    suffix = _suffix(path)
    if suffix == ".py":
        from gage._internal.config.python_source import read
    elif suffix == ".ipynb":
        from gage._internal.config.notebook_file import read
    elif suffix in {".json", ".jsonc"}:
        from gage._internal.config.json_file import read
    elif suffix == ".toml":
        from gage._internal.config.toml_file import read
    elif suffix in {".yaml", ".yml"}:
        from gage._internal.config.yaml_file import read
    else:
        raise ConfigError(
            f"{path}: expected a file of configuration ({', '.join(SUFFIXES)}), "
            f"found {suffix or 'no suffix'}"
        )
    return read(data, path)


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()
