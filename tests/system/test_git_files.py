"""Commit and branch as git's own files say them, in every form that git writes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from gage._internal.system.git_files import (
    NO_BRANCH,
    NO_COMMIT,
    find_git_dir,
    is_commit,
    read_head,
)


def git(directory: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=directory, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit on the branch `topic/one`."""
    path = tmp_path / "repository"
    path.mkdir()
    git(path, "init", "-q", "-b", "topic/one")
    git(path, "commit", "-q", "--allow-empty", "-m", "first")
    return path


def head(directory: Path) -> object:
    git_dir, reason = find_git_dir(str(directory))
    assert reason == ""
    return read_head(git_dir)


def test_a_directory_below_belongs_to_its_repository(repository: Path) -> None:
    (repository / "a" / "b").mkdir(parents=True)

    assert head(repository / "a" / "b") == (git(repository, "rev-parse", "HEAD"), "topic/one")


def test_packed_references_are_read(repository: Path) -> None:
    git(repository, "pack-refs", "--all")
    assert not (repository / ".git" / "refs" / "heads" / "topic" / "one").exists()

    assert head(repository) == (git(repository, "rev-parse", "HEAD"), "topic/one")


def test_a_worktree_has_its_own_branch(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "two", str(tmp_path / "other"))

    assert head(tmp_path / "other") == (git(repository, "rev-parse", "HEAD"), "two")


def test_a_detached_head_has_no_branch(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")

    assert head(repository) == (git(repository, "rev-parse", "HEAD"), NO_BRANCH)


def test_a_new_repository_has_no_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")

    assert head(tmp_path) == (NO_COMMIT, "main")


@pytest.mark.parametrize("text", ["", "nonsense\n", "ref: refs/heads/.invalid\n", "ref: other\n"])
def test_what_git_alone_can_tell_is_left_to_it(repository: Path, text: str) -> None:
    (repository / ".git" / "HEAD").write_text(text)

    assert head(repository) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nonsense", "expected a directory, or a file that begins with 'gitdir:'"),
        ("gitdir: ../gone\n", "which does not exist"),
    ],
)
def test_a_link_that_leads_nowhere_is_said(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / ".git").write_text(text)

    found, why = find_git_dir(str(tmp_path))

    assert found == ""
    assert reason in why


@pytest.mark.parametrize("at", [".git", ".git/HEAD", ".git/packed-refs"])
def test_a_pipe_in_the_place_of_a_file_does_not_block(tmp_path: Path, at: str) -> None:
    pipe = tmp_path / at
    pipe.parent.mkdir(exist_ok=True)
    if at == ".git/packed-refs":
        (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    os.mkfifo(pipe)

    found, why = find_git_dir(str(tmp_path))

    if at == ".git":
        assert (found, "a pipe" in why) == ("", True)
    else:
        assert (
            read_head(found)
            == {
                ".git/HEAD": None,
                ".git/packed-refs": (NO_COMMIT, "main"),
            }[at]
        )


def test_a_link_to_a_git_directory_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / ".git").symlink_to("real")

    assert find_git_dir(str(tmp_path)) == (str(tmp_path / ".git"), "")


def test_a_bare_repository_is_said(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare")

    assert find_git_dir(str(tmp_path)) == ("", "a bare repository has no working tree")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0a" * 20, True), ("0a" * 32, True), ("0A" * 20, False), ("0a" * 19, False), ("", False)],
)
def test_a_commit_has_its_full_name(text: str, expected: bool) -> None:
    assert is_commit(text) is expected
