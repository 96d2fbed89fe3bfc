"""The parts of gage. What users may rely on is listed in `gage` itself.

This is the map of the packages; a test compares it with the folders. A package or a module
imports only from those above it, and the modules of a package import each other without cycles.

    named           named tuples, without importing `typing`
    facade          public names of a package that are loaded when they are first used
    types           values that the others hand to each other
    text            text for people: printable, shortened, listed
    text_table      rows as lines of text: aligned, numbers to the right, no line too long
    people          sizes, times, durations, numbers, statuses as people read them
    errors          the tree of errors
    clock           timestamps, ids and names
    sha256          digests of small files, without loading OpenSSL
    atomic          files that are replaced as a whole or appended to
    quoting         names as one word of a line
    guarded         files that others wrote, opened so that they cannot do harm
    light_json      JSON of the side-car, read without importing `json`
    suggestions     near misses for a wrong name
    parallel        the same function over many files
    process         a process: which one it is, its command, its start, its end
    record          what a side-car holds: definition, logs, manifest, status
    output          what a command printed: written, recorded, read
    gage.inside     public: what a run's own program calls or is started by
    sources         which files belong to a run, and their copies
    config          values of scripts, notebooks, JSON, YAML, TOML, argparse: read and rewritten
    metrics         the numbers that a run gives back
    progress        how far a run is
    resources       what its processes use: time, memory, bytes read and written
    operations      what can be run: Gage files, targets, the line that asks for a run
    system          what is recorded of the machine: packages, platform, git
    running         from a staged run to an ended one
    store           a directory of runs: finding, listing, reading
    index           the cache for questions: rows, refresh, filter language
    whence          which run made a file, a picture, a number, a line
    compare         two or many runs side by side: what differs
    staging         from a project to a staged run
    batch           several runs at once: plan, record, supervisor
    doctor          what is wrong in a directory of runs, and mending it
    run_util        the life of a run as functions; a list, which defines nothing
    api             what users ask for: one driver, and a function for each request
    values          former name of `gage.inside.variables`, for runs recorded before 0.2.0
    notebook_program  former name of `gage.inside.notebook`, likewise
"""
