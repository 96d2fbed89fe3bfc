"""What `gage help TOPIC` says beside the help of commands: a page on each subject.

The first line of a page is its summary in the list of topics.
"""

from __future__ import annotations

__all__ = ["TOPICS", "topic_list", "topic_text"]

TOPICS = {
    "targets": """\
What can be run.

  train              an operation of the Gage file, here or in a parent
  train.py           a script: k=v sets names that it assigns, or its arguments
  -m package.module  a module, as python -m does
  study.ipynb        a notebook, in a kernel of its own
  (nothing)          the default operation of the Gage file

What comes after -- goes to the program itself: gage run train.py -- --verbose.
See what a run would be with --preview, and what a target takes with --help-op.
""",
    "values": """\
What k=v sets, and how values are read.

  lr=0.5             a number; lr=1 is 1.0 where the default is a float
  name=adam          a string needs no quotes
  fast=yes           true, yes, on, 1; false, no, off, 0
  layers=[64,32]     a list, where the default is a list
  model.lr=0.1       a value in a table, a dict or a file of configuration
  layers.0=8         an item of a list
  train.py#lr=0.1    of one of several files that have the key

A value has the type of its default. Another type is refused before anything
runs, unless the conversion loses nothing; --no-strict notes it instead.
""",
    "several": """\
Several runs from one line.

  lr=[0.1,0.01]            a run for each; lists in the line are combined
  epochs=range(1,5)        1, 2, 3, 4
  lr=uniform(0,1)          drawn, as often as --trials says
  lr=loguniform(1e-4,0.1)  the same with an even logarithm
  n=randint(1,10)          an integer, both ends included
  name=choice(a,b)         one of these
  --batch FILE             the values of a run in each row of a CSV or JSON file

--optimize minimize:METRIC searches with Optuna. --jobs N runs N at a time.
""",
    "filters": """\
Which runs are meant: WHERE.

  lr > 0.1 and status = completed      comparisons: = == != < <= > >=
  label =~ "^base"                     a regular expression
  tags contains paper                  a part of a string or a list
  model in (small, large)              one of several; not in
  since 2h                             started in the last two hours
  started > today and duration < 5min  times and durations
  not (loss < 0.3)                     and, or, not, parentheses
  min(loss) < 0.2                      last, min, max or count of a metric
  lr is missing                        there is no such value

config.lr, metric.loss and attr.data say which name is meant.
""",
    "names": """\
How a run is named: RUN.

  kafom-fikud        its name, as it is shown
  kafom              the beginning of a name or an id, if only one run has it
  1                  its position in `gage runs`: 1 is the newest
  (nothing)          the newest

`gage runs` lists them, `gage show RUN` describes one.
""",
    "places": """\
Where runs and Gage files are.

  --runs DIR         the directory of runs
  GAGE_RUNS          the same, in the environment
  $runs-dir          the same, in the Gage file
  .gage/runs         beside the Gage file, if there is one
  ~/.gage/runs       else

-C DIR works as if started in DIR. The Gage file is gage.toml, gage.yaml,
gage.yml or gage.json, in that directory or the nearest one above it.
""",
}


def topic_text(name: str) -> str | None:
    """Return the page of a topic; None if there is no such topic."""
    return TOPICS.get(name)


def topic_list() -> list[tuple[str, str]]:
    """Return each topic with its summary."""
    return [(name, text.partition("\n")[0].rstrip(".")) for name, text in TOPICS.items()]
