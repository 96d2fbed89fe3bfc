"""The world of a notebook, and the parts of it that a cell's run gets.

Imports point up this list.

    facts        what is known of a piece of source, and what compiled code tells of it
    magics       the code in IPython's own calls: `%time`, `%%capture`, `{name}` in `!command`
    expressions  going through expressions in the order in which they are evaluated
    reader       going through source in the order in which it runs
    syntax       what a piece of source reads, binds, and which attributes it asks for
    settings     options of libraries, random states, `sys.path` as they are now
    representing how the notebook represents objects
    open_watch   the paths that `open` is called with
    executions   the cells that this kernel has executed, and what each of them did
    edits        cells that are not any more what they were when they ran
    constants    constants in source
    importing    imports that give a name its present value
    definitions  whether a statement defines exactly the notebook's function or class
    origins      the statement that made a name, as code
    configuring  statements that configure a library
    known_calls  properties of common methods and functions, by name
    changes      the objects that source may change in place, and names that may share objects
    slices       the executions that make a name
    needs        the names that a cell needs, and how each is carried
    pickling     objects in one pickle, with the notebook's definitions by reference
    storing      data as files
    parts        code in the order in which it can run, as files
    opened_files files that earlier cells opened
    summary      the line that says what is carried
    found        what was found to be carried: its table and its record
    carrying     all of it for one cell: files, the line that says so, the record
"""
