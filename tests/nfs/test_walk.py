"""The whole way by keys in a terminal: three bare machines, a VM with a workload that moves there and back, and undo.

As a user whose sudo asks for a password; the app runs on the source, as after `make setup` there.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.screen import Screen
from tests.nfs import app_on_machine
from tests.nfs.machines import Machines
from tests.nfs.test_checklist import shorten_grace
from tests.nfs.traces import differences
from tests.nfs.walk_vm import IMAGES, VM, definition, put_files

PASSWORD = "op-secret"
# Of emulated machines on a computer that is busy with other things.
READ_S, FIX_S, MOVE_S = 300.0, 3600.0, 900.0
CONFIG = f"""
[hosts.source]
ssh = "op@10.77.49.2"
[hosts.destination]
ssh = "op@10.77.49.3"
[hosts.storage]
ssh = "op@10.77.49.1"
[vm]
name = "{VM}"
vcpus = 1
memory = "128 MiB"
reach = "agent"
[migration]
bandwidth = "8 MiB/s"
[workload.touch]
command = ["sh", "-c", '''n=0
while dd if=/dev/urandom of=/dev/shm/x bs=64k count=8 2> /dev/null; do echo rounds=$((n += 1)); sleep 1; done''']
"""
# What Debian's installer writes, with the name that QEMU would refuse.
INSTALLER = 'printf "127.0.0.1 localhost\\n127.0.1.1 %s\\n" "$(hostname)" > /etc/hosts'
CONFIGURE = """mkdir -p /root/.config/vmlm; printf '%s' "$0" > /root/.config/vmlm/config.toml"""


class Walk:
    """The app in a terminal, as a person sees it."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def press(self, *keys: str) -> None:
        self.screen.press(*keys)

    def see(self, *texts: str, limit_s: float = READ_S) -> str:
        def seen(text: str) -> bool:
            words = " ".join(text.split())  # a sentence may be wrapped
            return all(each in words for each in texts)

        return self.screen.wait(seen, " and ".join(texts), limit_s)

    def open(self, key: str, name: str) -> None:
        """Another page, once its list is read."""
        self.press(key)
        self.see(f"[{key} {name}]")
        self.read()

    def read(self) -> str:
        """Waits until the list is complete."""
        over = lambda text: not re.search(r"Reading|not read|reading", text) and " ok" in text  # noqa: E731
        return self.screen.wait(over, "the end of the reading", READ_S)

    def log_in(self, host: str) -> None:
        """The first login; the password is typed before it is asked."""
        self.see(f"The app can't log in to {host}")
        self.press("l")
        self.see(f"First login to {host}", "ssh-ed25519", "Compare it")
        self.press("Enter", PASSWORD, "Enter")
        self.screen.wait(lambda text: "First login" not in text, f"the login to {host}", READ_S)

    def give_passwords(self, *hosts: str) -> None:
        """The app asks for those that it knows to be required; another host may say so later."""
        given: set[str] = set()

        def asked(text: str) -> str:
            found = re.search(r"The password of (\w+)", text)
            if found is not None:
                return "" if found[1] in given else found[1]
            return "o" if "o enters it" in " ".join(text.split()) else ""

        while given != set(hosts):
            text = self.screen.wait(lambda text: bool(asked(text)), "a question for a password", READ_S)
            host = asked(text)
            if host == "o":
                self.press("o")
                self.see("The password of")
            else:
                self.press(PASSWORD, "Enter")
                given.add(host)

    def see_work(self, after: int = 0) -> int:
        """Waits until the workload has printed a round later than `after`; returns its number."""

        def printed(text: str) -> int:
            found = re.search(r"touch, running: rounds=(\d+)", " ".join(text.split()))
            return int(found[1]) if found else 0

        return printed(self.screen.wait(lambda text: printed(text) > after, f"round {after + 1}", MOVE_S))

    def change_all(self, key: str, outcome: str) -> None:
        """All fixes or all undos, with one key and Enter."""
        self.press(key)
        self.see("Enter runs")
        self.press("Enter")
        runs = re.compile(r"Enter runs|stop after this")
        over = lambda text: "esc back" in text and not runs.search(text)  # noqa: E731
        text = self.screen.wait(over, f"the end of what {key} does", FIX_S)
        assert outcome in " ".join(text.split()), text
        self.press("Escape")  # together with the next key it would be Alt and that key
        self.screen.wait(lambda text: "up/down scroll" not in text, "the page below the progress", READ_S)


@pytest.fixture
def with_app(set_up: Machines, tmp_path: Path) -> Machines:
    """The machines with the app on the source, and an active ufw on the storage server."""
    if why := app_on_machine.unfit():
        pytest.skip(why)
    set_up.each(lambda machine: machine.ssh("sh", "-ec", INSTALLER))
    set_up.storage.ssh("sh", "-c", "ufw allow 22/tcp && ufw --force enable")
    shorten_grace(set_up.storage)
    set_up.source.ssh("sh", "-ec", CONFIGURE, CONFIG)
    app_on_machine.install(set_up.source, tmp_path / "app")
    return set_up


@pytest.fixture
def walk(with_app: Machines, tmp_path: Path) -> Iterator[Walk]:
    program = f"sudo -p 'The password of op: ' {app_on_machine.PROGRAM}"
    screen = Screen(tmp_path / "tmux", with_app.source.terminal("op", "sh", "-c", program))
    try:
        yield Walk(screen)
    finally:
        print(screen.text())
        screen.close()


@pytest.mark.walk
def test_three_bare_machines_become_a_pair_and_are_given_back(with_app: Machines, walk: Walk) -> None:
    machines = with_app
    before = machines.files()
    walk.see("The password of op:")
    walk.press(PASSWORD, "Enter")
    walk.see("[1 Hosts]", "libvirt")
    walk.log_in("destination")
    walk.log_in("storage")
    walk.give_passwords("destination", "storage")
    walk.see("a fixes")
    walk.read()
    walk.change_all("a", "Everything is ready.")
    walk.open("2", "NFS")
    walk.change_all("a", "Everything is ready.")

    put_files(machines.storage)
    machines.source.ssh("virsh", "-c", "qemu:///system", "define", "/dev/stdin", stdin=definition())
    walk.press("3")
    walk.see("[3 Launch]", "shut off", "can migrate")
    walk.press("s")
    walk.see("running", "idle", limit_s=MOVE_S)
    walk.press("w")
    walk.see("Start a workload")
    walk.press("Right", "Right", "Enter")
    rounds = walk.see_work()
    for origin, target in (("source", "destination"), ("destination", "source")):
        walk.press("4")
        walk.see("[4 Migrate]")
        walk.press("m")
        walk.see("Start a migration", f"{origin} -> {target}")
        walk.press("Enter")
        if target == "source":
            walk.see("pass 1", limit_s=MOVE_S)
            walk.press("p")
        walk.see("Completed", f"{VM} runs on {target} and is gone from {origin}", limit_s=MOVE_S)
        walk.press("3")
        rounds = walk.see_work(rounds)

    machines.source.ssh("sh", "-ec", f"virsh destroy {VM}; virsh undefine {VM}")
    machines.storage.ssh("sh", "-c", f"rm -f {IMAGES}/*")
    walk.open("2", "NFS")
    walk.change_all("U", "All changes were undone.")
    walk.open("1", "Hosts")
    walk.change_all("U", "All changes were undone.")
    walk.press("q")
    walk.screen.wait(lambda _text: walk.screen.over(), "the end of the program")
    assert differences(before, machines.files()) == ""
