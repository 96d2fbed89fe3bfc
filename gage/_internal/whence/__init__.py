"""Where something comes from: the run that made a file, a picture, a number or a line of text."""
