"""The command line: every command is documented and does what it says, with true exit codes."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import gage
from gage._internal.clock import make_id
from gage._internal.operations.help_topics import TOPICS
from gage._internal.process.ending import kill
from gage._internal.record.layout import run_meta_path
from gage._internal.record.status import live_processes
from gage.cli.app import app
from tests.making import wait_until

ROOT = Path(__file__).parents[2]
COMMANDS = sorted(app.commands)

Started = subprocess.CompletedProcess[bytes]


@pytest.fixture
def env(runs_home: Path) -> dict[str, str]:
    """The environment of a shell in which `gage` is the one under test."""
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "200",
    }


@pytest.fixture
def cli(project: Path, env: dict[str, str]) -> Iterator[Callable[..., Started]]:
    """Run `gage` in the project; what still runs at the end of the test is killed."""

    def start(*words: str) -> Started:
        return subprocess.run(
            [sys.executable, "-m", "gage", *words], env=env, capture_output=True, check=False
        )

    (project / "hi.py").write_text("print('hi')\n")
    yield start
    for run in gage.runs():
        for identity in live_processes(run):
            kill(identity, signal.SIGKILL)


def write(project: Path, name: str, text: str) -> str:
    (project / name).write_text(text)
    return name


def rows(done: Started) -> list[dict[str, Any]]:
    assert done.returncode in {0, 1}, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


# Documentation


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_that_says_what_it_is_for(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gage", command, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert f"gage {command}" in done.stdout
    assert len(done.stdout.splitlines()) >= 3
    if command != "run":
        options = [item for item in app.commands[command].params if isinstance(item, click.Option)]
        assert all(option.help for option in options)


def test_every_command_is_listed_with_its_first_sentence(cli: Callable[..., Started]) -> None:
    text = cli("--help").stdout.decode()

    commands = text.partition("Commands:")[2]
    listed = re.findall(r"^  (\S+)", commands, re.MULTILINE)
    assert sorted(listed) == COMMANDS
    assert cli("help").stdout.decode() == text
    assert "..." not in commands
    assert max(map(len, text.splitlines())) <= 80


def test_help_of_a_command_is_the_command_s_help(cli: Callable[..., Started]) -> None:
    assert cli("help", "show").stdout == cli("show", "--help").stdout
    assert cli("help", "run").stdout == cli("run", "--help").stdout


def test_topics_are_listed_and_have_a_page(cli: Callable[..., Started]) -> None:
    text = cli("help").stdout.decode()

    listed = text.partition("Topics (gage help TOPIC):\n")[2].partition("\nCommands:")[0]
    assert [line.split()[0] for line in listed.splitlines() if line] == list(TOPICS)
    assert not TOPICS.keys() & set(COMMANDS)
    for name in TOPICS:
        assert cli("help", name).stdout.decode() == TOPICS[name]


def test_the_version_is_the_package_s(cli: Callable[..., Started]) -> None:
    assert gage.__version__ in cli("--version").stdout.decode()


# Wrong lines


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["rums"], 2, "No such command 'rums'"),
        (["help", "shwo"], 2, "Did you mean 'show'"),
        (["help", "filter"], 2, "Did you mean 'filters'"),
        (["help", "zzz"], 2, "no command 'zzz', and no topic. See gage help"),
        (["runs", "--jsno"], 2, "No such option"),
        (["runs", "state=x"], 2, "no run has a value 'state'"),
        (["runs", "status"], 2, "expected a comparison"),
        (["wait", "--timeout", "soon"], 2, "is not a valid float"),
        (["show"], 1, "there are no runs in"),
        (["stop", "x"], 1, "there are no runs in"),
        (["check"], 1, "there is no Gage file in"),
        (["run", "hi.py", "--labl", "x"], 2, "unknown option --labl. Did you mean '--label'"),
        (["run", "hi.py", "--jobs", "2"], 2, "--jobs is for several runs"),
        (["run", "hi.py", "--stage", "--bg"], 2, "--stage and --bg do not go together"),
        (["run", "hi.py", "other"], 2, "expected k=v, found 'other'"),
        (["run", "ho.py"], 125, "Did you mean 'hi.py'"),
        (["run", "hi.py", "x=1"], 125, "expected the key of a value, found 'x'. Keys: none"),
        (["run"], 125, "found nothing: name an operation"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_line_is_said_in_one_message(
    cli: Callable[..., Started], words: list[str], code: int, message: str
) -> None:
    done = cli(*words)

    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (code, b"")
    assert message in said
    assert "Traceback" not in said
    assert gage.runs() == []


# gage run


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


def test_every_command_works_in_another_place(
    cli: Callable[..., Started], project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = ["-C", str(project), "--runs", "mine", "-y"]

    assert cli("run", "hi.py", *place).returncode == 0
    assert cli("-C", str(project), "run", "hi.py", "--runs=mine").returncode == 0

    for name in ("runs", "list", "ls"):
        assert len(rows(cli(name, "--json", *place))) == 2
    assert len(rows(cli(*place, "runs", "--json"))) == 2
    assert cli("output", "1", *place).stdout == b"hi\n"
    assert gage.runs() == []
    assert len(gage.runs(directory=str(project), runs_home="mine")) == 2


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


def test_recorded_output_is_written_as_it_was(cli: Callable[..., Started], project: Path) -> None:
    write(
        project,
        "flood.py",
        "import sys\nfor i in range(20000): print(i, file=(sys.stdout, sys.stderr)[i % 3 > 1])\n",
    )
    bare = subprocess.run([sys.executable, "flood.py"], capture_output=True, check=True)
    assert cli("run", "-q", "flood.py").returncode == 0

    outputs = [cli("output"), cli("output", "-f"), cli("output", gage.find().id)]

    assert {(done.stdout, done.stderr) for done in outputs} == {(bare.stdout, bare.stderr)}


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


def test_attributes_of_a_run_are_shown(cli: Callable[..., Started], project: Path) -> None:
    said = {
        "metrics": {"acc": {"value": 0.9, "label": "Accuracy"}},
        "attributes": {"a": {"value": 1.1, "color": "green"}, "data": "v2"},
    }
    write(project, "said.py", f"open('summary.json', 'w').write({json.dumps(said)!r})\n")
    assert cli("run", "said.py").returncode == 0

    shown = cli("show").stdout.decode().splitlines()

    assert "  acc  0.9  label=Accuracy" in shown
    at = shown.index("attributes")
    assert shown[at + 1 : at + 3] == ["  a     1.1  color=green", "  data  v2"]
    meta = {row["name"]: row["value"] for row in json.loads(cli("meta", "--json").stdout)}
    assert {name: value for name, value in meta.items() if name.startswith(("attr", "metric"))} == {
        "metric.acc.label": "Accuracy",
        "attr.a": 1.1,
        "attr.a.color": "green",
        "attr.data": "v2",
    }
    (row,) = json.loads(cli("runs", "--json").stdout)
    assert row["attributes"] == {"a": 1.1, "data": "v2"}
    run = gage.find()
    assert run.attributes == {"a": 1.1, "data": "v2"}
    assert run.summary == said


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


def test_a_staged_run_that_was_changed_is_refused(
    cli: Callable[..., Started], project: Path
) -> None:
    cli("run", "hi.py", "--stage")
    run = gage.find()
    path = Path(run.run_dir, "hi.py")
    path.chmod(0o644)
    path.write_text("print('other')\n")

    refused, forced = cli("start"), cli("start", "--force")

    assert refused.returncode != 0
    assert b"changed since it was staged: hi.py was changed" in refused.stderr
    assert forced.returncode == 0
    run.wait()
    assert run.last_lines() == "other"


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


def test_a_staged_run_is_started_later(cli: Callable[..., Started]) -> None:
    staged = cli("run", "--stage", "hi.py")
    assert b"gage start" in staged.stderr
    assert gage.find().status == "staged"

    assert cli("start").returncode == 0
    assert cli("wait").returncode == 0

    assert gage.find().last_lines() == "hi"
    again = cli("start")
    assert (again.returncode, again.stdout) == (1, b"")
    assert b"only a staged run can be started" in again.stderr


def test_a_run_in_the_background_is_watched_and_stopped(
    cli: Callable[..., Started], project: Path
) -> None:
    write(project, "wait.py", "import time\nprint('waiting', flush=True)\ntime.sleep(1000)\n")
    started = cli("run", "--bg", "wait.py")
    run = gage.find()
    assert (started.returncode, started.stdout) == (0, b"")
    assert f"gage attach {run.name}".encode() in started.stderr
    assert cli("wait", "--timeout", "0.05").returncode == 124
    newer = cli("run", "hi.py")
    assert newer.returncode == 0

    stopped = cli("stop", "--grace", "60")

    assert stopped.returncode == 0
    assert b"stopped by you" in stopped.stderr
    again = cli("stop")
    assert (again.returncode, again.stderr) == (
        1,
        b"gage: no run is running: there is nothing to stop\n",
    )
    attached = cli("attach", run.name[:7])
    assert (attached.returncode, attached.stdout) == (130, run.output().tail(1000).split(b"T")[0])


IN_A_TERMINAL = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from gage.cli import main; main()
"""


