"""`vmlm-tui check`: both checklists without the pages, as text for a person or as JSON for a program."""

# --help waits for nothing that only a look needs.
# ruff: noqa: PLC0415

import json
import signal
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tui import __version__
from tui.app.arguments import Parser
from tui.checklist.model.check import FAILED, Item
from tui.checklist.model.summary import WIDEST, by_host, counts, fixable, state_words, summary_line
from tui.checklist.model.transcript import plain
from tui.core.actions import in_words
from tui.core.failure import Failure

if TYPE_CHECKING:
    from tui.app.backend import Backend
    from tui.core.settings import Config

WIDTH = 80
JSON_FORMAT = 1  # counted up when a key changes its meaning or goes; new keys may come at any time
PAGES = {"hosts": "Hosts", "nfs": "NFS"}
ABOUT = """\
Looks at the three hosts as the pages Hosts and NFS do, and prints what it found. It changes nothing, but for the proof
that the folder is shared, which writes a small file and removes it. It asks for no password.
The exit status is 1 where something FAILED or a list can't be read, else 0; 2 where it could not begin."""
Lists = Mapping[str, tuple[Item, ...]]


def main(words: list[str]) -> int:
    """Look, print, and answer whether all is well; a Failure where it can't begin."""
    parser = Parser(
        "vmlm-tui check --help", prog="vmlm-tui check", usage="vmlm-tui check [--json] [--config FILE] [--help]",
        description=ABOUT,
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text; its `format` is 1")
    options = parser.parsed(words)
    if options.help:
        return _print(parser.format_help())
    from tui.app.config import find, load

    config = load(find(options.config))
    if sys.stderr.isatty():
        _say(f"Looking at {', '.join(host.name for host in config.hosts.all)} ...")
    try:
        lists, problems, wanted = _looked(config)
    except KeyboardInterrupt:
        _say("Interrupted; nothing was changed.")
        return 128 + signal.SIGINT
    for problem in problems:
        _say(problem)
    for host in wanted:
        _say(f"sudo on {host} wants a password, so a part of {host} is unknown. `vmlm-tui` asks for it.")
    document = as_json(lists, problems, wanted) if options.json else as_text(lists, _addresses(config))
    printed = _print(document)
    failed = any(item.state == FAILED for items in lists.values() for item in items)
    return printed or int(failed or bool(problems))


def _looked(config: "Config") -> tuple[Lists, list[str], list[str]]:
    """The lists, what kept one from being read, and the hosts on which sudo wants a password."""
    import asyncio

    from tui.app.wiring import wire
    from tui.core import log
    from tui.core.settings import state_folder

    with log.diverted(log.start(state_folder() / log.NAME)):
        backend = wire(config)
        problems = asyncio.run(_look(backend))
    lists = {"hosts": backend.hosts.checklist.items, "nfs": backend.nfs.checklist.items}
    return lists, problems, list(backend.hosts.sudo.wanted)


async def _look(backend: "Backend") -> list[str]:
    """Both at the same time; the sentences of what went wrong."""
    import asyncio

    looks = (backend.hosts.checklist.refresh_fully(), backend.nfs.checklist.refresh_fully())
    answers = await asyncio.gather(*looks, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, Failure):
            raise answer
    return list(dict.fromkeys(in_words(str(answer)) for answer in answers if isinstance(answer, Failure)))


def as_text(lists: Lists, addresses: Mapping[str, str]) -> str:
    """For a person, in 80 columns: the state first, and of what is not good all that helps."""
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
    words = " ".join(plain(in_words(text)).split())
    return textwrap.wrap(
        words, WIDTH, initial_indent=label, subsequent_indent=" " * len(label), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def as_json(lists: Lists, problems: list[str], wanted: list[str]) -> str:
    """For a program: all that is known, the texts as they are."""
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
        "hint": in_words(finding.hint) if finding else "",
        "detail": finding.detail if finding else "",
        "fix": [{"host": action.host, "text": action.text} for action in item.change.actions] if item.change else [],
        "why_not": in_words(item.why_not),
    }


def _addresses(config: "Config") -> dict[str, str]:
    return {host.name: host.ssh for host in config.hosts.all}


def _print(text: str) -> int:
    """Print it; the exit status where nobody reads it to its end."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = None  # python would try again when it ends
        return 128 + signal.SIGPIPE
    return 0


def _say(sentence: str) -> None:
    print(f"vmlm-tui check: {sentence}", file=sys.stderr, flush=True)
