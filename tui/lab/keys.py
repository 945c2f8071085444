"""The lab's own ssh keys: one login key for all hosts, a host key for each host, and one for all guests."""

import base64
import struct

from tui.core.failure import Failure
from tui.lab import size, vms
from tui.lab.command import run
from tui.lab.inventory import GUEST, addresses
from tui.lab.place import Place

OPENSSH = b"openssh-key-v1\0"


def make_keys(place: Place) -> None:
    """Makes the missing keys."""
    place.key.parent.mkdir(mode=0o700, exist_ok=True)
    names = addresses(size.hosts(place))
    for path, comment in [(place.key, f"lab {place.name}"), *((place.host_key(name), name) for name in names)]:
        public = path.with_suffix(".pub")
        if path.exists() and public.exists():
            continue
        path.unlink(missing_ok=True)
        public.unlink(missing_ok=True)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])


def known_hosts(place: Place) -> str:
    """The text of known_hosts, the same on every host."""
    small = vms.chosen(place)
    shared = {vm.name: GUEST.name for vm in small}  # all guests boot the same initrd, which has the key
    known = addresses(size.hosts(place), small)
    keys = {name: place.host_key(shared.get(name, name)).with_suffix(".pub").read_text() for name in known}
    return "".join(f"{name},{address} {keys[name]}" for name, address in known.items())


def dropbear_key(openssh: str) -> bytes:
    """Converts an unencrypted ed25519 private key from OpenSSH's format to Dropbear's; Failure if it is not one."""
    body = base64.b64decode("".join(line for line in openssh.splitlines() if not line.startswith("-")))
    if not body.startswith(OPENSSH):
        raise Failure("the guest's host key is not in OpenSSH's format")
    reader = _Reader(body[len(OPENSSH) :])
    cipher, _kdf, _kdf_options = reader.string(), reader.string(), reader.string()
    if cipher != b"none":
        raise Failure("the guest's host key is encrypted")
    reader.number()  # the number of keys: one
    reader.string()  # the public key
    private = _Reader(reader.string())
    private.number(), private.number()  # two equal numbers that detect a wrong passphrase
    kind, _public, secret = private.string(), private.string(), private.string()
    return struct.pack(">I", len(kind)) + kind + struct.pack(">I", len(secret)) + secret


class _Reader:
    """Reads ssh's wire format: big-endian numbers, and strings with their length in front."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def number(self) -> int:
        value: int = struct.unpack(">I", self.data[:4])[0]
        self.data = self.data[4:]
        return value

    def string(self) -> bytes:
        length = self.number()
        value, self.data = self.data[:length], self.data[length:]
        return value
