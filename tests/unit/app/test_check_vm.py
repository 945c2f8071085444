"""`vmlm-tui check VM`: its output and exit status."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tests.unit.app.test_main import MINIMAL
from tui.app import check
from tui.app.wiring import Backend
from tui.core.failure import Failure
from tui.core.vm import VmFacts
from tui.launch.backend.launch import Launch

Check = Callable[..., tuple[int, str]]
VNC = "<graphics type='vnc' port='-1' autoport='yes' listen='10.9.9.9'/>"


@pytest.fixture
def world() -> FakeHosts:
    world = FakeHosts()
    world.source.known["guest1"] = guest1("running")
    world.shells["root@destination"].answers = {"/sys/class/net": "net lo 1 card\naddress 10.0.0.2\n"}
    return world


@pytest.fixture
def run(world: FakeHosts, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Check:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    place = tmp_path / "config.toml"
    place.write_text(MINIMAL)
    launch = Launch(world.connections, world.changes.sudo)
    backend = Backend(None, None, None, launch, None, None)  # type: ignore[arg-type]
    monkeypatch.setattr("tui.app.wiring.wire", lambda *_: backend)

    def run_check(*words: str) -> tuple[int, str]:
        status = check.main(["--config", str(place), *words])
        return status, capsys.readouterr().out

    return run_check


def test_a_vm_that_nothing_blocks_has_the_status_0(run: Check) -> None:
    assert run("guest1") == (0, "guest1  source -> destination\nNothing known blocks its migration.\n")


def test_a_blocked_vm_has_the_status_1_and_the_commands_that_mend_it(run: Check, world: FakeHosts) -> None:
    world.source.facts["guest1"] = VmFacts(("before",))
    assert run("guest1", "--to", "destination") == (
        1,
        "guest1  source -> destination\n"
        "  blocked   It has the snapshot before; libvirt does not migrate a VM with\n"
        "            snapshots. virsh snapshot-delete guest1 NAME merges one; with\n"
        "            --metadata, only libvirt forgets it.\n"
        "            Snapshots inside an image and overlays stay as they are, but libvirt\n"
        "            forgets them and can't revert to them. Kept definitions can be\n"
        "            defined again: virsh snapshot-create VM FILE --redefine.\n"
        "              virsh snapshot-dumpxml --security-info guest1 before > ./01-before.xml\n"
        "              virsh snapshot-delete guest1 before --metadata\n"
        "1 blocked.\n",
    )


def test_json_has_each_sentence_with_its_commands(run: Check, world: FakeHosts) -> None:
    defined = world.source.definition("guest1")
    world.source.definitions["guest1"] = defined.replace('<domain type="', '<domain id="1" type="').replace(
        "<devices>", f"<devices>{VNC}"
    )
    status, out = run("guest1", "--json")
    found = json.loads(out)
    (finding,) = found["findings"]
    assert (status, found["blocked"], found["target"], finding["level"]) == (1, True, "destination", "blocked")
    assert "10.9.9.9" in finding["sentence"]
    assert finding["commands"][0].startswith("virsh update-device guest1 /dev/stdin --config")
    assert "booted next" in finding["costs"]


def test_a_change_that_is_done_already_is_said_in_place_of_its_command(run: Check, world: FakeHosts) -> None:
    defined = world.source.definition("guest1")
    world.source.next["guest1"] = defined
    world.source.definitions["guest1"] = defined.replace("<devices>", f"<devices>{VNC}")
    _, out = run("guest1")
    assert "has that change already" in " ".join(out.split())
    assert "update-device" not in out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("web",), "no host has a VM of this name"),
        (("guest1", "--to", "source"), "guest1 is on source already"),
        (("--to", "source"), "--to needs a VM"),
    ],
)
def test_what_can_not_be_checked_is_a_failure(run: Check, words: tuple[str, ...], why: str) -> None:
    with pytest.raises(Failure, match=why):
        run(*words)
