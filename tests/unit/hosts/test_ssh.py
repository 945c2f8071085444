"""Root's ssh logins and keys, parsed from the output of the scripts."""

import pytest

from tui.core.failure import Failure
from tui.core.ssh_key import HostKey
from tui.core.ssh_target import UriTarget, target_of_uri
from tui.hosts.model.account import Account, parse_account
from tui.hosts.model.ssh import (
    KEY_CHANGED,
    KEY_NOT_KNOWN,
    NO_ANSWER,
    NO_NAME,
    NO_SSH,
    OTHER,
    REFUSED,
    WORKS,
    Attempt,
    parse_attempt,
)

BLOB = "AAAAC3NzaC1lZDI1NTE5AAAAIOmcjmcxOXHUHruQYCIUhHLs3UhopflbBDQ1Fwh4Y442"
FINGERPRINT = "SHA256:jM53pRRG/2GI3dZAx4RAG6kgT6IeIfQqbHeglSG5xPM"  # as ssh printed it for BLOB


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("qemu+ssh://root@kvm-b/system?no_tty=1", UriTarget("kvm-b", "root")),
        ("qemu+ssh://192.0.2.20:2222/system", UriTarget("192.0.2.20", port=2222)),
        ("qemu+ssh://me@[2001:db8::2]:2222/system?no_tty=1", UriTarget("2001:db8::2", "me", 2222)),
        ("qemu+ssh://KVM-B/system?keyfile=/root/k&no_tty=1", UriTarget("KVM-B", key_file="/root/k")),
        ("qemu+ssh://me%40lab@[fe80::2%25eth0]/system", UriTarget("fe80::2%eth0", "me@lab")),
        ("qemu+tls://kvm-b/system", None),
        ("qemu+libssh2://kvm-b/system", None),
        ("qemu:///system", None),
        ("test+ssh:///default", None),
    ],
)
def test_the_ssh_target_is_parsed_from_a_peer_uri(uri: str, found: UriTarget | None) -> None:
    assert target_of_uri(uri) == found


CHANGED = """@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Host key for kvm-b has changed and you have requested strict checking.
Host key verification failed."""


@pytest.mark.parametrize(
    ("status", "output", "outcome"),
    [
        (0, "", WORKS),
        (255, "No ED25519 host key is known for kvm-b and you have requested strict checking.\n"
              "Host key verification failed.", KEY_NOT_KNOWN),
        (255, CHANGED, KEY_CHANGED),
        (255, "root@kvm-b: Permission denied (publickey,password).", REFUSED),
        (255, "root@kvm-b: Permission denied (publickey,gssapi-keyex,gssapi-with-mic).", REFUSED),
        (255, "Received disconnect from 192.0.2.2 port 22:2: Too many authentication failures", REFUSED),
        (255, "ssh: Could not resolve hostname kvm-b: Temporary failure in name resolution", NO_NAME),
        (255, "ssh: Could not resolve hostname kvm-b: Name or service not known", NO_NAME),
        (255, "ssh: connect to host kvm-b port 22: Connection refused", NO_ANSWER),
        (255, "ssh: connect to host kvm-b port 22: Connection timed out", NO_ANSWER),
        (255, "ssh: connect to host kvm-b port 22: No route to host", NO_ANSWER),
        (127, "timeout: failed to run command 'ssh': No such file or directory", NO_SSH),
        (255, "Bad owner or permissions on /root/.ssh/config", OTHER),
        (124, "", NO_ANSWER),
        (1, "", OTHER),
    ],
)  # fmt: skip
def test_the_output_of_ssh_maps_to_an_outcome(status: int, output: str, outcome: str) -> None:
    lines = "".join(f"output {line}\n" for line in output.splitlines())
    attempt = parse_attempt(f"home /root\nfolder yes\nstatus {status}\n{lines}")
    assert (attempt.outcome, attempt.output) == (outcome, output)


NOT_KNOWN = f"""home /root
folder yes
status 255
output No ED25519 host key is known for kvm-b and you have requested strict checking.
output Host key verification failed.
config user root
config hostname kvm-b.example
config port 2222
config identityfile ~/.ssh/id_rsa
config identityfile ~/.ssh/id_ed25519
config userknownhostsfile ~/.ssh/known_hosts ~/.ssh/known_hosts2
taken /root/.ssh/id_rsa
taken /root/.ssh/id_ed25519
key ssh-ed25519 {BLOB} root@kvm-a /root/.ssh/id_ed25519
shown # kvm-b.example:2222 SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13
shown [kvm-b.example]:2222 ssh-rsa AAAAB3NzaC1yc2E=
shown [kvm-b.example]:2222 ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=
shown [kvm-b.example]:2222 ssh-ed25519 {BLOB}
shown [kvm-b.example]:2222 ssh-ed25519 not-base64!
"""


