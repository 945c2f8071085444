"""Which VM a migration moves, and to which host: the first line of the form that starts one."""

from collections.abc import Callable, Collection

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui.core.failure import Failure, or_failure
from tui.core.log import log
from tui.core.threads import on_thread
from tui.migration.backend.before.last_targets import LastTargets
from tui.ui.choice import Choice
from tui.ui.form import row
from tui.vm.model.location import Inventory, VmOnHost
from tui.vm.model.maintenance import Marks
from tui.vm.model.targets import Choices


class WayFields(Horizontal):
    """The choice of a target is shown only where there are several; `changed` is called synchronously."""

    DEFAULT_CSS = """
    WayFields { height: 1; }
    WayFields #row-vm, WayFields #row-to { width: 1fr; }
    WayFields #row-to .label { width: 4; }
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__()
        self.found: list[VmOnHost] | None = None  # None until the VMs are read
        self.last_targets = LastTargets()
        self.wanted = ""  # the host that is proposed first
        self.read_marks: Callable[[], Marks] = dict  # the hosts in maintenance; blocks, raises Failure
        self._avoided: Collection[str] = ()  # they are proposed last
        self._hosts: tuple[str, ...] = ()
        self._picked = False  # a person chose the VM
        self._to: dict[str, str] = {}  # by VM: the chosen target
        self._ranked: dict[tuple[str, str], Choices] = {}  # by VM and its host
        self._changed = changed

    def compose(self) -> ComposeResult:
        yield row("VM", Choice((), id="vm", changed=self._choose_vm))
        yield row("to", Choice((), id="to", changed=self._choose_target))

    def on_mount(self) -> None:
        self.query_one("#row-to").display = False
        self.screen.run_worker(self._read_marks, "maintenance")  # type: ignore[arg-type]  # it infers no result

    async def _read_marks(self) -> None:
        found = await or_failure(on_thread(self.read_marks))
        if isinstance(found, Failure):
            log.warning("%s", found)
        elif found:
            self._avoided = found.keys()
            self._offer_targets()
            self._changed()

    def offer(self, inventory: Inventory, vm: str) -> None:
        """Show the VMs, running ones first; one that a person chose stays chosen, else `vm` is once it is found."""
        chosen = (self.chosen if self._picked else None) or inventory.origin(vm) or self.chosen
        ordered = sorted(inventory.found, key=lambda each: (not each.vm.active, each.vm.arriving, each.vm.name))
        names = [each.vm.name for each in ordered]
        best = [n for n, each in enumerate(ordered) if chosen is not None and each.vm.name == chosen.vm.name]
        self.found, self._hosts = ordered, inventory.hosts
        self.query_one("#vm", Choice).offer(names, (best or [0])[0])
        self._offer_targets()

    @property
    def chosen(self) -> VmOnHost | None:
        """The chosen VM on its host."""
        index = self.query_one("#vm", Choice).index
        return self.found[index] if self.found and index >= 0 else None

    @property
    def targets(self) -> list[str]:
        """The other hosts, the best first as far as they are ranked; those in maintenance last."""
        found, known = self.chosen, self.ranking
        order = {each.host: place for place, each in enumerate(known.ranked)} if known is not None else {}
        others = [host for host in self._hosts if found is not None and host != found.host]
        return sorted(others, key=lambda host: (host in self._avoided, order.get(host, len(order))))

    @property
    def ranking(self) -> Choices | None:
        """The ranked targets of the chosen VM; None until they are read."""
        found = self.chosen
        return None if found is None else self._ranked.get((found.vm.name, found.host))

    @property
    def decided(self) -> bool:
        """Whether the target does not depend on the ranking: a person chose it, or it is the only one."""
        found, targets = self.chosen, self.targets
        asked = (self._to.get(found.vm.name, ""), self.wanted) if found is not None else ()
        return len(targets) < 2 or self.ranking is not None or any(host in targets for host in asked)

    def against(self, host: str) -> str:
        """Why the chosen VM can't go to a host, "" if it can or if that is unknown."""
        ranked = () if self.ranking is None else self.ranking.ranked
        return next((each.reasons[0] for each in ranked if each.host == host and not each.fits), "")

    def rank(self, found: VmOnHost, choices: Choices) -> None:
        """Take the ranked targets of a VM; the best one is proposed unless a person chose another."""
        self._ranked[found.vm.name, found.host] = choices
        self._offer_targets()

    @property
    def target(self) -> str:
        """The chosen host, "" if there is none."""
        targets, index = self.targets, self.query_one("#to", Choice).index
        return targets[index] if 0 <= index < len(targets) else ""

    def _choose_vm(self) -> None:
        self._picked = True
        self._offer_targets()
        self._changed()

    def _choose_target(self) -> None:
        found = self.chosen
        if found is not None:
            self._to[found.vm.name] = self.target
        self._changed()

    def _offer_targets(self) -> None:
        """Offer the other hosts; the best one is proposed, until it is known the one that the VM went to last.

        One in maintenance is the last one, and proposed only if a person has chosen it before.
        """
        found, targets, known = self.chosen, self.targets, self.ranking
        vm = found.vm.name if found else ""
        usual = [self.wanted, *(self.last_targets.of(vm) if known is None else ())]
        wanted = (self._to.get(vm, ""), *(host for host in usual if host not in self._avoided))
        grey = [place for place, host in enumerate(targets) if host in self._avoided or self.against(host)]
        texts = [f"{host}, in maintenance" if host in self._avoided else host for host in targets]
        at = next((targets.index(host) for host in wanted if host in targets), 0)
        self.query_one("#to", Choice).offer(texts, at, grey)
        self.query_one("#row-to").display = len(targets) > 1 or bool(grey)
