"""What the app says of messages of libvirt, QEMU, ssh and nc; golden/messages.txt has each with its sentence.

The messages were printed by libvirt 8.0 to 12.8, QEMU 6.2 to 11.1 and OpenSSH, or are quoted in public bug reports.
"""

import re
from pathlib import Path

import pytest

from tui.vm.model.reasons.explain import TABLE, explain
from tui.vm.model.reasons.row import MIGRATION, OTHERWISE, Row

CASES = [
    re.split(r"\nWHY |\nTRY ?", block.strip("\n"))
    for block in (Path(__file__).parents[1] / "golden" / "messages.txt").read_text("utf-8").split("\n\n")
]


@pytest.mark.parametrize(("message", "why", "hint"), CASES)
def test_a_message_of_a_migration_gets_its_sentence(message: str, why: str, hint: str) -> None:
    found = explain(message, migration=True)
    assert (found.why, found.hint) == (why, hint)


@pytest.mark.parametrize("message", [case[0] for case in CASES])
def test_no_sentence_is_cut_or_has_an_empty_place(message: str) -> None:
    found = explain(message, migration=True)
    assert not re.search(r"\{\w+\}|  | \(\)|[:,;] *$", f"{found.why}\n{found.hint}")
    assert explain(message).why


def test_the_host_is_named_only_where_libvirt_can_mean_no_other() -> None:
    message = "unsupported configuration: spice graphics are not supported with this QEMU"
    assert explain(message, migration=True).why == "the QEMU on the destination has no spice console"
    assert explain(message).why == "the QEMU there has no spice console"


NOISES = (
    "Warning: Permanently added '10.0.0.2' (ED25519) to the list of known hosts.\r\n",
    "debug1: Connecting to 10.0.0.2 port 22.\n",
    "** WARNING: connection is not using a post-quantum key exchange algorithm.\n** This session may be vulnerable.\n",
    "2026-11-23 04:00:26.123+0000: 1234: info : libvirt version: 0.9.13\n",
    "bash: warning: setlocale: LC_ALL: cannot change locale (en_IN.UTF-8)\n",
    "X11 forwarding request failed on channel 0\n",
    "\x1b[31m",
)


@pytest.mark.parametrize("noise", NOISES)
def test_noise_before_the_reason_is_removed(noise: str) -> None:
    found = explain(f"{noise}the moon is in the way")
    assert (found.why, found.known) == ("the moon is in the way", False)


@pytest.mark.parametrize("noise", NOISES[:-1])
def test_a_message_of_noise_alone_is_kept(noise: str) -> None:
    assert explain(noise).why == " ".join(noise.split())


def test_a_banner_does_not_hide_the_reason() -> None:
    banner = "\n".join(["*" * 60, "* Authorised use only. Unauthorised use: connection refused by policy. *"] * 30)
    found = explain(f"Cannot recv data: {banner}\nroot@b: Permission denied (publickey).: Connection reset by peer")
    assert found.why == "ssh refused the login"


def test_a_warning_of_qemu_is_not_its_error() -> None:
    message = (
        "internal error: QEMU unexpectedly closed the monitor (vm='g'): 2026-01-02T03:04:05.1Z qemu-system-x86_64: "
        "warning: TCG doesn't support requested feature: CPUID.01H:ECX.pcid\n"
        "2026-01-02T03:04:05.2Z qemu-system-x86_64: the moon is in the way"
    )
    why = explain(message, migration=True).why
    assert why == "QEMU on the destination could not start, or ended: qemu-system-x86_64: the moon is in the way"


@pytest.mark.parametrize(
    "message", ["internal error: the moon\n is  in the way", "Requested operation is not valid: the moon is in the way"]
)
def test_an_unknown_message_is_shown_whole(message: str) -> None:
    assert explain(message, migration=True)[:3] == ("the moon is in the way", "", False)


def test_a_name_that_looks_like_a_place_is_not_filled() -> None:
    found = explain("Storage pool not found: no storage pool with matching name '{2}{on}'")
    assert found.why == "the storage pool {2}{on} of a disk is missing there"


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.pattern[:40])
def test_the_sentences_of_a_row_fit_into_a_sentence(row: Row) -> None:
    groups = re.compile(row.pattern).groups
    assert row.why == "" or row.why[0].islower() or row.why.startswith(("QEMU", "KVM", "SELinux", "{"))
    assert not row.why.endswith(".")
    assert row.hint == "" or row.hint.endswith(".")
    assert {int(number) for number in re.findall(r"\{(\d)\}", row.why + row.hint)} <= set(range(1, groups + 1))
    assert row.when in ("everywhere", MIGRATION, OTHERWISE)
