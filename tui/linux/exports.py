"""/etc/exports and the export table of exportfs(8): which folder is exported to which clients with which options."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tui.linux.escapes import escaped, unescaped
from tui.linux.paths import lexical

ESCAPED = ' \t\n"#\\()'
TOKEN = re.compile(r'(?:"[^"\n]*"?|[^\s"])+', re.ASCII)  # Unicode spaces are part of a name
MEMBER = re.compile(r"\(\s*([^,()\s]*)\s*,")  # of getent: "(HOST,USER,DOMAIN)"; users and domains do not matter to NFS

DEFAULTS = ("sync", "ro", "root_squash", "wdelay")  # of exportfs(8)
BY_FLAVOR = ("ro", "rw", "root_squash", "no_root_squash", "all_squash", "no_all_squash")  # after sec= only for that one
KEYWORDS = frozenset((
    *BY_FLAVOR, "acl", "async", "auth_nlm", "crossmnt", "hide", "insecure", "insecure_locks", "map_daemon",
    "map_identity", "mountpoint", "mp", "no_acl", "no_auth_nlm", "no_pnfs", "no_subtree_check", "no_wdelay",
    "nocrossmnt", "nohide", "nordirplus", "pnfs", "secure", "secure_locks", "security_label", "subtree_check", "sync",
    "wdelay",
))  # fmt: skip
WITH_VALUE = (
    "anongid=", "anonuid=", "fsid=", "mapping=", "mountpoint=", "mp=", "reexport=", "refer=", "replicas=", "sec=",
    "squash_gids=", "squash_uids=", "xprtsec=",
)  # fmt: skip


@dataclass(frozen=True)
class Client:
    """One client of an export and its options: the defaults of the line first, then its own, which override them."""

    name: str
    options: tuple[str, ...] = ()

    def has(self, option: str) -> bool:
        """Whether an option such as "rw" or "no_root_squash" is on; its last occurrence decides."""
        opposite = _opposite(option)
        settings = [each for each in (*DEFAULTS, *self._for_sys()) if each in (option, opposite)]
        return bool(settings) and settings[-1] == option

    def excludes(self, kind: str, usual: str) -> str:
        """The last option of a kind such as "sec=" if it leaves out what mounts use without options; else empty."""
        given = [each for each in self.options if each.startswith(kind)]
        usable = (usual in each.removeprefix(kind).split(":") for each in given)
        return given[-1] if given and not any(usable) else ""

    def _for_sys(self) -> Iterator[str]:
        """The options that count for AUTH_SYS, which mounts use without sec=."""
        counts = True
        for each in self.options:
            if each.startswith("sec="):
                counts = "sys" in each.removeprefix("sec=").split(":")
            elif counts or each not in BY_FLAVOR:
                yield each


@dataclass(frozen=True)
class Export:
    """An export of one or several joined lines; `line` is the number of the first, from 1."""

    path: str
    clients: tuple[Client, ...]
    line: int = 0
    file: str = "/etc/exports"

    @property
    def where(self) -> str:
        """Its place: "line 3 of /etc/exports"."""
        return f"line {self.line} of {self.file}"


def parse_exports(text: str, file: str = "/etc/exports") -> tuple[Export, ...]:
    """All exports of a file; as in exportfs, a line without a client exports to all hosts."""
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
        found.append(Export(lexical(words[0]), tuple(clients) or (Client("*", defaults),), number, file))
    return tuple(found)


def first_fault(text: str, file: str = "/etc/exports") -> str:
    """Where exportfs stops reading a file, and why: "line 3 of FILE: ..."; empty if it reads all of it."""
    for number, line in _joined(text):
        words = [word.replace('"', "") for word in TOKEN.findall(line)]
        if not words or words[0].startswith("#"):
            continue
        for word in words[1:]:
            if word.startswith("#"):
                break
            if why := _fault(word):
                return f"line {number} of {file}: {why}"
    return ""


def _fault(word: str) -> str:
    _, bracket, options = word.partition("(")
    if word.startswith("-"):
        options = word[1:]
    elif bracket and (options.count(")") != 1 or not options.endswith(")")):
        return f"its option list ends at a space, or has no end: {word}"
    for each in options.rstrip(")").split(","):
        if each and each not in KEYWORDS and not each.startswith(WITH_VALUE) and not each.isdigit():
            return f"exportfs does not know the option {each}"
    return ""


def parse_netgroups(text: str) -> dict[str, tuple[str, ...]]:
    """The hosts of each netgroup, from lines of "@NAME" and what `getent netgroup NAME` printed.

    A netgroup that the server does not find is left out. A member without a host stands for every host: "*".
    """
    found = {}
    for line in text.splitlines():
        name, _, members = line.partition(" ")
        hosts = tuple(host or "*" for host in MEMBER.findall(members))
        if hosts:
            found[name] = hosts
    return found


def export_line(path: str, clients: tuple[str, ...], options: str) -> str:
    """A line that exports the path to these clients with these options."""
    return " ".join((escaped(path, ESCAPED), *(f"{client}({options})" for client in clients)))


def _client(word: str, defaults: tuple[str, ...]) -> Client:
    name, _, options = word.partition("(")
    own = tuple(each for each in options.rstrip(")").split(",") if each)
    return Client(name or "*", (*defaults, *own))


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """The logical lines, each with the number of its first line; as in exportfs, a comment is never continued."""
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
