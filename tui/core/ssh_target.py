"""Where ssh logs in, as a person writes it: [user@]host[:port], an IPv6 address always in brackets."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from tui.core.failure import Failure

# Neither a user nor a host begins with "-", which would be an option to ssh.
TARGET = re.compile(
    r"(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]*)@)?"
    r"(?:(?P<name>[A-Za-z0-9_][A-Za-z0-9._-]*)|\[(?P<ipv6>[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9._-]+)?)\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
)


@dataclass(frozen=True)
class SshTarget:
    """An empty user and port 0 leave the choice to ssh's own files; the host has no brackets."""

    host: str
    user: str = ""
    port: int = 0

    def __str__(self) -> str:
        return f"{self.user}@{self.host}" if self.user else self.host

    @property
    def words(self) -> str:
        """As a person gives it to ssh or ssh-copy-id, which take no port behind the host."""
        return f"-p {self.port} {self}" if self.port else str(self)


def parse(text: str) -> SshTarget | None:
    """None where it is no ssh target."""
    found = TARGET.fullmatch(text)
    if found is None or (found["port"] and not 0 < int(found["port"]) < 65536):
        return None
    return SshTarget(found["name"] or found["ipv6"], found["user"] or "", int(found["port"] or 0))


def parsed(text: str) -> SshTarget:
    """The same; Failure where it is no ssh target."""
    target = parse(text)
    if target is None:
        raise Failure(
            f"{text!r} is no ssh address",
            "it must be user@host, host or user@host:port, with an IPv6 address in brackets",
        )
    return target


@dataclass(frozen=True)
class Target(SshTarget):
    """Where a libvirt URI leads over ssh."""

    key_file: str = ""


def target(uri: str) -> Target | None:
    """Of a libvirt URI; None where it does not use the program ssh, Failure where its host can't be read."""
    parts = urlsplit(uri)
    if not parts.scheme.endswith("+ssh") or not parts.netloc:
        return None
    to = parsed(unquote(parts.netloc.rpartition("@")[2]))
    return Target(to.host, unquote(parts.username or ""), to.port, parse_qs(parts.query).get("keyfile", [""])[0])
