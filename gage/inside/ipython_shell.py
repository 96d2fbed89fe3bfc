"""The IPython shell of a cell's run: no terminal, no front end, no profile, no history.

Displayed objects, and the value of the last expression, are recorded as results of the run. Only a
cell that needs IPython imports this module.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from gage.inside.result_log import clear_output, publish

__all__ = ["make_shell"]

_SUFFIX = ".ipy"
_KEPT_OUT = "To exit: use 'exit', 'quit', or Ctrl-D."


class Publisher(DisplayPublisher):
    """Records displayed objects."""

    def publish(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        *_: Any,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **__: Any,
    ) -> None:
        display_id = str((transient or {}).get("display_id", ""))
        publish(data, metadata, display_id=display_id, update=update)

    def clear_output(self, wait: bool = False) -> None:  # noqa: FBT001, FBT002 - as IPython's
        clear_output(wait=wait)


class Hook(DisplayHook):
    """Records the value of the last expression."""

    def write_output_prompt(self) -> None:
        return

    def write_format_data(
        self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None
    ) -> None:
        publish(format_dict, md_dict, kind="value")

    def finish_displayhook(self) -> None:
        self._is_active = False


class Compiler(CachingCompiler):
    """Gives the cell the name of its file, so that a traceback has its lines."""

    program_path = ""

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        if self.program_path:
            path, self.program_path = self.program_path, ""
            return path
        return super().get_code_name(raw_code, transformed_code, number)

    def format_code_name(self, name: str) -> tuple[str, str] | None:
        return None if name.endswith(_SUFFIX) else super().format_code_name(name)


class Shell(InteractiveShell):
    """A shell without a terminal or a front end."""

    display_pub_class = Publisher
    displayhook_class = Hook
    compiler_class = Compiler

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: there is no event loop for windows here."""

    def showtraceback(self, exc_tuple: Any = None, *args: Any, **options: Any) -> None:
        if not isinstance(sys.exc_info()[1], SystemExit):
            super().showtraceback(exc_tuple, *args, **options)

    def _showtraceback(self, _type: type, _error: BaseException, stb: list[str]) -> None:
        sys.stdout.flush()
        sys.stderr.write("\n".join(stb) + "\n")


def make_shell(namespace: dict[str, Any], directory: str) -> Any:
    """Return a shell with its own namespace and directory."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Plain"
    config.InteractiveShell.banner1 = ""
    warnings.filterwarnings("ignore", message=_KEPT_OUT)
    return Shell.instance(
        config=config,
        ipython_dir=directory,
        user_ns=namespace,
        user_module=sys.modules["__main__"],
    )
