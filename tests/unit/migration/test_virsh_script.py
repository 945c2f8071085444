"""A migration as commands of virsh and as a program with libvirt-python."""

import ast
import shlex
from dataclasses import replace
from typing import Any

import libvirt
import pytest

from tests.unit.fakes import recording
from tui.adapters.libvirt.migration import migration_flags, migration_parameters, resume_flags
from tui.core.failure import Failure
from tui.core.plan import AUTOMATIC, NO_LIMIT_MIB_S, POST_COPY_MANUAL, POST_COPY_TIMEOUT, SUSPEND_TIMEOUT, UNKNOWN, Plan
from tui.core.virsh_options import OPTIONS, Option
from tui.migration.model.call.migrate_call import FLAGS, PARAMETERS, Call, virsh_words
from tui.migration.model.call.recorded_script import recorded
from tui.migration.model.call.script import Script, planned
from tui.migration.model.record import ACTION, END, START, Event
from tui.migration.model.timeline import Timeline

HERE, THERE = "qemu:///system", "qemu+ssh://root@b/system?no_tty=1"
FIRST_PASS = (
    f"while kill -0 $! 2> /dev/null && ! virsh -c {HERE} domjobinfo guest1 | grep -q Iteration; do sleep 0.1; done"
)
MIGRATE = f"virsh -c {HERE} migrate guest1 '{THERE}' --live --p2p --persistent --undefinesource"
CONSTANTS = [name for name in dir(libvirt) if name.startswith("VIR_MIGRATE_")]


def call_of(plan: Plan) -> Call:
    return Call(migration_flags(plan), migration_parameters(plan))


def script_of(plan: Plan) -> Script:
    return planned(plan, call_of(plan), HERE, THERE)


def virsh_of(plan: Plan) -> list[str]:
    return script_of(plan).virsh.splitlines()


def timeline_of(*actions: tuple[float, dict[str, Any]], over: bool = True, **options: Any) -> Timeline:
    data = {"vm": "guest1", "technique": POST_COPY_MANUAL, "downtime_ms": 300, **options}
    events = [Event(0.0, "", START, data), *(Event(at, "", ACTION, each) for at, each in actions)]
    return Timeline([*events, Event(99.0, "", END, {"outcome": "completed"})] if over else events)


def recorded_of(*actions: tuple[float, dict[str, Any]], over: bool = True, **options: Any) -> Script:
    return recorded(timeline_of(*actions, over=over, **options), HERE, THERE, call_of)


# -- the table --


def test_every_flag_of_libvirt_has_its_option() -> None:
    flags = {getattr(libvirt, name): name for name in CONSTANTS if "_PARAM_" not in name}
    assert {flag: FLAGS[flag].constant for flag in flags} == flags


def test_every_parameter_of_libvirt_has_its_option() -> None:
    parameters = {getattr(libvirt, name): name for name in CONSTANTS if "_PARAM_" in name}
    assert {name: PARAMETERS[name].constant for name in parameters} == parameters


@pytest.mark.parametrize(
    "plan",
    [
        Plan("guest1"),
        Plan("guest1", POST_COPY_TIMEOUT, bandwidth_mib_s=100, auto_converge=True, parallel=4),
        Plan("guest1", AUTOMATIC),
    ],
)
def test_every_flag_and_parameter_that_the_app_sets_has_an_option(plan: Plan) -> None:
    again = resume_flags(plan)
    assert virsh_words("guest1", call_of(plan)).notes == ()
    assert again is not None
    assert virsh_words("guest1", Call(again, {})).notes == ()


def _value(option: Option) -> object:
    if option.is_flag:
        return True
    texts = {"comp_methods": "zstd,xbzrle", "migrateuri": "tcp://192.0.2.10", "graphicsuri": "spice://192.0.2.10:5900"}
    return option.least if option.is_number else texts.get(option.name, "b")


@pytest.mark.parametrize("option", OPTIONS, ids=[each.name for each in OPTIONS])
def test_an_option_that_is_named_as_in_virsh_is_that_option(option: Option) -> None:
    value = _value(option)
    words = virsh_words("guest1", call_of(replace(Plan("guest1"), **{option.name: value}))).words
    at = words.index(option.virsh)
    if option.is_file:
        assert words[at + 1] == f"guest1-{PARAMETERS[str(option.libvirt)].file}"
    else:
        assert option.is_flag or words[at + 1] == str(value)


