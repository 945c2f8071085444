"""The ssh shell against a real server."""

import asyncio
import socket
from pathlib import Path

import asyncssh
import pytest

from tests.integration.conftest import Server
from tui.adapters.local import LocalShell
from tui.adapters.ssh.shell import SshShell
from tui.core.failure import Failure


async def failure_of(shell: SshShell) -> Failure:
    with pytest.raises(Failure) as caught:
        await shell.run(["true"])
    return caught.value


async def test_output_errors_and_status_come_back(shell: SshShell) -> None:
    done = await shell.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (done.status, done.stdout, done.stderr) == (3, "out\n", "err\n")


@pytest.mark.parametrize("word", ["a b", "'", '"', "; false", "$(id)", "-n", "ü €", "*", "a\nb", "\\", ""])
async def test_no_word_is_taken_for_shell_syntax(shell: SshShell, word: str) -> None:
    done = await shell.run(["printf", "%s|%s", word, "end"])
    assert (done.status, done.stdout) == (0, f"{word}|end")


async def test_stdin_arrives_byte_for_byte(shell: SshShell) -> None:
    data = bytes(range(256)) * 2000
    done = await shell.run(["cksum"], stdin=data)
    with_nothing = await shell.run(["cksum"])
    assert done.stdout.split()[1] == str(len(data))
    assert with_nothing.stdout.split()[1] == "0"


async def test_output_that_is_not_utf8_does_not_break_it(shell: SshShell) -> None:
    done = await shell.run(["printf", r"\377ok"])
    assert done.stdout.endswith("ok")


async def test_a_command_that_is_not_there_answers_127(shell: SshShell) -> None:
    done = await shell.run(["no-such-program"])
    assert done.status == 127
    assert "not found" in done.stderr


async def test_a_command_killed_by_a_signal_answers_as_a_shell_says_it(shell: SshShell) -> None:
    assert (await shell.run(["sh", "-c", "kill -9 $$"])).status != 0


async def test_one_login_serves_many_commands_side_by_side(server: Server, shell: SshShell) -> None:
    done = await asyncio.gather(*(shell.run(["echo", str(number)]) for number in range(20)))
    assert [each.stdout for each in done] == [f"{number}\n" for number in range(20)]
    assert len(server.logins) == 1


async def test_a_broken_connection_is_opened_again(server: Server, shell: SshShell) -> None:
    await shell.run(["true"])
    server.cut()
    assert (await shell.run(["echo", "again"])).stdout == "again\n"


async def test_a_server_that_was_restarted_is_found_again(server: Server, shell: SshShell) -> None:
    await shell.run(["true"])
    await server.stop()
    assert "refused" in str(await failure_of(shell))
    await server.listen()
    assert (await shell.run(["echo", "back"])).stdout == "back\n"


