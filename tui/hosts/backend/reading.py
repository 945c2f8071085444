"""Reads one part of one host, or of the way between two; changes nothing, and waits for nothing without an end."""

import asyncio
import secrets
import time

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.protocols import Hypervisor
from tui.core.settings import STORAGE
from tui.core.ssh_target import Target
from tui.hosts.model import account, clock, firewall, ports_python, software, userfaultfd
from tui.hosts.model import names as host_names
from tui.hosts.model.account import Account
from tui.hosts.model.clock import Clock
from tui.hosts.model.facts import Libvirt, read_libvirt
from tui.hosts.model.firewall import Firewall
from tui.hosts.model.host import SYSTEM_SCRIPT, System, parse_system
from tui.hosts.model.names import Names
from tui.hosts.model.ports import CONNECTOR, LISTENER, READY, Tried, parse_connector, parse_listener
from tui.hosts.model.software import Software
from tui.hosts.model.ssh import ATTEMPT_SCRIPT, Attempt, parse_attempt
from tui.hosts.model.userfaultfd import Userfaultfd
from tui.linux import perl_or_python
from tui.linux.perl_or_python import NEITHER
from tui.linux.qemu_conf import QemuConf, parse_qemu_conf
from tui.linux.sudo import Root
from tui.vm.model import kvm as host_kvm
from tui.vm.model.cpu import IDENTICAL, KVM, Cpu, CpuFit, features
from tui.vm.model.kvm import Kvm
from tui.vm.model.machine_type import VmDefinition

QEMU_CONF_SCRIPT = "[ ! -e /etc/libvirt/qemu.conf ] || cat /etc/libvirt/qemu.conf"
SCRIPT_LIMIT_S = 60.0  # each of them ends sooner by itself, but on a host that hardly gets along
PARTS_LIMIT_S = 150.0  # scripts of several parts, each with a limit of its own
CONNECT_LIMIT_S, LISTEN_LIMIT_S = 3, 10  # it listens until it is told to end, at the longest so long
PEER_LIMIT_S = 10
CLOCK_ROUNDS = 3


