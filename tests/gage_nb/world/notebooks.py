"""Small notebooks, each with a trait that makes it hard to run one of its cells elsewhere.

A notebook is a list of cells; the last one is run in the notebook and as a run, and has to print
the same. It does not change what it prints by running twice.
"""

from __future__ import annotations

__all__ = ["NOTEBOOKS"]

NOTEBOOKS: dict[str, list[str]] = {
    "import": ["import math", "print(math.sqrt(2))"],
    "import_as": ["import os.path as p", "print(p.join('a', 'b'))"],
    "import_from": ["from math import sqrt as root, pi", "print(root(pi))"],
    "import_star": ["from math import *", "print(cos(0), pi)"],
    "import_in_try": [
        "try:\n    import missing_module as fast\nexcept ImportError:\n    import json as fast",
        "print(fast.dumps([1]))",
    ],
    "submodule_of_another_cell": [
        "import xml",
        "import xml.dom.minidom",
        "print(xml.dom.minidom.parseString('<a/>').documentElement.tagName)",
    ],
    "constants": ["n = 3\nname = 'x'\nrate = 1e-3\nsize = (2, -1)", "print(n, name, rate, size)"],
    "computed_constant": ["n = len('abc')", "print(n + 1)"],
    "rebound_constant": ["n = 1", "n = n + 1", "print(n)"],
    "plain_values": [
        "data = {'a': [1, (2, 3)], 4: {5}, 'b': b'x', 'c': 1j, 'd': float('inf')}",
        "print(data)",
    ],
    "shared_list": ["a = [1]\nb = {'a': a}", "c = a.copy(); b['a'] += [2]; print(a); a[:] = c"],
    "two_names_of_one": ["a = {'x': 1}\nb = a", "print(a is b)"],
    "function": ["def f(x):\n    return x + 1", "print(f(1))"],
    "function_and_global": ["def f():\n    return scale * 2", "scale = 3", "print(f())"],
    "global_changed_since": ["k = 1\ndef f():\n    return k", "k = 5", "print(f())"],
    "chain_of_functions": [
        "def g(x):\n    return x * factor\nfactor = 2",
        "def f(x):\n    return g(x) + 1",
        "print(f(4))",
    ],
    "default_of_then": ["n = 1\ndef f(x=n):\n    return x", "n = 2", "print(f())"],
    "default_that_grew": [
        "def f(x, seen=[]):\n    seen.append(x)\n    return len(seen)",
        "f(1); f(1)",
        "n = len(f.__defaults__[0]); print(n)",
    ],
    "lambda": ["offset = 2\nf = lambda x: x + offset", "print(f(1))"],
    "closure": [
        "def adder(n):\n    def add(x):\n        return x + n + base\n    return add\nbase = 10",
        "add = adder(1)",
        "print(add(5))",
    ],
    "decorated": [
        "import functools",
        "@functools.lru_cache\ndef fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)",
        "print(fib(30))",
    ],
    "own_decorator": [
        "def twice(f):\n    def inner(*a):\n        return f(*a) * 2\n    return inner",
        "@twice\ndef f(x):\n    return x + 1",
        "print(f(2))",
    ],
    "registry": [
        "registry = {}\ndef register(f):\n    registry[f.__name__] = f\n    return f",
        "@register\ndef f():\n    return 1",
        "print(sorted(registry), registry['f'] is f, f())",
    ],
    "function_attribute": ["def f():\n    f.calls += 1\nf.calls = 3", "print(f.calls)"],
    "redefined_function": ["def f():\n    return 1", "def f():\n    return 2", "print(f())"],
    "conditional_definition": ["if True:\n    def f():\n        return 'yes'", "print(f())"],
    "class_and_objects": [
        """
class P:
    made = 0
    def __init__(self, x):
        self.x = x
        P.made += 1
    def __repr__(self):
        return f'P({self.x})'
""",
        "points = [P(1), P(2)]",
        "print(points, P.made, isinstance(points[0], P))",
    ],
    "inheritance": [
        "class A:\n    def who(self):\n        return 'A'",
        "class B(A):\n    def who(self):\n        return 'B' + super().who()",
        "b = B()",
        "print(b.who(), isinstance(b, A))",
    ],
    "class_redefined": [
        "class A:\n    def f(self):\n        return 1\na = A()",
        "class A:\n    def f(self):\n        return 2",
        "print(a.f(), A().f(), isinstance(a, A))",
    ],
    "method_patched_in": [
        "class A:\n    pass",
        "def hello(self):\n    return 'hello ' + word\nA.hello = hello\nword = 'you'",
        "print(A().hello())",
    ],
    "dataclass": [
        "from dataclasses import dataclass, field",
        "@dataclass\nclass D:\n    x: int\n    tags: list = field(default_factory=list)",
        "d = D(1)",
        "print(d, D(2))",
    ],
    "namedtuple": [
        "from collections import namedtuple\nPoint = namedtuple('Point', 'x y')",
        "p = Point(1, 2)",
        "print(p, isinstance(p, Point))",
    ],
    "own_display": [
        """
class display:
    def __init__(self, *names):
        self.names = names
    def __repr__(self):
        return " ".join(f"{name}: {eval(name)}" for name in self.names)
""",
        "first = [1]\nsecond = [2]",
        "print(display('first', 'first + second'))",
    ],
    "evaluating_function": [
        "def run(code):\n    exec(code, globals())",
        "words = {'a': 1}",
        "run('total = len(words) + 1')\nprint(total)",
    ],
    "enum": [
        "import enum",
        "class Colour(enum.Enum):\n    RED = 1\n    BLUE = 2",
        "c = Colour.RED",
        "print(c, c is Colour.RED, list(Colour))",
    ],
    "generator": [
        "def numbers():\n    yield from range(5)",
        "g = numbers()\nnext(g)",
        "print(type(g).__name__)",
    ],
    "changed_in_place": ["a = []", "a.append(1)", "a.extend([2, 3])", "print(a)"],
    "changed_by_function": [
        "def fill(x):\n    x['n'] = 1",
        "d = {}",
        "fill(d)",
        "print(d)",
    ],
    "changed_through_alias": ["a = [1, 2]", "b = a", "b.append(3)", "print(a)"],
    "changed_global_in_function": [
        "total = []\ndef add(x):\n    total.append(x)",
        "add(1)\nadd(2)",
        "print(total)",
    ],
    "item_assigned": ["d = {}", "d['a'] = 1", "unused = 5", "print(d)"],
    "deleted_and_made_again": ["x = 1", "del x", "x = 'again'", "print(x)"],
    "loop_variable": ["for i in range(3):\n    last = i", "print(i, last)"],
    "unpacking": ["(a, *b), c = (1, 2, 3), 4", "print(a, b, c)"],
    "walrus": ["if (n := 10) > 5:\n    pass", "print(n)"],
    "with_as": ["import io\nwith io.StringIO('x') as f:\n    text = f.read()", "print(text)"],
    "global_statement": ["def f():\n    global made\n    made = 7\nf()", "print(made)"],
    "configured_library": [
        "from logging import *",
        "basicConfig(format='%(message)s', level=INFO, stream=__import__('sys').stdout)",
        "print(getLogger().getEffectiveLevel() == INFO)",
    ],
    "configured_by_attribute": [
        "import decimal\ndecimal.DefaultContext.prec = 5",
        "print(decimal.Context().prec)",
    ],
    "exec": ["exec('hidden = 3')", "print(hidden)"],
    "eval_in_cell": ["x = 4", "print(eval('x + 1'))"],
    "output_of_another_cell": ["1 + 1", "x = _ + 1", "print(x)"],
    "time_magic": ["%time x = sum(range(10))", "print(x)"],
    "capture_magic": ["%%capture out\ny = 3\nprint('hidden')", "print(y)"],
    "seeded": [
        "import random\nrandom.seed(1)",
        "state = random.getstate()",
        "random.setstate(state); print(random.random()); random.setstate(state)",
    ],
    "unseeded_in_cell": [
        "import random\nrandom.seed(7)",
        "r = random.Random(3)",
        "print(random.Random(3).random())",
    ],
    "shadowed_builtin": ["list = [1, 2]", "print(list)"],
    "comprehension_scope": ["x = 'kept'", "print([x for x in range(2)], x)"],
    "read_before_bound": ["count = 5", "total = count; count = 5; print(total)"],
    "numpy_view": [
        "import numpy as np\na = np.arange(4)\nb = a[1:3]",
        "b[0] = 9; print(a); b[0] = 1",
    ],
    "numpy_types": [
        "import numpy as np\nm = np.eye(2, dtype='float32', order='F')\no = np.array([{}, None])",
        "print(m, m.dtype, m.flags.f_contiguous, o)",
    ],
    "numpy_random": [
        "import numpy as np\nnp.random.seed(0)",
        "s = np.random.get_state()",
        "print(np.random.rand(2)); np.random.set_state(s)",
    ],
    "numpy_random_imported_in_the_cell": [
        "import numpy\nnumpy.random.seed(4); state = numpy.random.get_state()",
        "from numpy.random import *; print(rand(1)); set_state(state)",
    ],
    "numpy_printing": [
        "import numpy as np\nnp.set_printoptions(precision=2)",
        "print(np.array([1.23456]))",
    ],
    "pandas": [
        "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})",
        "df['c'] = df['a'] * 2",
        "print(df, df.dtypes)",
    ],
    "pandas_query": [
        "import pandas as pd\ndf = pd.DataFrame({'a': [1, 5]})\nlimit = 3",
        "print(df.query('a > @limit'))",
    ],
    "pandas_options": [
        "import pandas as pd\npd.set_option('display.max_rows', 4)",
        "s = pd.Series(range(50))",
        "print(s)",
    ],
    "pandas_groupby": [
        "import pandas as pd\ng = pd.DataFrame({'k': list('aab'), 'v': [1, 2, 3]}).groupby('k')",
        "print(g['v'].sum())",
    ],
}
