"""Where ssh logs in, as it is written, and where ssh itself keeps its files."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from pwd import getpwuid

from tui.core.failure import Failure


@dataclass(frozen=True)
class Address:
    """Where to log in, as ~/.ssh/config knows it; an empty user and port 0 leave the choice to that file."""

    host: str
    user: str = ""
    port: int = 0

    def __str__(self) -> str:
        return f"{self.user}@{self.host}" if self.user else self.host

    @property
    def words(self) -> str:
        """As a person gives it to ssh or ssh-copy-id, which take no port behind the host."""
        return f"-p {self.port} {self}" if self.port else str(self)

    @classmethod
    def parse(cls, text: str) -> "Address":
        """From [ssh://][user@]host[:port], an IPv6 address with a port in brackets; Failure where it is neither."""
        bare = text.removeprefix("ssh://").removesuffix("/")
        user, _, rest = bare.rpartition("@")
        match = re.fullmatch(r"\[([^\[\]]+)\](?::(\d+))?|([^:\[\]]+):(\d+)|([^\[\]]+)", rest)
        host = (match[1] or match[3] or match[5]) if match else ""
        port = int((match[2] or match[4] or 0) if match else 0)
        if not host or host.startswith("-") or re.search(r"[\s/]", bare) or port > 65535:
            raise Failure(f"{text!r} is no ssh address", "it must be user@host, host or user@host:port")
        return cls(host, user, port)


def ssh_folder() -> Path:
    """Where ssh itself keeps keys, config and known hosts: in the user's home, whatever HOME says (sudo keeps it)."""
    return Path(getpwuid(os.getuid()).pw_dir) / ".ssh"
