"""What cloud-init is told of a new VM by a NoCloud seed: its name, a user with an ssh key, the packages it needs."""

import json
import re
from dataclasses import dataclass

from tui.core.failure import Failure

LABEL = "cidata"  # by which cloud-init finds it
USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
KEY = re.compile(r"(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]+=*( .*)?")
PACKAGES = ("qemu-guest-agent", "gcc")
# Compiling needs the headers of the C library, too, which Debian's gcc only recommends.
MORE = "if command -v apt-get; then DEBIAN_FRONTEND=noninteractive apt-get install -y libc6-dev; fi"
AGENT = "systemctl enable --now qemu-guest-agent || systemctl start qemu-guest-agent"


@dataclass(frozen=True)
class Seed:
    """Who may log in to a new VM, and as which instance cloud-init takes it."""

    name: str
    user: str
    ssh_key: str
    instance: str


def refuse(seed: Seed) -> Failure | None:
    """The sentence for a seed that would leave nobody able to log in."""
    if not USER.fullmatch(seed.user):
        return Failure(f"\"{seed.user}\" can't be a user's name", "small letters, digits, - and _ are allowed")
    if "\n" in seed.ssh_key.strip() or not KEY.fullmatch(seed.ssh_key.strip()):
        return Failure("That is no public ssh key", "one begins with ssh-ed25519, ssh-rsa or ecdsa-sha2")
    return None


def user_data(seed: Seed) -> str:
    """cloud-config; JSON is YAML, and takes every character."""
    user = {
        "name": seed.user,
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
        "shell": "/bin/bash",
        "lock_passwd": True,
        "ssh_authorized_keys": [seed.ssh_key.strip()],
    }
    facts = {
        "hostname": host_name(seed.name),
        "manage_etc_hosts": "localhost",  # else sudo waits for a name server that may not know this name
        "users": [user],  # and not the distribution's own besides, which nobody has asked for
        "ssh_pwauth": False,
        "package_update": True,
        "packages": list(PACKAGES),
        "runcmd": [["sh", "-c", MORE], ["sh", "-c", AGENT]],
    }
    return f"#cloud-config\n{json.dumps(facts, indent=1)}\n"


def meta_data(seed: Seed) -> str:
    """The instance: another one than any before, so that all of it is done once."""
    return json.dumps({"instance-id": seed.instance, "local-hostname": host_name(seed.name)}) + "\n"


def host_name(name: str) -> str:
    """A VM's name as a host may be called."""
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")[:63].strip("-") or "vm"
