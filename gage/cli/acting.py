"""The commands that act on a run or a batch: start, stop, attach, wait."""

from __future__ import annotations

import click

from gage._internal.api import runs as requests
from gage._internal.api.place import home_of
from gage.cli.group import app, batch_called, run_argument, say_batch, say_status
from gage.cli.run import exit_code_of, follow_run

__all__: list[str] = []


@app.command("start")
@run_argument
@click.option("--force", is_flag=True, help="Also if its files were changed since it was staged.")
def _start(run: str | None, force: bool) -> None:
    """Start a staged run."""
    recorded = requests.find(run)
    recorded.start(force=force)
    click.echo(f"Started {recorded.name}. Watch it with: gage attach {recorded.name}", err=True)


@app.command("stop")
@run_argument
@click.option("--grace", default=5.0, show_default=True, help="Seconds between the signals.")
def _stop(run: str | None, grace: float) -> None:
    """Stop a run or a batch.

    All its processes get SIGINT, then SIGTERM, then SIGKILL. Default: the newest run that is
    running.
    """
    batch = batch_called(run)
    if batch is not None:
        batch.stop(grace_s=grace)
        say_batch(batch)
        return
    recorded = requests.find_to_stop(home_of(), run)
    say_status(recorded, recorded.stop(grace_s=grace))


@app.command("attach")
@run_argument
def _attach(run: str | None) -> int:
    """Show a run's output from its start until it has ended; Ctrl-C leaves it running."""
    batch = batch_called(run)
    if batch is not None:
        from gage.cli.batch import follow_batch

        follow_batch(batch)
        return say_batch(batch)
    recorded = requests.find(run)
    status = follow_run(recorded)
    say_status(recorded, status)
    return exit_code_of(status.exit_code)


@app.command("wait")
@run_argument
@click.option("--timeout", type=float, help="Seconds after which to give up, with exit code 124.")
def _wait(run: str | None, timeout: float | None) -> int:
    """Wait until a run has ended; the exit code is the run's."""
    batch = batch_called(run)
    if batch is not None:
        return say_batch(batch) if batch.wait(timeout) else 124
    recorded = requests.find(run)
    status = recorded.wait(timeout)
    say_status(recorded, status)
    return 124 if status.name == "running" else exit_code_of(status.exit_code)
