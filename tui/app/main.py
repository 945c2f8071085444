"""The command line: `vmlm-tui [--config FILE]` opens the app; `vmlm-tui lab` and `vmlm-tui check` have their own."""

# Each import stands where it is needed: --version does not wait for Textual, nor the first paint for the lab.
# ruff: noqa: PLC0415

import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui import __version__
from tui.app.process_priority import raise_priority
from tui.core.failure import Failure

if TYPE_CHECKING:
    import argparse

    from tui.app.app import VmlmApp
    from tui.core.settings import Config

WRONG = 2  # exit status of whatever is said before the app starts
PRIORITY = -10
SETTLED_S = 5.0  # then the first page stands, and what it is made of stays

# Read by Textual when it is imported; what the user has set stays.
TEXTUAL = {
    "TEXTUAL_ANIMATIONS": "none",  # they repaint, and say nothing
    "TEXTUAL_SMOOTH_SCROLL": "0",  # else some terminals report every pixel that the mouse passes
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["lab"]:
        return _lab(words[1:])
    try:
        if words[:1] == ["check"]:
            from tui.app.check import main as check

            return check(words[1:])
        return _app(_options(words))
    except Failure as failure:
        from tui.app.config import Misconfigured

        lines = failure.detail.splitlines() if isinstance(failure, Misconfigured) else [str(failure)]
        for line in lines:
            print(f"vmlm-tui: {line}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:  # before the app has the terminal, and Ctrl+C for itself
        return 128 + signal.SIGINT


def _lab(words: list[str]) -> int:
    from tui.lab.cli import main as lab

    try:
        return lab(words)
    except KeyboardInterrupt:
        print("\nvmlm-tui lab: Interrupted. The same command goes on, `vmlm-tui lab down` clears up.", file=sys.stderr)
        return 128 + signal.SIGINT


def _options(words: list[str]) -> "argparse.Namespace":
    from tui.app.arguments import Parser

    parser = Parser(
        "vmlm-tui --help",
        prog="vmlm-tui",
        usage="vmlm-tui [--config FILE] [--version] [--help]\n       vmlm-tui check [--help] ...\n"
        "       vmlm-tui lab [--help] ...",
        description="Live-migrate virtual machines between KVM hosts, and see what happens while they move.",
        epilog="`vmlm-tui check` prints whether the hosts are ready, without the app. "
        "`vmlm-tui lab` makes a lab of two hosts and a VM on this machine (as root) and opens the app in it.",
    )
    parser.add_argument("--version", action="store_true", help="print the version, and nothing else")
    options = parser.parsed(words)
    options.text = parser.format_help() if options.help else f"vmlm-tui {__version__}\n" if options.version else ""
    return options


def _app(options: "argparse.Namespace") -> int:
    if options.text:
        sys.stdout.write(options.text)
        return 0
    config, path = _configuration(options.config)
    _need_a_terminal()
    for name, value in TEXTUAL.items():
        os.environ.setdefault(name, value)
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    raise_priority(PRIORITY)
    try:
        wants_lab, status = _shown(config, path)
    finally:
        raise_priority(usual)  # the lab's guests would inherit it, and the shell behind the app is of the same session
    return _lab([]) if wants_lab else status


def _configuration(given: str | None) -> "tuple[Config | None, Path]":
    """The configuration and its place; None where nobody named one and none is at the usual place."""
    from tui.app.config import Missing, find, load

    path = find(given)
    try:
        return load(path), path
    except Missing:
        if given or os.environ.get("VMLM_CONFIG"):
            raise
        return None, path


def _need_a_terminal() -> None:
    for name, stream in (("input", sys.stdin), ("output", sys.stdout), ("error output", sys.stderr)):
        if stream is None or not stream.isatty():
            raise Failure(f"The standard {name} is not a terminal", hint="vmlm-tui needs one to show itself.")


def _shown(config: "Config | None", path: Path) -> tuple[bool, int]:
    """Run the app; whether the lab was asked for on the first page, and the exit status."""
    from tui.core import log
    from tui.core.settings import state_folder

    own_log = state_folder() / log.NAME
    descriptor = log.start(own_log)
    with log.stderr_redirected(descriptor):
        import asyncio

        from tui.app.app import LAB, VmlmApp
        from tui.app.wiring import wire

        app = VmlmApp(config, path, wire=wire)
        try:
            asyncio.run(_until_the_end(app))
            status = app.return_code or 0
        except Exception:  # noqa: BLE001  # whatever it is belongs in the log, and the terminal to the user
            log.log.exception("The app ended by an exception")
            status = app.return_code or 1
    if status == 1:  # Textual's own: something was raised
        print(f"vmlm-tui: It ended by a mistake of its own; {own_log} says which. Migrations go on.", file=sys.stderr)
    return app.return_value == LAB, status


async def _until_the_end(app: "VmlmApp") -> None:
    """The app, which a signal ends like q: a migration goes on, and the terminal is left as it was."""
    import asyncio

    loop = asyncio.get_running_loop()
    # A full collection goes through all that was imported: 80 ms, and 400 ms on a busy machine, that p would wait.
    gc.set_threshold(10_000, 20, 50)
    loop.call_later(SETTLED_S, gc.freeze)

    def end(number: int) -> None:
        loop.remove_signal_handler(number)  # the second one ends it at once
        app.exit(return_code=128 + number)

    for number in (signal.SIGHUP, signal.SIGTERM):
        loop.add_signal_handler(number, end, number)
    await app.run_async()


if __name__ == "__main__":
    sys.exit(main())
