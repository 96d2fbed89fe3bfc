"""`python -m tests [ARGUMENT...]`: gets Chromium where it is missing, then runs pytest.

The browser tests need Debian's Chromium. On a machine with apt and root's rights it is installed;
elsewhere it has to be there, and the tests fail without it. A full run takes two processes, one
for each core of a small machine; arguments are pytest's and replace that.

Browsers, kernels and killed processes are real, and so is what they do to each other on a small
machine. Tests that fail in a full run are therefore run once more, alone, and have to pass then;
both runs are shown.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FAILED = 1  # pytest's exit code for tests that failed, rather than could not be run


def main() -> int:
    """Return pytest's exit code."""
    if shutil.which("chromium") is None and shutil.which("apt-get") and os.geteuid() == 0:
        install_chromium()
    # Set by some machines; a user's Python writes bytecode.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    pytest = [sys.executable, "-m", "pytest"]
    if len(sys.argv) > 1:
        return subprocess.call([*pytest, *sys.argv[1:]], cwd=ROOT, env=env)
    code = subprocess.call([*pytest, "--numprocesses=2", "--dist=loadfile"], cwd=ROOT, env=env)
    if code == FAILED:
        print("\nWhat failed is run once more, alone:\n", flush=True)
        code = subprocess.call([*pytest, "--last-failed", "-v"], cwd=ROOT, env=env)
    return code


def install_chromium() -> None:
    """Install Chromium, and a font to write with, by apt."""
    print("No chromium on PATH: installing it by apt-get", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for argv in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"],
    ):
        subprocess.run(argv, env=quiet, stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    sys.exit(main())