def test_an_unknown_flag_and_an_unknown_parameter_are_comments() -> None:
    script = Script("guest1", HERE, THERE, Call(1 | 1 << 40, {"colour": "red", "bandwidth": 5}))
    assert script.virsh.splitlines() == [
        "# the flag 0x10000000000 has no option in virsh that vmlm-tui knows",
        "# the parameter colour='red' has no option in virsh that vmlm-tui knows",
        f"virsh -c {HERE} migrate guest1 '{THERE}' --live --bandwidth 5",
    ]


def test_an_option_that_debian_12_lacks_is_noted() -> None:
    script = Script("guest1", HERE, THERE, Call(1, {"compression": ["zstd"], "compression.zstd.level": 3}))
    assert script.virsh.splitlines() == [
        "# --comp-zstd-level needs virsh 9.4 or newer",
        f"virsh -c {HERE} migrate guest1 '{THERE}' --live --comp-methods zstd --comp-zstd-level 3",
    ]


def test_an_xml_is_written_to_the_file_that_virsh_reads() -> None:
    xml = "<domain>\n  <name>it's $HOME</name>\nEND_OF_XML\n</domain>"
    lines = Script("a b", HERE, THERE, Call(1, {"destination_xml": xml, "migrate_disks": ["vda", "vdb"]})).virsh
    assert lines.startswith(f"cat > 'a b-destination.xml' << 'END_OF_XML_'\n{xml}\nEND_OF_XML_\n")
    assert lines.endswith("--live --xml 'a b-destination.xml' --migrate-disks vda,vdb\n")


# -- what the app would do --


def test_pre_copy_sets_the_downtime_and_starts() -> None:
    plan = Plan("guest1", bandwidth_mib_s=100, downtime_ms=50, auto_converge=True, parallel=4)
    assert virsh_of(plan) == [
        f"virsh -c {HERE} migrate-setmaxdowntime guest1 50",
        f"{MIGRATE} --auto-converge --parallel --bandwidth 100 --parallel-connections 4",
    ]


def test_a_suspension_after_a_timeout_is_one_command() -> None:
    plan = Plan("guest1", SUSPEND_TIMEOUT, timeout_s=7.5)
    assert virsh_of(plan) == [
        "# the app suspends after 7.5 s; virsh counts whole seconds",
        f"virsh -c {HERE} migrate-setmaxdowntime guest1 300",
        f"{MIGRATE} --timeout 8 --timeout-suspend",
    ]
    assert "at(7.5, domain.suspend)" in planned(plan, call_of(plan), HERE, THERE).python.splitlines()


def test_post_copy_after_a_timeout_is_one_command() -> None:
    assert virsh_of(Plan("guest1", POST_COPY_TIMEOUT, 25.0))[1:] == [
        f"{MIGRATE} --postcopy --timeout 25 --timeout-postcopy"
    ]


def test_virsh_counts_whole_seconds() -> None:
    first, *_, last = virsh_of(Plan("guest1", POST_COPY_TIMEOUT, 2.5))
    assert first == "# the app switches after 2.5 s; virsh counts whole seconds"
    assert last.endswith("--timeout 3 --timeout-postcopy")


def test_post_copy_by_hand_has_the_second_command() -> None:
    assert virsh_of(Plan("guest1", POST_COPY_MANUAL))[1:] == [
        f"{MIGRATE} --postcopy",
        "# post-copy by hand: meanwhile, at the moment to switch:",
        f"# virsh -c {HERE} migrate-postcopy guest1",
    ]


def test_automatic_is_the_start_and_what_the_app_would_do_then() -> None:
    assert virsh_of(Plan("guest1", AUTOMATIC))[1:] == [
        f"{MIGRATE} --postcopy",
        "# automatic: after each pass the app decides, which one command cannot. It may raise the limit:",
        f"# virsh -c {HERE} migrate-setmaxdowntime guest1 MILLISECONDS",
        "# and once the passes prove that pre-copy does not end, it switches to post-copy:",
        f"# virsh -c {HERE} migrate-postcopy guest1",
    ]


def test_automatic_by_the_rules_of_virsh_is_done_by_virsh() -> None:
    plan = Plan("guest1", AUTOMATIC, policy="virsh-first-pass")
    assert virsh_of(plan)[1:] == [f"{MIGRATE} --postcopy --postcopy-after-precopy"]


def test_automatic_without_post_copy_says_why() -> None:
    plan = Plan("guest1", AUTOMATIC, post_copy_refused="QEMU allows it since 10.1", auto_converge=True)
    first, _, migrate, *_ = virsh_of(plan)
    assert "# domain.migrateSetMaxDowntime(MILLISECONDS)\n" in script_of(plan).python
    assert first == "# QEMU allows it since 10.1, so automatic does without post-copy"
    assert migrate == f"{MIGRATE} --auto-converge"


