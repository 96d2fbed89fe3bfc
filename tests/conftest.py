"""What every test starts from: an environment without anything of the machine's user."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A shell without job control starts what is in the background with interrupts ignored, and every
# child inherits that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long the making of examples takes depends on what else the machine does. The examples are the
# same each time, so that a failure is one of the change that is tested; others are drawn by
# `--hypothesis-profile=random`.
_SLOW = [HealthCheck.too_slow]
settings.register_profile("random", deadline=None, suppress_health_check=_SLOW)
settings.register_profile("gage", settings.get_profile("random"), derandomize=True)
settings.load_profile("gage")

_NOBODY = 65534

# Whatever is set outside must not reach a run under test.
_FOREIGN = (
    "COLUMNS",
    "FORCE_COLOR",
    "IPYTHONDIR",
    "LINES",
    "MPLBACKEND",
    "NO_COLOR",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
    "RUN_DIR",
    "RUN_ID",
    "run_dir",
    "XDG_CACHE_HOME",
)
_FOREIGN_PREFIXES = ("GAGE_", "GIT_", "JPY_", "JUPYTER_")


@pytest.fixture(autouse=True)
def home(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    _matplotlib_directory: Path,
) -> Path:
    """An empty home directory, and an environment without what is set outside."""
    for name in list(os.environ):
        if name in _FOREIGN or name.startswith(_FOREIGN_PREFIXES):
            monkeypatch.delenv(name)
    path = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(path))
    monkeypatch.setenv("MPLCONFIGDIR", str(_matplotlib_directory))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.org")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return path


@pytest.fixture
def runs_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of runs of this test, named by `GAGE_RUNS`; it does not exist yet."""
    path = tmp_path / "runs"
    monkeypatch.setenv("GAGE_RUNS", str(path))
    return path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project directory, which is the current directory."""
    path = tmp_path / "project"
    path.mkdir()
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def without_rights() -> Iterator[Path]:
    """A directory of an ordinary user, as whom the test goes on: root may read everything.

    Modules that are imported only now may be out of reach.
    """
    directory = Path(tempfile.mkdtemp())
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(directory, _NOBODY, _NOBODY)
        os.seteuid(_NOBODY)
    try:
        yield directory
    finally:
        if is_root:
            os.seteuid(0)
        for path in (directory, *directory.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def _matplotlib_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where matplotlib keeps its list of fonts, which takes seconds to make."""
    return tmp_path_factory.mktemp("matplotlib")
