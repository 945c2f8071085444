"""A migration as commands of virsh, and as a program with libvirt-python: the same calls, flags and parameters."""

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from tui.core.actions import without_keys
from tui.core.plain_text import plain
from tui.core.plan import AUTOMATIC, NO_LIMIT_MIB_S, POST_COPY_MANUAL, SUSPEND_TIMEOUT, TIMED, Plan
from tui.forecast.model.policy import AfterFirstPass
from tui.migration.model.call.gate import without_effect
from tui.migration.model.call.migrate_call import (
    POST_COPY,
    RESUME,
    Call,
    python_flags,
    python_parameters,
    virsh_words,
)

SWITCH, DOWNTIME, BANDWIDTH, CANCEL, PAUSE, RESUMED = "post-copy", "downtime", "bandwidth", "cancel", "pause", "resume"
ANY = "MILLISECONDS"  # in place of a value that is not known yet


class Step(NamedTuple):
    """A call while the migration runs, `at_s` seconds after its start; `why` is a part of a sentence."""

    what: str
    at_s: float = 0.0
    value: int = 0
    of_post_copy: bool = False  # the bandwidth limit of post-copy
    why: str = ""


@dataclass(frozen=True)
class Script:
    """A migration of `vm` with all that the app calls; `switch_after_s` and `after_first_pass` virsh does itself.

    `before` and `after` are comments: what virsh does otherwise, and what it cannot do; a Step is what to call then.
    """

    vm: str
    origin_uri: str
    destination_uri: str
    call: Call
    downtime_ms: int = 0  # 0: unknown, so not set
    switch_after_s: float = 0.0  # 0: no timeout
    suspends: bool = False  # after the same timeout, in place of the switch
    after_first_pass: bool = False
    steps: tuple[Step, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str | Step, ...] = ()

    # -- virsh --

    @property
    def virsh(self) -> str:
        """The commands for a shell, each on one line, and comments."""
        options = virsh_words(self.vm, self.call)
        lines = _comments(*self.before, *options.notes, *self._virsh_notes())
        for name, text in options.files:
            lines += _file_lines(name, text)
        if self.downtime_ms:
            lines.append(self._virsh("migrate-setmaxdowntime", self.downtime_ms))
        own = list[str]()
        if self.switch_after_s:
            action = "--timeout-suspend" if self.suspends else "--timeout-postcopy"
            own += ["--timeout", str(math.ceil(self.switch_after_s)), action]
        own += ["--postcopy-after-precopy"] if self.after_first_pass else []
        lines.append(self._migrate([*options.words, *own]))
        passed = 0.0
        for step in self.steps:
            lines += _comments(f"{step.at_s:.1f} s after the start{f': {step.why}' if step.why else ''}")
            lines += [f"sleep {wait:.1f}"] if (wait := round(step.at_s - passed, 1)) > 0 else []
            lines += [self._first_pass] if step is self.steps[0] else []
            lines.append(self._virsh_step(step))
            passed = max(passed, step.at_s)
        lines += ["wait"] if self.steps else []
        lines += _comments(*(self._virsh_step(each) if isinstance(each, Step) else each for each in self.after))
        return "".join(f"{line}\n" for line in lines)

    def _virsh(self, verb: str, *words: str | int) -> str:
        domain = ["--domain", self.vm] if self.vm.startswith("-") else [self.vm]
        return shlex.join(["virsh", "-c", self.origin_uri, verb, *domain, *map(str, words)])

    def _migrate(self, words: Sequence[str]) -> str:
        line = self._virsh("migrate", self.destination_uri, *words)
        # In the background, virsh would stop if it read or set up the terminal.
        return f"{line} < /dev/null &" if self.steps else line

    @property
    def _first_pass(self) -> str:
        """Waits until the first pass has begun, as the app does: before it, QEMU refuses or forgets what is set."""
        passes = f"{self._virsh('domjobinfo')} | grep -q Iteration"
        return f"while kill -0 $! 2> /dev/null && ! {passes}; do sleep 0.1; done"

    def _virsh_step(self, step: Step) -> str:
        of_post_copy = ["--postcopy"] if step.of_post_copy else []
        if step.what == SWITCH:
            return self._virsh("migrate-postcopy")
        if step.what == DOWNTIME:
            return self._virsh("migrate-setmaxdowntime", step.value or ANY)
        if step.what == BANDWIDTH:
            return self._virsh("migrate-setspeed", step.value or NO_LIMIT_MIB_S, *of_post_copy)
        if step.what == RESUMED:
            return self._migrate(virsh_words(self.vm, self._resume_call).words)
        return self._virsh("domjobabort", *(["--postcopy"] if step.what == PAUSE else []))

    @property
    def _resume_call(self) -> Call:
        return replace(self.call, flags=self.call.flags | POST_COPY | RESUME)

    def _virsh_notes(self) -> list[str]:
        notes = []
        if self.vm.isdigit():
            notes.append(f"virsh first looks for a VM with the id {self.vm}, then for one with that name")
        if self.switch_after_s != math.ceil(self.switch_after_s):
            does = "suspends" if self.suspends else "switches"
            notes.append(f"the app {does} after {self.switch_after_s:g} s; virsh counts whole seconds")
        return notes

    # -- libvirt-python --

    @property
    def python(self) -> str:
        """A program with libvirt-python."""
        steps = [each for each in self.steps if each.what != RESUMED]
        timed = bool(steps or self.switch_after_s)
        lines = _comments(*self.before)
        lines += ["import threading", "import time", ""] if timed else []
        lines += ["import libvirt", ""]
        lines += AT.split("\n")[:-1] if timed else []
        lines += [f"origin = libvirt.open({self.origin_uri!r})", f"domain = origin.lookupByName({self.vm!r})"]
        lines += [f"domain.migrateSetMaxDowntime({self.downtime_ms})"] if self.downtime_ms else []
        if self.switch_after_s:
            call = "suspend" if self.suspends else "migrateStartPostCopy"
            lines.append(f"at({self.switch_after_s:g}, domain.{call})")
        for step in steps:
            lines += [*_comments(*[step.why] * bool(step.why)), f"at({step.at_s:.1f}, {_python_step(step)})"]
        lines += self._python_call(self.call, "")
        for step in self.steps:
            if step.what == RESUMED:
                lines.append(f"# {step.at_s:.1f} s after the start, because the call above failed: resume post-copy")
                lines += self._python_call(self._resume_call, "# ")
        if self.after_first_pass:
            lines += ["# when the second pass begins (VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION):"]
            lines += ["# domain.migrateStartPostCopy()"]
        lines += _comments(*(_python_now(each) if isinstance(each, Step) else each for each in self.after))
        return "".join(f"{line}\n" for line in lines)

    def _python_call(self, call: Call, prefix: str) -> list[str]:
        first, *others = python_flags(call.flags)
        parameters = ", ".join(python_parameters(call.parameters))
        lines = ["domain.migrateToURI3(", f"    {self.destination_uri!r},", f"    {{{parameters}}},", f"    {first}"]
        lines += [f"    | {each}" for each in others]
        lines[-1] += ","
        return [f"{prefix}{line}" for line in [*lines, ")"]]


