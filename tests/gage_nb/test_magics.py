"""The magics in a real IPython shell."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import gage
from gage._internal.operations.options import option_names
from tests.shells import running_shell

TRAIN = "lr = 0.1\nname = 'x'\noptions = {'depth': 3}\nprint(lr, name, options)\n"


@pytest.fixture
def shell(project: Path, runs_home: Path) -> Iterator[InteractiveShell]:
    (project / "train.py").write_text(TRAIN)
    with running_shell() as shell:
        yield shell


def gage_run(shell: InteractiveShell, line: str, cell: str | None = None) -> gage.RecordedRun:
    if cell is None:
        run = shell.run_line_magic("gage_run", line)
    else:
        run = shell.run_cell_magic("gage_run", line, cell)
    assert isinstance(run, gage.RecordedRun)
    return run


# Loading


def test_loading_registers_and_unloading_removes_everything(shell: InteractiveShell) -> None:
    formatter = shell.display_formatter
    assert formatter is not None
    magics = shell.magics_manager.magics
    matchers = len(shell.Completer.custom_matchers)
    assert ("gage_run" in magics["line"], "gage_run" in magics["cell"]) == (True, True)
    displays = formatter.ipython_display_formatter
    shown_at_first = gage.RecordedRun in displays

    shell.run_line_magic("unload_ext", "gage_nb")

    names = [name for kind in magics.values() for name in kind if "gage" in str(name)]
    assert not names
    assert (matchers, len(shell.Completer.custom_matchers)) == (1, 0)
    assert shown_at_first
    assert gage.RecordedRun not in displays
    assert not shell.events.callbacks["pre_run_cell"]
    assert not shell.events.callbacks["post_run_cell"]


def test_it_can_be_loaded_again(shell: InteractiveShell) -> None:
    shell.run_line_magic("unload_ext", "gage_nb")
    shell.run_line_magic("load_ext", "gage_nb")
    shell.run_line_magic("reload_ext", "gage_nb")

    assert gage_run(shell, "train.py").status == "completed"


# The line


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        pytest.param("train.py lr={base*2}", "0.2 x {'depth': 3}", id="expression"),
        pytest.param('train.py name="a b"', "0.1 a b {'depth': 3}", id="quotes"),
        pytest.param(
            "train.py name='$base {x} %d'", "0.1 $base {x} %d {'depth': 3}", id="as typed"
        ),
        pytest.param("""train.py options='{"depth": 5}'""", "0.1 x {'depth': 5}", id="JSON"),
        pytest.param(
            "train.py options={dict(depth=int(base*50))}", "0.1 x {'depth': 5}", id="dict"
        ),
        pytest.param("train.py --label l lr=3", "3.0 x {'depth': 3}", id="options first"),
    ],
)
def test_values_arrive(shell: InteractiveShell, line: str, printed: str) -> None:
    shell.push({"base": 0.1})

    assert gage_run(shell, line).last_lines() == printed


WRONG = {
    "train.py --lable x": r"unknown option --lable\. Did you mean '--label'",
    "train.py --label": "expected TEXT after --label, found nothing",
    "train.py --jobs 2": "--jobs is for several runs",
    "train.py lr=fast --preview": "expected float",
    "train.py lrr=1": r"found 'lrr'\. Did you mean 'lr'\? Keys: lr",
    "train.py lr=1 lr=2": "expected one value for lr, found two",
    "train.py extra": "put arguments of the program itself after --",
    "trian.py": "Did you mean 'train.py'",
    "lr=1": "expected something to run, found nothing",
    "train.py -m this": "expected one target, found two: train.py and -m this",
    "train.py 'unclosed": "No closing quotation. Close every quote",
    "train.py lr={missing}": r"cannot evaluate \{missing\} in 'lr=\{missing\}'",
    "train.py --as 1x": "expected the name of a variable after --as, found '1x'",
    "train.py --as class": "expected the name of a variable after --as, found 'class'",
    "train.py lr=fast": "expected float",
    "train.py --with missing.csv": "missing.csv",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_line_is_told_in_one_line_and_makes_no_run(
    shell: InteractiveShell, line: str
) -> None:
    with pytest.raises(UsageError, match=WRONG[line]) as error:
        shell.run_line_magic("gage_run", line)

    assert type(error.value) is UsageError  # of a subclass IPython shows the traceback
    assert not gage.runs()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("shwo", "no command 'shwo'. Did you mean 'show'"),
        ("zzz", "no command 'zzz'. See %gage help"),
        ("show zzz", "there are no runs in"),
        ("show 'a", "Close every quote"),
    ],
)
def test_a_wrong_command_is_told_in_one_line(shell: InteractiveShell, line: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as error:
        shell.run_line_magic("gage", line)

    assert type(error.value) is UsageError


@pytest.mark.parametrize("magic", ["gage_run", "gage"])
@pytest.mark.parametrize("form", ["{}", "{} --help", "{} -h", "{}?"])
def test_help_is_printed(
    shell: InteractiveShell, magic: str, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell(f"%{form.format(magic)}")

    said = capsys.readouterr().out
    for word in option_names("line") if magic == "gage_run" else ("runs", "attach", "verify"):
        assert word in said
    assert not gage.runs()


def test_help_of_the_cell_form_is_its_own(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell_magic("gage_run", "--help", "1")

    said = capsys.readouterr().out
    assert "%%gage_run [NAME]" in said
    assert "--input NAME" in said


# What it gives


def test_the_run_is_the_value_of_the_line(shell: InteractiveShell) -> None:
    shell.run_cell("r = %gage_run train.py -q")

    assert shell.user_ns["r"] == gage.find()


def test_as_binds_the_run_before_it_has_ended(shell: InteractiveShell) -> None:
    shell.run_cell("%%gage_run fit --as r\nraise SystemExit(3)")

    run = shell.user_ns["r"]
    assert (run.status, run.exit_code, run.opref.op_name) == ("error", 3, "fit")


def test_label_and_tags_are_kept(shell: InteractiveShell) -> None:
    run = gage_run(shell, "train.py -l 'the first' -t a --tag b")

    assert (run.label, run.tags) == ("the first", ["a", "b"])


def test_a_failed_run_is_an_error_unless_told_otherwise(shell: InteractiveShell) -> None:
    with pytest.raises(gage.RunFailed, match=r"error \(exit code 3\)"):
        gage_run(shell, "bad", "raise SystemExit(3)")

    assert gage_run(shell, "bad --no-raise", "raise SystemExit(3)").exit_code == 3


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("%gage_run train.py", True),
        ("%gage_run train.py;", False),
        ("%gage_run train.py ;", False),
        ("%%gage_run a\nprint('here')", True),
        ("%%gage_run a;\nprint('here')", False),
        ("%%gage_run a\nprint('here');", True),
        ("%gage_run train.py -q;", False),
    ],
)
def test_a_semicolon_silences(
    shell: InteractiveShell, code: str, shown: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    result = shell.run_cell(code)

    assert result.success
    assert bool(capsys.readouterr().out) == shown
    assert gage.runs()[0].status == "completed"


def test_a_run_that_was_shown_live_is_not_shown_again_as_the_value(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("%gage_run train.py --as r", store_history=True)
    first = capsys.readouterr().out
    shell.run_cell("r", store_history=True)

    assert first.count("✔ train.py") == 1
    assert capsys.readouterr().out.count("✔ train.py") == 1


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("%gage_run train.py -q", ""),
        ("%gage_run train.py lr=[0.1,0.2] -q", ""),
        ("%gage_run bad.py -q --no-raise", "✖ bad.py"),
    ],
)
def test_quiet_shows_nothing_but_a_failure(
    shell: InteractiveShell, line: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.py").write_text("raise SystemExit(3)")

    assert shell.run_cell(line, store_history=True).success

    out = capsys.readouterr().out
    assert "running" not in out
    assert out.count("✔") == 0
    assert shown in out


def test_a_status_is_shown_in_words(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("wait.py").write_text("import time\ntime.sleep(1000)")
    shell.run_cell("%gage_run wait.py --bg --as r")
    capsys.readouterr()

    shell.run_cell("r.stop()")
    stopped = capsys.readouterr().out
    shell.run_cell("%gage_run train.py -q --as r2")
    capsys.readouterr()
    shell.run_cell("r2.wait()")

    assert "■ stopped by you\n" in stopped
    assert "✔ completed\n" in capsys.readouterr().out


def test_only_staged(shell: InteractiveShell) -> None:
    run = gage_run(shell, "train.py lr=2 --stage")

    assert run.status == "staged"
    assert Path(run.run_dir, "train.py").read_text().startswith("lr = 2")
    assert shell.run_line_magic("gage", "start").status == "completed"


def test_a_preview_runs_nothing(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    for option in ("--preview", "--help-op"):
        assert shell.run_line_magic("gage_run", f"train.py {option}") is None
        assert "train.py" in capsys.readouterr().out
    assert not gage.runs()


def test_a_cell_keeps_its_lines_and_its_name(shell: InteractiveShell) -> None:
    shell.run_cell("%%gage_run fit --no-raise --as r\n\nimport train\nraise ValueError")

    run = shell.user_ns["r"]
    assert 'fit.py", line 4, in <module>' in run.last_lines()
    assert "0.1 x" in run.last_lines()


def test_commands_of_gage_are_called(shell: InteractiveShell) -> None:
    run = gage_run(shell, "train.py")

    assert shell.run_line_magic("gage", "show") == run
    assert list(shell.run_line_magic("gage", "runs")["run"]) == [run.name]
    assert len(shell.run_line_magic("gage", "output {1}")) == 1
    assert shell.run_line_magic("gage", "output 1;") is None  # silenced


def test_a_run_is_called_by_the_variable_that_holds_it(shell: InteractiveShell) -> None:
    run = gage_run(shell, "train.py --as first")
    gage_run(shell, "train.py --as second")

    assert shell.run_line_magic("gage", "show first") == run
    assert list(shell.run_line_magic("gage", "output first")["text"]) == ["0.1 x {'depth': 3}"]


def test_a_semicolon_in_a_cell_silences_its_value_alone(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("%%gage_run a\nprint('here')\nlen('value');", store_history=True)

    out = capsys.readouterr().out
    assert gage.runs()[0].name in out
    assert "here" in out
    assert "\n5\n" not in out


def test_loading_the_extension_does_not_load_what_runs_need(tmp_path: Path) -> None:
    program = (
        "import sys, threading\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "threading.Thread.start = lambda thread: None  # what is loaded meanwhile does not count\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_line_magic('load_ext', 'gage_nb')\n"
        "print([name for name in sys.modules if name in {\n"
        "    'pandas', 'ipywidgets', 'gage_nb.lines', 'gage_nb.commands',\n"
        "    'gage_nb.running_cells',\n"
        "    'gage_nb.views', 'gage._internal.api.driver', 'gage._internal.batch'}])\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"
