"""What gage costs: `python -m tests.benchmarks` prints one table of every case.

Each module of this package holds a family of cases and offers

    def cases(workspace: Path) -> list[Case]:

which prepares what the cases need below `workspace`, an empty directory of its own, and returns
them. `tests.benchmarks.case` says what a case is; `tests.benchmarks.__main__` measures.
"""
