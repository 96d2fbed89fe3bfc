"""The present options of libraries in the notebook: `settings_now`.

They are read from the libraries themselves, no matter which cell, magic or module set them.
`gage.inside.settings` describes their form and their use in the run.
"""

from __future__ import annotations

import os
import random
import site
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gage.inside.plain import NotPlain, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["baseline", "random_states", "settings_now", "with_seed"]


def baseline() -> dict[str, Any]:
    """Return the state of a kernel when the extension is loaded, for `settings_now`."""
    return {
        "warnings": list(warnings.filters),
        "random": random.getstate(),
        "sys.path": list(sys.path),
    }


def settings_now(before: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that a run needs to behave like the notebook, in a form for JSON.

    Parameters
    ----------
    before
        The result of `baseline`; empty if the extension was not loaded.
    """
    found: dict[str, Any] = {}
    paths = _extra_paths(before.get("sys.path", []))
    if paths:
        found["sys.path"] = paths
    filters = _new_filters(before.get("warnings", []))
    if filters:
        found["warnings"] = filters
    state = random.getstate()
    if state != before.get("random"):
        found |= random_states({"random": state})
    for name, read in _READ.items():
        module = sys.modules.get(name.removesuffix(".colormap"))
        if module is None:
            continue
        # A library that has been changed, or is only half loaded, has no options to carry.
        try:
            value = read(module)
        except Exception:  # noqa: BLE001, S112 - libraries of any version
            continue
        if value:
            found[name] = value
    return found


def random_states(states: Mapping[str, Any]) -> dict[str, Any]:
    """Return states of random generators, as the log of executions has them, as settings."""
    found: dict[str, Any] = {}
    if "random" in states:
        version, numbers, gauss = states["random"]
        found["random"] = [version, list(numbers), gauss]
    if "numpy.random" in states:
        kind, keys, *rest = states["numpy.random"]
        found["numpy.random"] = [kind, keys.hex(), *rest]
    return found


def with_seed(settings: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return settings with a seed for the random generators in the place of their states."""
    others = {key: value for key, value in settings.items() if key not in _GENERATORS}
    return others | {f"{name}.seed": seed for name in _GENERATORS}


_GENERATORS = ("random", "numpy.random", "torch")


def _extra_paths(before: list[str]) -> list[str]:
    """Return the directories of `sys.path` that a new process would not have.

    A directory in the project is relative. One above it is given twice: relative, in case the run
    has the project's shape and its modules, and as it is.
    """
    here = str(Path.cwd())
    known = {"", here, *before, *(os.environ.get("PYTHONPATH") or "").split(os.pathsep)}
    homes = (sys.prefix, sys.base_prefix, str(Path(os.__file__).parent), site.getusersitepackages())
    found = []
    for path in map(str, sys.path):
        full = os.path.normpath(Path(path).absolute())
        if path in known or full in known or full.startswith(homes) or path.endswith(".zip"):
            continue
        if f"{os.sep}.ipython" in full or not Path(full).is_dir():
            continue
        relative = os.path.relpath(full, here)
        if full.startswith(here + os.sep):
            found.append(relative)
        else:
            found += [relative, full]
    # The run inserts each before the previous one.
    return found[::-1]


def _new_filters(before: list[Any]) -> list[list[Any]]:
    found = []
    for item in warnings.filters:
        if item in before:
            continue
        action, message, kind_of_warning, module, line = item
        category: Any = kind_of_warning
        kind = f"{category.__module__}:{category.__qualname__}"
        texts = [getattr(part, "pattern", part) or "" for part in (message, module)]
        found.append([action, texts[0], kind, texts[1], line])
    return found


def _numpy_random(module: Any) -> Any:
    kind, keys, *rest = module.get_state()
    return [kind, keys.tobytes().hex(), *rest]


def _numpy(module: Any) -> Any:
    found = {}
    options = module.get_printoptions()
    options = {key: value for key, value in options.items() if value != _NUMPY_PRINT.get(key, "")}
    options.pop("override_repr", None)
    if options:
        found["print"] = _plain(options)
    errors = module.geterr()
    if errors != {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}:
        found["errors"] = errors
    return found


_NUMPY_PRINT = {
    "edgeitems": 3,
    "floatmode": "maxprec",
    "formatter": None,
    "infstr": "inf",
    "legacy": False,
    "linewidth": 75,
    "nanstr": "nan",
    "override_repr": None,
    "precision": 8,
    "sign": "-",
    "suppress": False,
    "threshold": 1000,
}


def _pandas(module: Any) -> Any:
    import pandas._config.config as own

    # pandas has no public list of defaults.
    config: Any = own
    registered = config._registered_options  # noqa: SLF001
    found = {}
    for key, option in registered.items():
        if key.startswith("io.") or key in config._deprecated_options:  # noqa: SLF001
            continue
        value = module.get_option(key)
        if type(value) is not type(option.defval) or value != option.defval:
            found[key] = value
    return _plain(found)


def _matplotlib(module: Any) -> Any:
    defaults = module.rcParamsDefault
    own = getattr(module, "rcParamsOrig", defaults)
    found = {}
    for key in module.rcParams:
        if key.startswith(("backend", "interactive", "webagg", "datapath", "toolbar")):
            continue
        value, default = dict.get(module.rcParams, key), dict.get(own, key)
        if value == default:
            continue
        if type(value) in _PLAIN_TYPES:
            found[key] = value
        else:
            found |= _spelled(key, value, module.rcParams.validate)
    return _plain(found)


def _colormap(module: Any) -> Any:
    """Return the colour map of pictures where a library, such as seaborn, has made it."""
    import numpy as np

    value = dict.get(module.rcParams, "image.cmap")
    colormap: Any = module.colormaps[value] if isinstance(value, str) else value
    if colormap.name in getattr(module.colormaps, "_builtin_cmaps", ()):
        return None
    colors = np.asarray(colormap(np.arange(colormap.N)), np.float64)
    return [colormap.name, colors.tobytes().hex()]


_PLAIN_TYPES = (bool, int, float, str, list, tuple, type(None))


def _spelled(key: str, value: Any, validate: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """Return an option as text or a list that the library reads as this value, if there is one.

    A member of an enumeration and a colour map have a name, a cycle of colours has a spelling.
    """
    listed = [list(value)] if type(value).__name__ == "ndarray" else []
    for spelling in (*listed, getattr(value, "name", None), str(value)):
        try:
            if spelling is not None and validate[key](spelling) == value:
                return {key: spelling}
        except (ValueError, TypeError, KeyError):
            continue
    return {}


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options whose values JSON can represent in the form that the libraries accept."""
    found = {}
    for key, value in options.items():
        listed = list(value) if isinstance(value, tuple) else value
        try:
            encoded = encode(listed)
        except NotPlain:
            continue
        if not isinstance(encoded, dict):
            found[key] = encoded
    return found


def _sklearn(module: Any) -> Any:
    defaults: dict[str, object] = {
        "assume_finite": False,
        "working_memory": 1024,
        "print_changed_only": True,
    }
    config = module.get_config()
    defaults |= {"display": "diagram", "transform_output": "default"}
    defaults |= {"enable_metadata_routing": False}
    return {
        key: config[key]
        for key, default in defaults.items()
        if key in config and config[key] != default
    }


def _xarray(module: Any) -> Any:
    return _plain(
        {key: value for key, value in module.get_options().items() if key.startswith("display_")}
    )


def _ipython(module: Any) -> Any:
    shell = module.get_ipython()
    formatter = shell.display_formatter.formatters["text/plain"]
    traits = formatter.traits()
    return {
        name: value
        for name in ("float_precision", "pprint", "max_width", "max_seq_length")
        if name in traits and (value := getattr(formatter, name)) != traits[name].default_value
    }


_READ: dict[str, Callable[[Any], Any]] = {
    "numpy.random": _numpy_random,
    "numpy": _numpy,
    "pandas": _pandas,
    "matplotlib": _matplotlib,
    "matplotlib.colormap": _colormap,
    "sklearn": _sklearn,
    "xarray": _xarray,
    "IPython": _ipython,
}
