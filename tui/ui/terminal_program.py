"""Runs a program in the terminal in place of the app: suspends the screen, and resumes it afterwards."""

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import App, SuspendNotSupported

from tui.core.failure import Failure

EDITOR = "vi"  # POSIX has it


def editor(environ: Mapping[str, str]) -> list[str]:
    """The words of the person's editor: $VISUAL, else $EDITOR, else vi."""
    return shlex.split(environ.get("VISUAL") or environ.get("EDITOR") or EDITOR)


async def in_terminal(app: App[Any], argv: Sequence[str], heading: str = "", hint: str = "") -> None:
    """Run `argv` to its end; Failure if it could not run, or ended with an error. The event loop goes on meanwhile.

    `heading` is written above its output; `hint` is what to try if the program is missing.
    """
    failure: Failure | None = None
    try:
        with app.batch_update(), app.suspend():
            failure = await _run(argv, heading, hint)  # returns it: after an exception Textual would not resume
    except SuspendNotSupported as error:
        raise Failure(f"{argv[0]} can't be shown here", "Textual can't suspend itself in this terminal") from error
    if failure is not None:
        raise failure


async def _run(argv: Sequence[str], heading: str, hint: str) -> Failure | None:
    if heading:
        print(f"\033[2J\033[H{heading}\n", flush=True)
    try:
        process = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.PIPE)
    except OSError as error:
        return Failure(f"{argv[0]} can't be started", str(error.strerror), hint)
    _, stderr = await process.communicate()
    if process.returncode:
        lines = stderr.decode(errors="replace").strip().splitlines() or [f"it exited with status {process.returncode}"]
        return Failure(f"{argv[0]} ended with an error", lines[0].removeprefix("error: "), detail="\n".join(lines))
    return None