def test_the_facts_for_a_fix_are_read_with_a_failed_login() -> None:
    assert parse_attempt(NOT_KNOWN) == Attempt(
        KEY_NOT_KNOWN,
        "No ED25519 host key is known for kvm-b and you have requested strict checking.\nHost key verification failed.",
        "root",
        "kvm-b.example",
        2222,
        "[kvm-b.example]:2222",
        "/root/.ssh/known_hosts",
        "/root",
        True,
        (HostKey("ssh-ed25519", BLOB, "/root/.ssh/id_ed25519"),),
        ("id_rsa", "id_ed25519"),
        (
            HostKey("ssh-ed25519", BLOB),
            HostKey("ecdsa-sha2-nistp256", "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY="),
            HostKey("ssh-rsa", "AAAAB3NzaC1yc2E="),
        ),
    )


@pytest.mark.parametrize(
    ("config", "known_as", "file"),
    [
        ("hostname kvm-b\nport 22", "kvm-b", "/root/.ssh/known_hosts"),
        ("hostname 2001:db8::2\nport 22", "2001:db8::2", "/root/.ssh/known_hosts"),
        ("hostname kvm-b\nport 2222\nhostkeyalias b", "b", "/root/.ssh/known_hosts"),
        ("hostname b\nport 22\nuserknownhostsfile /etc/own ~/.ssh/x", "b", "/etc/own"),
    ],
)
def test_the_known_hosts_entry_is_that_of_ssh(config: str, known_as: str, file: str) -> None:
    lines = "".join(f"config {line}\n" for line in config.splitlines())
    attempt = parse_attempt(f"home /root\nstatus 255\noutput Host key verification failed.\n{lines}")
    assert (attempt.known_as, attempt.known_hosts, attempt.folder) == (known_as, file, False)


def test_a_fingerprint_equals_that_of_ssh() -> None:
    assert HostKey("ssh-ed25519", BLOB).fingerprint == FINGERPRINT


ROOT_ON_UBUNTU = f"""entry root:x:0:0:root:/root:/bin/bash
authorized_keys /root/.ssh/authorized_keys
folder yes
permitrootlogin without-password
pubkeyauthentication yes
key ssh-ed25519 {BLOB} root@kvm-b
key ecdsa-sha2-nistp256 AAAAE2Vj
"""


@pytest.mark.parametrize(
    ("user", "text", "account"),
    [
        ("root", ROOT_ON_UBUNTU,
         Account("root", True, "/root", 0, 0, True, False, "/root/.ssh/authorized_keys", "without-password", True,
                 (HostKey("ssh-ed25519", BLOB), HostKey("ecdsa-sha2-nistp256", "AAAAE2Vj")))),
        ("me", "entry me:x:1000:1001:,,,:/home/me:/bin/bash\nauthorized_keys /etc/keys/me\nfile yes\nfolder yes\n"
               "permitrootlogin no\npubkeyauthentication no\n",
         Account("me", True, "/home/me", 1000, 1001, True, True, "/etc/keys/me", "no", False)),
        ("nobody-there", "authorized_keys /.ssh/authorized_keys\n",
         Account("nobody-there", authorized_keys="/.ssh/authorized_keys")),
        ("root", "", Account("root")),
    ],
)  # fmt: skip
def test_an_account_has_the_settings_of_the_ssh_server(user: str, text: str, account: Account) -> None:
    assert parse_account(user, text) == account


@pytest.mark.parametrize("port", ["none", "-1", "\u00b2", "9" * 5000, ""])
def test_a_port_that_is_no_number_is_that_of_ssh(port: str) -> None:
    assert parse_attempt(f"status 255\nconfig hostname b\nconfig port {port}\n").port == 22


@pytest.mark.parametrize("key", ["", "ssh-ed25519", "ssh-ed25519 AAA", "ssh-ed25519 \u00fc"])
def test_a_key_that_is_none_is_skipped(key: str) -> None:
    assert parse_attempt(f"status 255\nkey {key}\nshown b {key}\n").keys == ()
    assert parse_attempt(f"status 255\nshown b {key}\n").shown == ()
    assert parse_account("root", f"key {key}\n").keys == ()


@pytest.mark.parametrize("uid", ["\u00b2", "9" * 5000, "-1", ""])
def test_an_account_without_its_numbers_is_unknown(uid: str) -> None:
    assert not parse_account("me", f"entry me:x:{uid}:1001:,,,:/home/me:/bin/bash\n").known


@pytest.mark.parametrize("uri", ["qemu+ssh://[fe80::2/system", "qemu+ssh://[ fe80::2]/system", "qemu+ssh://a:x/system"])
def test_a_uri_without_a_valid_host_is_a_failure(uri: str) -> None:
    with pytest.raises(Failure):
        target_of_uri(uri)
