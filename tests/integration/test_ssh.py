"""The ssh shell against a real server."""

import asyncio
import os
import socket
from pathlib import Path

import asyncssh
import pytest

from tests.integration.conftest import Server
from tests.unit.until import until
from tui.adapters.local import LocalShell
from tui.adapters.ssh.shell import SshShell
from tui.core.failure import Failure


async def failure_of(shell: SshShell) -> Failure:
    with pytest.raises(Failure) as caught:
        await shell.run(["true"])
    return caught.value


async def test_stdout_stderr_and_status_are_returned(shell: SshShell) -> None:
    done = await shell.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (done.status, done.stdout, done.stderr) == (3, "out\n", "err\n")


@pytest.mark.parametrize("word", ["a b", "'", '"', "; false", "$(id)", "-n", "ü €", "*", "a\nb", "\\", ""])
async def test_arguments_are_not_interpreted_by_a_shell(shell: SshShell, word: str) -> None:
    done = await shell.run(["printf", "%s|%s", word, "end"])
    assert (done.status, done.stdout) == (0, f"{word}|end")


@pytest.mark.parametrize("printed", ["Welcome\\n", "\\n\\n  Welcome\\n* 3 updates *\\n\\n", "Welcome "])
async def test_a_greeting_of_the_logins_shell_is_no_output(server: Server, shell: SshShell, printed: str) -> None:
    server.greeting = f"printf '{printed}'; "
    pieces: list[str] = []
    done = await shell.run(["sh", "-c", "id -u; echo Welcome; exit 3"], on_output=pieces.append)
    assert (done.status, done.stdout) == (3, f"{os.getuid()}\nWelcome\n")
    assert "".join(pieces) == done.stdout


async def test_what_a_login_without_a_shell_prints_is_kept(server: Server, shell: SshShell) -> None:
    server.greeting = "echo 'This account is currently not available.'; exit 1; "
    done = await shell.run(["true"])
    assert (done.status, done.stdout) == (1, "This account is currently not available.\n")


async def test_stdin_arrives_byte_for_byte(shell: SshShell) -> None:
    data = bytes(range(256)) * 2000
    done = await shell.run(["cksum"], stdin=data)
    with_nothing = await shell.run(["cksum"])
    assert done.stdout.split()[1] == str(len(data))
    assert with_nothing.stdout.split()[1] == "0"


async def test_output_that_is_not_utf8_is_decoded_with_replacements(shell: SshShell) -> None:
    done = await shell.run(["printf", r"\377ok"])
    assert done.stdout.endswith("ok")


async def test_the_status_of_a_missing_program_is_127(shell: SshShell) -> None:
    done = await shell.run(["no-such-program"])
    assert done.status == 127
    assert "not found" in done.stderr


async def test_the_status_of_a_command_killed_by_a_signal_is_not_0(shell: SshShell) -> None:
    assert (await shell.run(["sh", "-c", "kill -9 $$"])).status != 0


async def test_concurrent_commands_share_one_login(server: Server, shell: SshShell) -> None:
    done = await asyncio.gather(*(shell.run(["echo", str(number)]) for number in range(20)))
    assert [each.stdout for each in done] == [f"{number}\n" for number in range(20)]
    assert len(server.logins) == 1


async def test_a_broken_connection_is_reopened(server: Server, shell: SshShell) -> None:
    await shell.run(["true"])
    server.cut()
    assert (await shell.run(["echo", "again"])).stdout == "again\n"


async def test_a_restarted_server_is_reconnected(server: Server, shell: SshShell) -> None:
    await shell.run(["true"])
    await server.stop()
    assert "refused" in str(await failure_of(shell))
    await server.listen()
    assert (await shell.run(["echo", "back"])).stdout == "back\n"


