"""A public ssh key of a host or a user."""

import base64
import hashlib
from dataclasses import dataclass

KEY_NAMES = ("id_ed25519", "id_ecdsa", "id_rsa")  # in the order in which one is made where there is none


@dataclass(frozen=True)
class HostKey:
    """A public key, as known_hosts and authorized_keys have it."""

    kind: str
    blob: str  # base64
    file: str = ""  # where the private key is, if that is known

    @property
    def line(self) -> str:
        return f"{self.kind} {self.blob}"

    @property
    def fingerprint(self) -> str:
        """As ssh shows it."""
        digest = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"
