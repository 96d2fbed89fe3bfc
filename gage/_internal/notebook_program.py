"""The former home of `gage.inside.notebook`; runs recorded before 0.2.0 start with it."""

import sys

from gage.inside.notebook import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
