"""The first login to a real ssh server: trust its key, use the password once, authorise the user's key."""

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
def new_user(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SshFirstLogin:
    """A user without an ssh folder, whom the server does not know."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    server.home = tmp_path / "home"
    server.home.mkdir()
    server.password = PASSWORD
    return SshFirstLogin(server.address, folder=tmp_path / "new_user")


def known_hosts(tmp_path: Path) -> str:
    return (tmp_path / "new_user/known_hosts").read_text()


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def set_up(server: Server, login: SshFirstLogin) -> None:
    await login.trust((await login.host_key()).fingerprint)
    await login.authorize(PASSWORD)


async def test_the_host_key_is_read_without_a_login(server: Server, new_user: SshFirstLogin) -> None:
    key = await new_user.host_key()
    assert (key.kind, key.fingerprint) == ("ssh-ed25519", server.host_key.get_fingerprint())
    assert server.passwords == server.commands == []


async def test_the_next_login_uses_the_key(server: Server, new_user: SshFirstLogin, tmp_path: Path) -> None:
    await set_up(server, new_user)
    shell = SshShell(server.address, folder=tmp_path / "new_user")
    assert (await shell.run(["echo", "in"])).stdout == "in\n"
    await shell.close()
    assert server.passwords == [PASSWORD]  # once, because the next login used the key


async def test_created_files_are_private(server: Server, new_user: SshFirstLogin, tmp_path: Path) -> None:
    await set_up(server, new_user)
    assert server.home is not None
    here, there = tmp_path / "new_user", server.home / ".ssh"
    assert [permissions(folder) for folder in (here, there)] == [0o700, 0o700]
    assert [permissions(here / name) for name in ("known_hosts", "id_ed25519")] == [0o600, 0o600]
    assert permissions(there / "authorized_keys") == 0o600
    assert (there / "authorized_keys").read_text() == (here / "id_ed25519.pub").read_text()


async def test_the_confirmed_key_is_added_once(server: Server, new_user: SshFirstLogin, tmp_path: Path) -> None:
    key = await new_user.host_key()
    await new_user.trust(key.fingerprint)
    await new_user.trust(key.fingerprint)
    assert known_hosts(tmp_path) == f"[127.0.0.1]:{server.port} {key.line}\n"


async def test_a_key_with_another_fingerprint_is_not_trusted(new_user: SshFirstLogin, tmp_path: Path) -> None:
    with pytest.raises(UntrustedHost, match="another host key now"):
        await new_user.trust("SHA256:of-another-one")
    assert not (tmp_path / "new_user").exists()


async def test_no_second_key_is_added_for_a_known_host(server: Server, new_user: SshFirstLogin, tmp_path: Path) -> None:
    (tmp_path / "new_user").mkdir()
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    (tmp_path / "new_user/known_hosts").write_text(line := f"[127.0.0.1]:{server.port} {other}")
    with pytest.raises(UntrustedHost, match="known_hosts has another host key"):
        await new_user.trust((await new_user.host_key()).fingerprint)
    assert known_hosts(tmp_path) == line


async def test_the_existing_bytes_of_known_hosts_are_kept(
    server: Server, new_user: SshFirstLogin, tmp_path: Path
) -> None:
    (tmp_path / "new_user").mkdir()
    (tmp_path / "new_user/known_hosts").write_bytes(before := b"# mine \xff\r\nno newline at its end")
    key = await new_user.host_key()
    await new_user.trust(key.fingerprint)
    after = (tmp_path / "new_user/known_hosts").read_bytes()
    assert after == before + f"\n[127.0.0.1]:{server.port} {key.line}\n".encode()


async def test_no_password_is_sent_to_a_host_with_an_unknown_key(server: Server, new_user: SshFirstLogin) -> None:
    with pytest.raises(UntrustedHost, match="host key is not known"):
        await new_user.authorize(PASSWORD)
    assert server.passwords == []


async def test_the_failure_for_a_wrong_password_does_not_contain_it(server: Server, new_user: SshFirstLogin) -> None:
    await new_user.trust((await new_user.host_key()).fingerprint)
    with pytest.raises(Failure) as raised:
        await new_user.authorize("wrong-secret")
    assert raised.value.what == "tester@127.0.0.1 did not accept the password"
    assert "wrong-secret" not in f"{raised.value} {raised.value.detail} {raised.value.__cause__}"
    assert server.home is not None
    assert not (server.home / ".ssh").exists()


async def test_a_server_without_password_login_is_explained(server: Server, new_user: SshFirstLogin) -> None:
    server.password = ""
    await new_user.trust((await new_user.host_key()).fingerprint)
    with pytest.raises(Failure, match="or the server accepts no passwords for this login"):
        await new_user.authorize(PASSWORD)


async def test_existing_authorised_keys_stay_and_no_line_is_added_twice(
    server: Server, new_user: SshFirstLogin
) -> None:
    assert server.home is not None
    file = server.home / ".ssh/authorized_keys"
    file.parent.mkdir()
    file.write_text("ssh-ed25519 AAAA somebody@else")
    file.chmod(0o640)
    await set_up(server, new_user)
    await new_user.authorize(PASSWORD)
    first, second = file.read_text().splitlines()
    assert first == "ssh-ed25519 AAAA somebody@else"
    assert second.startswith("ssh-ed25519 ")
    assert permissions(file) == 0o640


async def test_an_existing_key_of_the_user_is_used(server: Server, new_user: SshFirstLogin, tmp_path: Path) -> None:
    folder = tmp_path / "new_user"
    folder.mkdir()
    own = asyncssh.generate_private_key("ecdsa-sha2-nistp256", comment="own")
    own.write_private_key(folder / "id_ecdsa")
    await set_up(server, new_user)
    assert server.home is not None
    assert (server.home / ".ssh/authorized_keys").read_bytes() == own.export_public_key()
    assert sorted(each.name for each in folder.iterdir()) == ["id_ecdsa", "known_hosts"]


async def test_a_key_with_a_passphrase_is_kept_and_another_key_is_created(
    server: Server, new_user: SshFirstLogin, tmp_path: Path
) -> None:
    folder = tmp_path / "new_user"
    folder.mkdir()
    await LocalShell().run(["ssh-keygen", "-q", "-N", "secret", "-t", "ed25519", "-f", f"{folder}/id_ed25519"])
    locked = (folder / "id_ed25519").read_bytes()
    await set_up(server, new_user)
    assert (folder / "id_ed25519").read_bytes() == locked
    assert (folder / "id_ecdsa").exists()


async def test_a_missing_home_folder_is_explained(server: Server, new_user: SshFirstLogin) -> None:
    await new_user.trust((await new_user.host_key()).fingerprint)
    assert server.home is not None
    server.home.rmdir()
    with pytest.raises(Failure, match="The key could not be added on tester"):
        await new_user.authorize(PASSWORD)


async def test_an_unreachable_host_is_explained(server: Server, new_user: SshFirstLogin) -> None:
    await server.stop()
    with pytest.raises(Failure, match="connection refused"):
        await new_user.host_key()
    await server.listen()
