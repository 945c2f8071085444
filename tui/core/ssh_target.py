"""The target of an ssh login: [user@]host[:port], an IPv6 address in brackets."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from tui.core.failure import Failure

# Neither user nor host begins with "-", because ssh would read it as an option.
TARGET = re.compile(
    r"(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]*)@)?"
    r"(?:(?P<name>[A-Za-z0-9_][A-Za-z0-9._-]*)|\[(?P<ipv6>[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9._-]+)?)\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
)


@dataclass(frozen=True)
class SshTarget:
    """An ssh target; with an empty user or port 0 ssh uses its configuration; the host has no brackets."""

    host: str
    user: str = ""
    port: int = 0

    def __str__(self) -> str:
        return f"{self.user}@{self.host}" if self.user else self.host

    def file(self, path: str) -> str:
        """A file there as scp names it; a port needs a URI, in which the path begins after a slash of its own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        login = f"{self.user}@{host}" if self.user else host
        return f"scp://{login}:{self.port}/{path}" if self.port else f"{login}:{path}"

    @property
    def arguments(self) -> str:
        """The arguments for ssh or ssh-copy-id, which do not accept a port after the host."""
        return f"-p {self.port} {self}" if self.port else str(self)


def is_target(text: str) -> bool:
    """Whether the text is an ssh target."""
    found = TARGET.fullmatch(text)
    return found is not None and (not found["port"] or 0 < int(found["port"]) < 65536)


def parse_target(text: str) -> SshTarget:
    """The target in a text; Failure if the text is not an ssh target."""
    found = TARGET.fullmatch(text)
    if found is None or not is_target(text):
        raise Failure(
            f"{text!r} is no ssh address",
            "it must be user@host, host or user@host:port, with an IPv6 address in brackets",
        )
    return SshTarget(found["name"] or found["ipv6"], found["user"] or "", int(found["port"] or 0))


@dataclass(frozen=True)
class UriTarget(SshTarget):
    """The ssh target of a libvirt URI."""

    key_file: str = ""


def target_of_uri(uri: str) -> UriTarget | None:
    """The ssh target of a libvirt URI; None if the URI does not use ssh, Failure if its host is invalid."""
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise Failure(f"{uri!r} is no URI of libvirt", str(error)) from error
    if not parts.scheme.endswith("+ssh") or not parts.netloc:
        return None
    to = parse_target(unquote(parts.netloc.rpartition("@")[2]))
    return UriTarget(to.host, unquote(parts.username or ""), to.port, parse_qs(parts.query).get("keyfile", [""])[0])
