"""Not to be imported: the place of its bytecode holds what `gage.cli.import_cache` keeps.

Installers remove the bytecode of every module that they have installed, also if it was written
after the installation, but no other file. A file under another name would outlive the package, and
Python would go on finding an empty package `gage`.
"""
