"""The machines' network: a switch in a namespace without any other connection."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.nfs.inventory import NETWORK_BITS, OUTSIDE, OUTSIDE_MAC, SITES, Site
from tui.lab.command import run
from tui.lab.namespaces import inside
from tui.lab.network import launch_switch
from tui.lab.process import Process

CLONE_NEWNET = 0x40000000


@dataclass(frozen=True)
class Network:
    """A switch with a port for every machine; it ends with its process."""

    switch: Process

    @classmethod
    def make(cls, folder: Path) -> "Network":
        """Creates a network; its process has `folder` as its mark."""
        network = cls(launch_switch(folder))
        # A fixed MAC, because restored machines have it in their neighbour tables for half a minute.
        network.ip("link", "set", "lab", "address", OUTSIDE_MAC)
        network.ip("address", "add", f"{OUTSIDE}/{NETWORK_BITS}", "dev", "lab")
        for site in SITES:
            network.ip("tuntap", "add", "dev", port(site), "mode", "tap")
            network.ip("link", "set", port(site), "master", "lab", "up")
        return network

    def ip(self, *words: str) -> None:
        """Runs `ip` in this network."""
        run(self.argv(["ip", *words]))

    def argv(self, argv: list[str]) -> list[str]:
        """The command line that runs `argv` in this network."""
        return inside(self.switch, argv, network_only=True)

    def plug_in(self, site: Site) -> None:
        """Connects a machine."""
        self.ip("link", "set", port(site), "up")

    def unplug(self, site: Site) -> None:
        """Disconnects a machine, which can't detect it: packets to it are lost."""
        self.ip("link", "set", port(site), "down")

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Moves the calling thread and its children into this network."""
        with Path("/proc/thread-self/ns/net").open() as outside:
            with Path(f"/proc/{self.switch.pid}/ns/net").open() as own:
                _enter(own.fileno())
            try:
                yield
            finally:
                _enter(outside.fileno())


def port(site: Site) -> str:
    """The interface of the switch to a machine."""
    return f"to-{site.name}"


def _enter(descriptor: int) -> None:
    """os.setns, which exists only since Python 3.12."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
