"""The options that several commands on one migration have."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui.core.failure import Failure
from tui.core.schema import plain
from tui.migration.model import entry
from tui.migration.model.entry import Entry

if TYPE_CHECKING:
    from tui.app.arguments import Parser
    from tui.core.settings import Config

Read = Callable[[Entry, str], Any]

NUMBERS: dict[str, tuple[str, Read, Entry]] = {  # by the field of a plan: its option, and how that is read
    "timeout_s": ("timeout", Entry.read, entry.TIMEOUT),
    "downtime_ms": ("downtime", Entry.read_whole, entry.DOWNTIME),
    "bandwidth_mib_s": ("bandwidth", Entry.read_whole, entry.BANDWIDTH),
    "total_s": ("total", Entry.read, entry.TOTAL),
    "parallel": ("parallel", Entry.read_whole, entry.PARALLEL),
}


def add_vm(parser: "Parser") -> None:
    """Add the name of the VM."""
    parser.add_argument("vm", nargs="?", metavar="VM", help="the name that libvirt has for it")


def add_host(parser: "Parser", does: str) -> None:
    """Add the host that `does` something."""
    parser.add_argument("--to", metavar="HOST", help=f"{does}; not needed where it can only be one")


def target_host(options: argparse.Namespace, config: "Config") -> str:
    """The host given with --to, "" if none is; Failure if the configuration has no such hypervisor."""
    to = options.to or ""
    if to and to not in config.hypervisors:
        raise Failure(f"--to {plain(to)}: there is no such host", "", f"The hosts are {', '.join(config.hypervisors)}.")
    return to


def add_limits(parser: "Parser") -> None:
    """Add the limits of a migration."""
    parser.add_argument("--downtime", metavar="TIME", help="the VM may be paused for it, such as 300ms")
    parser.add_argument("--bandwidth", metavar="RATE", help="at most, such as 100MiB/s; 0 means no limit")


def numbers(options: argparse.Namespace) -> dict[str, Any]:
    """The given numbers by the fields of a plan; Failure with the sentence of the form if it would refuse one."""
    found = {}
    for name, (option, read, kind) in NUMBERS.items():
        text = getattr(options, option, None)
        if text is not None:
            found[name] = _number(read, kind, text)
    return found


def _number(read: Read, kind: Entry, text: str) -> Any:
    try:
        return read(kind, text)
    except ValueError as error:
        raise Failure(str(error)) from error
