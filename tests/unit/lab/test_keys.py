"""The lab's keys: made once, in known_hosts, and converted to the format of the guest's ssh server."""

import struct
import subprocess
from pathlib import Path

import asyncssh
import pytest

from tui.core.failure import Failure
from tui.lab.keys import dropbear_key, known_hosts, make_keys
from tui.lab.place import Place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A lab's paths in a folder of the test."""
    monkeypatch.setattr("tui.lab.place.STATE", tmp_path)
    place = Place("keys")
    place.folder.mkdir()
    return place


def make_key(folder: Path, *options: str) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-f", str(folder / "key"), *options], check=True)
    return (folder / "key").read_text()


def test_a_key_keeps_its_secret_and_public_halves_in_dropbears_format(tmp_path: Path) -> None:
    data = dropbear_key(make_key(tmp_path, "-N", ""))
    kind, secret, rest = cut(data)
    assert kind == b"ssh-ed25519"
    assert len(secret) == 64
    assert rest == b""
    public = asyncssh.read_public_key(tmp_path / "key.pub").public_data
    assert public.endswith(secret[32:])  # a seed, then the public key


def cut(data: bytes) -> tuple[bytes, bytes, bytes]:
    first = struct.unpack(">I", data[:4])[0]
    second = struct.unpack(">I", data[4 + first : 8 + first])[0]
    return data[4 : 4 + first], data[8 + first : 8 + first + second], data[8 + first + second :]


def test_a_key_with_a_passphrase_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="is encrypted"):
        dropbear_key(make_key(tmp_path, "-N", "secret"))


def test_an_invalid_key_is_refused_with_a_sentence() -> None:
    with pytest.raises(Failure, match="not in OpenSSH's format"):
        dropbear_key("-----BEGIN-----\nAAAA\n-----END-----\n")


def test_keys_are_made_once_and_an_incomplete_pair_is_replaced(place: Place) -> None:
    make_keys(place)
    kept = place.host_key("source").read_text()
    place.host_key("destination").with_suffix(".pub").unlink()
    lost = place.host_key("destination").read_text()
    make_keys(place)
    assert place.host_key("source").read_text() == kept
    assert place.host_key("destination").read_text() != lost
    assert place.key.stat().st_mode & 0o077 == 0


def test_known_hosts_has_every_host_and_the_guest_by_name_and_address(place: Place) -> None:
    make_keys(place)
    lines = known_hosts(place).splitlines()
    assert [line.split()[0] for line in lines] == [
        "source,10.77.0.1",
        "destination,10.77.0.2",
        "storage,10.77.0.3",
        "guest1,10.77.0.10",
    ]
    for line in lines:
        name = line.partition(",")[0]
        assert line.split()[2] == place.host_key(name).with_suffix(".pub").read_text().split()[1]
