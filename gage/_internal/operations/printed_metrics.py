"""The options of a request for metrics in printed lines, in place of those of the operation."""

from __future__ import annotations

from gage._internal.errors import OptionError
from gage._internal.metrics.expressions import expression
from gage._internal.types import OpDef

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gage._internal.types import Operation

__all__ = ["with_printed_metrics"]


def with_printed_metrics(operation: Operation, patterns: Sequence[str]) -> Operation:
    """Return an operation whose metrics are found by expressions; without any, none is found.

    Raises
    ------
    OptionError
        If an expression cannot be used.
    """
    patterns = [patterns] if isinstance(patterns, str) else list(patterns)
    for text in patterns:
        try:
            expression(text)
        except ValueError as error:
            raise OptionError(
                f"--metrics: {error}. Expected a name, such as reward, or a regular expression "
                r"with groups for name and value, such as '(\w+) is (\S+)', or with groups that "
                r"are named as the metrics, such as 'loss is (?P<loss>\S+)'"
            ) from None
    opdef = operation.opdef
    data = {**opdef.data, "output-summary": patterns or False}
    return operation.but(opdef=OpDef(opdef.name, data, opdef.src))
