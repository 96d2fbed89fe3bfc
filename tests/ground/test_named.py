"""Named tuples declared as `typing` has them."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from gage._internal.named import NamedTuple, declare


class Point(NamedTuple):
    """A place on paper."""

    x: int
    y: int = 2

    @property
    def total(self) -> int:
        """Both together."""
        return self.x + self.y


def test_declared_tuple_is_a_named_tuple() -> None:
    point = Point(1)

    assert point == (1, 2)
    assert (point.x, point.total) == (1, 3)
    assert point._replace(x=5) == Point(5, 2)
    assert repr(point) == "Point(x=1, y=2)"
    assert Point.__doc__ == "A place on paper."
    assert Point._fields == ("x", "y")


def test_declared_tuple_survives_pickling() -> None:
    again = pickle.loads(pickle.dumps(Point(1, 5)))

    assert type(again) is Point
    assert again == Point(1, 5)


def test_field_without_a_default_after_one_with_a_default_is_refused() -> None:
    code = (
        "from __future__ import annotations\n"
        "from gage._internal.named import NamedTuple\n"
        "class Wrong(NamedTuple):\n    a: int = 1\n    b: int\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "Wrong: a field without a default follows one with a default" in done.stderr


@pytest.mark.parametrize("module", ["typing", "re", "inspect"])
def test_declaring_imports_nothing_heavy(module: str) -> None:
    code = f"import sys; import gage._internal.types; print({module!r} in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("values", "named", "message"),
    [
        ((), {}, "needs a value for x"),
        ((1, 2, 3), {}, "takes 2 values, 3 were given"),
        ((1,), {"x": 2}, "x is given twice"),
        ((1,), {"z": 2}, "z is none of x, y"),
    ],
)
def test_wrong_values_are_named(
    values: tuple[int, ...], named: dict[str, int], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        Point(*values, **named)


def test_unknown_field_cannot_be_replaced() -> None:
    with pytest.raises(TypeError, match="z is none of x, y"):
        Point(1)._replace(z=2)  # type: ignore[call-arg]


def test_declared_class_has_defaults_and_no_dictionary() -> None:
    made = declare("Made", {"a": 1, "b": ()}, __name__, "Two values.")

    assert made() == (1, ())
    assert made(b=3)._asdict() == {"a": 1, "b": 3}
    assert made.__doc__ == "Two values."
    assert not hasattr(made(), "__dict__")
