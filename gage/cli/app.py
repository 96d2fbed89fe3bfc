"""Every command but `run`: one short function each."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click
import click.shell_completion

import gage
from gage._internal.api import runs as requests
from gage._internal.errors import GageError, OptionError, TargetError
from gage._internal.operations.line_help import help_text
from gage._internal.people import outcome
from gage.cli.group import SETTINGS, Commands, RunLineCommand, everywhere
from gage.cli.run import INTERRUPTED, USAGE, exit_code_of, follow_run, run_command

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gage._internal.batch.batch import Batch
    from gage._internal.store.recorded_run import RecordedRun

__all__ = ["app", "main_command"]


@click.group(cls=Commands, context_settings=SETTINGS, params=everywhere())
@click.version_option(gage.__version__)
def app() -> None:
    """Record runs of code: what they used, what they printed, what they made.

    A RUN is called by its name, its id, a prefix of either, or its position in `gage runs`
    (1 is the newest); left out, it is the newest.
    """


def main_command(words: Sequence[str]) -> int:
    """Carry out a command; return its exit code, 1 for an error of gage, 2 for a wrong line."""
    try:
        code = app.main(list(words), prog_name="gage", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except OptionError as error:
        click.echo(f"gage: {error}", err=True)
        return USAGE
    except (GageError, OSError) as error:
        click.echo(f"gage: {error}", err=True)
        return 1
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _complete_run(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from gage._internal.api.completion import complete_command

    return complete_command(incomplete, [ctx.info_name or ""], [])


def _complete_target(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from gage._internal.api.completion import complete_words

    return complete_words(incomplete, list(ctx.params["words"] or ()), "shell")


def _run_argument(function: Any) -> Any:
    return click.argument("run", required=False, shell_complete=_complete_run)(function)


def _json_option(function: Any) -> Any:
    return click.option("--json", "as_json", is_flag=True, help="JSON for programs.")(function)


@app.command(
    "run",
    cls=RunLineCommand,
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    short_help="Run an operation, a script, a module or a notebook.",
    help=help_text("shell"),
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, shell_complete=_complete_target)
def _run(words: tuple[str, ...]) -> int:
    return run_command(words)


@app.command("runs")
@click.argument("where", nargs=-1)
@_json_option
def _runs(where: tuple[str, ...], as_json: bool) -> None:
    """List the runs, the newest first.

    WHERE is COLUMN=VALUE, such as status=error.
    """
    from gage._internal.store.reports import run_rows

    rows = run_rows(requests.runs(), where)
    if as_json:
        _print_json(rows)
    else:
        from gage.cli.tables import print_runs

        print_runs(rows, narrowed=bool(where))


@app.command("start")
@_run_argument
def _start(run: str | None) -> None:
    """Start a staged run."""
    recorded = requests.find(run)
    recorded.start()
    click.echo(f"Started {recorded.name}. Watch it with: gage attach {recorded.name}", err=True)


@app.command("show")
@_run_argument
@_json_option
def _show(run: str | None, as_json: bool) -> None:
    """Show a run: what it is, what happened to it, its files, its last lines."""
    batch = _batch_called(run)
    if batch is not None:
        _print_rows(batch.rows(), as_json)
        return
    recorded = requests.find(run)
    if as_json:
        from gage._internal.store.reports import run_row

        _print_json([run_row(recorded)])
    else:
        from gage.cli.tables import print_run

        print_run(recorded)


@app.command("meta")
@_run_argument
@_json_option
def _meta(run: str | None, as_json: bool) -> None:
    """Show everything recorded about a run, a fact a row."""
    from gage._internal.store.reports import meta_rows

    _print_rows(meta_rows(requests.find(run)), as_json)


@app.command("files")
@_run_argument
@_json_option
def _files(run: str | None, as_json: bool) -> None:
    """Show the log of a run's files: added, modified, deleted."""
    from gage._internal.store.reports import file_rows

    _print_rows(file_rows(requests.find(run)), as_json)


@app.command("manifest")
@_run_argument
@_json_option
def _manifest(run: str | None, as_json: bool) -> None:
    """Show the files of a run with their sha256."""
    from gage._internal.store.reports import manifest_rows

    _print_rows(manifest_rows(requests.find(run)), as_json)


@app.command("output")
@_run_argument
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@_json_option
def _output(run: str | None, follow: bool, as_json: bool) -> None:
    """Write what a run printed: its stdout to stdout, its stderr to stderr."""
    recorded = requests.find(run)
    if as_json:
        from gage._internal.store.reports import output_rows

        _print_json(output_rows(recorded))
    elif follow:
        follow_run(recorded)
    else:
        from gage.cli.run import write_output

        write_output(recorded)


@app.command("stop")
@_run_argument
@click.option("--grace", default=5.0, show_default=True, help="Seconds between the signals.")
def _stop(run: str | None, grace: float) -> None:
    """Stop a run or a batch.

    All its processes get SIGINT, then SIGTERM, then SIGKILL. Default: the newest run that is
    running.
    """
    batch = _batch_called(run)
    if batch is not None:
        batch.stop(grace_s=grace)
        _say_batch(batch)
        return
    recorded = requests.find_to_stop(run)
    _say_status(recorded, recorded.stop(grace_s=grace))


