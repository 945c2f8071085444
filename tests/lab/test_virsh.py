"""The printed commands of virsh make the same call as the app: compared as the daemon of the source logs it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab_backend import LIMIT_S, LabBackend, bring_home, end_of
from tests.lab.test_commands import Commands
from tui.app.wiring import call_of
from tui.core.plan import POST_COPY_TIMEOUT, PRE_COPY, Plan
from tui.lab.inventory import GUEST
from tui.migration.backend.scripts import Scripts
from tui.migration.model.call.migrate_call import FLAGS, set_flags
from tui.migration.model.call.script import Script

VM = GUEST.name
LOG = "/var/log/libvirt/calls.log"
SOCKET = "/run/libvirt/libvirt-admin-sock"
FILTERS, OUTPUTS = "1:libvirt.domain 4:util 4:rpc", f"1:file:{LOG}"

# What the daemon writes of a call, the names of the VM and of threads aside.
CALL = re.compile(r"virDomainMigratePerform3Params:\d+ : .*dconnuri=(\S*), params=.* flags=0x([0-9a-f]+)")
PARAMETER = re.compile(r': params\["([^"]+)"\]=(\(\w+\).*)')
DOWNTIME = re.compile(r"virDomainMigrateSetMaxDowntime:\d+ : .*downtime=(\d+)")


class Log:
    """What a daemon, by default that of the source, logs of the public calls."""

    def __init__(self, lab_backend: LabBackend, host: str = "source") -> None:
        self._machine = lab_backend.lab.machine(host)

    def start(self) -> None:
        admin = ["virt-admin", "-c", f"libvirtd:///system?socket={SOCKET}"]
        self._machine.run([*admin, "daemon-log-outputs", OUTPUTS])
        self._machine.run([*admin, "daemon-log-filters", FILTERS])

    def stop(self) -> None:
        admin = ["virt-admin", "-c", f"libvirtd:///system?socket={SOCKET}"]
        self._machine.run([*admin, "daemon-log-filters", ""])
        self._machine.run([*admin, "daemon-log-outputs", "3:stderr"])

    def clear(self) -> None:
        self._machine.run(["sh", "-c", f": > {LOG}"])

    def calls(self) -> dict[str, object]:
        """The destination's URI, the flags, the parameters with their types, and the downtime that was set."""
        text = self._machine.run(["cat", LOG])
        found = CALL.search(text)
        assert found is not None, text[-3000:]
        named = dict(PARAMETER.findall(text))
        return {
            "uri": found[1],
            "flags": [FLAGS[flag].constant for flag in set_flags(int(found[2], 16))],
            "parameters": named,
            "downtime_ms": DOWNTIME.findall(text),
        }


@pytest.fixture
def log(lab_backend: LabBackend) -> Iterator[Log]:
    log = Log(lab_backend)
    log.start()
    yield log
    log.stop()


async def script_of(lab_backend: LabBackend, plan: Plan) -> Script:
    return await Scripts(lab_backend.connections, call_of).of_plan(plan, "source")


def run(argv: list[str], text: str) -> None:
    """Run a script here, because its URIs lead to the sockets of the daemons."""
    done = subprocess.run(argv, check=False, input=text, capture_output=True, text=True, timeout=LIMIT_S)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize(
    "plan",
    [
        Plan(VM, PRE_COPY, bandwidth_mib_s=300, downtime_ms=450, auto_converge=True, parallel=2),
        Plan(VM, POST_COPY_TIMEOUT, timeout_s=2.0, bandwidth_mib_s=60),
    ],
    ids=["pre-copy", "post-copy"],
)
async def test_the_printed_commands_call_libvirt_as_the_app_does(lab_backend: LabBackend, log: Log, plan: Plan) -> None:
    script = await script_of(lab_backend, plan)
    log.clear()
    timeline = await end_of(await lab_backend.migrations.start(plan))
    by_app = log.calls()
    assert timeline.phase == "completed", dict(timeline.error)
    assert by_app["flags"] == [FLAGS[flag].constant for flag in set_flags(script.call.flags)]
    assert {*by_app["parameters"]} == {*script.call.parameters}  # type: ignore[misc]
    assert by_app["downtime_ms"] == [str(plan.downtime_ms)]

    for argv, text in ((["sh", "-e"], script.virsh), ([sys.executable, "-"], script.python)):
        bring_home(lab_backend)
        log.clear()
        run(argv, text)
        assert lab_backend.states() == {"source": "", "destination": "running"}
        assert log.calls() == by_app


async def test_the_commands_of_a_record_move_the_vm_as_the_run_did(
    lab_backend: LabBackend, log: Log, tmp_path: Path
) -> None:
    plan = Plan(VM, "post-copy-manual", bandwidth_mib_s=60)
    lab_backend.migrations.call_of = call_of
    log.clear()
    migration = await lab_backend.migrations.start(plan)
    migration.controls.switch_to_post_copy()
    timeline = await end_of(migration)
    by_app = log.calls()
    assert timeline.phase == "completed", dict(timeline.error)
    bring_home(lab_backend)
    log.clear()
    script = Scripts(lab_backend.connections, call_of).of_timeline(timeline, "source")
    assert [step.what for step in script.steps] == ["post-copy"]
    assert script.before == ()  # its record has the call
    run(["bash", "-e"], script.virsh)
    assert lab_backend.states() == {"source": "", "destination": "running"}
    assert log.calls() == by_app


def test_what_dry_run_prints_is_what_the_command_then_calls(lab_backend: LabBackend, log: Log, tmp_path: Path) -> None:
    settings = lab_backend.lab.place.config.read_text()
    usual = next(line for line in settings.splitlines() if line.startswith("folder = "))
    config = tmp_path / "config.toml"
    config.write_text(settings.replace(usual, f'folder = "{tmp_path / "runs"}"'))
    commands = Commands(lab_backend, config)
    words = ["migrate", VM, "--technique", "post-copy-timeout", "--timeout", "2s", "--bandwidth", "60MiB/s"]
    status, printed, err = commands.run(*words, "--dry-run")
    assert (status, err) == (0, "")
    assert lab_backend.states() == {"source": "running", "destination": ""}
    log.clear()
    assert commands.run(*words)[0] == 0
    by_app = log.calls()

    bring_home(lab_backend)
    log.clear()
    run(lab_backend.lab.machine("source").argv(["sh", "-e"]), printed)
    assert lab_backend.states() == {"source": "", "destination": "running"}
    assert log.calls() == by_app