@pytest.mark.parametrize("vm", ["web 1; rm -rf ~", "it's", "-x", "$(reboot)", "ä"])
def test_a_shell_reads_the_name_of_the_vm_as_one_word(vm: str) -> None:
    plan = Plan(vm, AUTOMATIC)
    commands = [shlex.split(line, comments=True) for line in virsh_of(plan)]
    assert [vm in each for each in commands if each] == [True, True]
    assert ast.unparse(ast.parse(script_of(plan).python)).count(repr(vm)) == 1


# -- what the app did --


def test_what_was_done_while_it_ran_follows_at_its_moment() -> None:
    script = recorded_of(
        (3.0, {"action": "downtime", "value": 80}),
        (4.0, {"action": "bandwidth", "value": 20}),
        (4.5, {"action": "bandwidth", "value": 10, "failed": True}),
        (12.34, {"action": "post-copy", "after": 0.1, "seconds": 0.1}),
        (14.0, {"action": "bandwidth", "value": 0, "post_copy": True}),
        (20.0, {"action": "pause", "value": None}),
        (25.0, {"action": "resume", "sent": True}),
        (25.1, {"action": "resume", "failed": True}),
        (30.0, {"action": "resume", "sent": True}),
        call=call_of(Plan("guest1", POST_COPY_MANUAL)).json | {"origin_uri": HERE, "destination_uri": THERE},
    )
    assert script.virsh.splitlines() == [
        f"virsh -c {HERE} migrate-setmaxdowntime guest1 300",
        f"{MIGRATE} --postcopy < /dev/null &",
        "# 3.0 s after the start",
        "sleep 3.0",
        FIRST_PASS,
        f"virsh -c {HERE} migrate-setmaxdowntime guest1 80",
        "# 4.0 s after the start",
        "sleep 1.0",
        f"virsh -c {HERE} migrate-setspeed guest1 20",
        "# 12.3 s after the start",
        "sleep 8.3",
        f"virsh -c {HERE} migrate-postcopy guest1",
        "# 14.0 s after the start",
        "sleep 1.7",
        f"virsh -c {HERE} migrate-setspeed guest1 8796093022207 --postcopy",
        "# 20.0 s after the start",
        "sleep 6.0",
        f"virsh -c {HERE} domjobabort guest1 --postcopy",
        "# 30.0 s after the start",
        "sleep 10.0",
        f"{MIGRATE} --postcopy --postcopy-resume < /dev/null &",
        "wait",
    ]


def test_a_timeout_that_passed_is_left_to_virsh() -> None:
    timed = {"technique": POST_COPY_TIMEOUT, "timeout_s": 5.0}
    switch = {"action": "post-copy"}
    passed = recorded_of((5.0, {"action": "timeout", "value": 5.0, "held": False}), (5.1, switch), **timed)
    assert passed.virsh.splitlines()[-1].endswith("--postcopy --timeout 5 --timeout-postcopy")
    by_person = recorded_of((2.0, switch), **timed).virsh
    assert "--timeout" not in by_person
    assert "sleep 2.0\n" in by_person


def test_a_cancelled_migration_ends_with_domjobabort() -> None:
    assert (
        f"sleep 7.0\n{FIRST_PASS}\nvirsh -c {HERE} domjobabort guest1\nwait\n"
        in recorded_of((7.0, {"action": "cancel"})).virsh
    )


def test_automatic_is_recorded_with_its_reason_on_one_line() -> None:
    decided = {"action": AUTOMATIC, "decided": "post-copy", "value": None, "reason": "it grew\nreboot", "shadow": False}
    script = recorded_of((6.0, decided), (6.0, {"action": "post-copy"}), technique=AUTOMATIC)
    why = "automatic switched to post-copy because it grew reboot"
    assert script.virsh.splitlines()[3:] == [
        f"# 6.0 s after the start: {why}",
        "sleep 6.0",
        FIRST_PASS,
        f"virsh -c {HERE} migrate-postcopy guest1",
        "wait",
    ]
    assert f"# {why}\nat(6.0, domain.migrateStartPostCopy)\n" in script.python


def test_automatic_that_libvirt_refused_post_copy_has_the_second_call() -> None:
    why = "the kernel does not allow it, so it was started with auto-converge instead"
    decided = {"action": AUTOMATIC, "decided": "nothing", "value": None, "reason": why, "shadow": False}
    lines = recorded_of((0.1, decided), technique=AUTOMATIC).virsh.splitlines()
    assert lines[1:] == [
        f"# automatic: {why}",
        f"virsh -c {HERE} migrate-setmaxdowntime guest1 300",
        f"{MIGRATE} --auto-converge",
    ]


