"""The fields of the technique "automatic": whose rules decide, and what they may do."""

from collections.abc import Callable
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Input, Static

from tui.core.plan import NOT_ALLOWED, Plan, without_post_copy
from tui.forecast.model.policy import POLICIES
from tui.forecast.model.policy_words import POLICY_WORDS, PolicyWords
from tui.ui.choice import Choice
from tui.ui.form import number_field, row

MAY = ("use post-copy", "slow the VM down, not use post-copy", "only record what it would do (shadow)")
TOTAL_UNIT = "s, then post-copy; 0 means no limit"
POST_COPY, NO_POST_COPY, SHADOW = range(3)


class AutomaticFields(Container):
    """Calls `changed` when another option is chosen."""

    DEFAULT_CSS = """
    AutomaticFields { height: auto; }
    AutomaticFields #policy { width: 21; }
    AutomaticFields #policy_does { padding-left: 18; }
    AutomaticFields .unit { color: $text-muted; }
    """

    def __init__(self, defaults: Plan, changed: Callable[[], None]) -> None:
        super().__init__(id="automatic")
        self._defaults = defaults
        self._changed = changed

    def compose(self) -> ComposeResult:
        """The rows of the fields."""
        plan, names = self._defaults, list(POLICIES)
        policy, may = _chosen(plan)
        yield row(
            "policy",
            Choice(names, policy, id="policy", changed=self._option_changed),
            POLICY_WORDS[names[policy]].source,
        )
        yield Static(id="policy_does", markup=False)
        yield row("automatic may", Choice(MAY, may, id="may", changed=self._option_changed))
        yield row("longest total", number_field("total", f"{plan.total_s:g}"), TOTAL_UNIT)

    def on_mount(self) -> None:
        self._show()

    def take(self, plan: Plan) -> None:
        """Show the options of another plan."""
        policy, may = _chosen(plan)
        self.query_one("#policy", Choice).offer(list(POLICIES), policy)
        self.query_one("#may", Choice).offer(MAY, may)
        self.query_one("#total", Input).value = f"{plan.total_s:g}"
        self._show()

    @property
    def policy(self) -> str:
        """The name of the chosen policy."""
        return list(POLICIES)[self.query_one("#policy", Choice).index]

    @property
    def words(self) -> PolicyWords:
        """What the chosen policy does."""
        return POLICY_WORDS[self.policy]

    @property
    def post_copy(self) -> bool:
        """Whether post-copy is allowed."""
        return self.query_one("#may", Choice).index != NO_POST_COPY

    def applied(self, plan: Plan, total_s: float) -> Plan:
        """The plan with these options, and the longest total time that was read from its field."""
        shadow = self.query_one("#may", Choice).index == SHADOW
        plan = replace(plan, policy=self.policy, shadow=shadow, total_s=total_s)
        return plan if self.post_copy else without_post_copy(plan, NOT_ALLOWED)

    def _option_changed(self) -> None:
        self._show()
        self._changed()

    def _show(self) -> None:
        """Show what the policy does, and that without post-copy no longest time can be kept."""
        does = self.words.does if self.post_copy else self.words.without_post_copy
        self.query_one("#policy_does", Static).update(does)
        self.query_one("#row-policy .unit", Static).update(self.words.source)
        self.query_one("#total", Input).disabled = not self.post_copy
        self.query_one("#row-total .unit", Static).update(TOTAL_UNIT if self.post_copy else "s; needs post-copy")


def _chosen(plan: Plan) -> tuple[int, int]:
    """The policy of a plan, and what it allows, as the fields count them."""
    names = list(POLICIES)
    may = SHADOW if plan.shadow else NO_POST_COPY if plan.post_copy_refused == NOT_ALLOWED else POST_COPY
    return names.index(plan.policy) if plan.policy in names else 0, may
