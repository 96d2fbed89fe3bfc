"""Every command line but the quick way of `gage run`: its commands and its exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import click.shell_completion

from gage._internal.errors import GageError, OptionError
from gage._internal.operations.line_help import help_text
from gage.cli import acting, comparing, looking, opening, ordering  # noqa: F401  # their commands join the group
from gage.cli.group import app
from gage.cli.run import INTERRUPTED, USAGE, run_command

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["app", "main_command"]


class _RunLine(click.Command):
    """Takes a line whose grammar is not Click's, and completes its options."""

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        from gage._internal.api.completion import complete_words

        choices = complete_words(incomplete, [], "shell")
        return [
            click.shell_completion.CompletionItem(each.text, help=each.about) for each in choices
        ]


def _complete_target(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[click.shell_completion.CompletionItem]:
    from gage._internal.api.completion import complete_words

    choices = complete_words(incomplete, list(ctx.params["words"] or ()), "shell")
    return [click.shell_completion.CompletionItem(each.text, help=each.about) for each in choices]


@app.command(
    "run",
    cls=_RunLine,
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    short_help="Run an operation, a script, a module or a notebook.",
    help=help_text("shell"),
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, shell_complete=_complete_target)
def _run(words: tuple[str, ...]) -> int:
    return run_command(words)


@app.command("help")
@click.argument("command", metavar="[COMMAND|TOPIC]", required=False)
@click.pass_context
def _help(ctx: click.Context, command: str | None) -> None:
    """Show what a command does, or a page on a topic."""
    if command is None:
        click.echo(app.get_help(ctx.parent or ctx))
        return
    found = app.get_command(ctx, command)
    if found is None:
        from gage._internal.operations.help_topics import TOPICS, topic_text
        from gage._internal.suggestions import did_you_mean

        page = topic_text(command)
        if page is not None:
            click.echo(page, nl=False)
            return
        near = did_you_mean(command, [*app.list_commands(ctx), *TOPICS])
        raise click.UsageError(
            f"there is no command {command!r}, and no topic. {near or 'See gage help'}"
        )
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
