"""`vmlm-tui lab`: the command line of the lab."""

import argparse
import os
import sys
from pathlib import Path

from tui.core.failure import Failure
from tui.lab import network, size, userland, vms
from tui.lab.config import runs_folder
from tui.lab.inventory import FEWEST, GUEST, MOST, MOST_VMS, SOURCE, STORAGE, hosts_of
from tui.lab.lab import Lab, purge
from tui.lab.machine import Machine
from tui.lab.place import CACHE, DEFAULT_NAME, Place


def main(argv: list[str]) -> int:
    """Runs one lab command and returns its exit status; `exec` and the app replace this process instead."""
    # Words after -- belong to the command on the host; argparse would mix its options with ours.
    at = argv.index("--") if "--" in argv else len(argv)
    options = parser().parse_args(argv[:at])
    try:
        if os.geteuid() != 0:
            raise Failure("the lab needs root to create namespaces", hint="Run it through sudo.")
        return _run(Lab(Place(options.name), _print_progress), options, argv[at + 1 :])
    except Failure as failure:
        print(f"vmlm-tui lab: {failure}", file=sys.stderr)
        return 1


def _run(lab: Lab, options: argparse.Namespace, words: list[str]) -> int:
    if options.command == "down":
        lab.down()
        if (kept := runs_kept(lab.place)) is not None:
            _print_progress(f"the records of its migrations stay in {kept}")
        if options.purge:
            purge()
        elif CACHE.exists():
            _print_progress(f"the guest's image and built userlands stay in {CACHE}; `down --purge` removes them")
        return 0
    if options.command == "status":
        return _status(lab)
    if options.command == "exec":
        return _become(lab, options.host, [*options.words, *words] or ["bash", "-l"])
    hypervisors = None if options.hosts is None else size.parse(options.hosts)
    hosts = size.hosts(lab.place) if hypervisors is None else hosts_of(hypervisors)
    lab.up(
        None if options.link is None else network.parse_rate(options.link),
        userlands=None if options.userland is None else userland.parse(options.userland, hosts),
        hypervisors=hypervisors,
        small_vms=None if options.vms is None else vms.parse(options.vms),
        boot=options.boot,
        with_nfs=options.nfs,
    )
    if options.command == "up":
        app, shell = lab.place.command(), lab.place.command("exec")
        _print_progress(f"lab {lab.place.name!r} is up: `{app}` opens the app, `{shell} source` a shell")
        return 0
    return _become(lab, SOURCE.name, ["vmlm-tui"] if lab.machine(SOURCE.name).suite else [sys.executable, "-m", "tui"])


def runs_kept(place: Place) -> Path | None:
    """The folder of a lab's records, if it has any."""
    folder = runs_folder(place)
    return folder if folder.is_dir() and any(folder.iterdir()) else None


def _become(lab: Lab, host: str, words: list[str]) -> int:
    argv = lab.argv(host, words)
    sys.stdout.flush()
    os.execvp(argv[0], argv)  # noqa: S606 - the program takes over the terminal


def _status(lab: Lab) -> int:
    if not lab.place.folder.exists():
        print(f"there is no lab {lab.place.name!r}")
        return 1
    healthy = True
    for machine in lab.machines:
        states = []
        if machine.process() is None:
            states.append("down")
        else:
            server = lab.server if machine.host == STORAGE else None
            states.append(server.state() if server else "up" if machine.daemon_runs("sshd") else "sshd is down")
            if machine.host.hypervisor:
                answers = machine.libvirt_answers()
                states.append(_guest_state(lab, machine.host.name) if answers else "libvirtd does not answer")
                states += _small_vms(lab, machine) if answers else []
            elif lab.place.nbd.exists():
                states.append("qemu-nbd is down" if machine.unserved() else f"serves {_disks(lab)} over NBD")
            if machine.suite:
                states.append(f"Debian {machine.suite}")
        healthy = healthy and states[0] == "up" and not {"libvirtd does not answer", "qemu-nbd is down"} & {*states}
        print(f"{machine.host.name:<12} {machine.host.address:<12} {', '.join(states)}")
    rate = lab.place.link_rate.read_text() if lab.place.link_rate.exists() else network.DEFAULT_RATE
    print(f"link limit   {rate}")
    print(f"folder       {lab.place.folder}")
    print(f"cache        {CACHE} (`down` keeps it, `down --purge` removes it)")
    if not healthy:
        print(f"`{lab.place.command('up')}` repairs it")
    return 0 if healthy else 1


