"""`gage run` prints what its run prints, and exits with its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import gage
from tests.cli.commands import Started, write


def test_a_run_writes_both_streams_as_the_program_does(
    cli: Callable[..., Started], project: Path
) -> None:
    """Byte for byte: parts of lines, lines of both streams, no end of line, bytes of any kind."""
    write(
        project,
        "mix.py",
        "import os, time\n"
        "def put(fd, data):\n"
        "    os.write(fd, data)\n"
        "    time.sleep(0.02)  # so that the order of the two pipes is known\n"
        "put(1, b'a '); put(2, b'b '); put(1, b'c\\n'); put(2, b'd\\n')\n"
        "put(1, bytes(range(256))); put(2, b'\\r 1 %\\r 2 %')\n"
        "put(1, b'\\n\\n'); put(2, b'last'); put(1, b'end')\n",
    )
    bare = subprocess.run([sys.executable, "mix.py"], capture_output=True, check=True)

    done = cli("run", "mix.py")

    assert done.stdout == bare.stdout
    assert done.stderr == bare.stderr + f"\n{gage.find().name} completed\n".encode()
    assert bare.stderr.endswith(b"last")


def test_a_quiet_run_that_fails_says_so(cli: Callable[..., Started], project: Path) -> None:
    write(project, "bad.py", "print('one')\nraise SystemExit('no more')\n")

    done = cli("run", "-q", "bad.py")

    assert (done.returncode, done.stdout) == (1, b"")
    name = gage.find().name
    assert done.stderr.decode() == (
        f"one\nno more\n{name} error (exit code 1). Look at it with: gage show {name}\n"
    )


def test_a_preview_is_shown_or_given_as_json(cli: Callable[..., Started]) -> None:
    assert cli("run", "hi.py", "--preview").stdout.startswith(b"operation      script:hi.py\n")
    data = json.loads(cli("run", "hi.py", "--preview", "--json").stdout)
    assert data["source_code"] == [{"path": "hi.py", "size_bytes": 12}]
    assert gage.runs() == []


def test_a_preview_of_several_is_their_plan(cli: Callable[..., Started], project: Path) -> None:
    write(project, "lr.py", "lr = 0.1\n")

    text = cli("run", "lr.py", "lr=[1,2]", "--preview").stdout.decode()
    data = json.loads(cli("run", "lr.py", "lr=[1,2]", "--preview", "--json").stdout)

    assert "0  lr=1.0" in text
    assert text.endswith("Nothing was staged or run.\n")
    assert data["trials"] == [{"lr": 1.0}, {"lr": 2.0}]
    assert cli("run", "lr.py", "lr=[fast,slow]", "--preview").returncode == 125
    assert gage.runs() == []


def test_a_quiet_run_writes_nothing(cli: Callable[..., Started]) -> None:
    done = cli("run", "-q", "hi.py")

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert gage.find().last_lines() == "hi"


@pytest.mark.parametrize(
    ("program", "code", "status"),
    [
        ("", 0, "completed"),
        ("raise SystemExit(3)", 3, "error"),
        ("1/0", 1, "error"),
        ("import os; os.kill(os.getpid(), 9)", 137, "terminated"),
        ("import os; os.kill(os.getpid(), 15)", 143, "terminated"),
    ],
    ids=["completed", "code", "exception", "killed", "term"],
)
def test_the_exit_code_is_the_run_s(
    cli: Callable[..., Started], project: Path, program: str, code: int, status: str
) -> None:
    write(project, "program.py", program)

    codes = [cli("run", "program.py").returncode]
    codes += [cli("wait").returncode, cli("attach").returncode]

    assert codes == [code] * 3
    assert gage.find().status == status


def test_a_phase_that_fails_gives_its_exit_code(cli: Callable[..., Started], project: Path) -> None:
    write(project, "gage.toml", '[op]\nexec = { run = "true", init-runtime = "echo no; exit 7" }\n')

    done = cli("run", "op")

    assert done.returncode == 7
    assert b"init-runtime" in done.stderr
    assert b"\n    no\n" in done.stderr


def test_label_tags_and_given_files_are_recorded(
    cli: Callable[..., Started], project: Path
) -> None:
    (project.parent / "data.csv").write_text("1")

    cli("run", "hi.py", "-l", "a b", "-t", "x", "--tag", "y", "-t", "x", "--with", "../data.csv")

    run = gage.find()
    assert (run.label, run.tags) == ("a b", ["x", "y"])
    assert [entry.path for entry in run.manifest if entry.type == "d"] == ["data.csv"]
    assert run.attrs["with"] == [{"path": "data.csv", "from": str(project.parent / "data.csv")}]


def test_a_file_does_not_give_way_to_another_of_its_name(
    cli: Callable[..., Started], project: Path
) -> None:
    write(project.parent, "hi.py", "print('other')\n")

    refused = cli("run", "hi.py", "--with", "../hi.py")

    assert refused.returncode == 125
    assert b"the project's source code has another file hi.py" in refused.stderr


def test_arguments_of_the_program_come_after_two_dashes(
    cli: Callable[..., Started], project: Path
) -> None:
    write(project, "args.py", "import sys\nprint(sys.argv[1:])\n")

    assert cli("run", "args.py", "--", "-l", "x=1").stdout == b"['-l', 'x=1']\n"


def test_notes_are_told_before_the_output(cli: Callable[..., Started], project: Path) -> None:
    (project / "link").symlink_to("/etc/passwd")

    done = cli("run", "hi.py")

    assert done.stderr.startswith(b"note: ")
    assert b"link" in done.stderr
    assert cli("run", "-q", "hi.py").stderr == b""


def test_warnings_of_the_end_are_told_and_shown(cli: Callable[..., Started], project: Path) -> None:
    write(project, "said.py", "open('summary.json', 'w').write('{')\n")

    done = cli("run", "said.py")

    assert done.returncode == 0
    last = done.stderr.decode().splitlines()[-1]
    assert last.startswith("note: Warning: summary.json is not read: 1:2")
    assert "Warning: summary.json is not read: 1:2" in cli("show").stdout.decode()
    assert cli("run", "-q", "said.py").stderr == b""


def test_needed_says_which_run_and_why_not(cli: Callable[..., Started], project: Path) -> None:
    write(project, "train.py", "lr = 0.1\nopen('model', 'w').write(str(lr))\n")
    write(project, "data.bin", "\0a")
    with_data = ("run", "train.py", "-n", "--with", "data.bin")

    none, first = cli(*with_data), gage.find()
    same = cli(*with_data, "--label", "good", "--tag", "x")

    assert none.returncode == 0
    assert b"Needed: no run of this operation has completed before" in none.stderr
    assert same.returncode == 100
    assert same.stderr.decode().startswith(f"Not needed: {first.name} has done the same")
    assert (first.label, first.tags) == ("good", ["x"])
    assert gage.runs() == [first]

    value = cli(*with_data, "lr=0.5")
    assert (value.returncode, len(gage.runs())) == (0, 2)
    assert f"Needed: unlike {first.name}: lr is 0.5, was 0.1\n" in value.stderr.decode()

    write(project, "data.bin", "\0b")
    file = cli(*with_data)
    assert f"Needed: unlike {first.name}: dependency data.bin has changed" in file.stderr.decode()

    write(project, "train.py", "lr = 0.1\nopen('model', 'w').write(str(2 * lr))\n")
    write(project, "data.bin", "\0a")
    source = cli(*with_data)
    assert f"Needed: unlike {first.name}: train.py has changed" in source.stderr.decode()
    newest = gage.find()

    Path(newest.run_dir, "model").unlink()
    damaged = cli(*with_data)
    assert damaged.returncode == 0
    expected = f"Needed: {newest.name} has done the same, but model is gone"
    assert expected in damaged.stderr.decode()


def test_a_batch_of_which_nothing_is_needed_says_so_by_its_exit_code(
    cli: Callable[..., Started], project: Path
) -> None:
    write(project, "train.py", "lr = 0.1\n")

    codes = [cli("run", "train.py", "lr=[1,2]", "-n").returncode for _ in range(2)]
    more = cli("run", "train.py", "lr=[1,2,3]", "-n").returncode

    assert (codes, more) == ([0, 100], 0)


def test_the_help_of_a_script_has_the_arguments_that_it_makes_in_a_loop(
    cli: Callable[..., Started], project: Path
) -> None:
    write(
        project,
        "loop.py",
        "import argparse\np = argparse.ArgumentParser()\n"
        "for name in ('alpha', 'beta'): p.add_argument('--' + name, type=float, default=1.0)\n"
        "p.parse_args()\n",
    )

    about = cli("run", "loop.py", "--help-op").stdout.decode()

    assert "alpha = 1.0  (float, loop.py)" in about
    assert "beta = 1.0" in about
    assert gage.runs() == []


def test_preview_and_help_of_an_operation_run_nothing(
    cli: Callable[..., Started], project: Path
) -> None:
    write(project, "train.py", "lr = 0.1  # how fast\n")
    write(
        project,
        "gage.toml",
        '[op]\nexec = "python train.py"\ndescription = "Trains"\nconfig = "train.py"\n',
    )

    preview = cli("run", "op", "lr=0.5", "--preview").stdout.decode()
    about = cli("run", "op", "--help-op").stdout.decode()

    assert "lr = 0.5" in preview
    assert "train.py" in preview
    assert preview.endswith("Nothing was staged or run.\n")
    assert "Trains" in about
    assert "lr = 0.1" in about
    assert gage.runs() == []
