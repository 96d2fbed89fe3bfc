"""The group of commands: its order, the names and options that all of them have."""

from __future__ import annotations

import os
import sys
from typing import Any

import click
import click.shell_completion

from gage._internal.operations.line_help import HELP_COLUMNS
from gage._internal.operations.options import OPTIONS

__all__ = ["SETTINGS", "Commands", "RunLineCommand", "everywhere"]

_OTHER_NAMES = {"list": "runs", "ls": "runs"}
SETTINGS = {
    "help_option_names": ["-h", "--help"],
    "max_content_width": HELP_COLUMNS,
    "terminal_width": HELP_COLUMNS,
}


def everywhere() -> list[click.Parameter]:
    """Return the options that every command has, from the table of options."""
    about = {row.field: row.help for row in OPTIONS}
    directory = click.Path(exists=True, file_okay=False)
    return [
        click.Option(["-C", "directory"], type=directory, metavar="DIR", help=about["directory"],
                     expose_value=False, is_eager=True, callback=_work_in),
        click.Option(["--runs", "runs_home"], metavar="DIR", help=about["runs_home"],
                     expose_value=False, is_eager=True, callback=_use_runs),
        click.Option(["-y", "--yes"], is_flag=True, help=about["yes"], expose_value=False),
    ]  # fmt: skip  # three of a kind


def _work_in(ctx: click.Context, param: click.Parameter, directory: str | None) -> None:
    if directory is not None:
        os.chdir(directory)


def _use_runs(ctx: click.Context, param: click.Parameter, directory: str | None) -> None:
    if directory is not None:
        os.environ["GAGE_RUNS"] = directory


class Commands(click.Group):
    """Lists the commands in the order of a run's life, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a run's life."""
        return list(self.commands)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the command with a name; `list` and `ls` are `runs`."""
        return super().get_command(ctx, _OTHER_NAMES.get(name, name))

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, with the options that all have; `run` has them in its own grammar."""
        if name != "run":
            cmd.params += everywhere()
        super().add_command(cmd, name)

    def invoke(self, ctx: click.Context) -> Any:
        """Carry out a command; a reader of its output that goes away is no error."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader of a pipe (head, less) has enough; Click would make an error of it.
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, sys.stdout.fileno())
            os.close(null)
            return 0
        return result


class RunLineCommand(click.Command):
    """Takes a line whose grammar is not Click's, and completes its options."""

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Return the options of the line."""
        from gage._internal.api.completion import complete_words

        words = complete_words(incomplete, [], "shell")
        return [click.shell_completion.CompletionItem(word) for word in words]
