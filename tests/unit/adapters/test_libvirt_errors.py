"""Translation of libvirt's errors; each message was printed by libvirt or ssh."""

import libvirt
import pytest

from tui.adapters.libvirt.errors import CODES, translate
from tui.core.failure import Failure
from tui.core.protocols import (
    Aborted,
    AgentRefused,
    ConnectionBroken,
    PostCopyImpossible,
    QemuEnded,
    StreamBroken,
    VmBusy,
)

INTERNAL, FAILED, SYSTEM, RPC = (
    libvirt.VIR_ERR_INTERNAL_ERROR,
    libvirt.VIR_ERR_OPERATION_FAILED,
    libvirt.VIR_ERR_SYSTEM_ERROR,
    libvirt.VIR_ERR_RPC,
)


class Raised(libvirt.libvirtError):  # type: ignore[misc]
    """An error like those of libvirt's binding."""

    def __init__(self, code: int, message: str) -> None:
        Exception.__init__(self, message)
        self.err = (code, 0, message, 2, None, None, None, -1, -1)


@pytest.mark.parametrize(
    ("code", "message", "why"),
    [
        (
            SYSTEM,
            "Cannot recv data: Host key verification failed.: Connection reset by peer",
            "its ssh host key is unknown to the connecting host, or has changed",
        ),
        (
            SYSTEM,
            "operation failed: Failed to connect to remote libvirt URI qemu+ssh://root@destination/system?no_tty=1: "
            "Cannot recv data: Host key verification failed.: Connection reset by peer",
            "its ssh host key is unknown to the connecting host, or has changed",
        ),
        (
            SYSTEM,
            "Cannot recv data: root@destination: Permission denied (publickey,password).: Connection reset by peer",
            "ssh refused the login",
        ),
        (
            SYSTEM,
            "Cannot recv data: ssh: Could not resolve hostname nowhere: Name or service not known: "
            "Connection reset by peer",
            "the host name nowhere cannot be resolved",
        ),
        (
            SYSTEM,
            "Cannot recv data: ssh: connect to host 127.0.0.1 port 1: Connection refused: Connection reset by peer",
            "sshd does not listen on port 1 of 127.0.0.1",
        ),
        (
            SYSTEM,
            "Cannot recv data: ssh: connect to host 10.0.0.9 port 22: Connection timed out: Connection reset by peer",
            "the network does not reach it",
        ),
        (
            SYSTEM,
            "Cannot recv data: ssh: connect to host 10.0.0.9 port 22: No route to host: Connection reset by peer",
            "the network does not reach it",
        ),
        (
            SYSTEM,
            "Failed to connect socket to '/run/libvirt/libvirt-sock': Connection refused",
            "libvirtd does not run there (connection refused)",
        ),
        (
            libvirt.VIR_ERR_INVALID_ARG,
            "invalid argument: could not find capabilities for arch=x86_64 ",
            "QEMU for x86_64 is missing there",
        ),
        (
            INTERNAL,
            "internal error: hostname on destination resolved to localhost, but migration requires an FQDN",
            "the destination's host name resolves to localhost there",
        ),
        (
            INTERNAL,
            "internal error: Attempt to migrate guest to the same host 4d0c5f3c-6f0c-4a8e-9b0c-111111111111",
            "both hosts have the same host UUID, so libvirt takes them for one",
        ),
        (
            INTERNAL,
            "internal error: unable to execute QEMU command 'migrate-set-capabilities': Postcopy is not supported: "
            "Userfaultfd not available: Operation not permitted",
            "QEMU may not use userfaultfd, which post-copy needs",
        ),
        (
            INTERNAL,
            "internal error: unable to execute QEMU command 'migrate-set-capabilities': Postcopy is not supported: "
            "Userfaultfd not available: Function not implemented",
            "the kernel of one host has no userfaultfd, which post-copy needs",
        ),
        (
            libvirt.VIR_ERR_MIGRATE_UNSAFE,
            "Unsafe migration: Migration without shared storage is unsafe",
            "libvirt considers the VM's disk not shared",
        ),
        (
            SYSTEM,
            "End of file while reading data: sh: 1: nc: not found: Input/output error",
            "neither virt-ssh-helper nor nc is in the login's PATH there, and libvirt needs one of them",
        ),
        (
            SYSTEM,
            "End of file while reading data: virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': "
            "Failed to connect socket to '/run/libvirt/libvirt-sock': No such file or directory: Input/output error",
            "libvirtd does not run there",
        ),
        (
            SYSTEM,
            "End of file while reading data: virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': "
            "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied: Input/output error",
            "the user may not use libvirt there",
        ),
        (INTERNAL, "internal error: client socket is closed", "the connection to libvirt broke"),
        (SYSTEM, "End of file while reading data: Input/output error", "the connection to libvirt broke"),
        (
            FAILED,
            "operation failed: domain 'guest1' already exists with uuid 0054f024-25aa-4e37-867f-6da151e2b201",
            "another VM there has the name guest1, with another UUID",
        ),
        (
            SYSTEM,
            "Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory",
            "libvirtd does not run there",
        ),
        (
            FAILED,
            "operation failed: job 'migration out' failed: Unable to read from socket: Connection reset by peer",
            "the migration stream to the destination broke",
        ),
        (
            SYSTEM,
            "Unable to read from monitor: Connection reset by peer",
            "the VM's QEMU has ended",
        ),
        (INTERNAL, "internal error: End of file from qemu monitor (vm='guest1')", "the VM's QEMU has ended"),
        (
            RPC,
            "packet 1466264675 bytes received from server too large, want 33554432",
            "the shell of the login there prints text when a command starts, and libvirt reads it as data",
        ),
        (
            INTERNAL,
            "internal error: unable to execute QEMU command 'migrate-set-capabilities': "
            "Postcopy is not yet compatible with multifd",
            "this QEMU cannot use parallel connections with post-copy",
        ),
        (
            FAILED,
            "operation failed: guest CPU doesn't match specification: missing features: avx512f",
            "the host's CPU lacks features that the VM uses: avx512f",
        ),
        (
            SYSTEM,
            "Cannot access storage file '/images/guest1.img' (as uid:64055, gid:64055): No such file or directory",
            "the file /images/guest1.img does not exist there",
        ),
        (
            libvirt.VIR_ERR_OPERATION_ABORTED,
            "operation aborted: migration out job: canceled by client",
            "it was cancelled",
        ),
        (libvirt.VIR_ERR_OPERATION_ABORTED, "operation aborted: something new", "it was cancelled"),
        (libvirt.VIR_ERR_NO_DOMAIN, "Domain not found", "the daemon does not have the VM, or no longer"),
        (
            libvirt.VIR_ERR_OPERATION_INVALID,
            "Requested operation is not valid: switching to post-copy requires migration to be started with "
            "VIR_MIGRATE_POSTCOPY flag",
            "the migration was started without post-copy, which must be allowed at the start",
        ),
        (
            libvirt.VIR_ERR_OPERATION_INVALID,
            "Requested operation is not valid: domain is not running",
            "the VM does not run",
        ),
        (
            libvirt.VIR_ERR_OPERATION_TIMEOUT,
            "Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainResume)",
            "another operation on the VM has not ended: DomainResume",
        ),
        (
            libvirt.VIR_ERR_NO_SUPPORT,
            "this function is not supported by the connection driver: virDomainGetJobStats",
            "this daemon does not support it",
        ),
    ],
)
def test_a_message_is_translated_and_kept_as_detail(code: int, message: str, why: str) -> None:
    failure = translate("The call failed", Raised(code, message))
    assert (failure.what, failure.why, failure.detail) == ("The call failed", why, message)


