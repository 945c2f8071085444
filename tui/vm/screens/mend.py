"""The dialog with what keeps a VM from migrating, each finding with the change that mends it."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from tui.core.actions import without_keys
from tui.core.failure import Failure, PasswordNeeded
from tui.ui.dialog import Box, Dialog
from tui.ui.lines import Lines
from tui.ui.question import Answer, Question
from tui.vm.model.blockers import Blocker
from tui.vm.model.fix import COPY, Fix
from tui.vm.widgets import finding_lines

KEYS = "yf"  # of the ways to mend one finding
NOTHING = "Nothing known blocks the migration of {} now."
READING = "Reading the VM and both hosts ..."
NO_KEY = "No key mends this one; its sentence names what does."


class Mending(Protocol):
    """What the dialog needs of vm.backend.fixes.Fixes."""

    async def findings(self, name: str, host: str, to: str = "") -> tuple[Blocker, ...]:
        """What is known of the migration of a VM from `host` to another one, read now."""

    async def prepared(self, fix: Fix, host: str) -> Fix:
        """The fix with exactly the commands that `run` does."""

    async def run(self, fix: Fix, host: str) -> str:
        """Do it; returns a sentence on what was done."""


class MendDialog(Dialog[None]):
    """Lists the findings of a VM on its `way`, the host and the target; Enter asks before it mends the chosen one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", "choose", show=False, priority=True),
        Binding("down", "choose(1)", "choose", key_display="up/down", priority=True),
        Binding("enter", "mend", "mend", key_display="enter", priority=True),
        Binding("r", "read", "read again"),
    ]
    DEFAULT_CSS = """
    MendDialog > Box { width: 110; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    MendDialog #message { height: auto; margin-top: 1; }
    MendDialog #message.wrong { color: $error; text-style: bold; }
    """

    def __init__(self, mending: Mending, name: str, way: tuple[str, str], findings: Sequence[Blocker]) -> None:
        super().__init__(f"Migration of {name} to {way[1]}")
        self._mending = mending
        self._vm, (self._host, self._target) = name, way
        self._findings = tuple(findings)
        self._chosen = 0
        self._busy = False
        self._list = Lines(id="list")

    def body(self) -> ComposeResult:
        yield self._list
        yield Static(id="message", markup=False)

    def on_mount(self) -> None:
        self.action_read()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        lines, at = finding_lines(self._findings, self._chosen, self._list.size.width)
        self._list.show(*lines)
        self.call_after_refresh(self.query_one(Box).scroll_to, y=max(0, at - 2), animate=False)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        message = self.query_one("#message", Static)
        message.set_class(wrong, "wrong")
        message.update(Content(without_keys(text)))

    def action_choose(self, step: int) -> None:
        """Choose the finding below."""
        if self._findings:
            self._chosen = (self._chosen + step) % len(self._findings)
            self._show()

    def action_close(self) -> None:
        """Close, but not in the middle of a change: that would leave half of it."""
        if self._busy:
            self._say("Please wait until the change is done.")
        else:
            super().action_close()

    def action_read(self) -> None:
        """Read the findings again."""
        if not self._busy:
            self._say(READING)
            self._read_again()

    @work(group="mend", exclusive=True)
    async def _read_again(self) -> None:
        await self._read("")

    async def _read(self, done: str) -> None:
        """Read the findings again, then show what was done."""
        try:
            found = await self._mending.findings(self._vm, self._host, self._target)
        except Failure as failure:
            self._say(f"{done} {failure}".strip(), wrong=True)
            return
        if self._chosen:  # a person has moved the arrow: it stays on that finding
            text = self._findings[self._chosen].text
            same = (number for number, each in enumerate(found) if each.text == text)
            self._chosen = next(same, min(self._chosen, max(0, len(found) - 1)))
        self._findings = found
        self._show()
        self._say(done if self._findings else f"{done} {NOTHING.format(self._vm)}".strip())

    def action_mend(self) -> None:
        """Ask, then mend the chosen finding."""
        if self._busy or not self._findings:
            return
        finding = self._findings[self._chosen]
        if not finding.fixes:
            self._say(NO_KEY)
        else:
            self._mend(finding)

    @work(group="mend", exclusive=True)
    async def _mend(self, finding: Blocker) -> None:
        try:
            fixes = [await self._mending.prepared(each, self._host) for each in finding.fixes]
            answer = await self.app.push_screen_wait(FixQuestion(finding, fixes, self._host))
            chosen = dict(zip(KEYS, fixes, strict=False)).get(answer or "")
            if chosen is None:
                self._say("")
                return
            self._busy = True
            self._say(f"Working: {chosen.does} ...")
            done = await self._mending.run(chosen, self._host)
            self._say(f"{done} {READING}")
            await self._read(done)
        except PasswordNeeded as needed:
            self._say(f"{needed} The Hosts page asks for it.", wrong=True)
        except Failure as failure:
            self._say(str(failure), wrong=True)
        finally:
            self._busy = False


class FixQuestion(Question):
    """Dismissed with a key of KEYS for one of the `fixes`; shows the commands of each, and what it costs."""

    scrolls = True
    DEFAULT_CSS = """
    FixQuestion > Box { width: 100; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    FixQuestion .commands { padding-left: 6; text-style: dim; }
    """

    def __init__(self, finding: Blocker, fixes: Sequence[Fix], host: str) -> None:
        costs = f"\n\n{fixes[0].costs}" if fixes[0].costs else ""
        place = "" if fixes[0].kind == COPY else f" on {host}"
        text = f"{without_keys(finding.text)}{costs}\n\nEach answer does the same as its commands{place}:"
        self._fixes = dict(zip(KEYS, fixes, strict=False))
        ways = [Answer(key, fix.does) for key, fix in self._fixes.items()]
        super().__init__("Change this?", text, [*ways, Answer("n", "change nothing")])

    def below(self, key: str) -> ComposeResult:
        """The commands of an answer."""
        if key in self._fixes:
            yield Static(Content("\n".join(self._fixes[key].commands)), classes="commands")