@pytest.mark.parametrize("quiet", [[], ["-q"]], ids=["shown", "quiet"])
def test_ctrl_c_stops_the_run(project: Path, env: dict[str, str], quiet: list[str]) -> None:
    """In a terminal, which sends it to the whole foreground group."""
    write(project, "wait.py", "import time\nprint('waiting', flush=True)\ntime.sleep(1000)\n")
    ours, theirs = pty.openpty()
    caller = subprocess.Popen(
        [sys.executable, "-c", IN_A_TERMINAL, "run", "wait.py", *quiet],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        start_new_session=True,
    )
    wait_until(lambda: gage.runs() and gage.find().output().line_count == 1)

    os.write(ours, b"\x03")
    _, said = caller.communicate()

    run = gage.find()
    assert caller.returncode == 130
    assert run.full_status.reason == "stopped by interrupt, ended by signal SIGINT"
    assert (f"Stopping {run.name}".encode() in said) is (not quiet)
    assert b"gage/cli" not in said
    os.close(ours)
    os.close(theirs)


def test_ctrl_c_leaves_a_run_that_one_is_attached_to(project: Path, env: dict[str, str]) -> None:
    write(project, "wait.py", "import time\nprint('waiting', flush=True)\ntime.sleep(1000)\n")
    run = gage.run("wait.py", background=True)
    caller = subprocess.Popen(
        [sys.executable, "-m", "gage", "attach"], stdout=subprocess.PIPE, env=env
    )
    assert caller.stdout is not None
    assert caller.stdout.readline() == b"waiting\n"

    caller.send_signal(signal.SIGINT)
    caller.communicate()

    assert caller.returncode == 130
    assert run.status == "running"
    run.stop(grace_s=0.2)


