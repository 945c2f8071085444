"""The one grammar of ssh targets."""

import pytest

from tui.core.failure import Failure
from tui.core.settings import over_ssh
from tui.core.ssh_target import SshTarget, UriTarget, is_target, parse_target, target_of_uri

TARGETS = [
    ("storage", SshTarget("storage")),
    ("root@storage", SshTarget("storage", "root")),
    ("_svc.a-b@kvm_b.example.org", SshTarget("kvm_b.example.org", "_svc.a-b")),
    ("me@192.0.2.10:2222", SshTarget("192.0.2.10", "me", 2222)),
    ("KVM-B:65535", SshTarget("KVM-B", port=65535)),
    ("[2001:db8::1]", SshTarget("2001:db8::1")),
    ("root@[2001:db8::1]:22", SshTarget("2001:db8::1", "root", 22)),
    ("root@[::ffff:192.0.2.1]", SshTarget("::ffff:192.0.2.1", "root")),
    ("root@[fe80::1%eth0]:2222", SshTarget("fe80::1%eth0", "root", 2222)),
]


@pytest.mark.parametrize(("text", "found"), TARGETS)
def test_a_target_is_parsed(text: str, found: SshTarget) -> None:
    assert is_target(text)
    assert parse_target(text) == found


@pytest.mark.parametrize(
    "text",
    ["", "@", "root@", "@storage", "a b", "root@a b", "-oProxyCommand=x", "-l@host", "root@-host", "host:", "host:0",
     "host:65536", "host:99999", "host:x", "host:-1", "a:b:c:d", "2001:db8::1", "root@2001:db8::1", "[]", "[storage]",
     "[192.0.2.1]", "[2001:db8::1", "2001:db8::1]", "[fe80::1%]", "a@b@host", "root@host/", "ssh://root@host",
     "root@host\n", "r\u00f6@host", "host;id", "host:\u0662"],
)  # fmt: skip
def test_an_invalid_target_is_refused(text: str) -> None:
    assert not is_target(text)
    with pytest.raises(Failure, match="is no ssh address"):
        parse_target(text)


@pytest.mark.parametrize(("text", "found"), TARGETS)
def test_the_default_libvirt_uri_leads_to_the_same_target(text: str, found: SshTarget) -> None:
    assert target_of_uri(over_ssh(text)) == UriTarget(found.host, found.user, found.port)


def test_a_target_becomes_arguments_of_ssh() -> None:
    assert parse_target("me@[2001:db8::1]:2222").arguments == "-p 2222 me@2001:db8::1"
    assert parse_target("storage").arguments == "storage"


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("root@b", "root@b:/a b"),
        ("b", "b:/a b"),
        ("root@[fe80::1%eth0]", "root@[fe80::1%eth0]:/a b"),
        ("root@192.0.2.10:2222", "scp://root@192.0.2.10:2222//a b"),
    ],
)
def test_a_file_is_named_as_scp_expects_it(target: str, named: str) -> None:
    assert parse_target(target).file("/a b") == named
