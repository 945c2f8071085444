"""`vmlm-tui lab`: the command line of the lab."""

import argparse
import os
import sys

from tui.core.failure import Failure
from tui.lab import network
from tui.lab.inventory import GUEST, SOURCE
from tui.lab.lab import Lab, purge
from tui.lab.place import CACHE, USUAL_NAME, Place


def main(argv: list[str]) -> int:
    """Runs one command of the lab; returns its exit status, or becomes the program it was asked to run."""
    # What comes after -- is the host's: argparse would take our own options for it, or its options for ours.
    at = argv.index("--") if "--" in argv else len(argv)
    options = _parser().parse_args(argv[:at])
    try:
        if os.geteuid() != 0:
            raise Failure("the lab needs root, for its namespaces", hint="Run it through sudo.")
        return _run(Lab(Place(options.name), _say), options, argv[at + 1 :])
    except Failure as failure:
        print(f"vmlm-tui lab: {failure}", file=sys.stderr)
        return 1


def _run(lab: Lab, options: argparse.Namespace, words: list[str]) -> int:
    if options.command == "down":
        lab.down()
        if options.purge:
            purge()
        elif CACHE.exists():
            _say(f"the guest's image stays in {CACHE} for the next time (`down --purge` removes it)")
        return 0
    if options.command == "status":
        return _status(lab)
    if options.command == "exec":
        return _become(lab, options.host, [*options.words, *words] or ["bash", "-l"])
    lab.up(None if options.link is None else network.parse_rate(options.link))
    if options.command == "up":
        _say(f"lab {lab.place.name!r} is up: `vmlm-tui lab` opens the app, `vmlm-tui lab exec source` a shell")
        return 0
    return _become(lab, SOURCE.name, [sys.executable, "-m", "tui"])


def _become(lab: Lab, host: str, words: list[str]) -> int:
    argv = lab.machine(host).argv(words)
    sys.stdout.flush()
    os.execvp(argv[0], argv)  # noqa: S606 - the program takes over the terminal


def _status(lab: Lab) -> int:
    if not lab.place.folder.exists():
        print(f"there is no lab {lab.place.name!r}")
        return 1
    healthy = True
    for machine in lab.machines:
        words = []
        if machine.process() is None:
            words.append("down")
        else:
            words.append("up" if machine.sshd_runs() else "sshd is down")
            if machine.host.hypervisor:
                answers = machine.libvirt_answers()
                words.append(_guest_state(lab, machine.host.name) if answers else "libvirtd does not answer")
            elif lab.place.nbd.exists():
                words.append(f"serves {GUEST.name}'s disk over NBD" if machine.disk_served() else "qemu-nbd is down")
        healthy = healthy and words[0] == "up" and not {"libvirtd does not answer", "qemu-nbd is down"} & {*words}
        print(f"{machine.host.name:<12} {machine.host.address:<12} {', '.join(words)}")
    rate = lab.place.link_rate.read_text() if lab.place.link_rate.exists() else network.USUAL_RATE
    print(f"link limit   {rate}")
    print(f"folder       {lab.place.folder}")
    print(f"guest image  {CACHE} (kept by `down`, removed by `down --purge`)")
    if not healthy:
        print("`vmlm-tui lab up` repairs it")
    return 0 if healthy else 1


def _guest_state(lab: Lab, host: str) -> str:
    machine = lab.machine(host)
    if GUEST.name not in machine.run(["virsh", "list", "--all", "--name"]).split():
        return f"no {GUEST.name}"
    return f"{GUEST.name} {machine.run(['virsh', 'domstate', GUEST.name]).strip()}"


def _say(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vmlm-tui lab",
        description="Three hosts in namespaces on this machine: source, destination, storage. "
        "Without a command: up, then the app.",
    )
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument(
        "--name", default=argparse.SUPPRESS, help="which lab, where there are several (default: default)"
    )
    linked = argparse.ArgumentParser(add_help=False)
    linked.add_argument(
        "--link",
        metavar="RATE",
        default=argparse.SUPPRESS,
        help=f"the speed of the hosts' links: 250mbit, 10gbit, or none for no limit (default: {network.USUAL_RATE})",
    )
    parser.add_argument("--name", default=USUAL_NAME, help=argparse.SUPPRESS)
    parser.add_argument("--link", metavar="RATE", default=None, help=argparse.SUPPRESS)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("up", parents=[named, linked], help="bring the lab up, or repair it")
    down = commands.add_parser("down", parents=[named], help="end it and remove everything of it")
    down.add_argument(
        "--purge", action="store_true", help="remove the guest's image that is kept for the next time, too"
    )
    commands.add_parser("status", parents=[named], help="what is up and what is not")
    execute = commands.add_parser("exec", parents=[named], help="run a command on a host of it")
    execute.add_argument("host", metavar="HOST")
    execute.add_argument("words", metavar="-- COMMAND", nargs="*", help="the shell unless given")
    return parser
