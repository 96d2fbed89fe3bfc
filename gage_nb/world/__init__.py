"""The world of a notebook, and what of it a cell's run is given.

Imports point up this list.

    facts        what is known of a piece of source, and what compiled code tells of it
    magics       the code in IPython's own calls: `%time`, `%%capture`, `{name}` in `!command`
    expressions  going through expressions in the order in which they are evaluated
    reader       going through source in the order in which it runs
    syntax       what a piece of source reads, binds, and which attributes it asks for
    settings     options of libraries, random states, `sys.path` as they are now
    representing how the notebook represents objects
    executions   the cells that this kernel has executed, and what each of them did
    edits        cells that are not any more what they were when they ran
    constants    constants in source
    importing    imports that give a name what it has
    definitions  whether a statement defines exactly what the notebook has
    origins      which statement made a name, and that statement as code
    configuring  statements that configure a library
    known_calls  what is known of common methods and functions by their names
    changes      what a piece of source may change in place, and what may be the same object
    slices       the executions that make a name, run from nothing
    needs        the names that a cell needs, and how each is carried
    pickling     objects in one pickle, what the notebook defines by reference
    storing      data as files
    parts        code in the order in which it can run, as files
    opened_files files that earlier cells opened
    summary      the line that says what is carried
    found        what was found to be carried: its table and its record
    carrying     all of it for one cell: files, the line that says so, the record
"""