async def test_a_started_command_is_not_repeated(server: Server, shell: SshShell, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    running = asyncio.ensure_future(shell.run(["sh", "-c", f"echo >> '{begun}'; sleep 60"]))
    await until(lambda: begun.exists() and begun.read_text())
    server.cut()
    with pytest.raises(Failure, match="broke"):
        await running
    assert begun.read_text() == "\n"


async def test_a_command_that_exceeds_its_timeout_raises_a_failure(shell: SshShell) -> None:
    with pytest.raises(Failure, match="did not finish") as caught:
        await shell.run(["sleep", "60"], timeout=0.2)
    assert caught.value.detail == ""  # the command line of our own script is of no use to the user
    assert (await shell.run(["echo", "next"])).stdout == "next\n"


async def test_an_unknown_host_key_is_refused_with_its_fingerprint(server: Server, shell: SshShell) -> None:
    (server.folder / "known_hosts").unlink()
    failure = await failure_of(shell)
    assert failure.what == "tester@127.0.0.1's host key is not known"
    assert server.host_key.get_fingerprint() in failure.why
    assert server.commands == []


async def test_a_changed_host_key_is_refused(server: Server, shell: SshShell) -> None:
    server.trust(asyncssh.generate_private_key("ssh-ed25519"))
    failure = await failure_of(shell)
    assert "is not the one in known_hosts" in failure.what
    remove, login = f"ssh-keygen -R '[127.0.0.1]:{server.port}'", f"ssh -p {server.port} tester@127.0.0.1"
    assert failure.hint == f"If you know why: `{remove}`, then log in once with `{login}`."


async def test_the_hint_for_a_changed_host_key_uses_the_name_in_known_hosts(server: Server) -> None:
    """ssh-keygen -R does not find an alias of ssh's config, or a name without its port."""
    name = f"[127.0.0.1]:{server.port}"
    server.trust(asyncssh.generate_private_key("ssh-ed25519"))
    (server.folder / "config").write_text(f"Host storage\n  HostName 127.0.0.1\n  Port {server.port}\n  User tester\n")
    failure = await failure_of(SshShell("storage", folder=server.folder))
    assert f"`ssh-keygen -R '{name}'`, then log in once with `ssh storage`" in failure.hint
    found = await LocalShell().run(["ssh-keygen", "-F", name, "-f", str(server.folder / "known_hosts")])
    assert found.status == 0


async def test_a_host_whose_known_key_has_another_type_is_refused(server: Server, shell: SshShell) -> None:
    server.trust(asyncssh.generate_private_key("ecdsa-sha2-nistp256"))
    assert "is not the one in known_hosts" in (await failure_of(shell)).what


@pytest.mark.parametrize(
    "setting", ["StrictHostKeyChecking no", "UserKnownHostsFile none", "UserKnownHostsFile /dev/null"]
)
async def test_no_setting_disables_the_check_of_host_keys(server: Server, shell: SshShell, setting: str) -> None:
    (server.folder / "known_hosts").unlink()
    (server.folder / "config").write_text(f"Host *\n  {setting}\n")
    assert "host key is not known" in (await failure_of(shell)).what


async def test_invalid_lines_of_known_hosts_are_ignored(server: Server, shell: SshShell) -> None:
    known = server.folder / "known_hosts"
    known.write_text(f"nonsense\n@unknown-marker x y z\n|1|bad| ssh-ed25519 AAAA\n{known.read_text()}")
    assert (await shell.run(["echo", "in"])).stdout == "in\n"


async def test_an_alias_of_the_users_config_is_resolved(server: Server) -> None:
    (server.folder / "config").write_text(
        f"Host storage\n  HostName 127.0.0.1\n  Port {server.port}\n  User tester\n"
        f"  IdentityFile {server.folder}/id_ed25519\n"
    )
    shell = SshShell("storage", folder=server.folder)
    assert (await shell.run(["echo", "in"])).stdout == "in\n"
    await shell.close()


async def test_a_refused_login_is_explained(server: Server, shell: SshShell) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(server.folder / "id_ed25519")
    failure = await failure_of(shell)
    assert failure.what == "tester@127.0.0.1 refused the login"
    assert f"ssh-copy-id -p {server.port} tester@127.0.0.1" in failure.hint


async def test_an_invalid_config_is_explained(server: Server, shell: SshShell) -> None:
    (server.folder / "config").write_text("Port twenty-two\n")
    assert "ssh's own files" in (await failure_of(shell)).what


async def test_an_unknown_host_name_is_explained(server: Server) -> None:
    failure = await failure_of(SshShell("root@no-such-host.invalid", folder=server.folder))
    assert (failure.what, failure.why) == (
        "root@no-such-host.invalid can't be reached over ssh",
        "its name cannot be resolved",
    )


async def test_a_closed_port_is_explained(server: Server) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    failure = await failure_of(SshShell(f"127.0.0.1:{port}", folder=server.folder))
    assert "connection refused" in failure.why


async def test_a_server_that_does_not_reply_times_out(server: Server) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        shell = SshShell(f"127.0.0.1:{silent.getsockname()[1]}", folder=server.folder, connect_limit_s=0.3)
        assert "no reply within" in (await failure_of(shell)).why


async def test_a_server_of_another_protocol_is_explained(server: Server) -> None:
    async def reply(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 2000)
        writer.close()

    other = await asyncio.start_server(reply, "127.0.0.1", 0)
    failure = await failure_of(SshShell(f"127.0.0.1:{other.sockets[0].getsockname()[1]}", folder=server.folder))
    assert "can't be reached over ssh" in failure.what
    assert failure.why
    other.close()


async def test_concurrent_callers_share_one_attempt_and_its_failure(server: Server) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        shell = SshShell(f"127.0.0.1:{silent.getsockname()[1]}", folder=server.folder, connect_limit_s=0.3)
        failures = await asyncio.gather(*(failure_of(shell) for _ in range(5)))
        assert len({id(failure) for failure in failures}) == 1  # one attempt, not five in sequence


async def test_close_cancels_an_attempt_and_the_next_command_starts_another(server: Server) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        shell = SshShell(f"127.0.0.1:{silent.getsockname()[1]}", folder=server.folder, connect_limit_s=30.0)
        waiting = asyncio.ensure_future(failure_of(shell))
        await asyncio.get_running_loop().run_in_executor(None, silent.accept)  # the attempt has started
        await shell.close()
        assert "was cancelled" in (await waiting).what
        waiting = asyncio.ensure_future(failure_of(shell))
        await asyncio.get_running_loop().run_in_executor(None, silent.accept)
        await shell.close()
        await waiting


@pytest.mark.parametrize("address", ["", "user@", "a b", "-oProxyCommand=x", "host:99999", "user@/tmp", "a:b:c:d"])
async def test_an_invalid_address_is_explained(server: Server, address: str) -> None:
    assert (await failure_of(SshShell(address, folder=server.folder))).what


async def test_output_is_passed_on_as_it_arrives(shell: SshShell) -> None:
    pieces: list[str] = []
    done = await shell.run(["sh", "-c", "echo out; echo err >&2"], on_output=pieces.append)
    assert sorted(pieces) == ["err\n", "out\n"]
    assert (done.stdout, done.stderr) == ("out\n", "err\n")
