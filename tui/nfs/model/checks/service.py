"""The services of the NFS server: whether they run and start with the host."""

from tui.checklist.model.check import FAILED, OK, WARNING, Finding
from tui.linux.change import Change, Command, Move
from tui.linux.units import Unit, systemctl, unit_named
from tui.nfs.model.facts import NfsFacts, ServerRead

SERVER_UNITS = ("nfs-server.service", "nfs-kernel-server.service")
CONFIG_UNIT = "nfs-config.service"  # in older releases: it writes the configuration of the other units, then ends
NO_SERVICE = "this host has no service for the NFS server"
BY_HAND = "Start it with that host's own init system."


def check_service(_facts: NfsFacts, server: ServerRead) -> Finding:
    """Whether the NFS server runs and starts with the host."""
    wanted = "the NFS server running, and started with the host"
    if not server.systemd:
        if server.threads:
            return Finding(WARNING, f"it runs ({server.threads} threads); no systemd shows how it starts")
        return Finding(FAILED, "it does not run, and this host has no systemd", wanted, BY_HAND)
    unit = _unit(server)
    if unit is None:
        return Finding(FAILED, NO_SERVICE, wanted)
    if unit.masked:
        return Finding(FAILED, f"{unit.name} is masked", wanted, f"If by mistake: systemctl unmask {unit.name}")
    config = unit_named(server.units, CONFIG_UNIT)
    if config is not None and config.active == "failed":
        return Finding(FAILED, f"{CONFIG_UNIT} has failed", wanted)
    if unit.active != "active":
        return Finding(FAILED, f"{unit.name} is {unit.active}", wanted)
    if not unit.enabled:
        return Finding(FAILED, f"{unit.name} runs, but does not start with the host", wanted)
    return Finding(OK, f"{unit.name} runs ({server.threads} threads) and starts with the host")


def change_service(_facts: NfsFacts, server: ServerRead) -> Change | str:
    """Enables and starts the service."""
    if not server.systemd:
        return f"this host has no systemd. {BY_HAND}"
    unit = _unit(server)
    if unit is None:
        return NO_SERVICE
    if unit.masked:
        return f"an administrator has masked {unit.name}"
    moves = []
    config = unit_named(server.units, CONFIG_UNIT)
    if config is not None and config.active == "failed":
        moves.append(Move(Command(server.role, ("systemctl", "restart", CONFIG_UNIT))))
    if not unit.enabled:
        moves.append(systemctl(server.role, "enable", unit.name, "disable"))
    if unit.active != "active":
        moves.append(systemctl(server.role, "start", unit.name, "stop"))
    return Change(tuple(moves))


def _unit(server: ServerRead) -> Unit | None:
    return next((unit for name in SERVER_UNITS if (unit := unit_named(server.units, name))), None)
