"""Reaching guests: agent, addresses, custom workloads, cloud-init."""

from pathlib import Path

import pytest

from tests.fake_agent import FakeAgent
from tests.fake_hosts import TABLES, FakeHosts, guest1
from tests.unit.launch.launch_world import ODD, RUNNING, launch_of, running_world, silent
from tui.app import config
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.settings import IDLE
from tui.core.ssh_key import HostKey
from tui.guest.backend import workloads
from tui.guest.model.agent import AGENT
from tui.guest.model.workload import (
    CPU,
    MEMORY,
    WorkloadSpec,
)
from tui.launch.backend import launch as launch_module
from tui.launch.backend.launch import Launch


def with_config(world: FakeHosts, **vm: object) -> Launch:
    """The room with another configuration of the VM and two custom workloads."""
    own = {ODD: {"command": ["no such; program"]}, "quiet": {"command": ["sleep", "9"]}}
    tables = TABLES | {"vm": TABLES["vm"] | vm, "workload": TABLES["workload"] | own}
    read, problems = config.check(tables)
    assert read, problems
    return Launch(Connections(read, world.open_hypervisor, world.shells.__getitem__), world.changes.sudo)


async def test_the_guest_is_reached_through_its_agent_if_configured(tmp_path: Path) -> None:
    world = FakeHosts()
    world.source.agents["guest1"] = FakeAgent({"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path)})
    launch = with_config(world, reach="agent")
    assert launch.address == AGENT
    assert "its guest replied" in await launch.boot(silent)
    assert (await launch.workloads.status("guest1")).current == IDLE
    assert world.guest.commands == []


async def test_booting_waits_for_an_agent_that_is_not_connected_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module, "BOOT_LIMIT_S", 1.0)
    progress: list[str] = []
    with pytest.raises(Failure, match="did not reply through its agent within 1 s"):
        await with_config(FakeHosts(), reach="agent").boot(progress.append)
    assert "booting: no guest agent is connected to its channel" in progress


async def test_any_other_vm_has_the_address_that_the_user_entered() -> None:
    launch = launch_of(FakeHosts())
    assert launch.address_of("two") == ""
    launch.choose("two")
    launch.keep_address(AGENT)
    assert launch.address == AGENT
    by_agent = with_config(FakeHosts(), reach="agent")
    assert by_agent.address_of("two") == AGENT
    by_agent.choose("two")
    by_agent.keep_address("root@two")
    assert (by_agent.address, by_agent.address_of("guest1")) == ("root@two", AGENT)


@pytest.mark.parametrize(
    ("vm", "kept", "address"),
    [
        ({"ssh": "root@guest1"}, AGENT, AGENT),
        ({"ssh": "root@guest1"}, "ada@192.0.2.7", "ada@192.0.2.7"),
        ({"ssh": "root@guest1"}, "", "root@guest1"),
        ({"reach": "agent"}, "ada@192.0.2.7", AGENT),
    ],
)
async def test_a_stored_address_of_the_configured_vm_overrides_its_ssh_setting(
    vm: dict[str, object], kept: str, address: str
) -> None:
    launch = with_config(FakeHosts(), **vm)
    launch.keep_address(kept)
    assert launch.address == address


def test_custom_workloads_are_offered() -> None:
    launch = with_config(FakeHosts())
    assert launch.workload_names == (MEMORY, CPU, ODD, "quiet")
    assert launch.default_spec(ODD) == WorkloadSpec(ODD, command=("no such; program",))


async def test_a_custom_workload_is_started_without_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workloads, "MINIMUM_RUN_S", 0.0)
    world = running_world()
    world.guest.heartbeat = ""
    launch = with_config(world)

    progress: list[str] = []

    def on_progress(text: str) -> None:
        progress.append(text)
        if text.startswith("starting"):
            world.guest.answers = {"cat what": "name quiet\noptions sleep 9\nrunning 7\n"}

    assert (await launch.start_workload(launch.default_spec("quiet"), on_progress)).running
    assert progress == ["compiling heartbeat in the guest", "starting quiet: sleep 9"]
    (started,) = (argv for argv in world.guest.commands if argv[-1] == "9")
    assert started[3:] == ("sh", "", "quiet", "sleep 9", "", "sleep", "9")
    assert (await launch.workloads.current("guest1")).name == "quiet"


async def test_a_custom_workload_with_a_missing_program_is_reported() -> None:
    world = running_world()
    launch = with_config(world)
    gone = f"name {ODD}\noptions x\nended 127\nline sh: no such; program: not found\n"

    def on_progress(_text: str) -> None:
        world.guest.answers = {"cat what": gone}

    with pytest.raises(Failure, match=r"ended at once with status 127: sh: no such; program: not found\. Install it"):
        await launch.start_workload(launch.default_spec(ODD), on_progress)


async def test_a_run_records_the_parameters_of_the_workload() -> None:
    found = await launch_of(running_world(RUNNING)).workloads.current("guest1")
    assert (found.name, found.parameters["working_set_mib"], found.parameters["rate_mib_s"]) == (MEMORY, 300, 0)


CLOUD = "/run/cloud-init/enabled"


async def test_booting_waits_for_the_end_of_cloud_init() -> None:
    world = FakeHosts()
    world.guest.answers = {CLOUD: "running\n"}
    progress: list[str] = []

    def on_progress(text: str) -> None:
        progress.append(text)
        if "cloud-init runs" in text:
            world.guest.answers = {}

    assert "is up" in await launch_of(world).boot(on_progress)
    assert "booting: cloud-init runs in the guest" in progress


async def test_an_error_of_cloud_init_is_reported() -> None:
    world = FakeHosts()
    world.guest.answers = {CLOUD: '{"v1": {"errors": ["no package gcc"]}}'}
    with pytest.raises(Failure, match=r"guest1 is up, but cloud-init failed in part: no package gcc"):
        await launch_of(world).boot(silent)


async def test_cloud_init_that_never_ends_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module, "BOOT_LIMIT_S", 0.2)
    world = FakeHosts()
    world.guest.answers = {CLOUD: "running\n"}
    with pytest.raises(Failure, match="guest1 is not set up after 0 s: cloud-init runs"):
        await launch_of(world).boot(silent)


class NewGuest:
    """An ssh server with an unknown host key; records whether it is trusted."""

    def __init__(self, key: HostKey) -> None:
        self.key = key
        self.trusted: list[str] = []

    async def host_key(self) -> HostKey:
        return self.key

    async def trust(self, fingerprint: str) -> None:
        self.trusted.append(fingerprint)

    async def authorize(self, password: str) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("own", [True, False])
async def test_a_host_key_is_trusted_only_if_the_guest_agent_reports_it(
    own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = HostKey("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIGao1mvWDYHmmc2tQaakZotlwTmyfHVIeQOQdfnPuiV9")
    monkeypatch.setattr(launch_module, "HOST_KEYS", f"echo '{key.line if own else 'ssh-ed25519 AAAA'} root@guest'")
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    world.source.agents["guest1"] = FakeAgent()
    server = NewGuest(key)
    launch = Launch(world.connections, world.changes.sudo, first_login=lambda _address: server)
    await launch.trust_host_key("guest1", "ada@192.0.2.7")
    assert server.trusted == ([key.fingerprint] if own else [])


async def test_ip_addresses_are_read_only_while_the_vm_runs() -> None:
    world = FakeHosts()
    world.source.found_addresses = ("192.0.2.7",)
    assert await launch_of(world).found_addresses("guest1") == ()
    world.source.known["guest1"] = guest1("running")
    assert await launch_of(world).found_addresses("guest1") == ("192.0.2.7",)
