"""The logs of both hosts after a failed migration: what is kept, and the reason in them."""

import subprocess
from pathlib import Path

import pytest

from tests.unit.migration.host_log_texts import (
    APPARMOR,
    BEGAN,
    KILLED,
    NO_VGA,
    OLDER,
    SELINUX,
    SHUT,
    STARTED,
    UUID,
    printed,
)
from tui.core.actions import without_keys
from tui.core.failure import Failure
from tui.linux.script_sections import parse_sections
from tui.migration.model.ending.host_log import SCRIPT, HostLog, of_record, parse
from tui.migration.model.ending.log_reason import with_logs

LOST = "End of file while reading data: : Input/output error"


def read(**parts: str | tuple[int, str]) -> HostLog:
    return parse("destination", UUID, 10, printed(**parts))


def test_only_lines_since_the_start_are_kept_without_the_command() -> None:
    log = read(log=OLDER + "2026-11-28T09:00:01.0Z qemu-system-x86_64: old\n" + STARTED + NO_VGA + SHUT)
    assert log.qemu == (STARTED.splitlines()[0], NO_VGA.strip(), SHUT.strip())
    assert (log.path, log.qemu_why) == ("/var/log/libvirt/qemu/guest1.log", "")


def test_a_line_without_a_time_belongs_to_the_one_before() -> None:
    assert read(log=OLDER + "old\n" + SHUT + "new\n").qemu == (SHUT.strip(), "new")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            "Certificate does not match the hostname kvm-b",
            "the TLS certificate of the destination is not for the name kvm-b",
        ),
        ("The certificate hasn't got a known issuer", "one host does not trust the TLS certificate of the other"),
    ],
)
def test_a_certificate_that_the_sender_refused_is_the_reason(line: str, why: str) -> None:
    """The receiver reports a stream that broke; libvirt 11.3 returns neither. Seen in the lab."""
    origin = HostLog("source", "", (STARTED.splitlines()[0], line))
    target = read(log=STARTED + "2026-11-29T01:14:01.9Z qemu-system-x86_64: Not a migration stream\n" + SHUT)
    found = with_logs(Failure("The migration failed", "no reason", "none", detail=LOST), origin, target)
    assert found.why == why


def test_a_log_that_cannot_be_read_has_the_reason() -> None:
    log = read(log=(1, "tail: cannot open '/var/log/libvirt/qemu/guest1.log' for reading: Permission denied\n"))
    assert (log.qemu, log.qemu_why) == ((), "Permission denied")


def test_a_long_log_keeps_its_end() -> None:
    log = read(log=STARTED + NO_VGA * 5000 + SHUT)
    assert sum(map(len, log.qemu)) <= 6000
    assert log.qemu[-1] == SHUT.strip()


@pytest.mark.parametrize("source", ["journal", "dmesg", "audit"])
@pytest.mark.parametrize("line", [APPARMOR, SELINUX])
def test_a_refusal_of_this_vm_is_found_once(source: str, line: str) -> None:
    assert read(**{source: line + line}).denials == (line.strip(),)


@pytest.mark.parametrize(
    "line",
    [
        APPARMOR.replace(UUID, "11111111-25aa-4e37-867f-6da151e2b201"),
        APPARMOR.replace(str(BEGAN + 1), str(BEGAN - 100)),
        SELINUX.replace("permissive=0", "permissive=1"),
        SELINUX.replace("qemu-kvm", "httpd").replace("svirt_t", "httpd_t"),
    ],
)
def test_what_was_refused_to_others_or_earlier_or_not_at_all_is_left_out(line: str) -> None:
    assert read(journal=line).denials == ()


def test_it_is_known_whether_refusals_can_be_known() -> None:
    unreadable = read(journal=(1, ""), dmesg=(1, "Operation not permitted"), audit=(1, "Permission denied"))
    assert unreadable.denials_why == "the kernel's log is not readable for this login"
    assert read(active=(1, "")).denials_why == "neither AppArmor nor SELinux is active"
    assert read().denials_why == ""


def test_a_record_has_all_of_it_and_a_shell_without_output_is_named() -> None:
    log = read(log=STARTED + NO_VGA, journal=APPARMOR)
    assert of_record(log.data) == log
    assert parse("b", UUID, 10, "Connection closed").qemu_why == "the host's shell did not run the command"