@app.command("attach")
@_run_argument
def _attach(run: str | None) -> int:
    """Show a run's output from its start until it has ended; Ctrl-C leaves it running."""
    batch = _batch_called(run)
    if batch is not None:
        from gage.cli.batch import follow_batch

        follow_batch(batch)
        return _say_batch(batch)
    recorded = requests.find(run)
    status = follow_run(recorded)
    _say_status(recorded, status)
    return exit_code_of(status.exit_code)


@app.command("wait")
@_run_argument
@click.option("--timeout", type=float, help="Seconds after which to give up, with exit code 124.")
def _wait(run: str | None, timeout: float | None) -> int:
    """Wait until a run has ended; the exit code is the run's."""
    batch = _batch_called(run)
    if batch is not None:
        return _say_batch(batch) if batch.wait(timeout) else 124
    recorded = requests.find(run)
    status = recorded.wait(timeout)
    _say_status(recorded, status)
    return 124 if status.name == "running" else exit_code_of(status.exit_code)


@app.command("verify")
@_run_argument
@_json_option
def _verify(run: str | None, as_json: bool) -> int:
    """Hash a run's files again and show what differs from its manifest.

    The exit code is 1 if anything does.
    """
    from gage._internal.store.reports import as_recorded, difference_rows

    recorded = requests.find(run)
    rows = list(difference_rows(recorded))
    if rows or as_json:
        _print_rows(rows, as_json)
    else:
        click.echo(as_recorded(recorded))
    return 1 if rows else 0


@app.command("ops")
@_json_option
def _ops(as_json: bool) -> None:
    """List what can be run here: operations, scripts and notebooks."""
    from gage._internal.store.reports import operation_rows

    _print_rows(operation_rows(), as_json)


@app.command("check")
@click.argument("file", required=False)
@click.option("--schema", is_flag=True, help="Print where the JSON Schema for editors is.")
def _check(file: str | None, schema: bool) -> int:
    """Check a Gage file; every fault with its line. Exit code 1 if there are any."""
    from gage._internal.operations.gagefile import check_gagefile, find_gagefile, schema_path

    if schema:
        click.echo(schema_path())
        return 0
    path = file or find_gagefile(os.getcwd())
    if path is None:
        raise TargetError(f"there is no Gage file in {os.getcwd()} or above it: name one")
    faults = check_gagefile(path)
    for fault in faults:
        where = f"{fault.file}:{fault.line}" if fault.line else fault.file
        key = f" {fault.key}:" if fault.key else ""
        click.echo(f"{where}:{key} {fault.message}")
    if not faults:
        click.echo(f"{path}: no faults")
    return 1 if faults else 0


@app.command("metrics")
@click.argument("runs", nargs=-1, shell_complete=_complete_run)
@_json_option
def _metrics(runs: tuple[str, ...], as_json: bool) -> None:
    """Show the numbers that runs gave back, a value a row, in order of time."""
    from gage._internal.metrics.series import metric_rows

    chosen = [requests.find(name) for name in runs or (None,)]
    _print_rows((row for run in chosen for row in metric_rows(run)), as_json)


@app.command("help")
@click.argument("command", required=False)
@click.pass_context
def _help(ctx: click.Context, command: str | None) -> None:
    """Show what a command does."""
    if command is None:
        click.echo(app.get_help(ctx.parent or ctx))
        return
    found = app.get_command(ctx, command)
    if found is None:
        from gage._internal.suggestions import did_you_mean

        near = did_you_mean(command, app.list_commands(ctx))
        raise click.UsageError(f"there is no command {command!r}. {near}")
    with click.Context(found, info_name=command, parent=ctx.parent) as own:
        is_run = command == "run"
        text = help_text("shell") if is_run else f"{found.get_help(own)}\n"
        click.echo(text, nl=False)


@app.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def _completion(shell: str) -> None:
    """Print the completion script of a shell: eval "$(gage completion bash)"."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(found(app, {}, "gage", "_GAGE_COMPLETE").source())


@app.command("batches")
@_json_option
def _batches(as_json: bool) -> None:
    """List the batches (runs that were asked for at once), the newest first."""
    from gage._internal.batch.batch import batch_rows, list_batches
    from gage._internal.store.store import runs_home

    _print_rows(batch_rows(list_batches(runs_home())), as_json)


def _batch_called(reference: str | None) -> Batch | None:
    from gage._internal.batch.batch import batch_called
    from gage._internal.store.store import runs_home

    return None if reference is None else batch_called(runs_home(), reference)


def _say_batch(batch: Batch) -> int:
    from gage.cli.batch import tell_end

    return tell_end(batch, quiet=False)


def _say_status(run: RecordedRun, status: Any) -> None:
    words = outcome(status.name, status.exit_code, status.reason)
    click.echo(f"{run.name} {words}", err=True)


def _print_rows(rows: Iterable[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        _print_json(rows)
    else:
        from gage.cli.tables import print_rows

        print_rows(list(rows))


def _print_json(rows: Iterable[dict[str, Any]]) -> None:
    import json

    click.echo(json.dumps(list(rows), indent=2))
