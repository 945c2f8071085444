"""`vmlm-tui keys`: the names of all keys, for `[keys]` of config.toml, and which of the file's cannot be used."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

import sys

from tui.app.commands.session import configured, help_of, parser_of
from tui.app.commands.stdout import printed

USAGE = "keys [--config FILE] [--help]"
ABOUT = """\
Prints each key of the app with its name and what it does. In config.toml, [keys] changes one by its name:
"launch.boot" = "B". The exit status is 1 if one of the configuration cannot be used."""


def main(verb: str, words: list[str]) -> int:
    """Print the keys; returns the exit status, raises Failure for wrong words."""
    parser = parser_of(verb, USAGE, ABOUT)
    options = parser.parse(words)
    if options.help:
        return help_of(parser)
    from tui.app.config import Missing
    from tui.app.keymap import checked, names

    try:
        found = checked(configured(options).keys)
    except Missing:
        found = checked({})
    printed(f"{id:<22} {found.kept.get(id, key):<16} {about}\n" for id, key, about in names())
    for problem in found.problems:
        print(problem, file=sys.stderr)
    return int(bool(found.problems))
