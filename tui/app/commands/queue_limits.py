"""The options with the limits of a queue, of the commands that start one and that change one under way."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

from argparse import ArgumentParser, Namespace

from tui.core.failure import Failure
from tui.core.quantity import parse_rate, whole


def add_limits(parser: ArgumentParser) -> None:
    """Add the options; one that is not given is None."""
    parser.add_argument("--at-once", metavar="N", help="migrations at once in all")
    parser.add_argument("--per-host", metavar="N", help="migrations at once from or to one host")
    parser.add_argument("--bandwidth", metavar="RATE", help="shared by those that run, such as 100MiB/s; 0: no limit")
    parser.add_argument("--stop-after", metavar="N", help="stop at this many failures; 0 never stops")
    for option, const, words in (("--elsewhere", True, "try"), ("--no-elsewhere", False, "do not try")):
        about = f"{words} a VM that failed on another host"
        parser.add_argument(option, dest="elsewhere", action="store_const", const=const, default=None, help=about)


def given(options: Namespace) -> dict[str, object]:
    """The limits that the options name, as the values of `Limits`; raises Failure."""
    from tui.queue.model.limits import MOST_AT_ONCE

    found: dict[str, object] = {} if options.elsewhere is None else {"elsewhere": options.elsewhere}
    for name in ("at_once", "per_host", "stop_after"):
        text = getattr(options, name)
        if text is None:
            continue
        least, number = 0 if name == "stop_after" else 1, whole(text)
        if number is None or not least <= number <= MOST_AT_ONCE:
            what = f"--{name.replace('_', '-')} {text!r} is not possible"
            raise Failure(what, f"a whole number from {least} to {MOST_AT_ONCE} is expected")
        found[name] = number
    if options.bandwidth is not None:
        try:
            found["bandwidth"] = parse_rate(options.bandwidth)
        except ValueError as error:
            raise Failure(f"--bandwidth: {error}") from error
    return found
