"""The resources of whole runs, against what their programs say of themselves."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from gage._internal.resources.log import read_resources
from tests.making import ended

MIB = 1 << 20
# Children that have ended, memory, and its own time; then what the system says of them.
PROGRAM = """
import json, os, resource, subprocess, sys, time
burn = "import time\\nwhile time.process_time() < 0.2: pass"
for _ in range(2):
    subprocess.run([sys.executable, "-c", burn])
block = bytearray(150 << 20)
for i in range(0, len(block), 4096):
    block[i] = 1
while time.process_time() < 0.4:
    pass
times = os.times()
print(json.dumps([sum(times[:4]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]))
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")


def test_the_resources_of_a_run_are_what_its_program_says(tmp_path: Path) -> None:
    run = ended(tmp_path, [sys.executable, "-c", PROGRAM])

    samples, total = read_resources(run.meta_dir)

    cpu_s, peak_bytes = json.loads(Path(run.meta_dir, "output", "40_run").read_text())
    assert total is not None
    assert total.peak_bytes == pytest.approx(peak_bytes, rel=0.05)
    # The program's last moments come on top, and its own figures count in hundredths of a second.
    assert cpu_s * 0.97 - 0.04 <= total.cpu_us / 1e6 <= cpu_s * 1.03 + 0.2
    assert samples
    assert all(sample.usage.rss_bytes <= 1.05 * peak_bytes for sample in samples)


def test_a_short_run_has_its_total(tmp_path: Path) -> None:
    samples, total = read_resources(ended(tmp_path, "true").meta_dir)

    assert total is not None
    assert 0 < total.cpu_us < 1e6
    assert total.processes == 1
    assert len(samples) <= 1


def test_a_run_that_could_not_start_has_no_resources(tmp_path: Path) -> None:
    run = ended(tmp_path, ["no-such-program"])

    assert read_resources(run.meta_dir) == ([], None)
