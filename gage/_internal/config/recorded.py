"""The configuration of a recorded run."""

from __future__ import annotations

from gage._internal.config.reading import read_config
from gage._internal.errors import ConfigError, PatternError
from gage._internal.record.run_meta import meta_config, meta_opcmd, meta_opdef
from gage._internal.record.working_directory import work_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gage._internal.types import Run

__all__ = ["recorded_config"]


def recorded_config(run: Run) -> dict[str, Any]:
    """Return the values of a run by key, given ones and defaults.

    Defaults that were not needed to start the run are read from its staged source.

    Raises
    ------
    MetaError
        If the side-car is damaged.
    """
    recorded = meta_config(run)
    opdef = meta_opdef(run)
    if recorded or not opdef.config:
        return recorded
    try:
        command = meta_opcmd(run).args
        return read_config(work_dir(run), opdef.config, command, arguments="tried").defaults()
    except (ConfigError, PatternError):
        return recorded  # the source is gone or has changed
