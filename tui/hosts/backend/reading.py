"""Reads single facts of one host, or from one host about another; changes nothing, and every wait has a limit."""

import asyncio
import secrets
import time
from collections.abc import Iterable

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.protocols import Hypervisor
from tui.core.settings import Config
from tui.core.ssh_target import target_of_uri
from tui.hosts.model import account, share, userfaultfd
from tui.hosts.model import clock as host_clock
from tui.hosts.model import names as host_names
from tui.hosts.model import script as host_script
from tui.hosts.model.account import Account
from tui.hosts.model.clock import Clock
from tui.hosts.model.facts import Configured, Libvirt
from tui.hosts.model.names import Names
from tui.hosts.model.ports import CONNECTOR, LISTENER, READY, Tried, parse_connector, parse_listener
from tui.hosts.model.share import Share
from tui.hosts.model.software import Software
from tui.hosts.model.ssh import ATTEMPT_SCRIPT, WORKS, Attempt, parse_attempt
from tui.hosts.model.userfaultfd import Userfaultfd
from tui.linux import firewall, greeting, perl
from tui.linux.firewall import Firewall
from tui.linux.qemu_conf import QemuConf
from tui.linux.sudo import Sudo
from tui.vm.backend.kvm import try_kvm
from tui.vm.model.cpu import IDENTICAL, KVM, Cpu, CpuFit, features
from tui.vm.model.domain import Domain, parse
from tui.vm.model.kvm import Kvm

SCRIPT_LIMIT_S = 60.0  # the scripts have shorter limits of their own, unless the host is overloaded
PARTS_LIMIT_S = 150.0  # for scripts of many parts with a limit each
CONNECT_LIMIT_S, LISTEN_LIMIT_S = 3, 10  # the listener ends on the connector's token, or after this time
PEER_LIMIT_S = 10
CLOCK_ROUNDS = 3


def configured(config: Config) -> Configured:
    """The part of the configuration that the steps depend on."""
    return Configured(
        ssh={host.name: host.ssh for host in config.machines},
        peer_uri={name: config.hosts[name].peer_uri for name in config.hypervisors},
        migration_address={
            name: address for name in config.hypervisors if (address := config.hosts[name].migration_address)
        },
        images=config.storage.images,
        vm=config.vm.name,
        vm_memory_bytes=config.vm.memory_bytes,
        hypervisors=config.hypervisors,
        here=config.here,
        storage=config.storage_host,
    )


