"""/etc/exports and the table that exportfs(8) makes of it: which folder goes to which clients, with which options."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tui.linux.escapes import escaped, unescaped

ESCAPED = ' \t\n"#\\()'
TOKEN = re.compile(r'(?:"[^"\n]*"?|[^\s"])+', re.ASCII)  # the wider spaces of Unicode belong to a name

# What exportfs(8) takes where nothing is said.
DEFAULTS = ("sync", "ro", "root_squash", "wdelay")


@dataclass(frozen=True)
class Client:
    """One client of an export as it was written, and what counts for it: defaults first, so that the last wins."""

    name: str
    options: tuple[str, ...] = ()

    def has(self, option: str) -> bool:
        """Whether an option is on: has("rw"), has("no_root_squash"); the last that was said about it counts."""
        opposite = _opposite(option)
        said = [each for each in (*DEFAULTS, *self.options) if each in (option, opposite)]
        return bool(said) and said[-1] == option


@dataclass(frozen=True)
class Export:
    """One line, or several that a backslash joins: `line` is the number of the first, from 1; `file` where it is."""

    path: str
    clients: tuple[Client, ...]
    line: int = 0
    file: str = "/etc/exports"

    @property
    def where(self) -> str:
        return f"line {self.line} of {self.file}"


def parse_exports(text: str, file: str = "/etc/exports") -> tuple[Export, ...]:
    """All exports of a file; a line without a client exports to everybody, as exportfs takes it."""
    found = []
    for number, line in _joined(text):
        words = [unescaped(word.replace('"', "")) for word in TOKEN.findall(line)]
        if not words or words[0].startswith("#"):
            continue
        defaults: tuple[str, ...] = ()
        clients = []
        for word in words[1:]:
            if word.startswith("#"):
                break
            if word.startswith("-"):
                defaults = tuple(word[1:].split(","))
                continue
            clients.append(_client(word, defaults))
        path = words[0].rstrip("/") or "/"
        found.append(Export(path, tuple(clients) or (Client("*", defaults),), number, file))
    return tuple(found)


def export_line(path: str, clients: tuple[str, ...], options: str) -> str:
    """A line for exactly these clients."""
    return " ".join((escaped(path, ESCAPED), *(f"{client}({options})" for client in clients)))


def _client(word: str, defaults: tuple[str, ...]) -> Client:
    name, _, options = word.partition("(")
    own = tuple(each for each in options.rstrip(")").split(",") if each)
    return Client(name or "*", (*defaults, *own))


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """The lines as exportfs sees them, each with the number of its first; a comment is never continued."""
    number, whole = 0, ""
    for at, line in enumerate(text.split("\n"), 1):
        number = number or at
        if line.endswith("\\") and not any(word.startswith("#") for word in TOKEN.findall(whole + line)):
            whole += line[:-1] + " "
            continue
        yield number, whole + line
        number, whole = 0, ""
    if whole:
        yield number, whole


def _opposite(option: str) -> str:
    pairs = {"rw": "ro", "ro": "rw", "sync": "async", "async": "sync"}
    return pairs.get(option) or (option.removeprefix("no_") if option.startswith("no_") else f"no_{option}")
