"""The certificates of one host, read by the script from real ones."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.certificates import Ca, needs_openssl
from tui.linux.qemu_conf import QemuConf
from tui.migration.model.tls_files import (
    CLIENT,
    CONF,
    LOOK,
    MISSING,
    OK,
    SCRIPT,
    SERVER,
    THERE,
    TRUST,
    Place,
    TlsFiles,
    is_address,
    parse_files,
    parse_signed,
    place_of,
)

START, END = 1704067200, 4070908800  # 2024-01-01, 2099-01-01


def script(*words: str, stdin: str = "", path: str = os.environ["PATH"]) -> str:
    environment = {"LC_ALL": "C", "PATH": path}
    argv = ["/bin/sh", "-c", SCRIPT, "sh", *words]
    return subprocess.run(
        argv, input=stdin, env=environment, capture_output=True, text=True, timeout=60, check=False
    ).stdout


def read(folder: Path, end: str = SERVER, name: str = "") -> TlsFiles:
    place = Place(QemuConf(), str(folder), (os.getuid(), os.getgid()))
    return parse_files(script(*place.look(end, name)), "destination", end, place)


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Ca:
    return Ca(tmp_path_factory.mktemp("tls") / "ca")


@needs_openssl
@pytest.mark.parametrize(
    ("names", "name", "named", "shown"),
    [
        ("DNS:host-b,IP:192.0.2.1", "host-b", True, ("host-b", "192.0.2.1")),
        ("DNS:host-b,IP:192.0.2.1", "192.0.2.1", True, ("host-b", "192.0.2.1")),
        ("DNS:host-b,IP:192.0.2.1", "192.0.2.2", False, ("host-b", "192.0.2.1")),
        ("DNS:*.example.org", "b.example.org", True, ("*.example.org",)),
        ("DNS:192.0.2.1", "192.0.2.1", False, ("192.0.2.1",)),  # an address must be in its own field
        ("", "host-cn", True, ("host-cn",)),  # without other names, that of the subject counts
        ("DNS:host-b", "host-cn", False, ("host-b",)),
        ("DNS:host-b", "", None, ("host-b",)),
    ],
)
def test_the_names_of_a_certificate(
    ca: Ca, tmp_path: Path, names: str, name: str, named: bool | None, shown: tuple[str, ...]
) -> None:
    ca.issue(tmp_path, SERVER, names)
    found = read(tmp_path, name=name)
    assert (found.named, found.names) == (named, shown)
    assert (found.signed, found.pair, found.dates["server-cert.pem"]) == (True, True, (START, END))
    assert set(found.states) == {"ca-cert.pem", "server-cert.pem", "server-key.pem"}
    assert set(found.states.values()) <= {OK, THERE}
    assert "ca-cert.pem" in found.dates
    assert "PRIVATE" not in found.pem


@needs_openssl
def test_the_certificate_of_another_ca_is_not_trusted(ca: Ca, tmp_path: Path) -> None:
    other = Ca(tmp_path / "other")
    ca.issue(tmp_path / "a", CLIENT, "DNS:a")
    other.issue(tmp_path / "b", SERVER, "DNS:b")
    client, server = read(tmp_path / "a", CLIENT), read(tmp_path / "b")
    assert parse_signed(script(TRUST, str(tmp_path / "a"), stdin=client.pem)) is True
    assert parse_signed(script(TRUST, str(tmp_path / "a"), stdin=server.pem)) is False
    assert parse_signed(script(TRUST, str(tmp_path / "none"), stdin=server.pem)) is None
    both = (tmp_path / "a/ca-cert.pem").read_text() + (tmp_path / "b/ca-cert.pem").read_text()
    (tmp_path / "a/ca-cert.pem").write_text(both)
    assert parse_signed(script(TRUST, str(tmp_path / "a"), stdin=server.pem)) is True
    assert "ca-cert.pem" not in read(tmp_path / "a", CLIENT).dates  # which of them counts is unknown


@needs_openssl
def test_an_expired_certificate_is_still_verified_and_a_wrong_key_found(ca: Ca, tmp_path: Path) -> None:
    ca.issue(tmp_path / "a", SERVER, "DNS:a", "240101000000Z", "240201000000Z")
    ca.issue(tmp_path / "b", SERVER, "DNS:a")
    (tmp_path / "b/server-key.pem").replace(tmp_path / "a/server-key.pem")
    found = read(tmp_path / "a")
    assert (found.signed, found.pair, found.dates["server-cert.pem"]) == (True, False, (START, START + 31 * 86400))


def test_missing_files_and_a_host_without_openssl(tmp_path: Path) -> None:
    found = read(tmp_path / "none")
    assert set(found.states.values()) == {MISSING}
    tools = tmp_path / "bin"
    tools.mkdir()
    for each in ("dirname", "id", "date", "getent", "cat", "setpriv", "grep"):
        path = next(Path(folder, each) for folder in ("/usr/bin", "/bin") if Path(folder, each).exists())
        (tools / each).symlink_to(path)
    place = Place(QemuConf(), str(tmp_path))
    found = parse_files(script(*place.look(SERVER, "b"), path=str(tools)), "b", SERVER, place)
    assert not found.openssl
    assert found.now is not None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can try to read as another user")
def test_a_file_that_qemus_user_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "server-key.pem").write_text("")
    (tmp_path / "server-key.pem").chmod(0o600)
    place = Place(QemuConf(), str(tmp_path), (64055, 64055))
    assert "file unreadable server-key.pem" in script(*place.look(SERVER, "")).splitlines()


@pytest.mark.parametrize(
    ("conf", "folder", "verifies"),
    [
        ("", "/etc/pki/qemu", True),
        ("#own\n", "/etc/pki/libvirt-migrate", True),
        ('#own\nmigrate_tls_x509_cert_dir = "/a"\n', "/a", True),
        ('default_tls_x509_cert_dir = "/d"\ndefault_tls_x509_verify = 0\n', "/d", False),
        ('#own\ndefault_tls_x509_cert_dir = "/d"\nmigrate_tls_x509_verify = 0\n', "/etc/pki/libvirt-migrate", False),
        ("default_tls_x509_verify = 0\nmigrate_tls_x509_verify = 1\n", "/etc/pki/qemu", True),
        ('#migrate_tls_x509_cert_dir = "/a"\n#migrate_tls_x509_verify = 0\n', "/etc/pki/qemu", True),
    ],
)
def test_where_libvirt_has_the_certificates(conf: str, folder: str, verifies: bool) -> None:
    found = place_of(conf, None)
    assert (found.folder, found.conf.tls_verifies) == (folder, verifies)


def test_a_conf_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path) -> None:
    def status(file: Path) -> int:
        argv = ["/bin/sh", "-c", SCRIPT, "sh", CONF, str(file)]
        return subprocess.run(argv, capture_output=True, timeout=60, check=False).returncode

    assert status(tmp_path / "none") == 0
    assert status(tmp_path) == 1  # cat fails
    assert status(tmp_path / "closed/qemu.conf") == 1


def test_damaged_lines_are_skipped() -> None:
    text = "now x\nfile ok\ndates server-cert.pem 1 x\nnamed maybe\nsigned 3\nnames DNS:a, URI:x\n\npem"
    found = parse_files(text, "b", SERVER, Place(QemuConf(), "/p"))
    expected = TlsFiles("b", SERVER, "/p", names=("a",), pem="\n")
    assert found == expected
    assert is_address("2001:db8::1")
    assert not is_address("host-b")
    assert Place(QemuConf(), "/p").look(SERVER, "")[0] == LOOK
