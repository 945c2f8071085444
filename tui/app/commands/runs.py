"""`vmlm-tui runs`: the recorded runs."""

import sys
from importlib import import_module

from tui.core.failure import Failure

MODULES = {"import": "runs_import"}  # by the word after `runs` the module that has its `main(words)`
USAGE = """\
usage: vmlm-tui runs import FILE... [--help]
"""


def main(_verb: str, words: list[str]) -> int:
    """Run the command that the first word names; returns the exit status, raises Failure for wrong words."""
    if words[:1] in (["-h"], ["--help"]):
        sys.stdout.write(USAGE)
        return 0
    if not words or words[0] not in MODULES:
        known = ", ".join(MODULES)
        raise Failure(f"`runs` has no command {words[0]!r}" if words else "No command is given", f"there is {known}")
    status: int = import_module(f"tui.app.commands.{MODULES[words[0]]}").main(words[1:])
    return status
