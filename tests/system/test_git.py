"""What a run records of git, with real repositories."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from gage._internal.system import git, git_process
from gage._internal.system.environment import start_recording

GENEROUS_S = 20.0


def run_git(directory: Path, *args: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    result = subprocess.run(
        ["git", "-C", str(directory), *identity, *args], check=True, capture_output=True
    )
    return result.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    run_git(directory, "init", "-q", "-b", "main")
    (directory / "train.py").write_text("x = 1\n")
    (directory / "sub").mkdir()
    (directory / "sub" / "more.py").write_text("y = 1\n")
    run_git(directory, "add", ".")
    run_git(directory, "commit", "-q", "-m", "first")
    return directory


def record_git(directory: Path, deadline_s: float = GENEROUS_S) -> dict[str, object]:
    value = start_recording(str(directory)).collect(deadline_s)["git"]
    json.dumps(value)
    assert isinstance(value, dict)
    return value


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def install_slow_git(bin_dir: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    bin_dir.mkdir()
    (bin_dir / "git").write_text(f"#!/bin/sh\n{script}\n")
    (bin_dir / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_dir}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize("place", [".", "sub"])
def test_clean_repository(repository: Path, place: str) -> None:
    value = record_git(repository / place)

    assert value == {
        "commit": run_git(repository, "rev-parse", "HEAD"),
        "branch": "main",
        "dirty": False,
        "diff": "",
        "diff_size_bytes": 0,
        "diff_cut": False,
        "untracked": [],
        "untracked_count": 0,
    }


def test_recorded_diff_brings_a_clean_checkout_to_the_same_state(
    repository: Path, tmp_path: Path
) -> None:
    (repository / "train.py").write_bytes(b"x = 2 # \xff not UTF-8\n")
    (repository / "data.bin").write_bytes(bytes(range(256)))
    run_git(repository, "add", "data.bin")
    for name, setting in (
        ("diff.noprefix", "true"),
        ("diff.relative", "true"),
        ("diff.context", "0"),
        ("color.ui", "always"),
        ("diff.external", "false"),
    ):
        run_git(repository, "config", name, setting)

    value = record_git(repository / "sub")

    assert value["dirty"] is True
    diff = value["diff"]
    assert isinstance(diff, str)
    clone = tmp_path / "clone"
    run_git(tmp_path, "clone", "-q", str(repository), str(clone))
    patch = tmp_path / "patch"
    patch.write_bytes(json.loads(json.dumps(diff)).encode("utf-8", "surrogateescape"))
    run_git(clone, "apply", str(patch))
    for name in ("train.py", "data.bin"):
        assert (clone / name).read_bytes() == (repository / name).read_bytes()


def test_untracked_files_are_named_and_ignored_ones_are_not(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.log\n")
    (repository / "a.log").write_text("")
    (repository / "new\nname.txt").write_text("")
    (repository / "dir").mkdir()
    (repository / "dir" / "one").write_text("")
    (repository / "dir" / "two").write_text("")

    value = record_git(repository / "sub")

    assert value["untracked"] == [".gitignore", "dir/", "new\nname.txt"]
    assert value["dirty"] is False


def test_a_long_diff_is_cut_at_a_line_and_says_so(repository: Path) -> None:
    (repository / "train.py").write_text("".join(f"line = {n}\n" for n in range(200_000)))

    value = record_git(repository)

    diff, size = value["diff"], value["diff_size_bytes"]
    assert isinstance(diff, str)
    assert isinstance(size, int)
    assert value["diff_cut"] is True
    assert diff.endswith("\n")
    assert len(diff) <= git.MAX_DIFF_BYTES < size


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_branch_with_slashes(repository: Path, packed: bool) -> None:
    run_git(repository, "checkout", "-q", "-b", "user/topic/x")
    if packed:
        run_git(repository, "pack-refs", "--all")

    value = record_git(repository)

    assert value["branch"] == "user/topic/x"
    assert value["commit"] == run_git(repository, "rev-parse", "HEAD")


def test_detached_head(repository: Path) -> None:
    run_git(repository, "checkout", "-q", "--detach")

    value = record_git(repository)

    assert value["commit"] == run_git(repository, "rev-parse", "HEAD")
    assert "detached" in value["branch"]["absent"]  # type: ignore[index]


def test_worktree(repository: Path, tmp_path: Path) -> None:
    run_git(repository, "worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))
    (tmp_path / "tree" / "train.py").write_text("x = 3\n")

    value = record_git(tmp_path / "tree")

    assert value["branch"] == "other"
    assert value["commit"] == run_git(repository, "rev-parse", "HEAD")
    assert value["dirty"] is True


def test_a_head_that_is_no_branch_is_read_by_git(repository: Path) -> None:
    """As with refs in a table (reftable), which this git may not be able to make."""
    head = run_git(repository, "rev-parse", "HEAD")
    run_git(repository, "update-ref", "refs/odd/place", head)
    run_git(repository, "symbolic-ref", "HEAD", "refs/odd/place")

    assert record_git(repository)["commit"] == head


def test_variables_that_lead_git_elsewhere_are_not_followed(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))

    assert record_git(repository)["dirty"] is False


def test_the_index_is_not_written(repository: Path) -> None:
    # Touched, not changed: git would refresh the index if it was allowed to.
    os.utime(repository / "train.py", ns=(1, 1))
    index = repository / ".git" / "index"
    before = (index.read_bytes(), index.stat().st_mtime_ns)

    value = record_git(repository)

    assert value["dirty"] is False
    assert value["diff"] == ""
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before


# What cannot be had


def test_no_repository_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_slow_git(tmp_path / "bin", monkeypatch, f"touch {tmp_path}/started")
    (tmp_path / "project").mkdir()

    value = record_git(tmp_path / "project")

    assert value == {"absent": "no git repository in the project's directory or above it"}
    assert not (tmp_path / "started").exists()


def test_no_commit_yet(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "a.txt").write_text("")

    value = record_git(tmp_path)

    reason = {"absent": "the repository has no commit yet"}
    assert value["commit"] == value["diff"] == value["dirty"] == reason
    assert value["branch"] == "main"
    assert value["untracked"] == ["a.txt"]


def test_bare_repository(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q", "--bare")

    assert record_git(tmp_path) == {"absent": "a bare repository has no working tree"}


@pytest.mark.parametrize(
    ("text", "said"),
    [("gitdir: ../gone", "does not exist"), ("nonsense", "expected")],
    ids=["leads nowhere", "nonsense"],
)
def test_a_git_file_that_is_no_use(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / ".git").write_text(text)

    assert said in record_git(tmp_path)["absent"]  # type: ignore[operator]


def test_a_damaged_repository_gives_what_git_says(repository: Path) -> None:
    (repository / ".git" / "index").write_bytes(b"nonsense")

    value = record_git(repository)

    assert value["commit"] == (repository / ".git/refs/heads/main").read_text().strip()
    assert value["diff"]["absent"].startswith("git: ")  # type: ignore[index]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_repository_of_somebody_else(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(repository))
    monkeypatch.setenv("SUDO_UID", "0")
    for path in (repository, repository / ".git"):
        os.chown(path, 12345, 12345)

    value = record_git(repository)

    assert len(str(value["commit"])) == 40
    assert "dubious ownership" in value["diff"]["absent"]  # type: ignore[index]


def test_git_is_not_installed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = run_git(repository, "rev-parse", "HEAD")
    monkeypatch.setenv("PATH", str(repository / "empty"))

    value = record_git(repository)

    assert value["commit"] == commit
    assert value["branch"] == "main"
    assert "not installed" in value["diff"]["absent"]  # type: ignore[index]


def test_git_that_does_not_answer_is_killed_at_the_deadline(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = tmp_path / "pids"
    install_slow_git(tmp_path / "bin", monkeypatch, f"echo $$ >> {pids}\nexec sleep 600")

    recording = start_recording(str(repository))
    while not pids.exists() or len(pids.read_text().split()) < 2:
        time.sleep(0.01)
    value = recording.collect(0.05)["git"]

    assert value["diff"] == {"absent": "git did not answer within 50 ms"}
    assert value["untracked"] == {"absent": "git did not answer within 50 ms"}
    while git_process.reap():
        time.sleep(0.01)
    for pid in pids.read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def test_an_answer_that_came_in_time_is_taken_even_when_collected_late(repository: Path) -> None:
    (repository / "train.py").write_text("x = 5\n" * 50_000)

    recording = start_recording(str(repository))
    value = recording.collect(GENEROUS_S)["git"]

    assert value["diff"].count("+x = 5") == 50_000


def test_a_cancelled_recording_leaves_no_descriptor_open(repository: Path) -> None:
    before = open_descriptors()

    start_recording(str(repository)).cancel()

    assert open_descriptors() == before


def test_a_collected_recording_leaves_no_descriptor_open(repository: Path) -> None:
    before = open_descriptors()

    start_recording(str(repository)).collect(GENEROUS_S)

    assert open_descriptors() == before


def test_no_environment_variable_is_recorded(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAGE_TEST_SECRET", "s3cr3t-value")

    text = json.dumps(start_recording(str(repository)).collect(GENEROUS_S))

    assert "s3cr3t-value" not in text
