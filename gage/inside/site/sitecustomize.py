"""Run by Python at the start of a run's program, from its PYTHONPATH: watches imports and files.

Nothing is imported for it before the program imports something whose pictures a run records, or
reads a file outside of its run; `gage.inside.import_hooks` and `gage.inside.outside_files` do the
rest then. The directory is taken off `sys.path` again, and the `sitecustomize` that Python would
have found without it is run.
"""

import os
import sys

_HOOKED = frozenset(
    (
        "matplotlib",
        "IPython.core.display_functions",
        "PIL.ImageShow",
        "ipympl.backend_nbagg",
        "matplotlib.backends.backend_nbagg",
        "pandas.core.config_init",
        "plotly.io._renderers",
    )
)
_PART = "/inside/site/sitecustomize.py"
_SYSTEM = ("/bin/", "/dev/", "/etc/", "/lib", "/proc/", "/run/", "/sbin/", "/sys/", "/usr/")

_CODE = (".py", ".ipynb", ".ipy", ".carried")
# Looked at in a run's directory: files of code, and all that is there. A program with more may
# read outside, for all that is known; each process of a run pays for the look.
_MOST_LOOKED_AT, _MOST_LISTED, _MOST_BYTES = 20, 300, 1 << 20
# What leads a program out of its directory, beside a path that begins with `/` or `~`.
_WAYS_OUT = (
    *("expanduser", ".home(", "environ", "getenv", "gettempdir", "chdir"),
    *("http", "download", "fetch_", "load_dataset", "datasets", "hub"),
)


class _Watch:
    """Finds no modules; it calls `import_hooks` when one of the watched ones is imported."""

    @staticmethod
    def find_spec(name, path=None, target=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN205, ARG004
        if name not in _HOOKED:
            return None
        try:
            from gage.inside.import_hooks import find_spec
        except Exception:  # noqa: BLE001 - this interpreter has no such gage: nothing is recorded
            return None
        return find_spec(name, path)


def _watch_files(run_dir: str) -> None:
    """Have files that are opened outside of the run noted; Python's own and the system's are not.

    Called for every event that Python audits, `id(x)` among them: copying objects deeply takes
    twice as long with it. So it is for programs that may read outside only.
    """
    own = (run_dir, sys.prefix, sys.base_prefix, sys.exec_prefix, __file__[: -len(_PART)])
    known = (*(f"{place}/" for place in own), f"{run_dir}.meta/", *_SYSTEM)
    seen: set[str] = set()

    def hook(event, args):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if event != "open":
            return
        path = args[0]
        if path.__class__ is not str or path in seen or path.startswith(known):
            return
        try:
            full_path = os.path.abspath(path)
            if full_path.startswith(known):
                return  # from another directory, the same path may mean another file
            seen.add(path)
            from gage.inside.outside_files import note

            note(full_path, args[2])
        except Exception:  # noqa: BLE001 - no such gage here, no directory: the program goes on
            return

    sys.addaudithook(hook)


def _may_read_outside(run_dir: str) -> bool:
    """Return whether an argument or the run's code names a place outside, or a way to one."""
    if any(place != _here for place in os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        return True
    words = sys.orig_argv[1:]
    if any(_names_a_place(f'"{word}"') or _names_a_place(word.replace("=", '"')) for word in words):
        return True
    if not f"{os.getcwd()}/".startswith(f"{run_dir}/"):
        return True
    rest, looked_at, listed = [run_dir], 0, 0
    while rest:
        with os.scandir(rest.pop()) as entries:
            for entry in entries:
                listed += 1
                if listed > _MOST_LISTED or looked_at > _MOST_LOOKED_AT:
                    return True
                if entry.is_dir(follow_symlinks=False):
                    rest += [] if entry.name.startswith((".", "__")) else [entry.path]
                elif entry.name.endswith(_CODE) and entry.is_file():
                    looked_at += 1
                    with open(entry.path, "rb") as file:
                        code = file.read(_MOST_BYTES + 1)
                    if len(code) > _MOST_BYTES or _names_a_place(code.decode("utf-8", "replace")):
                        return True
    return False


def _names_a_place(code: str) -> bool:
    if any(mark in code for mark in _WAYS_OUT):
        return True
    for quote in ('"', "'"):
        after = code.split(f"{quote}/")[1:]
        if any(text[:1].isalpha() for text in after) or f"{quote}~" in code:
            return True
    return False


def _wait_at_the_gate() -> None:
    """Wait until the run is staged, if this program was started before; exit if it never will be.

    See `gage._internal.running.held_command`.
    """
    gate = os.environ.pop("GAGE_GATE", "")
    if gate.isdecimal():
        if not os.read(int(gate), 1):
            os._exit(0)
        os.close(int(gate))


def _run_the_next() -> None:
    """Run the next `sitecustomize` on the path, if there is one."""
    spec = sys.modules["_frozen_importlib_external"].PathFinder.find_spec("sitecustomize")
    if spec is None or spec.loader is None:
        raise ImportError(name="sitecustomize")
    module = type(sys)("sitecustomize")
    module.__spec__ = spec
    module.__loader__ = spec.loader
    module.__file__ = spec.origin
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


_wait_at_the_gate()
_here = __file__.rpartition("/")[0]
sys.path[:] = [place for place in sys.path if place != _here]
sys.meta_path.insert(0, _Watch)
if os.environ.get("RUN_DIR"):
    try:
        _may = _may_read_outside(os.environ["RUN_DIR"])
    except OSError:
        _may = True
    if _may:
        _watch_files(os.environ["RUN_DIR"])
_run_the_next()
