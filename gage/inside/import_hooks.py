"""Changes to packages that show things, made when a run's program imports them.

    matplotlib                        its backend is ours, unless the environment names another
    …backend_nbagg, also of ipympl     likewise: they need the page of a notebook
    IPython.core.display_functions    `display` outside IPython records
    pandas.core.config_init           a cell prints frames as in a notebook, not as in a terminal
    PIL.ImageShow                     `image.show()` records instead of opening a viewer
    plotly.io._renderers              `fig.show()` records instead of opening a browser

`gage/inside/site/sitecustomize.py` calls this for the first import of each. In the kernel of a
notebook that is the target of a run everything stays as it is.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

__all__ = ["find_spec"]

BACKEND = "module://gage.inside.matplotlib_backend"


def find_spec(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    """Return the spec of a package with a loader that changes it after its import, or None."""
    if name == "matplotlib":
        os.environ.setdefault("MPLBACKEND", BACKEND)
        return None
    spec = None
    for finder in sys.meta_path:
        if getattr(finder, "__name__", "") != "_Watch":
            spec = finder.find_spec(name, path)
        if spec is not None:
            break
    if spec is None or spec.loader is None:
        return None
    spec.loader = _Loader(spec.loader, _AFTER[name])  # type: ignore[assignment]
    return spec


class _Loader:
    """Loads a module with its own loader, then changes it."""

    def __init__(self, loader: Any, after: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        try:
            self._after(module)
        except AttributeError:
            pass  # an unknown version of the package


def _is_ipython() -> bool:
    """Return whether this process has an IPython shell, which shows things itself."""
    shell = sys.modules.get("IPython.core.interactiveshell")
    return shell is not None and bool(shell.InteractiveShell.initialized())


def _is_kernel() -> bool:
    """Return whether this process is the kernel of a notebook, which shows everything itself."""
    shell = sys.modules.get("IPython.core.interactiveshell")
    if shell is None or not shell.InteractiveShell.initialized():
        return False
    return getattr(shell.InteractiveShell.instance(), "kernel", None) is not None


def _after_display_functions(module: Any) -> None:
    from gage.inside import results

    def replace(name: str, ours: Callable[..., object]) -> None:
        original = getattr(module, name)

        def choose(*args: Any, **options: Any) -> object:
            return (original if _is_ipython() else ours)(*args, **options)

        choose.__name__ = choose.__qualname__ = name
        choose.__doc__ = original.__doc__
        choose.__module__ = module.__name__
        setattr(module, name, choose)

    replace("display", results.display)
    replace("update_display", results.update_display)
    replace("clear_output", results.clear_output)
    replace("publish_display_data", _publish_display_data)


def _publish_display_data(
    data: dict[str, Any],
    metadata: dict[str, Any] | None = None,
    *,
    transient: dict[str, Any] | None = None,
    **options: Any,
) -> None:
    from gage.inside.result_log import publish

    display_id = str((transient or {}).get("display_id", ""))
    publish(data, metadata, display_id=display_id, update=bool(options.get("update")))


def _after_image_show(module: Any) -> None:
    original = module.show

    def show(image: Any, title: str | None = None, **options: Any) -> bool:
        if _is_kernel():
            return bool(original(image, title, **options))
        from gage.inside.results import display

        display(image)
        return True

    module.show = show


_PLOTLY = "plotly_mimetype"


def _after_plotly_renderers(module: Any) -> None:
    original = module.show
    if not _is_kernel() and "PLOTLY_RENDERER" not in os.environ:
        module.renderers.default = _PLOTLY

    def show(
        figure: Any,
        renderer: str | None = None,
        validate: bool = True,  # noqa: FBT001, FBT002 - as Plotly's
        **options: Any,
    ) -> object:
        chosen = renderer or module.renderers.default
        if _is_kernel() or chosen != _PLOTLY:
            return original(figure, renderer, validate, **options)
        from plotly.io import to_html

        from gage.inside.result_log import origin_of, publish

        values = module.validate_coerce_fig_to_dict(figure, validate)
        bundle = module.renderers._build_mime_bundle(values, _PLOTLY, **options)  # noqa: SLF001
        # The page loads Plotly from its own server: it has 5 MB.
        bundle["text/html"] = to_html(values, include_plotlyjs="cdn", full_html=False)
        bundle.setdefault("text/plain", "Figure (Plotly)")
        publish(bundle, kind="figure", origin=origin_of("Plotly"))
        return None

    module.show = show


def _after_notebook_backend(module: Any) -> None:
    if not _is_kernel():
        from gage.inside import matplotlib_backend as ours

        vars(module).update(
            (name, value) for name, value in vars(ours).items() if not name.startswith("_")
        )


def _after_pandas_options(_module: Any) -> None:
    import builtins

    if hasattr(builtins, "display") and not _is_ipython():
        from pandas._config.config import set_option

        # The values that pandas sets in the kernel of a notebook.
        set_option("display.max_columns", 20)


_AFTER: dict[str, Callable[[Any], None]] = {
    "IPython.core.display_functions": _after_display_functions,
    "pandas.core.config_init": _after_pandas_options,
    "PIL.ImageShow": _after_image_show,
    "ipympl.backend_nbagg": _after_notebook_backend,
    "matplotlib.backends.backend_nbagg": _after_notebook_backend,
    "plotly.io._renderers": _after_plotly_renderers,
}