async def test_a_command_that_had_begun_is_not_run_twice(server: Server, shell: SshShell, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    running = asyncio.ensure_future(shell.run(["sh", "-c", f"echo >> '{begun}'; sleep 60"]))
    while not begun.exists():  # noqa: ASYNC110  # what appears is a file
        await asyncio.sleep(0.01)
    server.cut()
    with pytest.raises(Failure, match="broke"):
        await running
    assert begun.read_text() == "\n"


async def test_a_command_that_takes_too_long_is_given_up(shell: SshShell) -> None:
    with pytest.raises(Failure, match="did not finish") as caught:
        await shell.run(["sleep", "60"], timeout=0.2)
    assert caught.value.detail == ""  # a script of ours tells nobody anything
    assert (await shell.run(["echo", "next"])).stdout == "next\n"


async def test_an_unknown_host_key_is_refused_and_its_fingerprint_said(server: Server, shell: SshShell) -> None:
    (server.folder / "known_hosts").unlink()
    failure = await failure_of(shell)
    assert failure.what == "tester@127.0.0.1's host key is not known"
    assert server.host_key.get_fingerprint() in failure.why
    assert server.commands == []


async def test_a_changed_host_key_is_refused(server: Server, shell: SshShell) -> None:
    server.trust(asyncssh.generate_private_key("ssh-ed25519"))
    failure = await failure_of(shell)
    assert "is not the one in known_hosts" in failure.what
    forget, login = f"ssh-keygen -R '[127.0.0.1]:{server.port}'", f"ssh -p {server.port} tester@127.0.0.1"
    assert failure.hint == f"If you know why: `{forget}`, then log in once with `{login}`."


async def test_what_mends_a_changed_host_key_names_the_host_as_known_hosts_does(server: Server) -> None:
    """ssh-keygen finds nothing by the name of ssh's config, nor by a name without its port."""
    name = f"[127.0.0.1]:{server.port}"
    server.trust(asyncssh.generate_private_key("ssh-ed25519"))
    (server.folder / "config").write_text(f"Host storage\n  HostName 127.0.0.1\n  Port {server.port}\n  User tester\n")
    failure = await failure_of(SshShell("storage", folder=server.folder))
    assert f"`ssh-keygen -R '{name}'`, then log in once with `ssh storage`" in failure.hint
    found = await LocalShell().run(["ssh-keygen", "-F", name, "-f", str(server.folder / "known_hosts")])
    assert found.status == 0


async def test_a_host_known_by_another_type_of_key_only_is_refused(server: Server, shell: SshShell) -> None:
    server.trust(asyncssh.generate_private_key("ecdsa-sha2-nistp256"))
    assert "is not the one in known_hosts" in (await failure_of(shell)).what


@pytest.mark.parametrize(
    "setting", ["StrictHostKeyChecking no", "UserKnownHostsFile none", "UserKnownHostsFile /dev/null"]
)
async def test_no_setting_turns_the_check_of_host_keys_off(server: Server, shell: SshShell, setting: str) -> None:
    (server.folder / "known_hosts").unlink()
    (server.folder / "config").write_text(f"Host *\n  {setting}\n")
    assert "host key is not known" in (await failure_of(shell)).what


async def test_a_line_of_known_hosts_that_is_no_entry_does_not_hide_the_others(server: Server, shell: SshShell) -> None:
    known = server.folder / "known_hosts"
    known.write_text(f"nonsense\n@unknown-marker x y z\n|1|bad| ssh-ed25519 AAAA\n{known.read_text()}")
    assert (await shell.run(["echo", "in"])).stdout == "in\n"


async def test_names_of_the_users_config_are_followed(server: Server) -> None:
    (server.folder / "config").write_text(
        f"Host storage\n  HostName 127.0.0.1\n  Port {server.port}\n  User tester\n"
        f"  IdentityFile {server.folder}/id_ed25519\n"
    )
    shell = SshShell("storage", folder=server.folder)
    assert (await shell.run(["echo", "in"])).stdout == "in\n"
    await shell.close()


async def test_a_refused_login_is_a_sentence(server: Server, shell: SshShell) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(server.folder / "id_ed25519")
    failure = await failure_of(shell)
    assert failure.what == "tester@127.0.0.1 refused the login"
    assert f"ssh-copy-id -p {server.port} tester@127.0.0.1" in failure.hint


async def test_an_unreadable_config_is_a_sentence(server: Server, shell: SshShell) -> None:
    (server.folder / "config").write_text("Port twenty-two\n")
    assert "ssh's own files" in (await failure_of(shell)).what


async def test_an_unknown_name_is_a_sentence(server: Server) -> None:
    failure = await failure_of(SshShell("root@no-such-host.invalid", folder=server.folder))
    assert (failure.what, failure.why) == (
        "root@no-such-host.invalid can't be reached over ssh",
        "its name cannot be resolved",
    )


async def test_a_closed_port_is_a_sentence(server: Server) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    failure = await failure_of(SshShell(f"127.0.0.1:{port}", folder=server.folder))
    assert "connection refused" in failure.why


async def test_a_server_that_says_nothing_is_given_up(server: Server) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        shell = SshShell(f"127.0.0.1:{silent.getsockname()[1]}", folder=server.folder, connect_limit_s=0.3)
        assert "no reply within" in (await failure_of(shell)).why


async def test_something_that_is_no_ssh_server_is_a_sentence(server: Server) -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 2000)
        writer.close()

    other = await asyncio.start_server(answer, "127.0.0.1", 0)
    failure = await failure_of(SshShell(f"127.0.0.1:{other.sockets[0].getsockname()[1]}", folder=server.folder))
    assert "can't be reached over ssh" in failure.what
    assert failure.why
    other.close()


async def test_callers_side_by_side_hear_of_a_failure_at_once(server: Server) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        shell = SshShell(f"127.0.0.1:{silent.getsockname()[1]}", folder=server.folder, connect_limit_s=0.3)
        failures = await asyncio.gather(*(failure_of(shell) for _ in range(5)))
        assert len({id(failure) for failure in failures}) == 1  # one attempt, not five one after the other


async def test_closing_gives_an_attempt_up_and_the_next_command_makes_another(server: Server) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        shell = SshShell(f"127.0.0.1:{silent.getsockname()[1]}", folder=server.folder, connect_limit_s=30.0)
        waiting = asyncio.ensure_future(failure_of(shell))
        await asyncio.get_running_loop().run_in_executor(None, silent.accept)  # the attempt is under way
        await shell.close()
        assert "was cancelled" in (await waiting).what
        waiting = asyncio.ensure_future(failure_of(shell))
        await asyncio.get_running_loop().run_in_executor(None, silent.accept)
        await shell.close()
        await waiting


@pytest.mark.parametrize("address", ["", "user@", "a b", "-oProxyCommand=x", "host:99999", "user@/tmp", "a:b:c:d"])
async def test_what_is_no_address_is_a_sentence(server: Server, address: str) -> None:
    assert (await failure_of(SshShell(address, folder=server.folder))).what


async def test_what_it_prints_is_heard(shell: SshShell) -> None:
    heard: list[str] = []
    done = await shell.run(["sh", "-c", "echo out; echo err >&2"], on_output=heard.append)
    assert sorted(heard) == ["err\n", "out\n"]
    assert (done.stdout, done.stderr) == ("out\n", "err\n")