@pytest.mark.parametrize(
    ("code", "message", "why"),
    [
        (
            INTERNAL,
            "internal error: Unable to find an unused port in range 'migration' (49152-49215)",
            "all ports of the range migration (49152-49215) are in use on the destination",
        ),
        (
            SYSTEM,
            "failed to write master key file for domain: No space left on device",
            "libvirt cannot write its own files on the destination: the disk is probably full",
        ),
        (
            INTERNAL,
            "internal error: QEMU unexpectedly closed the monitor (vm='guest1'): 2026-11-23T04:00:26Z "
            "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory",
            "the destination has too little memory for the VM",
        ),
        (
            SYSTEM,
            "Cannot check QEMU binary /usr/bin/qemu-system-x86_64: No such file or directory",
            "QEMU's program /usr/bin/qemu-system-x86_64 is missing on the destination",
        ),
        (
            INTERNAL,
            "internal error: qemu unexpectedly closed the monitor: qemu-system-x86_64: unsupported machine type "
            "'pc-q35-10.2'",
            "the QEMU on the destination does not have the VM's machine type pc-q35-10.2",
        ),
        (
            INTERNAL,
            "internal error: process exited while connecting to monitor: something new",
            "QEMU on the destination could not start, or ended: something new",
        ),
        (
            FAILED,
            "operation failed: guest CPU doesn't match specification: missing features: avx512f",
            "the destination's CPU lacks features that the VM uses: avx512f",
        ),
        (
            SYSTEM,
            "Cannot access storage file '/images/guest1.img' (as uid:64055, gid:64055): No such file or directory",
            "the file /images/guest1.img does not exist on the destination",
        ),
        (
            FAILED,
            "operation failed: domain 'guest1' already exists with uuid 0054f024-25aa-4e37-867f-6da151e2b201",
            "another VM on the destination has the name guest1, with another UUID",
        ),
        (INTERNAL, "internal error: client socket is closed", "the connection to libvirt broke"),
        (
            SYSTEM,
            "End of file while reading data: virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': "
            "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Connection refused: Input/output error",
            "libvirtd does not run on the destination",
        ),
    ],
)
def test_a_migrations_error_names_the_destination_where_it_can_only_come_from_there(
    code: int, message: str, why: str
) -> None:
    failure = translate("The migration of guest1 failed", Raised(code, message), migration=True)
    assert (failure.why, failure.detail) == (why, message)
    assert failure.hint