# Before the first pass, QEMU refuses or forgets what is set, so the app waits for it, too.
AT = """\

def at(seconds, call, *arguments):
    def wait_and_call():
        while not domain.jobStats().get("memory_iteration"):
            time.sleep(0.1)
        call(*arguments)

    timer = threading.Timer(seconds, wait_and_call)
    timer.daemon = True
    timer.start()


"""


def planned(plan: Plan, call: Call, origin_uri: str, destination_uri: str) -> Script:
    """What the app calls for a plan; what it decides while the migration runs is a comment."""
    timed = plan.technique in TIMED
    script = Script(plan.vm, origin_uri, destination_uri, call, plan.downtime_ms, plan.timeout_s if timed else 0.0)
    before: tuple[str, ...] = (
        (f"{plan.post_copy_refused}, so automatic does without post-copy",) if plan.post_copy_refused else ()
    )
    before += tuple(without_effect(plan).values())
    if plan.copies_disks:
        before += ("the app makes the images that the destination lacks first, by qemu-img create with the same size",)
    script = replace(script, before=before, suspends=plan.technique == SUSPEND_TIMEOUT)
    if plan.technique == POST_COPY_MANUAL:
        return replace(script, after=("post-copy by hand: meanwhile, at the moment to switch:", Step(SWITCH)))
    return _automatic(script, plan) if plan.technique == AUTOMATIC else script


def _automatic(script: Script, plan: Plan) -> Script:
    if plan.shadow:
        return replace(script, after=("automatic in the shadow: the app only records what it would do",))
    if plan.policy == AfterFirstPass.name and plan.post_copy:
        return replace(script, after_first_pass=True)
    whose = "" if plan.policy == Plan.policy else f" by the rules of {plan.policy}"
    first = f"automatic: after each pass the app decides{whose}, which one command cannot. It may raise the limit:"
    after: tuple[str | Step, ...] = (first, Step(DOWNTIME))
    if plan.post_copy:
        after += ("and once the passes prove that pre-copy does not end, it switches to post-copy:", Step(SWITCH))
    return replace(script, after=after)


def _python_step(step: Step) -> str:
    if step.what == SWITCH:
        return "domain.migrateStartPostCopy"
    if step.what == DOWNTIME:
        return f"domain.migrateSetMaxDowntime, {step.value or ANY}"
    if step.what == BANDWIDTH:
        flag = ", libvirt.VIR_DOMAIN_MIGRATE_MAX_SPEED_POSTCOPY" if step.of_post_copy else ""
        return f"domain.migrateSetMaxSpeed, {step.value or NO_LIMIT_MIB_S}{flag}"
    if step.what == PAUSE:
        return "domain.abortJobFlags, libvirt.VIR_DOMAIN_ABORT_JOB_POSTCOPY"
    return "domain.abortJob"


def _python_now(step: Step) -> str:
    call, _, value = _python_step(step).partition(", ")
    return f"{call}({value})"


def _comments(*texts: str) -> list[str]:
    """Each text as one comment: a line end in a recorded reason must not begin a command."""
    return [f"# {' '.join(without_keys(plain(text)).split())}" for text in texts]


def _file_lines(name: str, text: str) -> list[str]:
    """A here-document that writes the file; its end is a line that the text does not have."""
    end = "END_OF_XML"
    while end in text.split("\n"):
        end += "_"
    return [f"cat > {shlex.quote(name)} << '{end}'", *text.split("\n"), end]
