"""`vmlm-tui check`: prints both checklists without the app, or what keeps a VM from migrating; as text or as JSON."""

# Imports are local so that --help starts fast.
# ruff: noqa: PLC0415

import json
import signal
import sys
import textwrap
from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tui import __version__
from tui.app.arguments import Parser
from tui.app.commands.options import add_host, add_vm
from tui.app.commands.stdout import printed
from tui.checklist.model.check import FAILED, Item
from tui.checklist.model.summary import WIDEST, by_host, counts, fixable, state_words, summary_line
from tui.core.actions import without_keys
from tui.core.failure import Failure
from tui.core.plain_text import plain

if TYPE_CHECKING:
    from pathlib import Path

    from tui.app.wiring import Backend
    from tui.core.settings import Config

WIDTH = 80
JSON_FORMAT = 1  # raised when a key changes its meaning or is removed; new keys do not change it
PAGES = {"hosts": "Hosts", "nfs": "NFS"}
ABOUT = """\
Reads all hosts like the pages Hosts and NFS, and prints the results. It changes nothing, except that the check
of the shared folder writes a small file and removes it. It does not prompt for passwords.
The exit status is 1 if a check FAILED or a list could not be read, else 0; 2 if it could not start.

With VM, prints instead what keeps that VM from migrating to the other host, with the commands that mend it on the
VM's host, and what they cost. It changes nothing. The exit status is 1 if it is blocked, else 0."""
Lists = Mapping[str, tuple[Item, ...]]


def main(words: list[str]) -> int:
    """Read both lists and print them; returns the exit status, raises Failure if it cannot start."""
    parser = Parser(
        "vmlm-tui check --help", prog="vmlm-tui check",
        usage="vmlm-tui check [VM] [--to HOST] [--json] [--config FILE] [--help]", description=ABOUT,
    )  # fmt: skip
    add_vm(parser)
    add_host(parser, "fail unless the VM can be checked for a migration to it")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text; its `format` is 1")
    options = parser.parse(words, intermixed=True)
    if options.to and options.vm is None:
        parser.error("--to needs a VM")
    if options.help:
        return _print(parser.format_help())
    from tui.app.config import find, load

    path = find(options.config)
    config = load(path)
    if options.vm is not None:
        return _check_vm(config, path, options)
    if sys.stderr.isatty():
        _report(f"Reading {', '.join(host.name for host in config.machines)} ...")
    try:
        lists, problems, wanted = _read_lists(config, path)
    except KeyboardInterrupt:
        _report("Interrupted; nothing was changed.")
        return 128 + signal.SIGINT
    for problem in problems:
        _report(problem)
    for host in wanted:
        _report(f"sudo on {host} requires a password, so some checks are unknown. `vmlm-tui` prompts for it.")
    addresses = {host.name: host.ssh for host in config.machines}
    document = as_json(lists, problems, wanted) if options.json else as_text(lists, addresses)
    unread = _print(document)
    failed = any(item.state == FAILED for items in lists.values() for item in items)
    return unread or int(failed or bool(problems))


def _check_vm(config: "Config", path: "Path", options: Namespace) -> int:
    """Print the findings of one VM; returns the exit status."""
    import asyncio

    from tui.app.check_vm import as_json, as_text, findings_of
    from tui.app.wiring import wire
    from tui.core import log
    from tui.core.settings import state_folder

    with log.stderr_redirected(log.start(state_folder() / log.NAME)):
        way, found = asyncio.run(findings_of(wire(config, path).launch, options.vm, options.to or ""))
    text = as_json(options.vm, way, found) if options.json else as_text(options.vm, way, found, WIDTH)
    return _print(text) or int(any(each.blocks for each in found))


def _read_lists(config: "Config", path: "Path") -> tuple[Lists, list[str], list[str]]:
    """The lists, the failures to read them, and the hosts on which sudo requires a password."""
    import asyncio

    from tui.app.wiring import wire
    from tui.core import log
    from tui.core.settings import state_folder

    with log.stderr_redirected(log.start(state_folder() / log.NAME)):
        backend = wire(config, path)
        problems = asyncio.run(_refresh(backend))
    lists = {"hosts": backend.hosts.checklist.items, "nfs": backend.nfs.checklist.items}
    return lists, problems, list(backend.hosts.sudo.wanted)


async def _refresh(backend: "Backend") -> list[str]:
    """Refresh both lists concurrently; returns the failures as sentences."""
    import asyncio

    refreshes = (backend.hosts.checklist.refresh_fully(), backend.nfs.checklist.refresh_fully())
    results = await asyncio.gather(*refreshes, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Failure):
            raise result
    return list(dict.fromkeys(without_keys(str(result)) for result in results if isinstance(result, Failure)))


def as_text(lists: Lists, addresses: Mapping[str, str]) -> str:
    """The lists in 80 columns: the state of each check, with details unless it is ok."""
    lines: list[str] = []
    for name, items in lists.items():
        lines += [PAGES[name], *_list_lines(items, addresses), f"{summary_line(items)}.", ""]
    can = [item for items in lists.values() for item in fixable(items)]
    if can:
        lines.append(f"vmlm-tui can fix {len(can)} of these now, on its pages Hosts and NFS.")
    return "\n".join(lines).rstrip("\n") + "\n"


def _list_lines(items: tuple[Item, ...], addresses: Mapping[str, str]) -> Iterator[str]:
    host = ""
    for item in by_host(items, addresses):
        if item.host != host:
            host = item.host
            yield f"  {host}  {addresses[host]}"
        yield from _wrapped(f"    {state_words(item):<{WIDEST}}  ", item.title)
        finding = item.finding
        if finding is None or finding.state in ("ok", "not needed"):
            continue
        for label, text in (("found", finding.found), ("wanted", finding.wanted), ("try", finding.hint)):
            if text:
                yield from _wrapped(f"{'':{WIDEST + 6}}{label:<8}", text)


def _wrapped(label: str, text: str) -> list[str]:
    words = " ".join(plain(without_keys(text)).split())
    return textwrap.wrap(
        words, WIDTH, initial_indent=label, subsequent_indent=" " * len(label), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def as_json(lists: Lists, problems: list[str], wanted: list[str]) -> str:
    """The lists as one JSON object, with unwrapped texts."""
    document = {
        "format": JSON_FORMAT,
        "version": __version__,
        "counts": counts(item for items in lists.values() for item in items),
        "lists": {name: [_fields(item) for item in items] for name, items in lists.items()},
        "passwords_wanted": wanted,
        "problems": problems,
    }
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"


def _fields(item: Item) -> dict[str, Any]:
    finding = item.finding
    return {
        "id": item.id,
        "host": item.host,
        "title": item.title,
        "why": item.why,
        "state": item.state,
        "found": finding.found if finding else "",
        "wanted": finding.wanted if finding else "",
        "hint": without_keys(finding.hint) if finding else "",
        "detail": finding.detail if finding else "",
        "fix": [{"host": action.host, "text": action.text} for action in item.change.actions] if item.change else [],
        "why_not": without_keys(item.why_not),
    }


def _print(text: str) -> int:
    """Print the text; returns the exit status, which is not 0 if the reader closed the pipe."""
    try:
        printed([text])
    except BrokenPipeError:
        return 128 + signal.SIGPIPE
    return 0


def _report(sentence: str) -> None:
    print(f"vmlm-tui check: {sentence}", file=sys.stderr, flush=True)
