"""`python -m gage`: the command line."""

from gage.cli import main

if __name__ == "__main__":
    main()
