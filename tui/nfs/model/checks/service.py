"""The NFS server's services: running, and started with the host."""

from tui.checklist.model.check import FAILED, OK, WARNING, Finding
from tui.core.settings import STORAGE
from tui.linux.change import Change, Command, Move
from tui.linux.units import Unit, systemctl, unit_named
from tui.nfs.model.facts import NfsFacts, ServerRead

SERVER_UNITS = ("nfs-server.service", "nfs-kernel-server.service")
CONFIG_UNIT = "nfs-config.service"  # of older releases: it writes what the others read, and ends


def check_service(_facts: NfsFacts, server: ServerRead) -> Finding:
    wanted = "the NFS server running, and started with the host"
    if not server.systemd:
        if server.threads:
            return Finding(WARNING, f"it runs ({server.threads} threads); how it is started can't be told: no systemd")
        return Finding(FAILED, "it does not run, and this host has no systemd", wanted, _by_hand())
    unit = _unit(server)
    if unit is None:
        return Finding(FAILED, "this host has no service of the NFS server", wanted)
    if unit.masked:
        return Finding(FAILED, f"{unit.name} is masked", wanted, f"If nobody meant it: systemctl unmask {unit.name}")
    config = unit_named(server.units, CONFIG_UNIT)
    if config is not None and config.active == "failed":
        return Finding(FAILED, f"{CONFIG_UNIT} has failed", wanted)
    if unit.active != "active":
        return Finding(FAILED, f"{unit.name} is {unit.active}", wanted)
    if not unit.enabled:
        return Finding(FAILED, f"{unit.name} runs, but does not start with the host", wanted)
    return Finding(OK, f"{unit.name} runs ({server.threads} threads) and starts with the host")


def change_service(_facts: NfsFacts, server: ServerRead) -> Change | str:
    if not server.systemd:
        return f"this host has no systemd. {_by_hand()}"
    unit = _unit(server)
    if unit is None:
        return "this host has no service of the NFS server"
    if unit.masked:
        return f"somebody has masked {unit.name}"
    moves = []
    config = unit_named(server.units, CONFIG_UNIT)
    if config is not None and config.active == "failed":
        moves.append(Move(Command(STORAGE, ("systemctl", "restart", CONFIG_UNIT))))
    if not unit.enabled:
        moves.append(systemctl(STORAGE, "enable", unit.name, "disable"))
    if unit.active != "active":
        moves.append(systemctl(STORAGE, "start", unit.name, "stop"))
    return Change(tuple(moves))


def _unit(server: ServerRead) -> Unit | None:
    return next((unit for name in SERVER_UNITS if (unit := unit_named(server.units, name))), None)


def _by_hand() -> str:
    return "Start it there the way that host starts its services."
