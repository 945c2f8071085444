"""Asks the hosts of a migration where its VM is."""

from collections.abc import Callable
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass, replace
from typing import Any

from tui.core.connections import REPLY_LIMIT_S
from tui.core.failure import Failure
from tui.core.protocols import QemuEnded
from tui.core.threads import submit
from tui.core.vm import Vm
from tui.migration.backend.running.connections import MigrationConnections
from tui.migration.model.ending.evidence import HostAnswer
from tui.migration.model.resume import Version


@dataclass(frozen=True)
class Answers:
    """What the origin and the peer answer about the VM, and the versions of libvirt there, None if unknown."""

    here: HostAnswer
    there: HostAnswer
    here_libvirt: Version | None = None
    there_libvirt: Version | None = None


class Locator:
    """Asks the hosts, each call with a time limit; while one hangs, it is not made again."""

    def __init__(self, connections: MigrationConnections, vm: Vm) -> None:
        self._connections = connections
        self._vm = vm
        self._pending: dict[tuple[str, Question], Future[Any]] = {}

    def answers(self, *, versions: bool = False) -> Answers:
        """Ask the peer, then the origin; blocks. The versions may change: libvirt can be upgraded under a VM."""
        there = self._answer_of_peer()
        origin, peer = self._connections.origin, self._connections.peer
        here = self._answer(origin)
        if here.in_post_copy and self._ask(origin, _qemu_ended, otherwise=False):
            here = replace(here, qemu_ended=True)
        if not versions:
            return Answers(here, there)
        return Answers(
            here, there, *(self._ask(host, _version, otherwise=None) if host else None for host in (origin, peer))
        )

    def _answer_of_peer(self) -> HostAnswer:
        """The answer of the target; while it is unknown, of the host that has the VM, else of one that is silent."""
        known = self._connections
        if not known.candidates:
            return HostAnswer()
        for host in known.candidates:  # all at once: a silent one delays no other
            self._begin((host, _answer))
        answers = {host: self._answer(host) for host in known.candidates}
        having = (host for host, each in answers.items() if each.receives or each.active)
        silent = (host for host, each in answers.items() if each.silent)
        known.peer = next(having, next(silent, known.peer))
        return answers[known.peer]

    def _answer(self, host: str) -> HostAnswer:
        why = f"its libvirt has not replied for {REPLY_LIMIT_S:.0f} s"
        silent = HostAnswer(failure=Failure(f"{host} does not answer", why))
        found: HostAnswer = self._ask(host, _answer, otherwise=silent)
        return found

    def _ask(self, host: str, question: "Question", *, otherwise: Any) -> Any:
        key = (host, question)
        future = self._begin(key)
        try:
            answer = future.result(REPLY_LIMIT_S)
        except TimeoutError:
            return otherwise
        finally:
            if future.done():
                self._pending.pop(key, None)
        return answer

    def _begin(self, key: "tuple[str, Question]") -> Future[Any]:
        """The pending call, begun unless it was before."""
        if key not in self._pending:
            host, question = key
            self._pending[key] = submit(question, self._connections, host, self._vm)
        return self._pending[key]


Question = Callable[[MigrationConnections, str, Vm], Any]


def _answer(connections: MigrationConnections, host: str, vm: Vm) -> HostAnswer:
    try:
        known = connections.at(host).vm(connections.name_on(host, vm.name))
    except Failure as failure:
        return HostAnswer(failure=failure)
    return HostAnswer(known if known is not None and known.uuid == vm.uuid else None)  # else another VM of that name


def _qemu_ended(connections: MigrationConnections, host: str, vm: Vm) -> bool:
    """Whether QEMU on the host has ended: only a call that asks QEMU shows it before libvirt notices."""
    try:
        connections.at(host).job(vm.name)
    except QemuEnded:
        return True
    except Failure:
        return False  # it is busy, or the daemon is gone
    return False


def _version(connections: MigrationConnections, host: str, _vm: Vm) -> Version | None:
    try:
        return connections.at(host).daemon().libvirt_version
    except Failure:
        return None  # its answer about the VM has the reason
