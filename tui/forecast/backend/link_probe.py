"""Sends from one host to another for a second, as a migration would, and returns how fast that was."""

import asyncio
import secrets

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.ssh_target import parse_target, target_of_uri
from tui.forecast.model.link_probe import READY, RECEIVER, SENDER, SENT_S, SKIPPED_S, parse_moved, parse_port
from tui.linux import perl
from tui.linux.qemu_conf import QemuConf, parse_qemu_conf

LIVES_S = 40  # the receiver, if no sender comes
COMMAND_LIMIT_S = 60.0
CONF = ["sh", "-c", "cat /etc/libvirt/qemu.conf 2> /dev/null || :"]  # often only root may read it


async def probe(connections: Connections, origin: str, target: str) -> float:
    """The bytes per second from one host to another, over the ports of migrations; Failure if nothing arrives."""
    failed = f"The link from {origin} to {target} could not be probed"
    hostname = (await connections.query(target, lambda each: each.daemon())).hostname
    there = connections.shell(target)
    conf = parse_qemu_conf((await there.run(CONF, timeout=COMMAND_LIMIT_S)).stdout)
    token, ready = secrets.token_hex(8), asyncio.Event()
    printed: list[str] = []

    def on_output(text: str) -> None:
        printed.append(text)
        if READY in "".join(printed):
            ready.set()

    words = (*map(str, conf.migration_ports), str(LIVES_S), str(SKIPPED_S), token)
    run = there.run(perl.argv(RECEIVER, *words), timeout=COMMAND_LIMIT_S, on_output=on_output)
    receiving, waiting = asyncio.ensure_future(run), asyncio.ensure_future(ready.wait())
    try:
        await asyncio.wait({receiving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        port = parse_port("".join(printed))
        if port is None:
            done = await receiving
            if done.status == 127:
                raise Failure(failed, f"{perl.MISSING} on {target}", perl.INSTALL)
            done.output(failed)
            raise Failure(failed, f"nothing listens on {target}", detail=done.stdout + done.stderr)
        names = _names(connections, target, conf, hostname)
        sender = perl.argv(SENDER, str(port), str(SKIPPED_S + SENT_S), token, *names)
        done = await connections.shell(origin).run(sender, timeout=COMMAND_LIMIT_S)
        if done.status == 127:
            raise Failure(failed, f"{perl.MISSING} on {origin}", perl.INSTALL)
        if done.status:
            lines = done.stderr.strip().splitlines()
            hint = "The Hosts page tries the ports, and opens them in the firewall."
            raise Failure(failed, lines[-1] if lines else "nothing was sent", hint, detail=done.stderr)
        rate = parse_moved((await receiving).output(failed))
    finally:
        waiting.cancel()
        receiving.cancel()
    if rate is None:
        raise Failure(failed, "too little arrived within a second", "Check the network between the two hosts.")
    return rate


def _names(connections: Connections, target: str, conf: QemuConf, hostname: str) -> list[str]:
    """The names of a host, first the one to which libvirt sends a VM."""
    host = connections.config.hosts[target]
    if host.migration_address:
        return [host.migration_address]  # another one may belong to another network
    peer = target_of_uri(host.peer_uri)
    found = (conf.migration_host or hostname, peer.host if peer else "", parse_target(host.ssh).host)
    return list(dict.fromkeys(each for each in found if each))