class HostReading:
    """Each method runs one or two commands and parses their output; all raise Failure."""

    def __init__(self, connections: Connections, sudo: Sudo) -> None:
        self._connections = connections
        self._sudo = sudo
        self._config = connections.config

    async def as_login(self, host: str, names: Iterable[str] = ()) -> host_script.LoginRead:
        """What the app's login can read, and the addresses of `names`."""
        folder = self._config.storage.images if host == self._config.storage_host else self._config.storage.export
        return host_script.parse_login(host, await self._output(host, host_script.LOGIN_SCRIPT, folder, *names))

    async def as_root(self, host: str, login: str) -> tuple[QemuConf, Software | Failure | None]:
        """What only root can read; `login` is the app's login there.

        Another login may use libvirt there: the one by which the other host opens it, for the way back.
        """
        if host == self._config.storage_host:
            return host_script.parse_root(host, await self._root_output(host, host_script.STORAGE_SCRIPT), None)
        peer = target_of_uri(self._config.hosts[host].peer_uri)
        logins = tuple(dict.fromkeys((login, (peer.user or "root") if peer else "root")))
        text = await self._root_output(host, host_script.HYPERVISOR_SCRIPT, *logins, limit_s=PARTS_LIMIT_S)
        return host_script.parse_root(host, text, logins)

    async def clock(self, host: str) -> Clock:
        """Sample the clock several times; the smallest round trip wins. The connection should be open already."""
        shell, clocks, failed = self._connections.shell(host), [], f"The clock of {host} can't be read"
        for _ in range(CLOCK_ROUNDS):
            sent_at = time.time()
            done = await shell.run(host_clock.ARGV)
            clocks.append(host_clock.measured(sent_at, done.output(failed), time.time()))
        clock = host_clock.most_accurate(clocks)
        if clock is None:
            raise Failure(failed, "its `date` prints no fractions of a second")
        return clock

    async def libvirt(self, host: str) -> Libvirt:
        """The daemon, its VMs, and the definition of the configured VM."""

        def read(hypervisor: Hypervisor) -> Libvirt:
            name, vms = self._config.vm.name, hypervisor.vms()
            incoming = any(each.name == name and each.incoming for each in vms)  # its origin has the same definition
            xml = "" if incoming else hypervisor.definition(name)
            definition = parse(xml) if xml else None
            return Libvirt(hypervisor.daemon(), vms, hypervisor.machine_types(), definition)

        return await self._connections.query(host, read)

    async def share(self, host: str) -> Share:
        """What the folder of the images is on a host that runs VMs."""
        return share.parse_share(await self._output(host, share.SCRIPT, self._config.storage.export))

    async def kvm(self, host: str, user: tuple[int, int]) -> Kvm:
        """Whether a guest runs on KVM as QEMU's user and group."""
        return await try_kvm(self._sudo, host, user)

    async def userfaultfd(self, host: str, user: tuple[int, int]) -> Userfaultfd:
        """Whether QEMU's user and group may use userfaultfd."""
        text = await self._root_output(host, userfaultfd.SCRIPT, *map(str, user))
        return userfaultfd.parse_userfaultfd(text)

    async def names(self, host: str, names: Iterable[str]) -> Names:
        """The addresses of `names` as `host` resolves them."""
        return host_names.parse_names(await self._output(host, host_names.SCRIPT, *names))

    async def ssh(self, host: str, uri: str) -> Attempt:
        """A test login of root to the host of a libvirt URI; WORKS if the URI does not use ssh."""
        to = target_of_uri(uri)
        if to is None:
            return Attempt(WORKS)
        port = str(to.port) if to.port else ""
        return parse_attempt(await self._root_output(host, ATTEMPT_SCRIPT, to.host, to.user, port, to.key_file))

    async def account(self, host: str, user: str) -> Account:
        """How the ssh server of `host` treats `user`."""
        return account.parse_account(user, await self._root_output(host, account.SCRIPT, user))

    async def firewall(self, host: str, other: str) -> Firewall:
        """The firewall of `host` towards the address `other`."""
        text = await self._root_output(host, firewall.SCRIPT, other, limit_s=PARTS_LIMIT_S)
        return firewall.parse_firewall(text)

    async def peer(self, host: str, uri: str) -> str:
        """The host name that the peer's libvirt reports to root; "" if virsh is missing."""
        argv = ["timeout", "-k", "1", str(PEER_LIMIT_S), "virsh", "-c", uri, "hostname"]
        done = await self._sudo.run(host, argv, timeout=PEER_LIMIT_S + 5)
        if done.status in (126, 127):
            return ""
        if done.status:
            what = f"root on {host} can't open {uri}"
            error = done.stderr.strip() or f"there was no answer within {PEER_LIMIT_S} s"
            if greeting.breaks_libvirt(error):
                raise Failure(what, greeting.WHY, greeting.HINT, detail=done.stderr)
            raise Failure(what, error.splitlines()[-1], detail=done.stderr)
        return done.stdout.strip()

    async def ports(self, start: str, end: str, address: str, ports: tuple[int, int]) -> Tried:
        """Listen on the ports of `end` and connect to them from `start`."""
        token, ready = secrets.token_hex(8), asyncio.Event()
        printed: list[str] = []

        def on_output(text: str) -> None:
            printed.append(text)
            if READY in "".join(printed):
                ready.set()

        failed = f"The ports of {end} could not be tried"
        words = (*map(str, ports), str(LISTEN_LIMIT_S), token)
        run = self._connections.shell(end).run(perl.argv(LISTENER, *words), timeout=SCRIPT_LIMIT_S, on_output=on_output)
        listening, waiting = asyncio.ensure_future(run), asyncio.ensure_future(ready.wait())
        try:
            await asyncio.wait({listening, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if not ready.is_set():
                done = await listening
                why, hint = ("nothing can listen there", "") if done.status != 127 else (perl.MISSING, perl.INSTALL)
                raise Failure(failed, why, hint, detail=done.stderr)
            listens, in_use = parse_listener("".join(printed))
            words = (address, str(CONNECT_LIMIT_S), token, *map(str, listens))
            connector = perl.argv(CONNECTOR, *words)
            done = await self._connections.shell(start).run(connector, timeout=SCRIPT_LIMIT_S)
            if done.status == 127:
                raise Failure(f"{failed} from {start}", perl.MISSING, perl.INSTALL)
            outcomes = parse_connector(done.output(f"{failed} from {start}"))
            (await listening).output(failed)
        finally:
            waiting.cancel()
            listening.cancel()
        return Tried(address, outcomes, in_use)

    async def cpu(self, start: str, end: str, vm: Domain) -> CpuFit:
        """The CPUs of `start` and of the VM, compared by the libvirt of `end`."""
        virtualization = vm.kind or KVM
        own, others = [await self._cpu(host, virtualization) for host in (start, end)]
        verdict = await self._connections.query(end, lambda there: there.compare_cpu(own.xml, virtualization))
        common = ""
        if verdict != IDENTICAL:
            xmls = (own.xml, others.xml)
            common = await self._connections.query(end, lambda there: there.baseline_cpu(xmls, virtualization))
        vms = ""
        if vm.cpu_mode == "custom":
            vms = await self._connections.query(end, lambda there: there.compare_cpu(vm.cpu_xml, virtualization))
        return CpuFit(virtualization, verdict, own, others, common, vms)

    async def _cpu(self, host: str, virtualization: str) -> Cpu:
        def read(hypervisor: Hypervisor) -> Cpu:
            xml = hypervisor.cpu_xml(virtualization)
            return Cpu(xml, features(hypervisor.baseline_cpu((xml,), virtualization, expand_features=True)))

        return await self._connections.query(host, read)

    async def _output(self, host: str, script: str, *words: str) -> str:
        done = await self._connections.shell(host).run(["sh", "-c", script, "sh", *words], timeout=SCRIPT_LIMIT_S)
        return done.output(f"{host} could not be read")

    async def _root_output(self, host: str, script: str, *words: str, limit_s: float = SCRIPT_LIMIT_S) -> str:
        done = await self._sudo.run(host, ["sh", "-c", script, "sh", *words], timeout=limit_s)
        return done.output(f"{host} could not be read as root")
