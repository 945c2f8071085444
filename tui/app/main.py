"""The command line: `vmlm-tui [--config FILE]` opens the app; the commands and `vmlm-tui lab` parse their own words."""

# Imports are local so that --version does not load Textual, and the first paint does not load the lab.
# ruff: noqa: PLC0415

import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui import __version__
from tui.app import commands
from tui.core.failure import Failure

if TYPE_CHECKING:
    import argparse

    from tui.app.app import VmlmApp
    from tui.core.settings import Config

CANNOT_START = commands.CANNOT_START
SETTLED_S = 5.0  # by then the first page is complete, and its objects are permanent

USAGE = (
    "vmlm-tui [--config FILE] [--version] [--help]",
    "vmlm-tui check [VM] [--help] ...",
    *commands.USAGE.splitlines(),
    "vmlm-tui lab [--help] ...",
)

# Textual reads these when it is imported; values of the user take precedence.
TEXTUAL = {
    "TEXTUAL_ANIMATIONS": "none",  # they repaint without any information
    "TEXTUAL_SMOOTH_SCROLL": "0",  # otherwise some terminals report each pixel of a mouse movement
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["lab"]:
        return _lab(words[1:])
    if words == ["runner"]:
        from tui.app.runner import main as runner

        return runner()
    try:
        if words and words[0] in commands.MODULES:
            return commands.run(words[0], words[1:])
        if words[:1] == ["check"]:
            from tui.app.check import main as check

            return check(words[1:])
        return _app(_options(words))
    except Failure as failure:
        for line in commands.sentences(failure):
            print(f"vmlm-tui: {line}", file=sys.stderr)
        return CANNOT_START
    except KeyboardInterrupt:  # before the app handles Ctrl+C itself
        return 128 + signal.SIGINT


def _lab(words: list[str]) -> int:
    from tui.lab.cli import main as lab

    try:
        return lab(words)
    except KeyboardInterrupt:
        hint = "The same command continues; `vmlm-tui lab down` removes the lab."
        print(f"\nvmlm-tui lab: Interrupted. {hint}", file=sys.stderr)
        return 128 + signal.SIGINT


def _options(words: list[str]) -> "argparse.Namespace":
    from tui.app.arguments import Parser

    parser = Parser(
        "vmlm-tui --help",
        prog="vmlm-tui",
        usage="\n       ".join(USAGE),
        description="Live-migrate virtual machines between KVM hosts, and see what happens while they move.",
        epilog="`vmlm-tui check` prints whether the hosts are ready, with VM what keeps that VM from migrating. "
        "`vmlm-tui migrate` and the commands below it "
        "migrate VMs without the app; COMMAND --help explains each. "
        "`vmlm-tui lab` creates a lab of two hosts and a VM on this machine (as root) and opens the app in it.",
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    options = parser.parse(words)
    options.text = parser.format_help() if options.help else f"vmlm-tui {__version__}\n" if options.version else ""
    return options


def _app(options: "argparse.Namespace") -> int:
    if options.text:
        sys.stdout.write(options.text)
        return 0
    config, path = _configuration(options.config)
    _require_terminal()
    for name, value in TEXTUAL.items():
        os.environ.setdefault(name, value)
    from tui.app.process_priority import PRIORITY, set_priority

    original = os.getpriority(os.PRIO_PROCESS, 0)
    set_priority(PRIORITY)
    try:
        lab_chosen, status = _run_app(config, path)
    finally:
        set_priority(original)  # the lab's guests would inherit it, and the user's shell shares the session
    return _lab([]) if lab_chosen else status


def _configuration(given: str | None) -> "tuple[Config | None, Path]":
    """The configuration and its path; None if no path was given and the default file does not exist."""
    from tui.app.config import Missing, find, load

    path = find(given)
    try:
        return load(path), path
    except Missing:
        if given or os.environ.get("VMLM_CONFIG"):
            raise
        return None, path


def _require_terminal() -> None:
    for name, stream in (("input", sys.stdin), ("output", sys.stdout), ("error output", sys.stderr)):
        if stream is None or not stream.isatty():
            raise Failure(f"The standard {name} is not a terminal", hint="Run vmlm-tui in a terminal.")


def _run_app(config: "Config | None", path: Path) -> tuple[bool, int]:
    """Run the app; returns whether the user chose the lab on the first page, and the exit status."""
    from tui.core import log
    from tui.core.settings import state_folder

    own_log = state_folder() / log.NAME
    descriptor = log.start(own_log)
    with log.stderr_redirected(descriptor):
        import asyncio

        from tui.app.app import LAB, VmlmApp
        from tui.app.wiring import wire
        from tui.runner.process import ended_by_logout

        app = VmlmApp(config, path, wire=wire, ended_by_logout=ended_by_logout)
        try:
            asyncio.run(_run_until_exit(app))
            status = app.return_code or 0
        except Exception:  # noqa: BLE001  # a traceback belongs in the log, not on the terminal
            log.log.exception("The app crashed")
            status = app.return_code or 1
    if status == 1:  # Textual's status after an exception
        print(f"vmlm-tui: The app crashed; {own_log} has the error. Migrations continue.", file=sys.stderr)
    return app.return_value == LAB, status


async def _run_until_exit(app: "VmlmApp") -> None:
    """Run the app; SIGHUP and SIGTERM quit it like q, so migrations continue and the terminal is restored."""
    import asyncio

    loop = asyncio.get_running_loop()
    # A full garbage collection of all imports takes 80 ms, 400 ms on a busy machine, and would delay the p key.
    gc.set_threshold(10_000, 20, 50)
    loop.call_later(SETTLED_S, gc.freeze)

    def end(number: int) -> None:
        loop.remove_signal_handler(number)  # a second signal kills the process
        app.exit(return_code=128 + number)

    for number in (signal.SIGHUP, signal.SIGTERM):
        loop.add_signal_handler(number, end, number)
    await app.run_async()


if __name__ == "__main__":
    sys.exit(main())
