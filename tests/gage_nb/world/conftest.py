"""A shell in a project."""

from __future__ import annotations

import decimal
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests.shells import running_shell


@pytest.fixture
def shell(project: Path, runs_home: Path, _options_as_before: None) -> Iterator[InteractiveShell]:
    with running_shell() as shell:
        yield shell


@pytest.fixture
def _options_as_before() -> Iterator[None]:
    """What a notebook sets in this process does not reach the next."""
    root, level, precision = logging.getLogger(), logging.getLogger().level, 28
    handlers = list(root.handlers)
    with np.printoptions(), pd.option_context("display.max_rows", 60):
        yield
    root.handlers[:] = handlers
    root.setLevel(level)
    decimal.DefaultContext.prec = precision