def test_a_qemu_that_does_not_exist_any_more_is_told_from_a_busy_one() -> None:
    message = "internal error: End of file from qemu monitor (vm='guest1')"
    assert isinstance(translate("The job statistics could not be read", Raised(INTERNAL, message)), QemuEnded)


@pytest.mark.parametrize("message", ["internal error: client socket is closed", "End of file while reading data: : x"])
def test_a_broken_connection_is_told_from_a_reason(message: str) -> None:
    assert isinstance(translate("The migration failed", Raised(RPC, message), migration=True), ConnectionBroken)


@pytest.mark.parametrize("message", ["Unable to write to socket: Broken pipe", "Channel error: Input/output error"])
def test_a_broken_stream_is_told_from_a_reason(message: str) -> None:
    """Both came when another program cancelled the migration."""
    error = Raised(FAILED, f"operation failed: job 'migration out' failed: {message}")
    assert isinstance(translate("The migration failed", error, migration=True), StreamBroken)


def test_the_error_of_a_start_names_no_destination() -> None:
    message = "internal error: qemu unexpectedly closed the monitor: cannot set up guest memory: Cannot allocate memory"
    assert (
        translate("The VM could not be started", Raised(INTERNAL, message)).why
        == "the host has too little memory for the VM"
    )


def test_an_unknown_message_is_shown_unchanged() -> None:
    failure = translate("The call failed", Raised(INTERNAL, "internal error: the moon\n is  in the way"))
    assert str(failure) == "The call failed: the moon is in the way."
    assert failure.detail == "internal error: the moon\n is  in the way"


@pytest.mark.parametrize(("why", "hint"), CODES.values())
def test_reasons_and_hints_of_codes_fit_into_a_sentence(why: str, hint: str) -> None:
    assert not why.endswith(".")
    assert hint == "" or hint.endswith(".")


def test_a_cancelled_migration_is_not_a_failed_one() -> None:
    aborted = "operation aborted: migration out job: canceled by client"
    assert isinstance(translate("x", Raised(libvirt.VIR_ERR_OPERATION_ABORTED, aborted)), Aborted)
    assert not isinstance(translate("x", Raised(FAILED, "operation failed: job 'migration out' failed")), Aborted)


def test_an_error_without_message_and_code_becomes_a_failure() -> None:
    error = Raised(0, "")
    error.err = None
    assert translate("The call failed", error).what == "The call failed"


@pytest.mark.parametrize("code", [INTERNAL, 113])  # before and from libvirt 11.2 on
def test_an_error_reply_of_the_agent_is_agent_refused(code: int) -> None:
    message = "internal error: unable to execute QEMU agent command 'guest-file-open': failed to open file '/nothing'"
    assert isinstance(translate("The command to the guest agent of guest1 failed", Raised(code, message)), AgentRefused)


BOTH = "operation failed: migration failed. Message from the source host: {}. Message from the destination host: {}"
BROKE = "operation failed: job 'migration out' failed: Unable to write to socket: Broken pipe"
ENDED = "operation failed: domain is no longer running"


@pytest.mark.parametrize(
    ("source", "destination", "kind"),
    [
        (BROKE, ENDED, StreamBroken),
        (BROKE, 'internal error: qemu-system-x86_64: Failed to get "write" lock', Failure),
        ("operation aborted: migration out job: canceled by client", ENDED, Aborted),
    ],
)
def test_the_words_of_both_hosts_in_one_error_are_shown_apart(
    source: str, destination: str, kind: type[Failure]
) -> None:
    failure = translate("The migration failed", Raised(FAILED, BOTH.format(source, destination)), migration=True)
    assert type(failure) is kind
    assert failure.why.startswith("the destination reports: ")
    assert "; the origin reports: " in failure.why


@pytest.mark.parametrize(
    "message",
    [
        "Postcopy is not supported: Userfaultfd not available: Function not implemented",
        "Postcopy is not yet compatible with multifd",
        "Postcopy is not supported: Missing userfault features: 0x8",
        "VFIO migration is not supported with postcopy migration",
    ],
)
def test_a_refusal_of_post_copy_that_comes_again_is_told_from_one_that_may_pass(message: str) -> None:
    begin = "internal error: unable to execute QEMU command 'migrate-set-capabilities': "
    assert isinstance(translate("x", Raised(INTERNAL, begin + message), migration=True), PostCopyImpossible)
    busy = "Timed out during operation: cannot acquire state change lock (held by monitor=qemuMigrationSrcRun)"
    assert type(translate("x", Raised(68, busy))) is VmBusy
