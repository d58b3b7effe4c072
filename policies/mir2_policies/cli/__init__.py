"""The `mir2` command: one module a subcommand, each with `SUMMARY`, `add_arguments` and `run`.

What needs the learning libraries is imported where it runs, so that no command waits for another's.
"""