@pytest.mark.parametrize("name", ["guest1", "-v", "a b'c\"$(false)"])
def test_the_script_reads_the_log_of_a_session_daemon(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "libvirt/qemu/log"
    folder.mkdir(parents=True)
    (folder / f"{name}.log").write_text("2036-11-29T01:14:01.2Z qemu-system-x86_64: new\n", "utf-8")
    environment = {"XDG_CACHE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["sh", "-c", SCRIPT, "sh", name, "60", "session"], capture_output=True, text=True, env=environment, check=True
    )
    log = parse("b", UUID, 60, done.stdout)
    assert log.path == str(folder / f"{name}.log")
    assert log.qemu == ("2036-11-29T01:14:01.2Z qemu-system-x86_64: new",)


def why(detail: str, *, target: str = "", origin: str = "", journal: str = "") -> str:
    cause = Failure("The migration of guest1 failed", "libvirt gave no usable reason", "Look.", detail=detail)
    here = parse("source", UUID, 10, printed(log=origin))
    found = with_logs(cause, here, read(log=target, journal=journal))
    assert found.detail == detail
    return found.why


def test_the_log_of_the_target_has_the_reason_that_libvirt_lost() -> None:
    assert why(LOST, target=STARTED + NO_VGA + SHUT) == "the QEMU on destination does not have the device virtio-vga"


def test_an_unknown_line_of_qemu_is_shown_whole() -> None:
    line = "2026-11-29T01:14:01.2Z qemu-system-x86_64: the moon is in the way\n"
    assert why(LOST, target=STARTED + line + KILLED) == (
        "QEMU on destination reported: qemu-system-x86_64: the moon is in the way"
    )


def test_the_log_of_the_source_has_the_reason_at_a_switchover() -> None:
    line = "2026-11-29T01:14:01.2Z qemu-system-x86_64: migration_block_inactivate: bdrv_inactivate_all() failed: -1\n"
    found = why("operation failed: job 'migration out' failed: Channel error", target=STARTED + KILLED, origin=line)
    assert found == "QEMU on source: QEMU could not let go of a disk at the switchover"


def test_a_refused_file_that_the_error_names_is_the_reason() -> None:
    detail = (
        "internal error: qemu unexpectedly closed the monitor: Could not open '/srv/images/guest1.qcow2': Permission"
    )
    expected = "AppArmor on destination refused QEMU the operation open on /srv/images/guest1.qcow2"
    assert why(f"{detail} denied", journal=APPARMOR) == expected
    assert "SELinux on destination refused QEMU the operation read write on guest1.qcow2 (nfs_t)" in why(
        f"{detail} denied", journal=SELINUX
    )


def test_another_refusal_is_only_named_where_nothing_else_is_known() -> None:
    assert why("internal error: the moon", journal=APPARMOR) == "libvirt gave no usable reason"
    assert why(LOST, journal=APPARMOR).endswith("guest1.qcow2, which may be the reason")
    assert why(LOST, target=STARTED + NO_VGA, journal=APPARMOR).startswith("the QEMU on destination does not have")


@pytest.mark.parametrize(
    "line", ["load of migration failed: Input/output error", "error while loading state section id 3(ram)"]
)
def test_what_follows_from_a_broken_stream_is_no_reason(line: str) -> None:
    log = f"{STARTED}2026-11-29T01:14:01.2Z qemu-system-x86_64: {line}\n"
    assert why(LOST, target=log) == "libvirt gave no usable reason"


def test_what_follows_from_a_host_that_died_is_no_reason() -> None:
    """Seen in the lab when all processes of the target ended."""
    lines = ("Unable to shutdown socket: Transport endpoint is not connected", "Channel error: Input/output error")
    log = "".join(f"2026-11-29T01:14:01.2Z qemu-system-x86_64: {line}\n" for line in lines)
    assert why("internal error: client socket is closed", origin=log) == "libvirt gave no usable reason"


def test_the_hint_does_not_lead_to_logs_that_were_read_and_have_no_reason() -> None:
    cause = Failure("The migration of guest1 failed", "no reason", "Look into the VM's log.", detail=LOST)
    found = with_logs(cause, HostLog("source", ""), read(log=STARTED + KILLED))
    assert without_keys(found.hint) == (
        "QEMU's logs of both hosts have no reason; the Migrate page shows them. "
        "Look into the journal of libvirtd on source and destination."
    )
    assert with_logs(cause, HostLog("source", "", qemu_why="Permission denied"), read(log=STARTED)) is cause


def test_a_cause_that_names_who_ended_the_vm_stays() -> None:
    cause = Failure("Another program forced guest1 off on source during the migration", detail=LOST)
    assert with_logs(cause, HostLog("source", ""), read(log=STARTED + NO_VGA)) is cause


def test_a_message_of_libvirt_is_not_replaced_by_a_line_of_qemu() -> None:
    assert why("internal error: the moon", target=STARTED + NO_VGA) == "libvirt gave no usable reason"


def test_a_known_reason_stays_and_without_any_the_cause_stays() -> None:
    assert why("operation failed: domain is already active as 'x'", target=STARTED + NO_VGA) == (
        "libvirt gave no usable reason"
    )
    assert why(LOST, target=STARTED + KILLED + SHUT) == "libvirt gave no usable reason"


def test_the_script_takes_refusals_alone_from_the_kernels_logs(tmp_path: Path) -> None:
    for name in ("dmesg", "journalctl"):
        (tmp_path / name).write_text(f"#!/bin/sh\ncat <<'END'\nusb 1-1: new device\n{APPARMOR}{SELINUX}END\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    environment = {"XDG_CACHE_HOME": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(
        ["sh", "-c", SCRIPT, "sh", "x", "60", "session"], capture_output=True, text=True, env=environment, check=True
    )
    found = parse_sections(done.stdout)
    assert found["dmesg"].text.splitlines() == [APPARMOR.strip(), SELINUX.strip()]
    assert found["log"].status == 1
    in_group = "root" in subprocess.run(["id", "-nG"], capture_output=True, text=True, check=True).stdout.split()
    assert found["journal"].text == found["dmesg"].text or not in_group


def test_a_kernel_log_that_may_not_be_read_is_no_empty_one(tmp_path: Path) -> None:
    (tmp_path / "dmesg").write_text("#!/bin/sh\necho 'dmesg: Operation not permitted' >&2\nexit 1\n", "utf-8")
    (tmp_path / "dmesg").chmod(0o755)
    environment = {"XDG_CACHE_HOME": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(
        ["sh", "-c", SCRIPT, "sh", "x", "60", "session"], capture_output=True, text=True, env=environment, check=True
    )
    assert parse_sections(done.stdout)["dmesg"].status == 1
