"""`vmlm-tui demo`: replays a recorded migration. It needs no host, no configuration, no libvirt and no root."""

# Imports are local so that a wrong word and --help are fast.
# ruff: noqa: PLC0415

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tui.app.commands.session import help_of, parser_of

if TYPE_CHECKING:
    from tui.app.screens.demo import DemoApp

ABOUT = """\
Replays the recording of a migration on the picture of the Migrate page: a VM whose workload writes faster than the link
sends, until a key switches it to post-copy. It comes with the program. No host is contacted, and nothing is written
except a log in a temporary folder, which is removed at the end.
The exit status is 0, or 2 if it could not start."""


def main(verb: str, words: list[str]) -> int:
    """Replay the recording; returns the exit status, raises Failure without a terminal."""
    parser = parser_of(verb, "demo [--help]", ABOUT, configured=False)
    if parser.parse(words).help:
        return help_of(parser)
    from tui.app import terminal
    from tui.core import log

    terminal.require_terminal()

    def create() -> "DemoApp":
        from tui.app.screens.demo import DemoApp

        return DemoApp()

    folder = Path(tempfile.mkdtemp(prefix="vmlm-tui-demo-"))
    status = 1
    try:
        _, status = terminal.run(create, folder / log.NAME)
    finally:
        if status != 1:  # the sentence on a crash names the log
            shutil.rmtree(folder)
    return status
