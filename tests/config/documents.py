"""Files of each format with one value, and a new value in its place."""

from __future__ import annotations

from typing import Any

from gage._internal.config.document import Document, apply_edits, edits_for

PYTHON = """\
#!/usr/bin/env python
# -*- coding: utf-8 -*-
'''A script.'''\r
import os
first=1;value = {0}  # the value
after : str = 'x' ; last = [1,
    2]  # two
def f(): return value
"""


JSON = """\
// comment
{{ "first": 1, /* inner */ "value" : {0} ,\r
  "last": [1,
    2]}}
"""


TOML = """\
# comment
first = 1 # one
value = {0} # the value\r
last = [ 1, # one
  2 ]
[table]
x = 'y'
"""


YAML = """\
# comment
first: 1   # one
value: {0}   # the value
last:
  - 1   # one
  - 2
"""


YAML_FLOW = "{{first: 1, value: {0}, last: [1, 2]}}  # flow\n"


def set_value(document: Document, value: Any, key: str = "value") -> str:
    edits = edits_for(document, document.roots[key], value)
    return apply_edits(document.text, sorted(edits))
