"""A cell with IPython's syntax: `python -m gage.inside.ipython_cell [OPTION]… CELL.ipy`.

As `gage.inside.cell`, with the same options, under an IPython shell in the run's own process, so
that `%magic`, `!command`, `name?` and `await` work as they do in a notebook. What the shell shows
is recorded like what a plain cell shows. The shell has a directory of its own, which is removed at
the end: it reads no profile, and keeps no history.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from typing import Any

from gage.inside import cell as plain
from gage.inside.result_log import clear_output, publish

__all__ = ["main"]

_SUFFIX = ".ipy"
_KEPT_OUT = "To exit: use 'exit', 'quit', or Ctrl-D."


def main(words: list[str]) -> None:
    """Run the cell that the words of a command line name; raises SystemExit when it fails."""
    cell = plain.parse(words)
    namespace = plain.become_main(cell)
    directory = tempfile.mkdtemp(prefix="gage-ipython-")
    try:
        shell = _make_shell(namespace, directory)
        with shell.builtin_trap:
            plain.prepare(cell, namespace)
        _run(shell, namespace["__file__"])
        plain.conclude(cell, namespace)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _run(shell: Any, path: str) -> None:
    try:
        with open(path, encoding="utf-8") as file:
            source = file.read()
    except OSError as error:
        sys.exit(f"gage: cannot read the cell's program: {error}")
    shell.compile.program_path = path
    result = shell.run_cell(_cell_of(source), store_history=True)
    failure = result.error_before_exec or result.error_in_exec
    if failure is None:
        if "matplotlib.pyplot" in sys.modules:
            from gage.inside.figures import show_open_figures

            show_open_figures()
        return
    sys.stdout.flush()
    if isinstance(failure, SystemExit):
        raise failure
    if isinstance(failure, KeyboardInterrupt):
        sys.excepthook = lambda *_: None  # it has been shown; Python ends by the signal itself
        raise failure
    sys.exit(1)


def _cell_of(source: str) -> str:
    """Return the text to run: a cell magic must be its first line, anything else keeps its own."""
    lines = source.split("\n")
    for number, line in enumerate(lines):
        if line.startswith("# %%gage_run"):
            rest = lines[number + 1 :]
            first = next((text for text in rest if text.strip()), "")
            return "\n".join(rest) if first.startswith("%%") else source
    return source


def _make_shell(namespace: dict[str, Any], directory: str) -> Any:
    """Return the shell; IPython is imported only here."""
    from IPython.core.compilerop import CachingCompiler
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class Publisher(DisplayPublisher):
        """Records what is displayed."""

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
            """Do nothing: there is no event loop of a window here."""

        def showtraceback(self, exc_tuple: Any = None, *args: Any, **options: Any) -> None:
            if not isinstance(sys.exc_info()[1], SystemExit):
                super().showtraceback(exc_tuple, *args, **options)

        def _showtraceback(self, _type: type, _error: BaseException, stb: list[str]) -> None:
            sys.stdout.flush()
            sys.stderr.write("\n".join(stb) + "\n")

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Plain"
    config.InteractiveShell.banner1 = ""
    warnings.filterwarnings("ignore", message=_KEPT_OUT)
    shell = Shell.instance(
        config=config,
        ipython_dir=directory,
        user_ns=namespace,
        user_module=sys.modules["__main__"],
    )
    _add_inline_settings(shell)
    return shell


def _add_inline_settings(shell: Any) -> None:
    """Let `%config InlineBackend…` work before `%matplotlib inline`, as it does in a notebook."""
    try:
        from matplotlib_inline.config import InlineBackend
    except ImportError:
        return
    shell.configurables.append(InlineBackend.instance(parent=shell))


if __name__ == "__main__":
    os.environ.pop("IPYTHONDIR", None)
    main(sys.argv[1:])
