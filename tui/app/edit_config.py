"""Edits config.toml in the person's own editor."""

import os
from pathlib import Path
from typing import Any

from textual.app import App

from tui.app.config import load
from tui.checklist.backend.jobs import Jobs
from tui.core.failure import Failure
from tui.ui.page import READ_ONLY
from tui.ui.terminal_program import editor, in_terminal


def why_not(jobs: Jobs, *, read_only: bool) -> str:
    """Why the configuration cannot be edited now: a restart with it would interrupt a change of the hosts."""
    if read_only:
        return READ_ONLY
    return "The hosts are being changed; edit the configuration afterwards." if jobs.under_way is not None else ""


async def edited(app: App[Any], path: Path) -> bool:
    """Whether the file was changed, and is correct; Failure if it has mistakes, or no editor could be started."""
    before = _content(path)
    await in_terminal(app, [*editor(os.environ), str(path)], hint="Set $EDITOR.")
    if _content(path) == before:
        return False
    load(path)
    return True


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise Failure(f"{path} can't be read", str(error.strerror)) from error
