"""`vmlm-tui hosts`: lists the hosts with their state, and adds one to the configuration."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from tui.app.commands.output import Output
from tui.app.commands.session import configured, help_of, parser_of
from tui.core.actions import without_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.core.settings import Config
    from tui.hosts.backend.hosts import Hosts
    from tui.hosts.model.baseline import Baseline
    from tui.hosts.model.host import HostFacts
    from tui.hosts.model.matrix import Cell

JSON_FORMAT = 1  # raised when a key changes its meaning or is removed; new keys do not change it
USAGE = """hosts [--json] [--config FILE] [--help]
       vmlm-tui hosts matrix|baseline [--group GROUP] [--json] [--config FILE]
       vmlm-tui hosts add [NAME] [USER@]HOST[:PORT] [--libvirt URI] [--peer URI]
       [--migration-address ADDRESS] [--group GROUPS] [--no-login]"""
ABOUT = """\
Prints the hosts of the configuration with their state. `matrix` prints who can move VMs to whom, and why not;
`baseline` the best CPU that all hosts have in common, with libvirt's XML for a VM; both of a group with --group.
`add` appends a host to the configuration, whose other lines stay as they are, if the app can log in there; --no-login
skips that. Without NAME it is called as the first part of HOST.
The exit status is 1 if a host can't be read completely, a VM can't go one of the ways, or the login fails; 2 for
wrong arguments, else 0."""


def main(verb: str, words: list[str]) -> int:
    """List or add; returns the exit status, raises Failure for wrong words."""
    parser = parser_of(verb, USAGE, ABOUT)
    parser.add_argument("words", nargs="*", metavar="matrix|baseline|add [NAME] SSH", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text; its `format` is 1")
    parser.add_argument(
        "--group",
        metavar="GROUP",
        default="",
        help="only the hosts of this group; for `add` its groups, with commas between them",
    )
    parser.add_argument("--libvirt", metavar="URI", default="", help="of its libvirt, for the app")
    parser.add_argument("--peer", metavar="URI", default="", help="of its libvirt, for the other hosts")
    parser.add_argument("--migration-address", metavar="ADDRESS", default="", help="of it, to which VMs are sent")
    parser.add_argument("--no-login", action="store_true", help="add it even if the app can't log in there")
    options = parser.parse(words, intermixed=True)
    if options.help:
        return help_of(parser)
    if not options.words:
        if options.libvirt or options.peer or options.migration_address or options.no_login:
            parser.error("--libvirt, --peer, --migration-address and --no-login belong to `add`")
        if options.group:
            parser.error("--group belongs to `matrix`, `baseline` and `add`")
        return _list(verb, options)
    if options.words in (["matrix"], ["baseline"]):
        return _between(verb, options)
    if options.words[0] != "add" or len(options.words) not in (2, 3) or options.json:
        parser.error("`add [NAME] [USER@]HOST[:PORT]`, `matrix` or `baseline` is expected, or nothing")
    *named, ssh = options.words[1:]
    name = named[0] if named else name_of(ssh)
    if not name:
        parser.error(f"{ssh} needs a name: `add NAME {ssh}`")
    return _add(verb, name, ssh, options)


# -- list --


def _list(verb: str, options: argparse.Namespace) -> int:
    import asyncio

    from tui.app.wiring import hosts_alone
    from tui.core.together import together

    config = configured(options)
    connections, hosts = hosts_alone(config)

    async def read() -> "list[HostFacts]":
        try:
            return list(await together(*(_read(hosts, facts) for facts in hosts.unread())))
        finally:
            await connections.close()

    return _logged(verb, lambda output: listed(config, asyncio.run(read()), output, as_json=options.json))


async def _read(hosts: "Hosts", facts: "HostFacts") -> "HostFacts":
    """All facts of one host."""
    async for newer in hosts.read(facts):
        facts = newer
    return facts


def listed(config: "Config", hosts: "list[HostFacts]", output: Output, *, as_json: bool) -> int:
    """Print the hosts; returns the exit status."""
    from tui.hosts.model.host import OK

    if as_json:
        document = {"format": JSON_FORMAT, "hosts": [fields(config, each) for each in hosts]}
        output.lines([json.dumps(document, ensure_ascii=False)])
    else:
        wide = max(len(each.name) for each in hosts)
        output.lines(_line(config, each, wide) for each in hosts)
        for each in hosts:
            for failure in each.failures:
                output.report(f"{each.name}: {without_keys(str(failure))}")
    return int(any(each.state != OK for each in hosts))


def fields(config: "Config", facts: "HostFacts") -> dict[str, Any]:
    """One host as JSON."""
    from tui.hosts.model.host import System, Virtualization

    known, host = facts.virtualization, config.hosts[facts.name]
    daemon = known.daemon if isinstance(known, Virtualization) else None
    return {
        "name": facts.name,
        "ssh": host.ssh,
        "libvirt": host.libvirt if facts.hypervisor else None,
        "peer": host.peer_uri if facts.hypervisor else None,
        "migration_address": host.migration_address or None,
        "here": facts.name == config.here,
        "storage": facts.name == config.storage_host,
        "state": facts.state,
        "os": facts.system.os if isinstance(facts.system, System) else None,
        "libvirt_version": _version(daemon.libvirt_version) if daemon else None,
        "qemu_version": _version(daemon.hypervisor_version) if daemon else None,
        "vms": len(known.vms) if isinstance(known, Virtualization) else None,
        "problems": [without_keys(str(each)) for each in facts.failures],
    }


def _line(config: "Config", facts: "HostFacts", wide: int) -> str:
    one = fields(config, facts)
    parts = [f"{one['name']:<{wide}}", f"{one['state']:<16}", one["ssh"]]
    if one["libvirt_version"]:
        vms = f"{one['vms']} VM{'' if one['vms'] == 1 else 's'}"
        parts += [f"libvirt {one['libvirt_version']}, QEMU {one['qemu_version']}", vms]
    parts += ["storage server"] * one["storage"] + ["the app runs here"] * one["here"]
    return "  ".join(parts)


def _version(number: tuple[int, int, int]) -> str:
    return ".".join(map(str, number))


# -- what they are to each other --


def _between(verb: str, options: argparse.Namespace) -> int:
    import asyncio

    from tui.app.commands.hosts_between import print_baseline, print_matrix
    from tui.app.wiring import hosts_alone

    config = configured(options)
    chosen = config.of_group(options.group)
    connections, hosts = hosts_alone(config)

    async def cells() -> "list[Cell]":
        try:
            found = {each.pair: each async for each in hosts.matrix.read(hosts.matrix.pairs(chosen))}
            return [found[pair] for pair in hosts.matrix.pairs(chosen) if pair in found]
        finally:
            await connections.close()

    async def common() -> "Baseline":
        try:
            return await hosts.baseline(options.group)
        finally:
            await connections.close()

    def command(output: Output) -> int:
        if options.words == ["matrix"]:
            return print_matrix(chosen, asyncio.run(cells()), output, as_json=options.json)
        return print_baseline(asyncio.run(common()), output, as_json=options.json)

    return _logged(verb, command)


# -- add --


def name_of(ssh: str) -> str:
    """The first part of the name in an ssh target, "" for an address; Failure if the text is no target."""
    from ipaddress import ip_address

    from tui.core.ssh_target import parse_target

    host = parse_target(ssh).host
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return host.partition(".")[0]
    return ""


def _add(verb: str, name: str, ssh: str, options: argparse.Namespace) -> int:
    import asyncio

    from tui.app.add_host import login
    from tui.app.config import find
    from tui.app.host_table import append, check
    from tui.app.wiring import open_shell
    from tui.core.ssh_target import parse_target

    parse_target(ssh)
    path = find(options.config)
    groups = tuple(filter(None, options.group.split(",")))
    given = {
        "ssh": ssh,
        "libvirt": options.libvirt,
        "peer": options.peer,
        "groups": groups,
        "migration_address": options.migration_address,
    }
    keys = {key: value for key, value in given.items() if value}
    check(path, name, keys)

    def add(output: Output) -> int:
        failure = None if options.no_login else asyncio.run(login(open_shell, ssh))
        if failure is not None:
            hint = "--no-login adds it all the same, and the Hosts page then sets up the login."
            output.report(f"{name} was not added, because the app can't log in: {without_keys(str(failure))} {hint}")
            return 1
        config = append(path, name, keys)
        others = " and ".join(config.targets(name)) if name in config.hypervisors else ""
        between = f" VMs can go between it and {others}; `vmlm-tui check` shows what is missing." if others else ""
        output.lines([f"{name} was added to {path}.{between}"])
        return 0

    return _logged(verb, add)


def _logged(verb: str, command: "Callable[[Output], int]") -> int:
    """Run a command with its output; what libraries print goes to the log."""
    from tui.core import log
    from tui.core.settings import state_folder

    with log.stderr_redirected(log.start(state_folder() / log.NAME)):
        output = Output(verb, sys.stdout, sys.__stderr__)
        return command(output)
