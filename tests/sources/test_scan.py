"""Scanning a project: what is found, passed over and reported."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from gage._internal.errors import GageError
from gage._internal.sources.rules import DEFAULT_PATTERNS
from gage._internal.sources.selection import copy_selected, select_sourcecode
from tests.sources.selecting import make, select

# Links and what is no file


def test_links_inside_are_followed_as_what_they_point_to(project: Path) -> None:
    make(project, "real/a.py", "b.py")
    (project / "dir").symlink_to("real")
    (project / "c.py").symlink_to("b.py")

    selection = select(project, "**/*.py")

    assert selection.paths == ["b.py", "c.py", "dir/a.py", "real/a.py"]
    assert selection.notes == []


def test_links_that_lead_nowhere_good_are_told(project: Path, tmp_path: Path) -> None:
    make(tmp_path, "outside/a.py", "outside.py")
    make(project, "a/b/c.py")
    (project / "out").symlink_to(tmp_path / "outside")
    (project / "out.py").symlink_to(tmp_path / "outside.py")
    (project / "dangling.py").symlink_to("absent")
    (project / "loop.py").symlink_to("loop.py")
    (project / "a" / "up").symlink_to("..")
    (project / "a" / "b" / "self").symlink_to(".")

    selection = select(project, "**/*.py")

    assert selection.paths == ["a/b/c.py"]
    assert selection.notes == [
        "Left out, a link to nothing: dangling.py",
        "Left out, a link that leads in a circle: loop.py, a/up, a/b/self",
        "Left out, a link that leads out of the project: out.py, out",
    ]


def test_circle_over_two_links_ends(project: Path) -> None:
    make(project, "a/x", "b/y")
    (project / "a" / "to_b").symlink_to("../b")
    (project / "b" / "to_a").symlink_to("../a")

    selection = select(project, "**/*")

    assert selection.paths == ["a/to_b/y", "a/x", "b/to_a/x", "b/y"]
    assert selection.notes == ["Left out, a link that leads in a circle: a/to_b/to_a, b/to_a/to_b"]


def test_links_that_are_not_asked_for_are_not_told(project: Path, tmp_path: Path) -> None:
    make(project, "a.py")
    (project / "data").symlink_to(tmp_path)
    (project / "x.csv").symlink_to("/dev/null")

    assert select(project, "*.py").notes == []


def test_pipes_and_sockets_are_told_and_not_opened(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(project, "a")
    os.mkfifo(project / "pipe")
    (project / "link").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(project)
        server.bind("socket")

        selection = select(project, "* text")

    assert selection.paths == ["a"]
    assert selection.notes == ["Left out, not a regular file: link, pipe, socket"]


# What cannot be read. The tests may run as root, who can read anything: it is told by a name that
# is too long to be opened below a directory whose own path is at the limit.


@pytest.fixture
def too_deep(project: Path) -> str:
    """The path of a file that can be listed but not opened by its full path."""
    fd = os.open(project, os.O_RDONLY)
    parts: list[str] = []
    while len(os.fsencode(project)) + 101 * len(parts) < 4096 - 120:
        parts.append("d" * 100)
        os.mkdir(parts[-1], dir_fd=fd)
        below = os.open(parts[-1], os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    parts.append("f" * 150)
    os.close(os.open(parts[-1], os.O_WRONLY | os.O_CREAT, dir_fd=fd))
    os.close(fd)
    return "/".join(parts)


def test_file_that_cannot_be_read_is_an_error_where_its_path_is_asked_for(
    project: Path, tmp_path: Path, too_deep: str
) -> None:
    make(project, "a")
    (tmp_path / "run").mkdir()

    with pytest.raises(GageError, match=r"cannot copy a file of .*\n.*too long"):
        copy_selected(str(project), str(tmp_path / "run"), ["**/*"])

    assert [path.name for path in (tmp_path / "run").iterdir()] == ["a"]


def test_file_that_cannot_be_read_is_told_where_its_content_is_asked_for(
    project: Path, too_deep: str
) -> None:
    make(project, "a")

    selection = select(project, "**/* text")

    assert selection.paths == ["a"]
    assert selection.notes == [f"Left out, file name too long: {too_deep}"]


def test_directory_that_cannot_be_read_is_told(without_rights: Path) -> None:
    make(without_rights, "a", "closed/b")
    (without_rights / "closed").chmod(0)

    selection = select(without_rights, "**/*")

    assert selection.paths == ["a"]
    assert selection.notes == ["Left out, permission denied: closed/"]


def test_a_link_into_the_repository_is_copied_under_its_own_name(tmp_path: Path) -> None:
    project = tmp_path / "repository/code"
    project.mkdir(parents=True)
    (tmp_path / "repository/.git").mkdir()
    (tmp_path / "repository/shared").mkdir()
    (tmp_path / "repository/shared/tool.py").write_text("x = 1")
    (tmp_path / "repository/style.py").write_text("y = 1")
    (tmp_path / "out.py").write_text("z = 1")
    (project / "shared").symlink_to("../shared")
    (project / "own_style.py").symlink_to("../style.py")
    (project / "out.py").symlink_to("../../out.py")
    (project / "circle").symlink_to("..")

    selection = select_sourcecode(str(project), DEFAULT_PATTERNS)

    assert selection.paths == ["own_style.py", "shared/tool.py"]
    assert len(selection.notes) == 2


def test_other_notebooks_are_not_source_code(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("{}")
    (tmp_path / "b.ipynb").write_text("{}")

    selection = select_sourcecode(str(tmp_path), [*DEFAULT_PATTERNS, "a.ipynb"])

    assert selection.paths == ["a.ipynb"]
