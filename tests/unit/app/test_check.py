"""`vmlm-tui check`: its output and exit status."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.list_world import ListWorld
from tests.unit.app.test_main import MINIMAL
from tui.app import check
from tui.app.wiring import Backend
from tui.checklist.backend.checklist import Checklist
from tui.core.failure import Failure

Check = Callable[..., tuple[int, str, str]]


@pytest.fixture
def world(tmp_path: Path) -> ListWorld:
    made = ListWorld(tmp_path)
    made.make_all()
    return made


@pytest.fixture
def run(world: ListWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Check:
    """Runs the command with the world's checklist for NFS and an empty one for the hosts."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    place = tmp_path / "config.toml"
    place.write_text(MINIMAL)
    hosts = world.room_of_hosts
    hosts.checklist = Checklist((), world.checklist.facts, world.read, world.changes)  # type: ignore[assignment]
    backend = Backend(None, hosts, world.nfs, None, None, None)  # type: ignore[arg-type]
    monkeypatch.setattr("tui.app.wiring.wire", lambda *_: backend)

    def run_check(*words: str) -> tuple[int, str, str]:
        status = check.main(["--config", str(place), *words])
        return status, *capsys.readouterr()

    return run_check


def test_without_failed_checks_the_output_is_short_and_the_status_0(run: Check) -> None:
    status, out, err = run()
    assert (status, err) == (0, "")
    assert "NFS\n  source  root@a.invalid\n    + ok          the NFS client is installed\n" in out
    assert "+ ok          the folder of the images exists\n" in out
    assert out.endswith("2 warning, 8 ok, 1 not needed.\n")


def test_a_failed_check_is_printed_with_details_and_the_status_is_1(run: Check, world: ListWorld) -> None:
    world.machines["storage"].made.discard("server")
    status, out, _ = run()
    assert status == 1
    assert (
        "    x FAILED      the NFS server is installed\n"
        "                  found   there is no server\n"
        "                  wanted  server on storage\n"
    ) in out
    assert "                  try     Run chrony on all three hosts.\n" in out
    assert "vmlm-tui can fix 1 of these now, on its pages Hosts and NFS.\n" in out
    assert max(map(len, out.splitlines())) <= 80


def test_the_status_is_0_for_an_unknown_check(run: Check, world: ListWorld) -> None:
    world.machines["storage"].unreachable = Failure("root@storage can't be reached over ssh")
    status, out, _ = run()
    assert status == 0
    assert "    ? unknown     the NFS server is installed\n" in out


def test_no_password_is_prompted_for(run: Check, world: ListWorld) -> None:
    world.machines["storage"].password = "secret"
    _, _, err = run()
    assert err == (
        "vmlm-tui check: sudo on storage requires a password, so some checks are unknown. `vmlm-tui` prompts for it.\n"
    )
    assert world.machines["storage"].passwords == []


def test_json_contains_all_fields(run: Check, world: ListWorld) -> None:
    world.machines["storage"].made.discard("server")
    status, out, _ = run("--json")
    document = json.loads(out)
    assert status == 1
    assert (document["format"], document["passwords_wanted"], document["problems"]) == (1, [], [])
    assert document["counts"] == {"failed": 1, "unknown": 0, "warning": 2, "ok": 7, "not needed": 1}
    assert document["lists"]["hosts"] == []
    assert document["lists"]["nfs"][0] == {
        "id": "storage.server",
        "host": "storage",
        "title": "the NFS server is installed",
        "why": "without server no VM can move",
        "state": "failed",
        "found": "there is no server",
        "wanted": "server on storage",
        "hint": "",
        "detail": "ls: cannot access 'server'",
        "fix": [{"host": "storage", "text": "make server"}],
        "why_not": "",
    }


def test_a_list_that_cannot_be_read_is_reported(run: Check, world: ListWorld) -> None:
    world.broken = Failure("The list can't be read", "it is torn")
    status, out, err = run("--json")
    assert (status, err) == (1, "vmlm-tui check: The list can't be read: it is torn.\n")
    assert json.loads(out)["problems"] == ["The list can't be read: it is torn."]


def test_ctrl_c_is_reported(run: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_refresh", lambda _: signal.raise_signal(signal.SIGINT))
    assert run() == (128 + signal.SIGINT, "", "vmlm-tui check: Interrupted; nothing was changed.\n")
