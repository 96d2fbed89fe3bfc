"""Options of libraries in the notebook, applied in the run when the library is loaded.

    {"sys.path": ["/home/me/lib"],
     "random": [3, [2147483648, …], null],
     "numpy.random": ["MT19937", "hexadecimal", 624, 0, 0.0],
     "random.seed": 7, "numpy.random.seed": 7, "torch.seed": 7,
     "warnings": [["ignore", "message", "builtins:UserWarning", "module", 0], …],
     "matplotlib": {"figure.figsize": [8, 4], …},
     "matplotlib.colormap": ["rocket", "hexadecimal"],     colours as four numbers of 64 bit each
     "pandas": {"display.max_rows": 10, …},
     "numpy": {"print": {…}, "errors": {…}}, "sklearn": {…}, "xarray": {…},
     "IPython": {"float_precision": "%.3f"}}

Only options that differ from the library's defaults are written. A library gets its options when
the run loads it; one that is never loaded costs nothing.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

__all__ = ["apply", "apply_paths"]


def apply_paths(settings: dict[str, Any]) -> None:
    """Let the program find the modules that the notebook can find."""
    here = os.path.abspath(sys.path[0] if sys.path else "")
    run_dir = os.environ.get("RUN_DIR", here)
    for path in settings.get("sys.path") or []:
        full = os.path.normpath(os.path.join(here, path))
        if not os.path.isabs(path) and full != run_dir and not full.startswith(run_dir + os.sep):
            continue  # above the project, which the run has without its surroundings
        if full not in sys.path:
            # Appended, so that the run's own files come first, wherever the notebook had it.
            sys.path.insert(1, full)


def apply(settings: dict[str, Any]) -> None:
    """Apply the notebook's settings, now or when the library is loaded."""
    waiting: dict[str, list[tuple[Callable[[Any], None], Any]]] = {}
    for key, (module, function) in _APPLIED.items():
        if key not in settings:
            continue
        if module in sys.modules:
            function(settings[key])
        else:
            waiting.setdefault(module, []).append((function, settings[key]))
    if waiting:
        sys.meta_path.insert(0, _AfterImport(waiting))


class _AfterImport:
    """Calls functions when a module has been loaded."""

    def __init__(self, waiting: dict[str, list[tuple[Callable[[Any], None], Any]]]) -> None:
        self._waiting = waiting

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Return the spec of a module that has functions waiting, None for all others."""
        calls = self._waiting.pop(name, None)
        if calls is None:
            return None
        if not self._waiting:
            sys.meta_path.remove(self)
        from importlib.util import find_spec

        spec = find_spec(name)
        loader: Any = None if spec is None else spec.loader
        if loader is None:
            return spec
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            execute(module)
            for function, value in calls:
                function(value)

        try:
            loader.exec_module = exec_module
        except AttributeError:  # a built-in module, loaded by a class
            pass
        return spec


def _random(state: Any) -> None:
    version, numbers, gauss = state
    sys.modules["random"].setstate((version, tuple(numbers), gauss))


def _numpy_random(state: Any) -> None:
    import numpy as np

    # Not `np.random`: it is being imported, and the attribute would import it again.
    module: Any = sys.modules["numpy.random"]
    kind, keys, *rest = state
    module.set_state((kind, np.frombuffer(bytes.fromhex(keys), np.uint32), *rest))


def _seed_random(seed: int) -> None:
    sys.modules["random"].seed(seed)


def _seed_numpy(seed: int) -> None:
    sys.modules["numpy.random"].seed(seed % 2**32)


def _seed_torch(seed: int) -> None:
    sys.modules["torch"].manual_seed(seed)


def _warnings(filters: Any) -> None:
    import warnings

    for action, message, category, module, line in reversed(filters):
        home, _, name = category.partition(":")
        kind = getattr(sys.modules.get(home), name, None)
        if isinstance(kind, type):
            warnings.filterwarnings(action, message, kind, module, line)


def _matplotlib(options: Any) -> None:
    parameters: Any = sys.modules["matplotlib"].rcParams
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for key, value in options.items():
            try:
                parameters[key] = tuple(value) if isinstance(value, list) else value
            except (KeyError, ValueError):  # another version
                continue


def _colormap(spec: Any) -> None:
    import matplotlib as mpl
    import numpy as np
    from matplotlib.colors import ListedColormap

    name, colors = spec
    if name not in mpl.colormaps:
        listed = np.frombuffer(bytes.fromhex(colors)).reshape(-1, 4)
        mpl.colormaps.register(ListedColormap(listed, name=name))


def _pandas(options: Any) -> None:
    module: Any = sys.modules["pandas"]
    for key, value in options.items():
        try:
            module.set_option(key, value)
        except (KeyError, ValueError):  # another version
            continue


def _numpy(options: Any) -> None:
    import numpy as np

    if options.get("print"):
        np.set_printoptions(**options["print"])
    if options.get("errors"):
        np.seterr(**options["errors"])


def _sklearn(options: Any) -> None:
    sys.modules["sklearn"].set_config(**options)


def _xarray(options: Any) -> None:
    sys.modules["xarray"].set_options(**options)


def _ipython(options: Any) -> None:
    shell = sys.modules["IPython"].get_ipython()
    if shell is None:  # imported by the program, which runs without a shell
        return
    formatter = shell.display_formatter.formatters["text/plain"]
    for key, value in options.items():
        setattr(formatter, key, value)


# Each key with the module that it waits for.
_APPLIED: dict[str, tuple[str, Callable[[Any], None]]] = {
    "warnings": ("warnings", _warnings),
    "random": ("random", _random),
    "numpy.random": ("numpy.random", _numpy_random),
    "random.seed": ("random", _seed_random),
    "numpy.random.seed": ("numpy.random", _seed_numpy),
    "torch.seed": ("torch", _seed_torch),
    "numpy": ("numpy", _numpy),
    "pandas": ("pandas", _pandas),
    "matplotlib": ("matplotlib", _matplotlib),
    "matplotlib.colormap": ("matplotlib", _colormap),
    "sklearn": ("sklearn", _sklearn),
    "xarray": ("xarray", _xarray),
    "IPython": ("IPython", _ipython),
}