@pytest.mark.parametrize(
    "words",
    [["run", "many.py"], ["output"], ["output", "-f"], ["attach"], ["files", "--json"]],
    ids=" ".join,
)
def test_a_reader_that_has_enough_is_no_error(
    project: Path, env: dict[str, str], words: list[str]
) -> None:
    write(project, "many.py", "for i in range(100000): print(i)\n")
    gage.run("many.py")

    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$0" -m gage "$@" | head -c 1', sys.executable, *words],
        env=env,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert {run.status for run in gage.runs()} == {"completed"}
    assert gage.find().output().line_count == 100_000


# Looking at runs


def test_a_listing_has_every_run_and_can_be_narrowed(
    cli: Callable[..., Started], project: Path
) -> None:
    write(project, "bad.py", "1/0")
    cli("run", "hi.py", "-l", "good", "-t", "a")
    cli("run", "bad.py")
    Path(os.environ["GAGE_RUNS"], make_id()).mkdir()

    listed = rows(cli("runs", "--json"))

    assert [(row["position"], row["operation"], row["status"]) for row in listed] == [
        (1, "bad.py", "error"),
        (2, "hi.py", "completed"),
        (3, "?", "damaged"),
    ]
    assert [row["position"] for row in rows(cli("runs", "--json", "status=error"))] == [1]
    assert [row["position"] for row in rows(cli("runs", "--json", "tag=a", "label=good"))] == [2]
    text = cli("runs").stdout.decode()
    assert all(row["run"] in text for row in listed)
    assert f"{listed[2]['run']} is damaged: {listed[2]['reason']}\n" in text
    assert cli("runs", "status=running").stdout == b"No such runs.\n"


