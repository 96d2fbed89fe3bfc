"""How far above a project a run may read."""

from __future__ import annotations

from pathlib import Path

import pytest

from gage._internal.sources.extent import levels_above


def test_without_a_repository_it_is_so_many_directories(tmp_path: Path) -> None:
    project = tmp_path / "a" / "b" / "c"
    project.mkdir(parents=True)

    assert levels_above(str(project)) == 2
    assert levels_above(str(project), 1) == 1


@pytest.mark.parametrize("mark", [".git", ".hg"])
def test_a_repository_is_the_limit_however_deep_the_project_is(tmp_path: Path, mark: str) -> None:
    project = tmp_path / "repository" / "a" / "b" / "c"
    project.mkdir(parents=True)
    (tmp_path / "repository" / mark).mkdir()

    assert levels_above(str(project)) == 3
    assert levels_above(str(tmp_path / "repository")) == 0


def test_a_work_tree_of_git_is_a_repository(tmp_path: Path) -> None:
    (tmp_path / "repository" / "a").mkdir(parents=True)
    (tmp_path / "repository" / ".git").write_text("gitdir: elsewhere\n")

    assert levels_above(str(tmp_path / "repository" / "a")) == 1


@pytest.mark.parametrize("linked", [False, True], ids=["itself", "through a link"])
def test_the_home_directory_does_not_belong_to_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, linked: bool
) -> None:
    home = tmp_path / "home"
    (home / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(home)
    monkeypatch.setenv("HOME", str(tmp_path / "link" if linked else home))

    assert levels_above(str(home / "a" / "b"), 9) == 1
    assert levels_above(str(home)) == 0
    assert levels_above("/") == 0
