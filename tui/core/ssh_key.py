"""Public ssh keys of hosts and users."""

import base64
import binascii
import hashlib
from dataclasses import dataclass

KEY_NAMES = ("id_ed25519", "id_ecdsa", "id_rsa")  # in order of preference


@dataclass(frozen=True)
class HostKey:
    """A public key as in known_hosts and authorized_keys."""

    kind: str
    blob: str  # base64
    file: str = ""  # the path of the private key, if known

    @property
    def line(self) -> str:
        """The key as one line of authorized_keys."""
        return f"{self.kind} {self.blob}"

    @property
    def fingerprint(self) -> str:
        """The SHA256 fingerprint as ssh prints it."""
        digest = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def is_blob(text: str) -> bool:
    """Whether the text is the base64 of a key."""
    try:
        return bool(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return False
