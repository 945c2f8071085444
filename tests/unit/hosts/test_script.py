"""The scripts of the first round, run on this machine, and failed commands."""

import getpass
import os
import subprocess

import pytest

from tests.fake_hosts import answered
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.hosts.model.script import HYPERVISOR_SCRIPT, LOGIN_SCRIPT, STORAGE_SCRIPT, parse_login, parse_root
from tui.hosts.model.software import Software
from tui.linux.script_sections import output, parse_sections


def run(script: str, *words: str) -> str:
    argv = ["sh", "-c", script, "sh", *words]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=200).stdout


def test_the_login_reads_system_login_and_addresses_of_names() -> None:
    read = parse_login("source", run(LOGIN_SCRIPT, "/", "localhost", "no-such-name.invalid"))
    assert read.system.hostname == os.uname().nodename
    assert read.system.disk_bytes
    assert read.login == getpass.getuser()
    assert read.names["no-such-name.invalid"] == ()
    assert set(read.names["localhost"]) & {"127.0.0.1", "::1"}


def test_root_reads_qemu_conf_everywhere_and_software_on_hypervisors() -> None:
    conf, software = parse_root("storage", run(STORAGE_SCRIPT), None)
    assert software is None
    same, software = parse_root("source", run(HYPERVISOR_SCRIPT, getpass.getuser()), [getpass.getuser()])
    assert isinstance(software, Software)
    assert (same, software.logins) == (conf, (getpass.getuser(),))


@pytest.mark.parametrize(
    ("done", "why"),
    [
        (Completed(1, "This account is currently not available.\n", ""), "This account is currently not available."),
        (Completed(1, "half\n", "sudo: 1\nsudo: a terminal is required\n"), "sudo: a terminal is required"),
        (Completed(137, "", ""), "its command exited with status 137 and printed nothing"),
    ],
)
def test_a_failed_command_is_a_failure_with_its_last_line(done: Completed, why: str) -> None:
    with pytest.raises(Failure) as raised:
        done.output("nas could not be read")
    assert (raised.value.what, raised.value.why) == ("nas could not be read", why)
    assert raised.value.detail == done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the host's shell did not run the command"),
        ("This account is currently not available.\n", "the host's shell did not run the command"),
        (answered(conf=Completed(1, "cat: Permission denied\n", "")), "cat: Permission denied"),
        (answered(conf=Completed(124, "", "")), "its command did not end in time"),
    ],
)
def test_a_failed_or_missing_section_is_a_failure(text: str, why: str) -> None:
    with pytest.raises(Failure) as raised:
        output(parse_sections(text), "conf", "it could not be read")
    assert (raised.value.what, raised.value.why) == ("it could not be read", why)


def test_an_empty_section_that_succeeded_is_valid() -> None:
    assert output(parse_sections(answered(conf="")), "conf", "it could not be read") == ""
