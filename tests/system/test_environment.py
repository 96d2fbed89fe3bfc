"""What a run records about its system, with real repositories and directories of packages."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

from gage._internal.system import environment
from gage._internal.system.environment import installed_packages, start_recording

GENEROUS_S = 20.0


# Python, platform, packages


def test_python_and_platform_are_those_of_this_process() -> None:
    attrs = start_recording("/").collect()

    assert attrs["python"]["version"].startswith("{}.{}.{}".format(*sys.version_info))
    assert attrs["python"]["implementation"] == sys.implementation.name
    assert attrs["platform"]["system"] == os.uname().sysname
    assert attrs["platform"]["cpu_count"] >= 1


def test_packages_are_what_importlib_metadata_finds() -> None:
    expected: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
        expected.setdefault(name, distribution.version)

    assert installed_packages() == expected


def test_packages_of_every_form_are_found_and_the_first_directory_wins(tmp_path: Path) -> None:
    first, second, source = tmp_path / "first", tmp_path / "second", tmp_path / "source"
    for path in (
        first / "My_Pkg.Core-1.2.dist-info",
        first / "~y_old-1.0.dist-info",
        first / "debian_one-3.0.egg-info",
        second / "my_pkg_core-0.9.dist-info",
        second / "plain-2.0-py3.11.egg-info",
        source / "linked.egg-info",
        source / "other.egg-info",
    ):
        path.mkdir(parents=True)
    (source / "linked.egg-info" / "PKG-INFO").write_text("Metadata-Version: 2.1\nVersion: 4.5\n\n")
    (second / "linked.egg-link").write_text(f"{source}\n.")

    found = installed_packages([str(first), str(second), str(tmp_path / "not-there.zip")])

    assert found == {
        "debian-one": "3.0",
        "linked": "4.5",
        "my-pkg-core": "1.2",
        "plain": "2.0",
    }


def test_an_egg_info_beside_its_source_has_the_version_of_its_metadata(tmp_path: Path) -> None:
    (tmp_path / "mine.egg-info").mkdir()
    (tmp_path / "mine.egg-info" / "PKG-INFO").write_text("Name: mine\nVersion: 7\n")

    assert installed_packages([str(tmp_path)]) == {"mine": "7"}


def test_without_time_the_packages_are_absent_with_a_reason() -> None:
    packages = start_recording("/").collect(deadline_s=-1)["packages"]

    assert "did not answer within" in packages["absent"]


def test_nothing_heavy_is_imported() -> None:
    """Every `gage run` imports this, also in a repository."""
    code = (
        "import sys\n"
        "from gage._internal.system.environment import start_recording\n"
        "start_recording('.').collect(20)\n"
        "print(*sorted(sys.modules))"
    )
    root = Path(environment.__file__).parents[3]
    output = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(root)!r})\n{code}",
        ],
        check=True,
        capture_output=True,
        text=True,
        cwd=root,
    ).stdout.split()

    heavy = {"subprocess", "threading", "json", "re", "pathlib", "typing", "platform", "tempfile"}
    assert not heavy & set(output)
