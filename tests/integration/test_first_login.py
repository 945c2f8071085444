"""The first login to a host, a real ssh server: its key trusted, a password used once, the user's key let in."""

import stat
from pathlib import Path

import asyncssh
import pytest

from tests.integration.conftest import Server
from tui.adapters.local import LocalShell
from tui.adapters.ssh.first_login import SshFirstLogin
from tui.adapters.ssh.shell import SshShell
from tui.core.failure import Failure, UntrustedHost

PASSWORD = "correct horse; $(battery) 'staple' \u20ac"


@pytest.fixture
def stranger(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SshFirstLogin:
    """Somebody whom the server does not know, and who has nothing of ssh's: no key, no known hosts, no folder."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    server.home = tmp_path / "home"
    server.home.mkdir()
    server.password = PASSWORD
    return SshFirstLogin(server.address, folder=tmp_path / "stranger")


def known(tmp_path: Path) -> str:
    return (tmp_path / "stranger/known_hosts").read_text()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def let_in(server: Server, login: SshFirstLogin) -> None:
    await login.trust((await login.host_key()).fingerprint)
    await login.authorize(PASSWORD)


async def test_the_key_that_a_host_shows_is_told_without_a_login(server: Server, stranger: SshFirstLogin) -> None:
    key = await stranger.host_key()
    assert (key.kind, key.fingerprint) == ("ssh-ed25519", server.host_key.get_fingerprint())
    assert server.passwords == server.commands == []


async def test_a_stranger_gets_in_from_then_on(server: Server, stranger: SshFirstLogin, tmp_path: Path) -> None:
    await let_in(server, stranger)
    shell = SshShell(server.address, folder=tmp_path / "stranger")
    assert (await shell.run(["echo", "in"])).stdout == "in\n"
    await shell.close()
    assert server.passwords == [PASSWORD]  # once: the next login was by key


async def test_everything_it_makes_is_the_users_alone(server: Server, stranger: SshFirstLogin, tmp_path: Path) -> None:
    await let_in(server, stranger)
    assert server.home is not None
    here, there = tmp_path / "stranger", server.home / ".ssh"
    assert [mode(folder) for folder in (here, there)] == [0o700, 0o700]
    assert [mode(here / name) for name in ("known_hosts", "id_ed25519")] == [0o600, 0o600]
    assert mode(there / "authorized_keys") == 0o600
    assert (there / "authorized_keys").read_text() == (here / "id_ed25519.pub").read_text()


async def test_exactly_the_agreed_key_becomes_known(server: Server, stranger: SshFirstLogin, tmp_path: Path) -> None:
    key = await stranger.host_key()
    await stranger.trust(key.fingerprint)
    await stranger.trust(key.fingerprint)
    assert known(tmp_path) == f"[127.0.0.1]:{server.port} {key.line}\n"


async def test_another_key_than_the_agreed_one_is_not_trusted(stranger: SshFirstLogin, tmp_path: Path) -> None:
    with pytest.raises(UntrustedHost, match="another host key now"):
        await stranger.trust("SHA256:of-another-one")
    assert not (tmp_path / "stranger").exists()


async def test_a_host_that_is_known_by_another_key_is_not_trusted_besides(
    server: Server, stranger: SshFirstLogin, tmp_path: Path
) -> None:
    (tmp_path / "stranger").mkdir()
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    (tmp_path / "stranger/known_hosts").write_text(line := f"[127.0.0.1]:{server.port} {other}")
    with pytest.raises(UntrustedHost, match="known_hosts has another host key"):
        await stranger.trust((await stranger.host_key()).fingerprint)
    assert known(tmp_path) == line


async def test_a_file_of_known_hosts_keeps_every_byte_it_had(
    server: Server, stranger: SshFirstLogin, tmp_path: Path
) -> None:
    (tmp_path / "stranger").mkdir()
    (tmp_path / "stranger/known_hosts").write_bytes(before := b"# mine \xff\r\nno newline at its end")
    key = await stranger.host_key()
    await stranger.trust(key.fingerprint)
    after = (tmp_path / "stranger/known_hosts").read_bytes()
    assert after == before + f"\n[127.0.0.1]:{server.port} {key.line}\n".encode()


async def test_no_password_is_given_to_a_host_whose_key_is_not_known(server: Server, stranger: SshFirstLogin) -> None:
    with pytest.raises(UntrustedHost, match="host key is not known"):
        await stranger.authorize(PASSWORD)
    assert server.passwords == []


async def test_a_wrong_password_is_a_sentence_that_does_not_say_it(server: Server, stranger: SshFirstLogin) -> None:
    await stranger.trust((await stranger.host_key()).fingerprint)
    with pytest.raises(Failure) as raised:
        await stranger.authorize("wrong-secret")
    assert raised.value.what == "tester@127.0.0.1 did not accept the password"
    assert "wrong-secret" not in f"{raised.value} {raised.value.detail} {raised.value.__cause__}"
    assert server.home is not None
    assert not (server.home / ".ssh").exists()


async def test_a_server_that_takes_no_passwords_is_a_sentence(server: Server, stranger: SshFirstLogin) -> None:
    server.password = ""
    await stranger.trust((await stranger.host_key()).fingerprint)
    with pytest.raises(Failure, match="or the server accepts no passwords for this login"):
        await stranger.authorize(PASSWORD)


async def test_keys_that_were_authorised_before_stay_and_no_line_is_added_twice(
    server: Server, stranger: SshFirstLogin
) -> None:
    assert server.home is not None
    file = server.home / ".ssh/authorized_keys"
    file.parent.mkdir()
    file.write_text("ssh-ed25519 AAAA somebody@else")
    file.chmod(0o640)
    await let_in(server, stranger)
    await stranger.authorize(PASSWORD)
    first, second = file.read_text().splitlines()
    assert first == "ssh-ed25519 AAAA somebody@else"
    assert second.startswith("ssh-ed25519 ")
    assert mode(file) == 0o640


async def test_the_users_own_key_is_used_where_there_is_one(
    server: Server, stranger: SshFirstLogin, tmp_path: Path
) -> None:
    folder = tmp_path / "stranger"
    folder.mkdir()
    own = asyncssh.generate_private_key("ecdsa-sha2-nistp256", comment="own")
    own.write_private_key(folder / "id_ecdsa")
    await let_in(server, stranger)
    assert server.home is not None
    assert (server.home / ".ssh/authorized_keys").read_bytes() == own.export_public_key()
    assert sorted(each.name for each in folder.iterdir()) == ["id_ecdsa", "known_hosts"]


async def test_a_key_with_a_passphrase_is_left_alone_and_another_made(
    server: Server, stranger: SshFirstLogin, tmp_path: Path
) -> None:
    folder = tmp_path / "stranger"
    folder.mkdir()
    await LocalShell().run(["ssh-keygen", "-q", "-N", "secret", "-t", "ed25519", "-f", f"{folder}/id_ed25519"])
    locked = (folder / "id_ed25519").read_bytes()
    await let_in(server, stranger)
    assert (folder / "id_ed25519").read_bytes() == locked
    assert (folder / "id_ecdsa").exists()


async def test_a_home_that_can_not_be_written_is_a_sentence(server: Server, stranger: SshFirstLogin) -> None:
    await stranger.trust((await stranger.host_key()).fingerprint)
    assert server.home is not None
    server.home.rmdir()
    with pytest.raises(Failure, match="The key could not be added on tester"):
        await stranger.authorize(PASSWORD)


async def test_a_host_that_is_not_there_is_a_sentence(server: Server, stranger: SshFirstLogin) -> None:
    await server.stop()
    with pytest.raises(Failure, match="connection refused"):
        await stranger.host_key()
    await server.listen()
