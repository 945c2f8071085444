"""The NoCloud seed that configures a new VM: its host name, a user with an ssh key, the packages it needs."""

import json
import re
from dataclasses import dataclass

from tui.core.failure import Failure

LABEL = "cidata"  # cloud-init searches for this volume label
USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
KEY = re.compile(r"(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]+=*( .*)?")
PACKAGES = ("qemu-guest-agent", "gcc")
# Compiling also needs the C library's headers, which Debian's gcc only recommends.
HEADERS = "if command -v apt-get; then DEBIAN_FRONTEND=noninteractive apt-get install -y libc6-dev; fi"
START_AGENT = "systemctl enable --now qemu-guest-agent || systemctl start qemu-guest-agent"


@dataclass(frozen=True)
class Seed:
    """The user who may log in to a new VM, and the instance ID for cloud-init."""

    name: str
    user: str
    ssh_key: str
    instance: str


def validate_seed(seed: Seed) -> Failure | None:
    """Why the user or key is invalid, so that no login would be possible; None if both are valid."""
    if not USER.fullmatch(seed.user):
        return Failure(f'"{seed.user}" is not a valid user name', "lower-case letters, digits, - and _ are allowed")
    if "\n" in seed.ssh_key.strip() or not KEY.fullmatch(seed.ssh_key.strip()):
        return Failure("This is not a public ssh key", "one begins with ssh-ed25519, ssh-rsa or ecdsa-sha2")
    return None


def user_data(seed: Seed) -> str:
    """The cloud-config, as JSON: that is valid YAML and can hold every character."""
    user = {
        "name": seed.user,
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
        "shell": "/bin/bash",
        "lock_passwd": True,
        "ssh_authorized_keys": [seed.ssh_key.strip()],
    }
    facts = {
        "hostname": host_name(seed.name),
        "manage_etc_hosts": "localhost",  # otherwise sudo waits for a name server that may not know this name
        "users": [user],  # without the distribution's default user
        "ssh_pwauth": False,
        "package_update": True,
        "packages": list(PACKAGES),
        "runcmd": [["sh", "-c", HEADERS], ["sh", "-c", START_AGENT]],
    }
    return f"#cloud-config\n{json.dumps(facts, indent=1)}\n"


def meta_data(seed: Seed) -> str:
    """The instance metadata; cloud-init runs once for each new instance ID."""
    return json.dumps({"instance-id": seed.instance, "local-hostname": host_name(seed.name)}) + "\n"


def host_name(name: str) -> str:
    """A VM's name converted to a valid host name."""
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")[:63].strip("-") or "vm"