class HostReading:
    """The questions, each a command or two and a parser; every one fails with Failure."""

    def __init__(self, connections: Connections, root: Root) -> None:
        self._connections = connections
        self._root = root
        self._config = connections.config

    async def system(self, host: str) -> System:
        storage = self._config.storage
        folder = storage.images if host == STORAGE else storage.export
        return parse_system(await self._said(host, SYSTEM_SCRIPT, folder))

    async def clock(self, host: str, *, rounds: int = CLOCK_ROUNDS) -> Clock | None:
        """Asked some times, for the quickest answer is the surest; None where its `date` knows no fractions.

        The connection should stand already.
        """
        shell, clocks = self._connections.shell(host), []
        for _ in range(rounds):
            asked_at = time.time()
            done = await shell.run(clock.ARGV)
            clocks.append(clock.measured(asked_at, done.stdout, time.time()))
        return clock.surest(clocks)

    async def libvirt(self, host: str) -> Libvirt:
        return await self._connections.ask(host, lambda hypervisor: read_libvirt(hypervisor, self._config.vm.name))

    async def software(self, host: str) -> Software:
        """Of libvirt and QEMU, and whether the app's login may use them."""
        login = (await self._said(host, "id -un")).strip()
        text = await self._said_to_root(host, software.SCRIPT, login, limit_s=PARTS_LIMIT_S)
        return software.parse_software(login, text)

    async def conf(self, host: str) -> QemuConf:
        """A host without one has QEMU's own settings; the storage server need not have any."""
        done = await self._root.run(host, ["sh", "-c", QEMU_CONF_SCRIPT], timeout=SCRIPT_LIMIT_S)
        if done.status:
            raise Failure(f"qemu.conf on {host} can't be read", done.stderr.strip(), detail=done.stderr)
        return parse_qemu_conf(done.stdout)

    async def kvm(self, host: str, user: tuple[int, int]) -> Kvm:
        kvm = host_kvm.parse_kvm(await self._said_to_root(host, host_kvm.SCRIPT, *map(str, user)))
        if kvm is None:
            raise Failure(f"KVM on {host} could not be tried", "there was no room for a guest's disk, or no mktemp")
        return kvm

    async def userfaultfd(self, host: str, user: tuple[int, int]) -> Userfaultfd:
        text = await self._said_to_root(host, userfaultfd.SCRIPT, *map(str, user))
        return userfaultfd.parse_userfaultfd(text)

    async def names(self, host: str, names: tuple[str, ...]) -> Names:
        return host_names.parse_names(await self._said(host, host_names.SCRIPT, *names)) if names else {}

    async def ssh(self, host: str, to: Target) -> Attempt:
        port = str(to.port) if to.port else ""
        return parse_attempt(await self._said_to_root(host, ATTEMPT_SCRIPT, to.host, to.user, port, to.key_file))

    async def account(self, host: str, user: str) -> Account:
        return account.parse_account(user, await self._said_to_root(host, account.SCRIPT, user))

    async def firewall(self, host: str, other: str) -> Firewall:
        text = await self._said_to_root(host, firewall.SCRIPT, other, limit_s=PARTS_LIMIT_S)
        return firewall.parse_firewall(text)

    async def peer(self, host: str, uri: str) -> str:
        """The other's host name as root's libvirt client gets it; "" where virsh is not there to ask with."""
        argv = ["timeout", "-k", "1", str(PEER_LIMIT_S), "virsh", "-c", uri, "hostname"]
        done = await self._root.run(host, argv, timeout=PEER_LIMIT_S + 5)
        if done.status in (126, 127):
            return ""
        if done.status:
            said = done.stderr.strip() or f"there was no answer within {PEER_LIMIT_S} s"
            raise Failure(f"root on {host} can't open {uri}", said.splitlines()[-1], detail=done.stderr)
        return done.stdout.strip()

    async def ports(self, start: str, end: str, address: str, ports: tuple[int, int]) -> Tried:
        """Listens on `end` for a moment and connects from `start`."""
        word, ready = secrets.token_hex(8), asyncio.Event()
        heard: list[str] = []

        def hear(text: str) -> None:
            heard.append(text)
            if READY in "".join(heard):
                ready.set()

        words = (*map(str, ports), str(LISTEN_LIMIT_S), word)
        listener = perl_or_python.argv(LISTENER, ports_python.LISTENER, *words)
        listening = asyncio.ensure_future(self._connections.shell(end).run(listener, timeout=SCRIPT_LIMIT_S, hear=hear))
        waiting = asyncio.ensure_future(ready.wait())
        try:
            await asyncio.wait({listening, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if not ready.is_set():
                done = await listening
                why = NEITHER if NEITHER in done.stderr else "nothing can listen there"
                raise Failure(f"The ports of {end} could not be tried", why, detail=done.stderr)
            listens, in_use = parse_listener("".join(heard))
            words = (address, str(CONNECT_LIMIT_S), word, *map(str, listens))
            connector = perl_or_python.argv(CONNECTOR, ports_python.CONNECTOR, *words)
            done = await self._connections.shell(start).run(connector, timeout=SCRIPT_LIMIT_S)
            if done.status:
                raise Failure(f"The ports of {end} could not be tried from {start}", done.stderr.strip())
            await listening
        finally:
            waiting.cancel()
            listening.cancel()
        return Tried(address, parse_connector(done.stdout), in_use)

    async def cpu(self, start: str, end: str, vm: VmDefinition) -> CpuFit:
        """The CPU of `start` and that of the VM, put to the libvirt of `end`."""
        virtualization = vm.virtualization or KVM
        own, others = [await self._cpu(host, virtualization) for host in (start, end)]
        verdict = await self._connections.ask(end, lambda there: there.compare_cpu(own.xml, virtualization))
        common = ""
        if verdict != IDENTICAL:
            xmls = (own.xml, others.xml)
            common = await self._connections.ask(end, lambda there: there.baseline_cpu(xmls, virtualization))
        vms = ""
        if vm.cpu_mode == "custom":
            vms = await self._connections.ask(end, lambda there: there.compare_cpu(vm.cpu, virtualization))
        return CpuFit(virtualization, verdict, own, others, common, vms)

    async def _cpu(self, host: str, virtualization: str) -> Cpu:
        def read(hypervisor: Hypervisor) -> Cpu:
            xml = hypervisor.cpu_xml(virtualization)
            return Cpu(xml, features(hypervisor.baseline_cpu((xml,), virtualization, spelled_out=True)))

        return await self._connections.ask(host, read)

    async def _said(self, host: str, script: str, *words: str) -> str:
        done = await self._connections.shell(host).run(["sh", "-c", script, "sh", *words], timeout=SCRIPT_LIMIT_S)
        return done.stdout

    async def _said_to_root(self, host: str, script: str, *words: str, limit_s: float = SCRIPT_LIMIT_S) -> str:
        done = await self._root.run(host, ["sh", "-c", script, "sh", *words], timeout=limit_s)
        return done.stdout
