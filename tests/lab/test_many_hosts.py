"""A lab of four hosts that run VMs: the commands move the guest around, each time to the host that is named."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.lab.conftest import NAME
from tests.lab.lab_backend import LIMIT_S
from tui.lab.inventory import GUEST
from tui.lab.lab import Lab
from tui.lab.place import Place

HOSTS = ("source", "destination", "host3", "host4")


@pytest.fixture(scope="module")
def four() -> Iterator[Lab]:
    lab = Lab(Place(f"{NAME}-four"), print)
    lab.down()
    try:
        lab.up(hypervisors=4)
        lab.machine("source").run(["virsh", "start", GUEST.name])
        yield lab
    finally:
        lab.down()


def run(lab: Lab, *words: str) -> "subprocess.CompletedProcess[str]":
    """`vmlm-tui` on the source."""
    argv = lab.machine("source").argv(["vmlm-tui", *words])
    return subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False)


def having(lab: Lab) -> list[str]:
    """The hosts that define the guest, or run it."""
    listed = {host: lab.machine(host).run(["virsh", "list", "--all", "--name"]) for host in HOSTS}
    return [host for host, names in listed.items() if GUEST.name in names.split()]


def test_the_guest_goes_around(four: Lab) -> None:
    at = "source"
    for to in ("host3", "destination", "source"):
        done = run(four, "migrate", GUEST.name, "--to", to, "--technique", "pre-copy", "--json")
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout.splitlines()[-1])
        assert result["verified"] == f"{GUEST.name} runs on {to} and is gone from {at}."
        assert having(four) == [to]
        at = to


def test_without_a_target_it_goes_to_the_best_host(four: Lab) -> None:
    done = run(four, "migrate", GUEST.name, "--technique", "pre-copy")
    assert done.returncode == 0, done.stderr
    to = next(host for host in HOSTS if f"{GUEST.name} goes to {host}. " in done.stderr)
    assert to != "source"
    assert having(four) == [to]


def test_all_hosts_are_listed_as_ready(four: Lab) -> None:
    done = run(four, "hosts", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["hosts"]
    assert [each["name"] for each in found] == [*HOSTS, "storage"]
    assert {each["state"] for each in found} == {"ok"}


def test_each_way_between_them_is_checked(four: Lab) -> None:
    done = run(four, "check", "--json")
    items = json.loads(done.stdout)["lists"]["hosts"]
    ways = [each for each in items if ".peer" in each["id"]]
    assert len(ways) == 12
    assert {each["state"] for each in ways} == {"ok"}
