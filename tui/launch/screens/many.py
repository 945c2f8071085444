"""The keys of the Launch page for several VMs: space marks them, one question names them, each has its outcome."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from textual import work
from textual.binding import Binding, BindingType

from tui.core.aged import SILENT_AFTER_S
from tui.core.failure import Failure, or_failure
from tui.core.together import together
from tui.guest.backend.guest import OnProgress
from tui.guest.model.workload import VmCapacity, WorkloadSpec
from tui.launch.backend.launch import Launch
from tui.launch.screens.deletion import DeletionsQuestion
from tui.launch.screens.edit import EditsDefinitions
from tui.launch.screens.reasons import DELETE, FORCE_OFF, INTERRUPTS, SHUT_DOWN, START, STOP
from tui.launch.screens.view import BOOT
from tui.ui.filtered import ALL_LINES
from tui.ui.question import Answer, Question
from tui.vm.backend.vms import Deletion
from tui.vm.screens.moving import MoveRequested

AT_ONCE = 4  # VMs
MARK_BINDINGS: list[BindingType] = [
    Binding("space", "mark", "mark", show=False, tooltip="Mark the VM, for what acts on several", id="launch.mark"),
    ALL_LINES,
    Binding("escape", "unmark", "unmark", show=False, key_display="esc", tooltip="Unmark all", id="launch.unmark"),
    Binding("o", "order", "order", show=False, tooltip="Sort by the next column", id="launch.sort"),
    Binding("O", "reverse", "reverse", show=False, tooltip="Reverse the order", id="launch.reverse"),
]
Call = Callable[[str, OnProgress], Awaitable[str]]  # with the name of the VM; returns what happened


@dataclass(frozen=True)
class Deed:
    """What is asked before an action on several VMs, and how its progress begins; {} is how many they are."""

    title: str
    about: str
    yes: str
    begins: str


DEEDS = {
    BOOT: Deed("Boot {}?", "", "boot them", "booting {}"),
    SHUT_DOWN: Deed(
        "Shut {} down?",
        "Their guests are requested to shut down, as by a power button. Workloads end with them.",
        "shut them down",
        "shutting {} down",
    ),
    FORCE_OFF: Deed(
        "Force {} off?",
        "They lose all data not yet written to their disks, as in a power cut.",
        "force them off",
        "forcing {} off",
    ),
    START: Deed("", "", "", "starting the workload in {}"),
    STOP: Deed(
        "Stop the workloads in {}?", "They do not start again by themselves.", "stop them", "stopping workloads in {}"
    ),
    DELETE: Deed("", "", "", "deleting {}"),
}


class ActsOnMany(EditsDefinitions):
    """The page with marks; a subclass adds MARK_BINDINGS, and calls `many` first in the action of each key of DEEDS."""

    def __init__(self, launch: Launch) -> None:
        super().__init__(launch)
        self._of_many = False  # the running action does not depend on the chosen VM

    def action_mark(self) -> None:
        """Mark the chosen VM, or not, and go to the next one."""
        name = self._launch.name
        if name not in self._listing.names:
            self.explain(f"{name} can't be marked: {self._where.sentence}.")
            return
        self._marked ^= {name}
        names = self._names()
        if names[-1] != name:
            self.choose_vm(names[names.index(name) + 1])
        self._show()
        self.refresh_bindings()

    def action_unmark(self) -> None:
        """Unmark all VMs, also those that the filter hides."""
        self._marked.clear()
        self._show()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the key that unmarks while nothing is marked."""
        return bool(self._marked) if action == "unmark" else super().check_action(action, parameters)

    def action_order(self) -> None:
        """Sort by the next column."""
        self._order = self._order.next
        self._show()

    def action_reverse(self) -> None:
        """Reverse the order."""
        self._order = replace(self._order, reverse=not self._order.reverse)
        self._show()

    def choose_vm(self, name: str) -> None:
        """Choose a VM of the list."""
        raise NotImplementedError

    def why_not(self, action: str) -> str:
        """With marks, a key acts if it can for one of them."""
        marked = self.marked() if action in DEEDS and not self._action else []
        if not marked:
            return super().why_not(action)
        reasons = [self.why_not_of(action, name) for name in marked]
        if not all(reasons):
            return ""
        return reasons[0] if len(marked) == 1 else f"None of the {len(marked)} marked VMs can: {reasons[0]}"

    @property
    def _capacity(self) -> VmCapacity:
        """With marks, the vCPUs and the memory that each of the VMs has at least."""
        found = [vm for name in self.marked() if (vm := self._listing.where(name).vm) is not None]
        if not found:
            return super()._capacity
        return VmCapacity(min(vm.vcpus for vm in found), min(vm.memory_bytes for vm in found))

    # -- what the keys do --

    def many(self, action: str) -> bool:
        """Ask, and do it for the marked VMs; False if none is marked."""
        marked = self.marked()
        if not marked:
            return False
        if action == DELETE:
            self._ask_deletions(marked)
        else:
            self._ask(action, marked)
        return True

    def _ask(self, action: str, marked: Sequence[str]) -> None:
        able = [name for name in marked if not self.why_not_of(action, name)]
        doubts = dict.fromkeys(self._listing.where(name).doubt for name in able) if action == BOOT else {}
        lines = [", ".join(able), DEEDS[action].about, *doubts]
        lines += [f"Not: {self.with_keys(self.why_not_of(action, name))}" for name in marked if name not in able]

        def answered(key: str | None) -> None:
            if key == "y":
                self.do_many(action, marked, self._calls[action])

        answers = [Answer("y", DEEDS[action].yes), Answer("n", "change nothing")]
        title = DEEDS[action].title.format(_vms(able))
        self.app.push_screen(Question(title, "\n".join(filter(None, lines)), answers), answered)

    @work(group="read", exclusive=True)
    async def _ask_deletions(self, marked: Sequence[str]) -> None:
        able = [name for name in marked if not self.why_not_of(DELETE, name)]
        found = await together(*(or_failure(self._launch.vms.deletion(name)) for name in able))
        deletions = {each.name: each for each in found if isinstance(each, Deletion)}
        refused = [str(each) for each in found if isinstance(each, Failure)]
        refused += [self.with_keys(self.why_not_of(DELETE, name)) for name in marked if name not in able]
        if not deletions:
            self.explain(refused[0])
            return

        def answered(key: str | None) -> None:
            async def delete(name: str, _on_progress: OnProgress) -> str:
                if name not in deletions:
                    raise Failure(f"{name} was not in the question")
                return await self._launch.delete(deletions[name], disks=key == "d")

            if key in ("y", "d"):
                self.do_many(DELETE, marked, delete)

        self.app.push_screen(DeletionsQuestion(list(deletions.values()), refused), answered)

    def start_in_many(self, spec: WorkloadSpec) -> bool:
        """Start a workload in the marked VMs; False if none is marked."""
        marked = self.marked()

        async def start(name: str, on_progress: OnProgress) -> str:
            await self._launch.start_workload(spec, on_progress, name)
            return f"started: {spec.text}."

        if marked:
            self.do_many(START, marked, start)
        return bool(marked)

    @property
    def _calls(self) -> dict[str, Call]:
        async def boot(name: str, on_progress: OnProgress) -> str:
            return await self._launch.boot(on_progress, name)

        async def shut_down(name: str, on_progress: OnProgress) -> str:
            await self._launch.shut_down(on_progress, name)
            return "is shut off."

        async def force_off(name: str, on_progress: OnProgress) -> str:
            await self._launch.force_off(on_progress, name)
            return "was forced off."

        async def stop(name: str, on_progress: OnProgress) -> str:
            before = await self._launch.workloads.status(name)
            if not before.running:
                raise Failure("no workload runs in it")
            after = await self._launch.stop_workload(on_progress, name)
            return f"the workload {before.name} was stopped{f', with an error: {after.error}' if after.error else ''}."

        return {BOOT: boot, SHUT_DOWN: shut_down, FORCE_OFF: force_off, STOP: stop}

    def do_many(self, action: str, marked: Sequence[str], call: Call) -> None:
        """Do it for those VMs for which it can be done now; the report then has a line for each one."""
        if self._action and self._action not in INTERRUPTS.get(action, ()):
            self.explain(self._please_wait())
            return
        self._action, self._of_many = action, True
        self._show()
        self._run_many(action, marked, call)

    @work(group="action", exclusive=True)
    async def _run_many(self, action: str, marked: Sequence[str], call: Call) -> None:
        reasons = {name: self.why_not_of(action, name) for name in marked}
        able, limit = [name for name in marked if not reasons[name]], asyncio.Semaphore(AT_ONCE)
        outcomes: dict[str, str | Failure] = {}
        begins = DEEDS[action].begins.format(_vms(able))

        async def one(name: str) -> None:
            async with limit:
                outcomes[name] = await or_failure(call(name, lambda _text: None))
            self._report.step(f"{begins}, {len(outcomes)} of them done")

        self._report.begin(begins)
        self.call_after_refresh(self._report.scroll_visible, animate=False)
        try:
            await together(*map(one, able))
        finally:
            if self._action == action:
                self._action, self._of_many = "", False
        await self.reread()
        self._report.list_outcomes([_outcome(name, outcomes.get(name), reasons[name]) for name in marked])
        await self._read_workload()
        self.call_after_refresh(self._report.scroll_visible, animate=False)

    def action_empty(self) -> None:
        """Ask for the plan that moves the marked VMs, or that empties the host of the chosen one."""
        marked = tuple(self.marked())
        self.post_message(MoveRequested(vms=marked) if marked else MoveRequested(self._where.host))

    async def reread(self) -> None:
        """List the VMs of all hosts again; one that does not answer is left to its worker."""

        async def read(host: str) -> None:
            found = await self._launch.vms.on(host)
            self._answered = self._answered.with_answer(host, found)

        reading = [asyncio.ensure_future(read(host)) for host in self._launch.vms.hosts]
        _, late = await asyncio.wait(reading, timeout=SILENT_AFTER_S)
        for each in late:
            each.cancel()
        if self._launch.name not in self._answered.names:
            self.choose_vm(next(iter(self._answered.names), self._launch.config.vm.name))
        self._forget_marks()
        self._show()


def _outcome(name: str, outcome: str | Failure | None, reason: str) -> tuple[str, str]:
    """The line of one VM and its style."""
    if outcome is None:
        return f"{name}: nothing was done. {reason}", "$warning"
    if isinstance(outcome, Failure):
        return f"{name}: {outcome}", "bold $error"
    return f"{name}: {outcome.removeprefix(f'{name} ')}", "$success"


def _vms(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} VMs"
