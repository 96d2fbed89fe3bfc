"""`python -m tests [ARGUMENT...]`: gets Chromium where it is missing, then runs pytest.

The browser tests need Debian's Chromium. On a machine with apt and root's rights it is installed;
elsewhere it has to be there, and the tests fail without it. A full run takes two processes, one
for each core of a small machine; arguments are pytest's and replace that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Return pytest's exit code."""
    if shutil.which("chromium") is None and shutil.which("apt-get") and os.geteuid() == 0:
        install_chromium()
    # Set by some machines; a user's Python writes bytecode.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    arguments = sys.argv[1:] or ["--numprocesses=2", "--dist=loadfile"]
    return subprocess.call([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, env=env)


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
