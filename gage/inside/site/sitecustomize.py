"""Run by Python at the start of a run's program, from its PYTHONPATH: watches a few imports.

Nothing is imported for it before the program imports something whose pictures a run records;
`gage.inside.import_hooks` does the rest then. The directory is taken off `sys.path` again, and
the `sitecustomize` that Python would have found without it is run.
"""

import sys

_HOOKED = frozenset(
    (
        "matplotlib",
        "IPython.core.display_functions",
        "PIL.ImageShow",
        "pandas.core.config_init",
        "plotly.io._renderers",
    )
)


class _Watch:
    """Finds no module itself: it tells when one of those is imported."""

    @staticmethod
    def find_spec(name, path=None, target=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN205, ARG004
        if name not in _HOOKED:
            return None
        try:
            from gage.inside.import_hooks import find_spec
        except Exception:  # noqa: BLE001 - this interpreter has no such gage: nothing is recorded
            return None
        return find_spec(name, path)


def _run_the_next() -> None:
    """Run the `sitecustomize` that is next on the path; as Python, do without one."""
    spec = sys.modules["_frozen_importlib_external"].PathFinder.find_spec("sitecustomize")
    if spec is None or spec.loader is None:
        raise ImportError(name="sitecustomize")
    module = type(sys)("sitecustomize")
    module.__spec__ = spec
    module.__loader__ = spec.loader
    module.__file__ = spec.origin
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


_here = __file__.rpartition("/")[0]
sys.path[:] = [place for place in sys.path if place != _here]
sys.meta_path.insert(0, _Watch)
_run_the_next()
