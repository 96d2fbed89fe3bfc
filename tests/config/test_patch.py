"""The diff of a rewritten file leads from the old one to the new."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gage._internal.config import read_config, rewrite

# The tmp_path of a test serves all examples: each writes its files anew.
in_tmp_path = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@in_tmp_path
@given(data=st.data())
def test_diff_leads_from_the_old_files_to_the_new(tmp_path: Path, data: st.DataObject) -> None:
    lines = data.draw(st.lists(st.sampled_from(["# c", "", "x{0} = 1", "y{0} = [\n 1,\n 2]"])))
    end = data.draw(st.sampled_from(["", "\n"]))
    newline = data.draw(st.sampled_from(["\n", "\r\n"]))
    text = (newline.join(lines) + end).replace("\n", newline).replace("\r\r", "\r")
    for number in range(text.count("{0}")):
        text = text.replace("{0}", str(number), 1)
    directory = tmp_path / "run"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    path = directory / "f.py"
    path.write_bytes(text.encode())
    config = read_config(str(directory), [{"keys": ["f.py"]}])
    wanted = {
        key: data.draw(st.sampled_from([entry.value, 7, [1], "a\nb"]))
        for key, entry in config.items()
    }

    diff = rewrite(str(directory), config, wanted)

    new = path.read_bytes()
    assert bool(diff) == (new != text.encode())
    if diff:
        path.write_bytes(text.encode())
        subprocess.run(
            ["git", "apply", "-p0", "--whitespace=nowarn", "--unidiff-zero"],
            cwd=directory,
            input=diff.encode(),
            check=True,
            env={"GIT_CEILING_DIRECTORIES": str(tmp_path), "PATH": "/usr/bin:/bin"},
        )
    assert path.read_bytes() == new
