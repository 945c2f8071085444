"""Checks of root's ssh between the hosts."""

from dataclasses import replace
from typing import Any

import pytest

from tests.fake_hosts import TABLES
from tests.unit.hosts.good_hosts import ADDRESSES, DOWN, change, found, good, why_not, with_way
from tui.app import config
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, UNKNOWN
from tui.core.failure import Failure
from tui.core.ssh_key import HostKey
from tui.hosts.backend.reading import configured
from tui.hosts.model.account import Account
from tui.hosts.model.facts import HostsFacts
from tui.hosts.model.ssh import KEY_CHANGED, KEY_NOT_KNOWN, NO_ANSWER, REFUSED, WORKS, Attempt
from tui.linux.change import AddLines, Command, RemoveLines

OWN = HostKey("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIOmcjmcxOXHUHruQYCIUhHLs3UhopflbBDQ1Fwh4Y442")


OTHER = HostKey("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIFeSMyVrZeIYn3ow9dt+Lt4apuHZxw4SKyU1BsYvpMVT")


def attempt(outcome: str, **fields: Any) -> Attempt:
    usual = {
        "user": "root", "host": "destination", "known_as": "destination", "home": "/root",
        "known_hosts": "/root/.ssh/known_hosts", "output": "root@destination: Permission denied (publickey).",
        "keys": (replace(OTHER, file="/root/.ssh/id_ed25519"),), "taken": ("id_ed25519",), "shown": (OWN,),
    }  # fmt: skip
    return Attempt(outcome, **{**usual, **fields})


ACCOUNT = Account("root", True, "/root", 0, 0, True, True, "/root/.ssh/authorized_keys", keys=(OWN,))


def trying(outcome: str, account: Account | Failure | None = ACCOUNT, **fields: Any) -> HostsFacts:
    return with_way(good(), "source", "destination", ssh=attempt(outcome, **fields), account=account, peer=None)


@pytest.mark.parametrize(
    ("outcome", "states"),
    [
        (WORKS, [OK, OK, OK]),
        (REFUSED, [OK, OK, FAILED]),
        (KEY_NOT_KNOWN, [OK, FAILED, UNKNOWN]),
        (KEY_CHANGED, [OK, FAILED, UNKNOWN]),
        (NO_ANSWER, [OK, UNKNOWN, UNKNOWN]),
    ],
)
def test_each_outcome_of_ssh_is_a_finding_of_the_step_that_fixes_it(outcome: str, states: list[str]) -> None:
    ids = ("source.key", "source.known_hosts", "destination.authorized_keys")
    assert [found(trying(outcome), id).state for id in ids] == states
    if outcome != WORKS:
        assert found(trying(outcome), "source.peer").state == FAILED


def test_a_key_is_created_only_if_none_works_and_under_a_free_name() -> None:
    facts = trying(REFUSED, keys=(), taken=("id_ed25519",), folder=False)
    assert found(facts, "source.key").found == "id_ed25519 can't be used: it may need a passphrase"
    folder, key = change(facts, "source.key").moves
    assert folder.action == Command("source", ("install", "-d", "-m", "700", "/root/.ssh"))
    assert isinstance(key.action, Command)
    assert key.action.argv[-2:] == ("-f", "/root/.ssh/id_ecdsa")
    assert key.undo == (Command("source", ("rm", "-f", "/root/.ssh/id_ecdsa", "/root/.ssh/id_ecdsa.pub")),)


def test_a_host_key_is_added_with_its_fingerprint_in_the_note() -> None:
    planned = change(trying(KEY_NOT_KNOWN), "source.known_hosts")
    assert planned.actions == (AddLines("source", "/root/.ssh/known_hosts", (f"destination {OWN.line}",)),)
    assert OWN.fingerprint in planned.note
    assert "The app read the same key on destination over its own login." in planned.note


def test_a_host_key_that_the_app_could_not_compare_is_compared_by_the_user() -> None:
    note = change(trying(KEY_NOT_KNOWN, account=DOWN), "source.known_hosts").note
    assert OWN.fingerprint in note
    assert "Compare it with the output of this command on destination" in note


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (trying(KEY_NOT_KNOWN, shown=(OTHER,)), "another machine responds at destination"),
        (trying(KEY_NOT_KNOWN, shown=()), "destination offers no usable host key"),
        (trying(KEY_CHANGED), "find out first why the host key changed"),
    ],
)
def test_a_wrong_host_key_is_not_added(facts: HostsFacts, reason: str) -> None:
    assert why_not(facts, "source.known_hosts").startswith(reason)


def test_roots_key_is_authorized_on_the_other_host() -> None:
    line = (f"{OTHER.line} root@source",)
    (move,) = change(trying(REFUSED), "destination.authorized_keys").moves
    assert move.action == AddLines("destination", "/root/.ssh/authorized_keys", line)
    assert move.undo == (RemoveLines("destination", "/root/.ssh/authorized_keys", line),)


def test_new_folder_and_file_of_authorized_keys_are_private_and_removed_only_if_empty() -> None:
    account = Account("me", True, "/home/me", 1000, 1001, authorized_keys="/home/me/.ssh/authorized_keys")
    folder, file, _ = change(trying(REFUSED, account, user="me"), "destination.authorized_keys").moves
    assert folder.action.text == "install -d -m 700 -o 1000 -g 1001 /home/me/.ssh"
    assert folder.undo[0].text == "find /home/me/.ssh -maxdepth 0 -empty -delete"
    assert file.action.text == "install -m 600 -o 1000 -g 1001 /dev/null /home/me/.ssh/authorized_keys"
    assert file.undo[0].text == "find /home/me/.ssh -maxdepth 1 -name authorized_keys -empty -delete"


@pytest.mark.parametrize(
    ("account", "fields", "reason"),
    [
        (replace(ACCOUNT, root_login="no"), {}, "its sshd refuses root: PermitRootLogin is no"),
        (replace(ACCOUNT, public_keys=False), {}, "its sshd accepts no keys"),
        (replace(ACCOUNT, known=False), {}, "the user root does not exist"),
        (ACCOUNT, {"keys": ()}, "root on source has no key yet"),
        (DOWN, {}, "its accounts can't be read"),
    ],
)
def test_a_key_that_would_not_help_is_not_authorized(
    account: Account | Failure, fields: dict[str, Any], reason: str
) -> None:
    assert why_not(trying(REFUSED, account, **fields), "destination.authorized_keys").startswith(reason)


def test_a_peer_uri_without_ssh_needs_no_keys() -> None:
    tables: Any = {**TABLES, "hosts": {name: {"ssh": f"root@{name}"} for name in ADDRESSES}}
    tables["hosts"]["destination"]["peer"] = "qemu+tls://destination/system"
    read, problems = config.check(tables)
    assert read, problems
    facts = with_way(
        replace(good(), configured=configured(read)), "source", "destination", ssh=Attempt(WORKS), peer="destination"
    )
    for id in ("source.key", "source.known_hosts", "destination.authorized_keys"):
        assert found(facts, id).state == NOT_NEEDED
    assert found(facts, "source.peer").state == OK
