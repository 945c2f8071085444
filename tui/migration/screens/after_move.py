"""The keys of the Migrate page for a VM that has moved: announce its network, compare and set its clock."""

from textual import work
from textual.binding import Binding, BindingType

from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.guest.model.clock import GuestClock
from tui.migration.backend.after.after_move import AfterMove
from tui.migration.backend.migrations import Migration, Migrations
from tui.migration.model.after_move import Announcing, why_not_after
from tui.migration.screens.view import MigrateView
from tui.ui.question import Answer, Question

AFTER_KEYS = ("announce", "clock")
AFTER_BINDINGS: tuple[BindingType, ...] = (
    Binding("A", "announce", "announce", id="migrate.announce",
            tooltip="After the move: let the VM announce its network addresses again, if its network is silent"),
    Binding("t", "clock", "clock", show=False, id="migrate.clock",
            tooltip="After the move: compare the guest's clock with its host's, and set it through the guest agent"),
)  # fmt: skip


class AfterMoveView(MigrateView):
    """A subclass adds AFTER_BINDINGS to its own, and asks `why_not_after_move` of AFTER_KEYS."""

    def __init__(self, migrations: Migrations, defaults: Plan, after_move: AfterMove | None = None) -> None:
        super().__init__(migrations, defaults)
        self._after_move = after_move
        self._announcing: Announcing | None = None  # of the migration shown; read when it has ended
        self._busy_after = ""  # what is under way

    @property
    def moved_name(self) -> str:
        """The name of the VM at the target; "" if no migration is shown."""
        migration = self._migration
        return "" if migration is None else migration.plan.dname or migration.vm.name

    @property
    def can_follow_up(self) -> bool:
        """Whether a VM has moved."""
        return self._after_move is not None and not why_not_after(self._timeline)

    def why_not_after_move(self, action: str) -> str:
        """Why the VM can't be announced, or its clock be set."""
        if self._after_move is None:
            return "There is no connection to the hosts."
        reason = why_not_after(self._timeline if self._migration else None) or self._busy_after
        if reason or action != "announce" or self._announcing is None:
            return reason
        return self._announcing.why_not if self._announcing.name == self.moved_name else ""

    def _follow(self, migration: Migration | None) -> None:
        super()._follow(migration)
        self._announcing = None
        if self._timeline.over:
            self.read_announcing()

    def on_end(self) -> None:
        self.read_announcing()

    @work(group="announcing", exclusive=True)
    async def read_announcing(self) -> None:
        """Read whether the VM can be announced, so that its key is grey if it can't."""
        if self._after_move is None or not self.can_follow_up:
            return
        try:
            self._announcing = await self._after_move.announcing(self.moved_name)
        except Failure:
            self._announcing = None  # the key shows why
        self.refresh_bindings()

    @work(group="after-move")
    async def action_announce(self) -> None:
        """Announce the VM, after a confirmation if libvirt then marks it as tainted."""
        after_move = self._after_move
        if after_move is None:
            return
        try:
            how = await after_move.announcing(self.moved_name)
        except Failure as failure:
            self.explain(str(failure))
            return
        self._announcing = how
        self.refresh_bindings()
        if how.why_not:
            self.explain(how.why_not)
        elif not how.taints:
            self._announce(how)
        else:
            answers = [Answer("y", "announce it"), Answer("n", "leave it")]

            def answered(key: str | None) -> None:
                if key == "y":
                    self._announce(how)

            self.app.push_screen(Question(f"Announce {how.name} on {how.host} again?", how.taint, answers), answered)

    @work(group="after-move")
    async def _announce(self, how: Announcing) -> None:
        if self._after_move is None:
            return
        try:
            self.explain(await self._after_move.announce(how))
        except Failure as failure:
            self.explain(str(failure))

    @work(group="after-move")
    async def action_clock(self) -> None:
        """Compare the guest's clock, and offer to set it if it differs."""
        after_move, name = self._after_move, self.moved_name
        if after_move is None:
            return
        self._busy_after = "The guest's clock is being compared."
        try:
            clock = await after_move.clock(name)
        except Failure as failure:
            self.explain(str(failure))
            return
        finally:
            self._busy_after = ""
        if clock.agrees:
            self.explain(f"The clock of {name} {clock.text}.")
        else:
            self._offer_to_set(name, clock)

    def _offer_to_set(self, name: str, clock: GuestClock) -> None:
        text = (
            f"The clock of {name} {clock.text}. Setting it makes it jump; programs in the guest see that. "
            "A time service in the guest, such as chrony, corrects it slowly instead."
        )
        answers = [Answer("y", "set it"), Answer("n", "leave it")]

        def answered(key: str | None) -> None:
            if key == "y":
                self._set_clock(name)

        self.app.push_screen(Question("Set the guest's clock?", text, answers), answered)

    @work(group="after-move")
    async def _set_clock(self, name: str) -> None:
        if self._after_move is None:
            return
        try:
            done = await self._after_move.set_clock(name)
        except Failure as failure:
            self.explain(str(failure))
        else:
            self.explain(f"Set: {done.sentence(name)}")
