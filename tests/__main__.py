"""`python -m tests [--install-chromium] [ARGUMENT...]`: runs the tests by pytest.

A full run has two phases, and runs nothing twice: a test that fails is a finding. The first takes
two processes, one for each core of a small machine. The second runs alone what measures time or
drives a browser (`pytest.mark.alone`), one test after the other. Arguments are pytest's and
replace both phases by one run with them.

The browser tests need Chromium on PATH and fail without it; `--install-chromium` installs
Debian's by apt-get first where it is missing, which takes root's rights.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
INSTALL = "--install-chromium"
PHASES = (
    ("beside each other", ["-m", "not alone", "--numprocesses=2", "--dist=loadfile"]),
    ("alone", ["-m", "alone"]),
)


def main() -> int:
    """Return the exit code of the first phase that fails, else 0."""
    arguments = sys.argv[1:]
    if INSTALL in arguments:
        arguments.remove(INSTALL)
        if shutil.which("chromium") is None:
            install_chromium()
    # Set by some machines; a user's Python writes bytecode.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    pytest = [sys.executable, "-m", "pytest"]
    if arguments:
        return subprocess.call([*pytest, *arguments], cwd=ROOT, env=env)
    codes = []
    for name, options in PHASES:
        print(f"Tests that run {name}", flush=True)
        codes.append(subprocess.call([*pytest, *options], cwd=ROOT, env=env))
    return next(filter(None, codes), 0)


def install_chromium() -> None:
    """Install Chromium, and a font to write with, by apt-get."""
    print("No chromium on PATH: installing it by apt-get", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for argv in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"],
    ):
        subprocess.run(argv, env=quiet, stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    sys.exit(main())