def _guest_state(lab: Lab, host: str) -> str:
    machine = lab.machine(host)
    if GUEST.name not in machine.run(["virsh", "list", "--all", "--name"]).split():
        return f"no {GUEST.name}"
    state = machine.run(["virsh", "domstate", GUEST.name]).strip()
    return f"{GUEST.name} {state}{' (migrating)' if GUEST.name in machine.migrating() else ''}"


def _small_vms(lab: Lab, machine: Machine) -> list[str]:
    """How many of the small VMs the host has and runs, as a list of one sentence or none."""
    names = {vm.name for vm in vms.chosen(lab.place)}
    here = names.intersection(machine.run(["virsh", "list", "--all", "--name"]).split())
    running = here.intersection(machine.run(["virsh", "list", "--name"]).split())
    return [f"{len(here)} of {len(names)} small VMs, {len(running)} running"] if names else []


def _disks(lab: Lab) -> str:
    small = vms.chosen(lab.place)
    return f"the disks of {GUEST.name} and {len(small)} small VMs" if small else f"{GUEST.name}'s disk"


def _print_progress(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)


def parser() -> argparse.ArgumentParser:
    """The parser of its words."""
    parser = argparse.ArgumentParser(
        prog="vmlm-tui lab",
        description="Hosts in namespaces on this machine: source, destination, storage, and with --hosts further ones. "
        "Without a command: up, then the app.",
    )
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", default=argparse.SUPPRESS, help="which of several labs to use (default: default)")
    linked = argparse.ArgumentParser(add_help=False)
    linked.add_argument(
        "--link",
        metavar="RATE",
        default=argparse.SUPPRESS,
        help=f"the speed of the hosts' links: 250mbit, 10gbit, or none for no limit (default: {network.DEFAULT_RATE})",
    )
    linked.add_argument(
        "--userland",
        metavar="[HOST=]SUITE",
        action="append",
        default=argparse.SUPPRESS,
        help="run libvirt, QEMU and sshd of another Debian release on source and destination (sid), or on one of them "
        "(destination=trixie); repeat it for two releases. Only for a new lab; the first use downloads about 100 MB. "
        "The app runs on the source with this machine's own programs, so its checklists describe those there.",
    )
    linked.add_argument(
        "--hosts",
        metavar="N",
        default=argparse.SUPPRESS,
        help=f"how many hosts run VMs, {FEWEST} to {MOST}: source, destination, host3, ... Only for a new lab.",
    )
    linked.add_argument(
        "--vms",
        metavar="N",
        default=argparse.SUPPRESS,
        help=f"how many small VMs of 128 MiB there are besides {GUEST.name}, up to {MOST_VMS}: vm1, vm2, ... on the "
        "source; a lab keeps its number, and a higher one adds VMs",
    )
    linked.add_argument(
        "--nfs",
        action="store_true",
        default=argparse.SUPPRESS,
        help="storage is a Debian machine in QEMU, for page 2 (NFS) of the app. Only for a new lab; the first use "
        "downloads about 200 MB.",
    )
    linked.add_argument(
        "--boot", action="store_true", default=argparse.SUPPRESS, help="start every VM that is shut off"
    )
    parser.add_argument("--name", default=DEFAULT_NAME, help=argparse.SUPPRESS)
    parser.add_argument("--vms", metavar="N", default=None, help=argparse.SUPPRESS)
    parser.add_argument("--nfs", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--boot", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--hosts", metavar="N", default=None, help=argparse.SUPPRESS)
    parser.add_argument("--userland", metavar="[HOST=]SUITE", action="append", default=None, help=argparse.SUPPRESS)
    parser.add_argument("--link", metavar="RATE", default=None, help=argparse.SUPPRESS)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("up", parents=[named, linked], help="start the lab, or repair it")
    down = commands.add_parser("down", parents=[named], help="stop the lab and remove its files")
    down.add_argument("--purge", action="store_true", help="also remove the cached image of the guest and userlands")
    commands.add_parser("status", parents=[named], help="show which parts run")
    execute = commands.add_parser("exec", parents=[named], help="run a command on a host of the lab")
    execute.add_argument("host", metavar="HOST")
    execute.add_argument("words", metavar="-- COMMAND", nargs="*", help="default: a shell")
    return parser
