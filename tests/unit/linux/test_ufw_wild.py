"""Rules of ufw that administrators write: by application, with comments, for networks, and those that deny.

The rows have the form of ufw 0.36.2 (`ufw status`, `ufw status verbose`, `ufw status numbered`).
"""

import pytest

from tests.unit.nfs.nfs_world import STEPS, but, found, world
from tui.checklist.model.check import FAILED
from tui.core.settings import SOURCE
from tui.linux.firewall import Firewall, opened
from tui.linux.ufw import Ufw, parse_ufw
from tui.nfs.model.facts import SILENT, NfsFacts

HEAD = "Status: active\nLogging: on (low)\nDefault: deny (incoming), allow (outgoing), disabled (routed)\n\n"
NFS_PORT, MIGRATION = (2049, 2049), (49152, 49215)


def rules(*rows: str) -> Ufw:
    return parse_ufw(HEAD + "\n".join(rows) + "\n")


@pytest.mark.parametrize("row", [
    "[ 1] 2049/tcp (NFS)             ALLOW IN    Anywhere                  ",
    "2049,111/tcp (NFS)         ALLOW IN    Anywhere                  ",
    "2049,111/tcp (NFS)         ALLOW IN    192.0.2.0/24               # lab, # vms",
    "2049                       ALLOW       192.0.2.10                 # nfs",
    "2049/tcp                   ALLOW       192.0.2.10                 (log)",
    "2049/tcp                   ALLOW IN    192.0.2.10                 (log-all) # watch it",
    "111,2000:3000/tcp          ALLOW       192.0.2.0/24",
    "Anywhere                   ALLOW       192.0.2.10",
    "Anywhere                   ALLOW       192.0.2.8/30               # ALLOW IN the hosts",
])  # fmt: skip
def test_a_rule_that_already_lets_the_host_in_is_neither_added_again_nor_called_missing(row: str) -> None:
    assert rules(row).moves("storage", "192.0.2.10", NFS_PORT) == ()
    assert rules(row).refusal("192.0.2.10", NFS_PORT) == ""
    facts = blocked(row)
    assert "although ufw has a rule for it" in found(facts, "storage.firewall").found
    assert "something else blocks the connection" in str(STEPS["storage.firewall"].change(facts))


@pytest.mark.parametrize("row", [
    "2049,111/udp (NFS)         ALLOW IN    Anywhere",
    "2049/tcp (NFS (v6))        ALLOW IN    Anywhere (v6)",
    "NFS                        ALLOW       Anywhere",  # not verbose: its ports are unknown
    "2049/tcp                   ALLOW       192.0.2.11",
    "2049/tcp                   ALLOW OUT   192.0.2.10",
    "2049/tcp                   LIMIT       Anywhere",
    "2049/tcp on eth0           ALLOW       Anywhere",
    "198.51.100.1 2049/tcp      ALLOW       Anywhere",
    "22/tcp                     DENY        192.0.2.10",
    "Anywhere                   ALLOW       192.0.2.10/esp",
])  # fmt: skip
def test_a_rule_about_something_else_does_not_stop_the_missing_one(row: str) -> None:
    assert len(rules(row).moves("storage", "192.0.2.10", NFS_PORT)) == 1


@pytest.mark.parametrize(
    ("row", "text"),
    [
        # ufw would replace each of these three by the app's rule, and the undo would delete that.
        ("2049/tcp                   DENY        192.0.2.10", "2049/tcp DENY 192.0.2.10"),
        ("2049/tcp                   REJECT IN   192.0.2.10                 (log) # no", "2049/tcp REJECT 192.0.2.10"),
        ("2049/tcp                   LIMIT       192.0.2.10", "2049/tcp LIMIT 192.0.2.10"),
        # These come first, so a rule at the end would not help.
        ("2049                       DENY        Anywhere", "2049 DENY Anywhere"),
        ("2049,111/tcp (NFS)         DENY IN     192.0.2.0/24", "2049,111/tcp (NFS) DENY 192.0.2.0/24"),
        ("Anywhere                   REJECT      192.0.2.10", "Anywhere REJECT 192.0.2.10"),
    ],
)
def test_a_rule_that_keeps_the_host_out_is_named_and_not_replaced(row: str, text: str) -> None:
    assert rules(row).moves("storage", "192.0.2.10", NFS_PORT) == ()
    why = f'ufw has the rule "{text}", and the app does not change the rules of others'
    facts = blocked(row)
    finding = found(facts, "storage.firewall")
    assert (finding.state, finding.found) == (FAILED, f"source can't reach tcp 2049: {why}")
    assert "ufw delete NUMBER" in finding.hint
    assert STEPS["storage.firewall"].change(facts) == why
    assert opened("storage", Firewall(rules(row)), "192.0.2.10", NFS_PORT) == why


def test_the_first_rule_that_decides_counts() -> None:
    allow, deny = "2049/tcp                   ALLOW       192.0.2.10", "2049/tcp                   DENY        Anywhere"
    assert rules(allow, deny).refusal("192.0.2.10", NFS_PORT) == ""
    assert "DENY Anywhere" in rules(deny, allow).refusal("192.0.2.10", NFS_PORT)


def test_a_range_is_open_only_if_all_of_its_ports_are_and_closed_if_one_is() -> None:
    part, all_of_it = "49152/tcp                  {}       Anywhere", "49000:50000/tcp            {}       Anywhere"
    assert len(rules(part.format("ALLOW")).moves("storage", "192.0.2.10", MIGRATION)) == 1
    assert rules(all_of_it.format("ALLOW")).moves("storage", "192.0.2.10", MIGRATION) == ()
    assert rules(part.format("DENY")).refusal("192.0.2.10", MIGRATION)


def test_the_rules_of_an_inactive_ufw_refuse_nothing() -> None:
    assert Ufw(False, rules("2049 DENY Anywhere").rules).refusal("192.0.2.10", NFS_PORT) == ""


def blocked(row: str) -> NfsFacts:
    """The source does not reach the port of a storage server with this rule."""
    return but(but(world(), SOURCE, port=SILENT), firewall=Firewall(rules(row)), threads=8)
