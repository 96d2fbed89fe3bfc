"""The group of commands, with the options and functions that they share."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

import gage
from gage._internal.operations.line_help import HELP_COLUMNS
from gage._internal.operations.options import OPTIONS
from gage._internal.people import outcome
from gage._internal.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from gage._internal.batch.batch import Batch
    from gage._internal.store.recorded_run import RecordedRun

__all__ = [
    "app",
    "batch_called",
    "complete_run",
    "completes",
    "confirm",
    "json_option",
    "print_json",
    "print_rows",
    "run_argument",
    "say_batch",
    "say_status",
]


_OTHER_NAMES = {"list": "runs", "ls": "runs"}
_YES = "gage.yes"
_ANY = 1000  # characters of a sentence
_SETTINGS = {
    "help_option_names": ["-h", "--help"],
    "max_content_width": HELP_COLUMNS,
    "terminal_width": HELP_COLUMNS,
}


def _everywhere() -> list[click.Parameter]:
    """Return the options that every command has, from the table of options."""
    about = {row.field: row.help for row in OPTIONS}
    directory = click.Path(exists=True, file_okay=False)
    return [
        click.Option(["-C", "directory"], type=directory, metavar="DIR", help=about["directory"],
                     expose_value=False, is_eager=True, callback=_work_in),
        click.Option(["--runs", "runs_home"], metavar="DIR", help=about["runs_home"],
                     expose_value=False, is_eager=True, callback=_use_runs),
        click.Option(["-y", "--yes"], is_flag=True, help=about["yes"],
                     expose_value=False, callback=_answer_yes),
    ]  # fmt: skip  # three of a kind


def _work_in(ctx: click.Context, param: click.Parameter, directory: str | None) -> None:
    if directory is not None:
        os.chdir(directory)


def _use_runs(ctx: click.Context, param: click.Parameter, directory: str | None) -> None:
    if directory is not None:
        os.environ["GAGE_RUNS"] = directory


def _answer_yes(ctx: click.Context, param: click.Parameter, yes: bool) -> None:
    ctx.meta[_YES] = yes or ctx.meta.get(_YES, False)


def confirm(question: str) -> None:
    """Ask before an action that cannot be undone, unless `--yes` was given.

    Raises
    ------
    click.Abort
        If the answer is no, or nobody is there to answer.
    """
    if not click.get_current_context().meta.get(_YES):
        click.confirm(question, abort=True, err=True)


class _Commands(click.Group):
    """Lists the commands in the order of a run's life, not alphabetically."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["run", *(name for name in self.commands if name != "run")]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return super().get_command(ctx, _OTHER_NAMES.get(name, name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write topics, and commands with their whole first sentences; Click would cut them."""
        from gage._internal.operations.help_topics import topic_list

        with formatter.section("Topics (gage help TOPIC)"):
            formatter.write_dl(topic_list())
        known = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.get_short_help_str(_ANY)) for name, each in known])

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, with the options that all commands have; `run` parses them itself."""
        if name != "run":
            cmd.params += _everywhere()
        super().add_command(cmd, name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader of the pipe (head, less) has closed it; Click would report an error.
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, sys.stdout.fileno())
            os.close(null)
            return 0
        return result


@click.group(cls=_Commands, context_settings=_SETTINGS, params=_everywhere())
@click.version_option(gage.__version__)
def app() -> None:
    """Record runs of code: what they used, what they printed, what they made.

    A RUN is named by its name, its id, a prefix of either, or its position in `gage runs`
    (1 is the newest). Default: the newest.
    """


def complete_run(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the names of runs that begin so, the newest first; of `runs`, parts of a filter."""
    from gage._internal.api.completion import complete_command

    choices = complete_command(incomplete, [ctx.info_name or ""], [])
    return [CompletionItem(each.text, help=each.about) for each in choices]


def completes(
    taken: str,
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Return the completion of an option that takes `metric`, `key`, `run` or `filter`."""

    def complete(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from gage._internal.api.completion import complete_option

        choices = complete_option(taken, incomplete)
        return [CompletionItem(each.text, help=each.about) for each in choices]

    return complete


def run_argument(function: Any) -> Any:
    """Give a command the argument RUN."""
    return click.argument("run", required=False, shell_complete=complete_run)(function)


def json_option(function: Any) -> Any:
    """Give a command the option --json."""
    return click.option("--json", "as_json", is_flag=True, help="JSON for programs.")(function)


def batch_called(reference: str | None) -> Batch | None:
    """Return the batch with that name, if there is one."""
    from gage._internal.batch.batch import batch_called
    from gage._internal.store.store import runs_home

    return None if reference is None else batch_called(runs_home(), reference)


def say_batch(batch: Batch) -> int:
    """Print how a batch ended; return its exit code."""
    from gage.cli.batch import print_end

    return print_end(batch, quiet=False)


def say_status(run: RecordedRun, status: Any) -> None:
    """Print what happened to a run."""
    words = outcome(status.name, status.exit_code, status.reason)
    click.echo(f"{run.name} {printable(words)}", err=True)


def print_rows(
    rows: Iterable[dict[str, Any]], as_json: bool, whole: Collection[int] | None = None
) -> None:
    """Print rows as a table, or as JSON; `whole` as in `tables.print_table`."""
    if as_json:
        print_json(rows)
    else:
        from gage.cli import tables

        tables.print_rows(list(rows), whole)


def print_json(rows: Iterable[dict[str, Any]]) -> None:
    """Print rows as JSON."""
    import json

    click.echo(json.dumps(list(rows), indent=2))