def test_a_record_of_an_older_version_is_noted() -> None:
    first, *_ = recorded(Timeline(recording("post-copy-by-hand")), HERE, THERE, call_of).virsh.splitlines()
    assert first == "# an older version recorded it: the flags are those that this version uses for its options"


def test_a_recorded_call_counts_and_not_what_this_version_would_call() -> None:
    call = {"flags": 0x3, "parameters": {"bandwidth": 7}, "origin_uri": "qemu:///session", "destination_uri": "x://y"}
    script = recorded_of(call=call)
    assert script.virsh.splitlines()[1:] == ["virsh -c qemu:///session migrate guest1 x://y --live --p2p --bandwidth 7"]


@pytest.mark.parametrize("data", [{"technique": UNKNOWN}, {"imported": "guest1.log"}])
def test_a_migration_of_another_program_has_no_command(data: dict[str, Any]) -> None:
    with pytest.raises(Failure, match="There is no virsh command of this migration"):
        recorded_of(**data)


@pytest.mark.parametrize(
    "call", [5, [], {"flags": "1"}, {"flags": True}, {"flags": -1}, {"flags": 1, "parameters": 3, "origin_uri": 4}]
)
def test_a_damaged_call_is_read_as_far_as_it_goes(call: object) -> None:
    assert recorded_of(call=call).virsh.endswith("\n")


def test_damaged_options_are_those_of_the_app() -> None:
    lines = recorded_of(technique=POST_COPY_TIMEOUT, timeout_s=float("inf"), downtime_ms="x").virsh.splitlines()
    assert lines[1] == f"virsh -c {HERE} migrate-setmaxdowntime guest1 300"
    assert lines[2].endswith("--timeout 25 --timeout-postcopy")


# -- libvirt-python --


class Domain:
    """Records the calls of a program, as those of a virDomain."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def jobStats(self) -> dict[str, int]:
        return {"memory_iteration": 1}

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.calls.append((name, *arguments))


def calls_of(program: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the program calls, its timers included, which end at once."""
    domain = Domain()

    class Timer:
        def __init__(self, seconds: float, call: Any) -> None:
            self._call = call
            domain.calls.append(("after", seconds))

        def start(self) -> None:
            self._call()

    class Connection:
        def lookupByName(self, name: str) -> Domain:
            domain.calls.append(("lookupByName", name))
            return domain

    monkeypatch.setattr("libvirt.open", lambda uri: domain.calls.append(("open", uri)) or Connection())
    monkeypatch.setattr("threading.Timer", Timer)
    exec(program, {})  # noqa: S102
    return domain.calls


def test_the_program_makes_the_calls_of_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan("guest1", POST_COPY_TIMEOUT, 2.5, 100, 50, True, 4)
    assert calls_of(script_of(plan).python, monkeypatch) == [
        ("open", HERE),
        ("lookupByName", "guest1"),
        ("migrateSetMaxDowntime", 50),
        ("after", 2.5),
        ("migrateStartPostCopy",),
        ("migrateToURI3", THERE, migration_parameters(plan), migration_flags(plan)),
    ]


def test_the_program_of_a_run_makes_its_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    script = recorded_of(
        (3.0, {"action": "downtime", "value": 80}),
        (4.0, {"action": "bandwidth", "value": 20}),
        (5.0, {"action": "bandwidth", "value": 0, "post_copy": True}),
        (6.0, {"action": "pause"}),
        (7.0, {"action": "resume", "sent": True}),
        (8.0, {"action": "cancel"}),
    )
    calls = calls_of(script.python, monkeypatch)
    assert [each for each in calls if each[0] != "after"][3:] == [
        ("migrateSetMaxDowntime", 80),
        ("migrateSetMaxSpeed", 20),
        ("migrateSetMaxSpeed", NO_LIMIT_MIB_S, libvirt.VIR_DOMAIN_MIGRATE_MAX_SPEED_POSTCOPY),
        ("abortJobFlags", libvirt.VIR_DOMAIN_ABORT_JOB_POSTCOPY),
        ("abortJob",),
        ("migrateToURI3", THERE, {}, migration_flags(Plan("guest1", POST_COPY_MANUAL))),
    ]
    assert "#     | libvirt.VIR_MIGRATE_POSTCOPY_RESUME,\n" in script.python