def test_an_empty_listing_says_how_to_begin(cli: Callable[..., Started]) -> None:
    assert b"Start one with: gage run" in cli("runs").stdout
    assert rows(cli("runs", "--json")) == []
    assert rows(cli("batches", "--json")) == []


@pytest.mark.parametrize(
    ("command", "columns"),
    [
        ("show", {"run", "operation", "status", "exit_code", "label", "tags", "reason", "id"}),
        ("meta", {"name", "value"}),
        ("files", {"event", "type", "modified_us", "size_bytes", "path"}),
        ("manifest", {"type", "size_bytes", "sha256", "path"}),
        ("output", {"phase", "line", "time_ms", "stream", "text"}),
        ("metrics", {"run", "name", "step", "value"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_run_holds_is_shown_to_people_and_programs(
    cli: Callable[..., Started], project: Path, command: str, columns: set[str]
) -> None:
    write(project, "log.py", "import gage\nprint('hi')\ngage.log(loss=0.5, step=1)\n")
    assert cli("run", "log.py").returncode == 0

    shown, given = cli(command), rows(cli(command, "--json", gage.find().name))

    assert shown.returncode == 0
    assert shown.stdout
    assert given
    assert all(columns <= row.keys() for row in given)


# Named one by one, so that the test of what is exercised finds them.
def test_the_commands_that_show_a_run_show_it(cli: Callable[..., Started]) -> None:
    cli("run", "hi.py", "-l", "the label")

    assert b"the label" in cli("show").stdout
    assert b"the label" in cli("meta").stdout
    assert b"hi.py" in cli("files").stdout
    assert b"hi.py" in cli("manifest").stdout
    assert cli("output").stdout == b"hi\n"
    assert cli("metrics").returncode == 0
    assert cli("batches").returncode == 0


def test_a_run_is_shown_with_its_metrics(cli: Callable[..., Started], project: Path) -> None:
    write(project, "log.py", "import gage\nfor x in (3, 1, 2): gage.log(loss=x)\nprint('acc: 1')\n")
    cli("run", "log.py")

    lines = cli("show").stdout.decode().splitlines()

    assert "  loss  2  min 1  max 3" in lines
    assert "  acc   1" in lines


def test_a_changed_file_is_found_and_gives_an_exit_code(cli: Callable[..., Started]) -> None:
    cli("run", "hi.py")
    whole = cli("verify")
    assert (whole.returncode, rows(cli("verify", "--json"))) == (0, [])
    assert b"all 1 file as recorded" in whole.stdout

    Path(gage.find().run_dir, "new").write_text("x")

    changed = cli("verify", "--json")
    assert changed.returncode == 1
    assert [(row["difference"], row["path"]) for row in rows(changed)] == [("added", "new")]


def test_a_damaged_run_is_shown_with_its_damage(cli: Callable[..., Started]) -> None:
    cli("run", "hi.py")
    run = gage.find()
    Path(run_meta_path(run, "manifest")).write_text("nonsense\n")
    shown = cli("show")
    assert shown.returncode == 0
    assert b"expected 'TYPE SHA256 PATH'" in shown.stdout

    shutil.rmtree(run.meta_dir)

    assert b"side-car is missing" in cli("show", run.id).stdout
    assert cli("files").returncode in {0, 1}
    assert b"Traceback" not in cli("meta").stderr


def test_what_can_be_run_is_listed(cli: Callable[..., Started], project: Path) -> None:
    write(project, "gage.toml", '[op]\nexec = "true"\ndefault = true\n')

    assert [(row["name"], row["kind"], row["default"]) for row in rows(cli("ops", "--json"))] == [
        ("op", "operation", True),
        ("hi.py", "script", False),
    ]
    assert b"hi.py" in cli("ops").stdout


def test_a_gage_file_is_checked(cli: Callable[..., Started], project: Path) -> None:
    write(project, "gage.toml", '[op]\nexec = "true"\n')
    good = cli("check")
    write(project, "bad.toml", '[op]\nexec = "true"\ndescriptoin = "x"\n')
    bad = cli("check", "bad.toml")

    assert (good.returncode, bad.returncode) == (0, 1)
    assert b"no faults" in good.stdout
    assert b"bad.toml:3:" in bad.stdout
    assert Path(cli("check", "--schema").stdout.decode().strip()).is_file()


# Completion


COMPLETE = """
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_gage_completion gage
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("gage sh", {"show"}),
        ("gage run hi", {"hi.py"}),
        ("gage run --lab", {"--label"}),
        ("gage run -l x train.py lr=1 ", {"epochs=5"}),
        ("gage show ", None),
    ],
    ids=repr,
)
def test_bash_completes(
    cli: Callable[..., Started],
    project: Path,
    env: dict[str, str],
    line: str,
    expected: set[str] | None,
) -> None:
    cli("run", "hi.py")
    write(project, "train.py", "lr = 0.1\nepochs = 5\n")
    script = cli("completion", "bash").stdout.decode()
    words = line.split(" ")

    program = f"{script}\n{COMPLETE}"
    done = subprocess.run(
        ["bash", "-c", program, "bash", *words],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert set(done.stdout.split()) == (expected or {gage.find().name}), done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(cli: Callable[..., Started], shell: str) -> None:
    done = cli("completion", shell)

    assert done.returncode == 0
    assert b"_GAGE_COMPLETE" in done.stdout


def test_completion_is_silent_about_what_is_wrong(
    project: Path, env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    write(project, "gage.toml", "[broken")

    for words in ("gage show ", "gage run ", "gage run op "):
        done = subprocess.run(
            [sys.executable, "-m", "gage"],
            env={
                **env,
                "GAGE_RUNS": str(tmp_path / "file"),
                "_GAGE_COMPLETE": "bash_complete",
                "COMP_WORDS": words,
                "COMP_CWORD": str(len(words.split())),
            },
            capture_output=True,
            check=False,
        )
        assert (done.stdout.strip(), done.stderr) == (b"", b"")


def test_what_a_run_showed_is_named(cli: Callable[..., Started], project: Path) -> None:
    write(project, "draw.py", "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\n")

    ran = cli("run", "draw.py")

    assert "completed; it showed figure 1, 640×480 px" in ran.stderr.decode()
    assert "shown (1)\n  figure 1, 640×480 px\n" in cli("show").stdout.decode()


def test_caches_are_not_among_the_files_that_show_lists(
    cli: Callable[..., Started], project: Path
) -> None:
    write(project, "helper.py", "x = 1\n")
    write(project, "t.py", "import helper\nopen('made.txt', 'w').write('x')\n")
    cli("run", "t.py")

    text = cli("show").stdout.decode()

    assert re.search(r"generated +made\.txt", text)
    assert ".pyc" not in text
    assert "more: gage manifest" in text


_EVIL = "a\x1b]0;title\x07b\x9b31mc"


@pytest.mark.parametrize(
    "words",
    [
        ["run", f"{_EVIL}.py"],
        ["run", "hi.py", f"--{_EVIL}"],
        ["run", _EVIL, "--help-op"],
        ["run", _EVIL, "--preview"],
        ["runs", f"x{_EVIL}"],
        ["show", _EVIL],
        ["tag", "1", _EVIL],
        ["label", "1", _EVIL],
        ["check"],
        ["ops"],
        ["help", _EVIL],
    ],
    ids=lambda words: " ".join(words).replace(_EVIL, "EVIL"),
)
def test_what_others_named_is_not_obeyed_by_a_terminal(
    cli: Callable[..., Started], project: Path, words: list[str]
) -> None:
    cli("run", "hi.py")
    key = json.dumps(_EVIL)
    write(project, "gage.toml", f"[{key}]\nexec = {key}\ndescription = {key}\n[{key}.{key}]\n")

    done = cli(*words)

    said = (done.stdout + done.stderr).decode()
    assert said.replace("\n", "").replace("\t", "").isprintable()
    assert "Traceback" not in said
