"""The commands of `%gage`: the name, the usage and the help of each.

Their functions are in `commands`, which loads pandas.
"""

from __future__ import annotations

from typing import NamedTuple

from gage._internal.operations.help_topics import TOPICS

__all__ = ["BATCH_TYPES", "COMMANDS", "Command", "command_name", "help_text"]

# By name: their modules are loaded when somebody asks for several runs.
BATCH_TYPES = ("gage._internal.batch.batch.Batch", "gage_nb.batch_display.NotebookBatch")


class Command(NamedTuple):
    """A command of `%gage`: its usage, and its help."""

    usage: str
    about: str


def command_name(name: str) -> str:
    """Return the command that a name means: `list` and `ls` are `runs`."""
    return _OTHER_NAMES.get(name, name)


def help_text() -> str:
    """Return what `%gage help` prints."""
    width = max(len(command.usage) for command in COMMANDS.values())
    return "\n".join(
        [
            "%gage COMMAND [RUN]: show runs and act on them.",
            "",
            "A RUN is named by its name, its id, a prefix of either, its position in",
            "`%gage runs` (1 is the newest), or a variable that holds it (--as). Default: the",
            "newest.",
            "",
            "    -C DIR       work as if started in this directory",
            "    --runs DIR   the directory of runs to use",
            "",
            *(f"    %gage {item.usage:<{width}}  {item.about}" for item in COMMANDS.values()),
            "",
            f"%gage help TOPIC: {', '.join(TOPICS)}",
        ]
    )


_OTHER_NAMES = {"list": "runs", "ls": "runs"}
COMMANDS = {
    "runs": Command("runs [FILTER]", "every run, the newest first (DataFrame)"),
    "batches": Command("batches", "every batch, the newest first (DataFrame)"),
    "show": Command("show [RUN]", "what happened to a run"),
    "meta": Command("meta [RUN]", "everything recorded about it (DataFrame)"),
    "files": Command("files [RUN]", "the log of its files (DataFrame)"),
    "manifest": Command("manifest [RUN]", "its files with sha256 (DataFrame)"),
    "output": Command("output [RUN]", "what it printed (DataFrame)"),
    "metrics": Command("metrics [RUN ...]", "its metrics (DataFrame)"),
    "resources": Command("resources [RUN]", "the time, memory, ... it used (DataFrame)"),
    "attach": Command("attach [RUN]", "watch it live, from its start"),
    "start": Command("start [RUN] [--force]", "start a staged run and watch it"),
    "wait": Command("wait [RUN]", "wait until it has ended"),
    "stop": Command("stop [RUN]", "stop it (default: the newest that is running)"),
    "verify": Command("verify [RUN]", "what differs from its manifest (DataFrame)"),
    "compare": Command(
        "compare [RUN ...]", "runs side by side; --baseline RUN, --by KEYS (DataFrame)"
    ),
    "plot": Command("plot [RUN ...]", "a picture of runs; --metric NAME, --x KEY, --by KEYS"),
    "diff": Command("diff A B", "what differs between two runs"),
    "timeline": Command("timeline [RUN] [--plot]", "what happened when (DataFrame, or a picture)"),
    "whence": Command(
        "whence X", "the run that made a file, printed a number or a line (DataFrame)"
    ),
    "label": Command("label RUN [TEXT]", "give it a label, or remove it"),
    "tag": Command("tag RUN [-]TAG ...", "add tags, or remove some"),
    "comment": Command("comment RUN TEXT", "add a comment"),
    "delete": Command("delete RUN ...", "move runs to the trash"),
    "restore": Command("restore [RUN ...]", "bring deleted runs back"),
    "purge": Command("purge RUN ...", "remove deleted runs for good"),
    "doctor": Command("doctor [--repair]", "what is damaged or left over (DataFrame)"),
    "du": Command("du", "the room that runs take on the disk (DataFrame)"),
    "ops": Command("ops", "what can be run here (DataFrame)"),
}
