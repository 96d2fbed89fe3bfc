"""The commands that ask all runs: what differs, and where something comes from."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import click

from gage._internal.api.place import home_of
from gage._internal.text import printable, shortened
from gage.cli.group import app, complete_run, completes, json_option, print_rows

if TYPE_CHECKING:
    from gage._internal.compare.comparison import Comparison

__all__: list[str] = []

_LAST = ("tags", "label", "operation")  # columns that are left out first
_STYLES = {"better": "green", "worse": "red", "cannot be told apart": "dim"}


@app.command("compare")
@click.argument("runs", nargs=-1, shell_complete=complete_run)
@click.option("--where", metavar="FILTER", help="All runs that match a filter.")
@click.option(
    "--baseline",
    metavar="RUN",
    help="Compare with a run, or with those of a filter.",
    shell_complete=completes("run"),
)
@click.option(
    "--by",
    metavar="KEYS",
    help="Groups of runs: 'lr, model', or 'all but seed'.",
    shell_complete=completes("key"),
)
@click.option(
    "--minimize",
    multiple=True,
    metavar="METRIC",
    help="Low values are better.",
    shell_complete=completes("metric"),
)
@click.option(
    "--maximize",
    multiple=True,
    metavar="METRIC",
    help="High values are better.",
    shell_complete=completes("metric"),
)
@click.option(
    "--interval",
    default="student",
    metavar="KIND",
    help="Of means: student or bootstrap.",
    shell_complete=completes("interval"),
)
@click.option("-a", "--all", "every", is_flag=True, help="All columns, not those that differ.")
@json_option
def _compare(  # noqa: PLR0913, PLR0917  # the options of the command
    runs: tuple[str, ...],
    where: str | None,
    baseline: str | None,
    by: str | None,
    minimize: tuple[str, ...],
    maximize: tuple[str, ...],
    interval: str,
    every: bool,
    as_json: bool,
) -> None:
    """Put runs side by side, or groups of them: what differs, and by how much.

    Without RUN, all runs. With a baseline, each metric has its difference. Groups have the mean of
    each metric with its 95 % interval.
    """
    from gage._internal.api.comparing import Asked, chosen_rows, compare
    from gage._internal.api.runs import nothing_found

    if runs and where:
        raise click.UsageError("expected the names of runs, or a filter (--where), and not both")
    home = home_of()
    rows = chosen_rows(home, runs or None, where)
    if not rows:
        click.echo(nothing_found(home, [where] if where else []))
        return
    found = compare(home, rows, Asked(baseline, by, minimize, maximize, every, interval))
    if as_json:
        import json

        parts = {"rows": found.rows, "shared": found.shared, "notes": found.notes}
        click.echo(json.dumps(parts, indent=2))
    else:
        _print(found)


def _print(found: Comparison) -> None:
    from gage._internal.compare.comparison_text import comparison_table, shared_text
    from gage.cli.tables import print_table

    shared = shared_text(found)
    if shared:
        click.echo(f"all: {shortened(shared, shutil.get_terminal_size().columns - 5)}")
    table = comparison_table(found)
    styles = {
        at: [_STYLES.get(change or "", "") for change in changes]
        for at, changes in table.changes.items()
    }
    whole = {0, *table.numbers}
    last = [table.headings.index(name) for name in _LAST if name in table.headings]
    print_table(
        table.headings,
        table.cells,
        styles=styles,
        numbers=table.numbers,
        whole=whole,
        first_out=last,
    )
    for note in found.notes:
        click.echo(printable(note))


@app.command("whence")
@click.argument("x", nargs=-1, required=True, type=click.Path())
@json_option
def _whence(x: tuple[str, ...], as_json: bool) -> int:
    """Say which run made a file or picture, or printed a number or a line.

    X is a file, which may have been moved, the sha256 of one, or text as it was printed. The exit
    code is 1 if that cannot be said for sure.
    """
    from gage._internal.api.whence import answer

    found = answer(" ".join(x), home_of())
    rows = [origin._asdict() for origin in found.origins]
    if rows or as_json:
        columns = ("what", "run", "operation", "place", "line", "time_us", "source")
        shown = [
            {name: row[name] for name in columns if any(r[name] for r in rows)} for row in rows
        ]
        print_rows(rows if as_json else shown, as_json)
    else:
        click.echo(printable(found.note), err=True)
    return 0 if rows else 1
