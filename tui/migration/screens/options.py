"""The dialog with the further options of a migration, in groups; those that are refused have their reason."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from tui.core.failure import Failure, WrongField
from tui.core.plan import Plan
from tui.core.threads import on_thread
from tui.core.virsh_options import BY_NAME, OPTIONS, Option
from tui.core.vm import Daemon
from tui.migration.backend.before.option_file import read_option_file
from tui.migration.model.call.gate import Case, refused, unavailable, without_effect
from tui.migration.model.call.option_entry import is_kept, option_text, option_value
from tui.ui.choice import Choice
from tui.ui.fields import TextField
from tui.ui.form import Form, enter, row

GROUPS = {
    "Compression and copies": (
        "comp_methods", "comp_xbzrle_cache_bytes", "comp_zlib_level", "comp_zstd_level", "comp_mt_level",
        "comp_mt_threads", "comp_mt_dthreads", "zerocopy",
    ),
    "Speed": (
        "auto_converge_initial", "auto_converge_increment", "postcopy_bandwidth_mib_s",
        "available_switchover_bandwidth_mib_s",
    ),
    "Network": (
        "tls", "tls_destination", "tunnelled", "migrateuri", "listen_address", "graphicsuri", "rdma_pin_all",
    ),
    "The VM afterwards": ("dname", "xml", "persistent_xml", "persistent", "undefinesource", "suspend"),
    "Disks": (
        "copy_storage_all", "copy_storage_inc", "migrate_disks", "migrate_disks_detect_zeroes",
        "copy_storage_synchronous_writes", "disks_port", "disks_uri",
    ),
    "Faults": ("abort_on_error", "change_protection"),
}  # fmt: skip
YES_NO = ("no", "yes")
NO_FILES: Mapping[str, str] = MappingProxyType({})
UNKNOWN = "A host does not answer, so it is not known what the versions there refuse."


class OptionsForm(Form[Plan]):
    """Dismissed with the plan and its options, with None for Esc; `hosts` are the daemons, None if unknown."""

    BINDINGS: ClassVar[list[BindingType]] = [enter("take them")]
    DEFAULT_CSS = """
    OptionsForm .label { width: 32; }
    OptionsForm .gated .label { text-style: dim; }
    OptionsForm .group { text-style: bold; }
    OptionsForm #options { height: auto; max-height: 16; }
    OptionsForm #about { height: 2; margin-top: 1; }
    OptionsForm.-medium #options { max-height: 24; }
    OptionsForm.-high #options { max-height: 31; }
    """
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-medium"), (40, "-high")]

    def __init__(self, plan: Plan, hosts: tuple[Daemon, Daemon] | None) -> None:
        super().__init__("Options of virsh migrate")
        self._plan = plan
        self._hosts = hosts
        self._why: dict[str, str] = {}  # why they are refused, or do nothing

    def body(self) -> ComposeResult:
        """The fields, which scroll, above what the focused one is about and the message."""
        with VerticalScroll(id="options", can_focus=False):
            yield from self.fields()
        yield Static(id="about", markup=False)
        yield Static(id="message", markup=False)

    def fields(self) -> ComposeResult:
        for heading, names in GROUPS.items():
            yield Static(heading, classes="group", markup=False)
            for name in names:
                yield row(BY_NAME[name].short, self._field(BY_NAME[name]))

    def _field(self, option: Option) -> Widget:
        value = getattr(self._plan, option.name)
        if option.is_flag:
            return Choice(YES_NO, int(value), id=option.name, changed=self._regate)
        placeholder = "a file" if option.is_file else option.unit
        return TextField(option_text(option, value), id=option.name, placeholder=placeholder, compact=True)

    def on_mount(self) -> None:
        self._regate()
        if self._hosts is None:
            self.show_message(UNKNOWN)

    def on_input_changed(self) -> None:
        self._regate()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._explain(event.widget)

    # -- what is refused --

    def _regate(self) -> None:
        """Dim the options that are refused with the others as they are now."""
        try:
            plan = self._read()
        except WrongField:
            return  # half a number
        gated = dict[str, str]()
        if self._hosts is not None:
            found = unavailable(Case(plan, *self._hosts, hard_limit=True))
            gated = {name: str(failure) for name, failure in found.items()}
        self._why = without_effect(plan) | gated
        for name in BY_NAME:
            field = self.query_one(f"#{name}")
            if isinstance(field.parent, Widget):
                field.parent.set_class(name in gated, "gated")
        self._explain(self.focused)

    def _explain(self, field: Widget | None) -> None:
        option = BY_NAME.get(field.id or "") if field is not None else None
        if option is not None:
            about = f"{option.about[:1].upper()}{option.about[1:]}."
            self.query_one("#about", Static).update(self._why.get(option.name, about))

    # -- values --

    def _read(self, files: Mapping[str, str] = NO_FILES) -> Plan:
        """The plan with the values of the fields, with `files` for those that name one; raises WrongField."""
        return replace(self._plan, **{option.name: self._value(option, files) for option in OPTIONS})

    def _value(self, option: Option, files: Mapping[str, str]) -> Any:
        if option.is_flag:
            return self.query_one(f"#{option.name}", Choice).index == 1
        text = self._text(option)
        if not text:
            return option.usual
        if option.is_file:
            value = str(getattr(self._plan, option.name))
            return value if is_kept(option, text, value) else files.get(option.name, "")
        try:
            return option_value(option, text)
        except ValueError as error:
            raise WrongField(option.name, str(error)) from error

    def _text(self, option: Option) -> str:
        return self.text(option.name).strip()

    async def _files(self) -> dict[str, str]:
        """The text of each file that was typed, read on a thread, as a disk may hang; raises WrongField."""
        found = {}
        for option in (each for each in OPTIONS if each.is_file):
            text = self._text(option)
            if text and not is_kept(option, text, getattr(self._plan, option.name)):
                try:
                    found[option.name] = await on_thread(read_option_file, option, text)
                except Failure as failure:
                    raise WrongField(option.name, failure.what, failure.why, failure.hint) from failure
        return found

    def entered(self) -> None:
        self._take()

    @work(exclusive=True)
    async def _take(self) -> None:
        try:
            plan = self._read(await self._files())
            if self._hosts is not None:
                for name, failure in refused(Case(plan, *self._hosts, hard_limit=True)).items():
                    raise WrongField(name, failure.what, failure.why, failure.hint)
        except WrongField as wrong:
            self.refuse(wrong)
        else:
            self.dismiss(plan)
