"""The machines' network: a switch in a namespace of its own, which reaches nothing else."""

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
    """One switch with a port for every machine; it vanishes with its process."""

    switch: Process

    @classmethod
    def make(cls, folder: Path) -> "Network":
        """A new one, whose process has `folder` as its mark."""
        network = cls(launch_switch(folder))
        # Machines in a saved state remember the MAC of whom they answered, and send to it for half a minute more.
        network.ip("link", "set", "lab", "address", OUTSIDE_MAC)
        network.ip("address", "add", f"{OUTSIDE}/{NETWORK_BITS}", "dev", "lab")
        for site in SITES:
            network.ip("tuntap", "add", "dev", port(site), "mode", "tap")
            network.ip("link", "set", port(site), "master", "lab", "up")
        return network

    def ip(self, *words: str) -> None:
        run(self.argv(["ip", *words]))

    def argv(self, argv: list[str]) -> list[str]:
        """The command line that runs `argv` in this network."""
        return inside(self.switch, argv, network_only=True)

    def network(self, site: Site) -> None:
        self.ip("link", "set", port(site), "up")

    def unplug(self, site: Site) -> None:
        """From now on what is sent to this machine is lost; it has no way to notice."""
        self.ip("link", "set", port(site), "down")

    @contextmanager
    def entered(self) -> Iterator[None]:
        """The calling thread, and what it starts, is in this network: its connections lead to the machines."""
        with Path("/proc/thread-self/ns/net").open() as outside:
            with Path(f"/proc/{self.switch.pid}/ns/net").open() as own:
                _enter(own.fileno())
            try:
                yield
            finally:
                _enter(outside.fileno())


def port(site: Site) -> str:
    """The switch's end of the line to a machine."""
    return f"to-{site.name}"


def _enter(descriptor: int) -> None:
    """os.setns, which Python has from 3.12 on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
