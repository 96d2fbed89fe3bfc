"""A real IPython shell in the tests' own process, outside of any kernel."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

__all__ = ["running_shell"]


@contextlib.contextmanager
def running_shell() -> Iterator[InteractiveShell]:
    """Give the shell that `get_ipython` returns, with `gage_nb` loaded and nothing kept on disk."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"hist_file": ":memory:"}}))
    shell.run_line_magic("load_ext", "gage_nb")
    try:
        yield shell
    finally:
        shell.run_line_magic("unload_ext", "gage_nb")  # only a line if a test has done so
        assert shell.history_manager is not None
        shell.history_manager.end_session()
        InteractiveShell.clear_instance()
