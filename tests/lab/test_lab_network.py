"""Hosts of labs: their identity, links and names, and that labs share nothing.:"""

import re

import pytest

from tests.lab.labs import command
from tui.lab.inventory import GUEST, HOSTS
from tui.lab.lab import Lab
from tui.lab.machine import Machine
from tui.lab.place import STATE


def test_two_labs_share_no_identity(lab: Lab, second: Lab) -> None:
    def identity(lab: Lab) -> set[str]:
        source = lab.machine("source")
        uuid = re.findall(r"<uuid>(.*)</uuid>", source.run(["virsh", "capabilities"]))[0]
        return {uuid, source.run(["cat", "/etc/machine-id"]), *source.run(["cat", ".ssh/known_hosts"]).splitlines()}

    assert len(identity(second)) == 6 <= len(identity(lab))  # a test may have added a VM to its known_hosts
    assert not identity(lab) & identity(second)


def queue(machine: Machine) -> str:
    return machine.run(["tc", "qdisc", "show", "dev", "eth0"])


def test_the_link_keeps_the_last_requested_rate(second: Lab) -> None:
    name = second.place.name
    assert command("up", "--name", name, "--link", "100mbit").returncode == 0
    assert all("rate 100Mbit" in queue(machine) for machine in second.hypervisors)
    assert command("up", "--name", name).returncode == 0
    assert all("rate 100Mbit" in queue(machine) for machine in second.hypervisors)
    assert "100mbit" in command("status", "--name", name).stdout
    assert command("up", "--name", name, "--link", "none").returncode == 0
    assert not any("tbf" in queue(machine) for machine in second.hypervisors)
    assert command("up", "--name", name, "--link", "1gbit").returncode == 0
    assert all("rate 1Gbit" in queue(machine) for machine in second.hypervisors)


UNPRIVILEGED = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


MAY_READ = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")  # Python may be in root's home


REFUSED = {
    "an invalid rate": (("up", "--name", "test-no", "--link", "fast"), "'fast' is not a link rate"),
    "an invalid name": (("up", "--name", "../x"), "'../x' cannot be a lab's name"),
    "an unknown host": (("exec", "--name", "test", "nowhere", "--", "true"), "the lab has no host 'nowhere'"),
    "a lab that is down": (("exec", "--name", "test-no", "source", "--", "true"), "the lab's host source is not up"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_an_error_is_one_sentence(lab: Lab, what: str) -> None:
    words, sentence = REFUSED[what]
    refused = command(*words)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith(f"vmlm-tui lab: {sentence}")
    assert refused.stderr.count("\n") == 1
    assert not (STATE / "test-no").exists()


@pytest.mark.parametrize("word", ["up", "down", "status"])
def test_without_root_the_error_is_one_sentence(word: str) -> None:
    refused = command(word, before=(*UNPRIVILEGED, *MAY_READ))
    assert refused.returncode == 1
    assert refused.stderr == "vmlm-tui lab: the lab needs root to create namespaces. Run it through sudo.\n"


@pytest.mark.parametrize("host", [host.name for host in HOSTS])
def test_no_name_of_a_host_is_a_loopback_address(lab: Lab, host: str) -> None:
    machine = lab.machine(host)
    for name in [*(host.name for host in HOSTS), GUEST.name]:
        addresses = {line.split()[0] for line in machine.run(["getent", "ahosts", name]).splitlines()}
        assert addresses
        assert all(address.startswith("10.77.0.") for address in addresses)
    assert machine.run(["hostname"]).strip() == host


def test_plain_vmlm_tui_finds_the_labs_configuration_in_exec_and_in_an_ssh_session(lab: Lab) -> None:
    script = 'printf "%s\\n" "$VMLM_CONFIG"; vmlm-tui --version'
    executed = command("exec", "--name", lab.place.name, "source", "--", "sh", "-c", script).stdout
    by_ssh = lab.machine("destination").run(["ssh", "source", script])
    at_login = lab.machine("destination").run(["ssh", "source", "bash", "-lc", f"'{script}'"])
    assert executed == by_ssh == at_login
    assert executed.splitlines()[0] == str(lab.place.config)
    assert re.fullmatch(r"vmlm-tui \d+\.\d+\.\d+", executed.splitlines()[1])


def test_exec_passes_on_the_output_and_the_exit_status(lab: Lab) -> None:
    done = command("exec", "storage", "--name", lab.place.name, "--", "sh", "-c", "hostname; echo no >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "storage\n", "no\n")
