"""Migrations with TLS between the lab's hosts: encrypted, or refused before the start for their certificates."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.certificates import Ca, needs_openssl
from tests.lab.conftest import NAME
from tests.lab.lab_backend import LabBackend, bring_home, end_of
from tests.lab.labs import OnMachine, until
from tui.core.plan import PRE_COPY, Plan
from tui.lab.lab import Lab
from tui.lab.machine import Machine
from tui.linux.sudo import Sudo
from tui.migration.backend.after.host_logs import HostLogs
from tui.migration.backend.before.preflight import Refused
from tui.migration.backend.before.tls_check import TlsCheck
from tui.migration.model.timeline import COMPLETED, FAILED
from tui.migration.model.tls_files import CLIENT, SERVER

pytestmark = needs_openssl
VM = "guest1"
PLAN = Plan(VM, PRE_COPY, tls=True)
FOLDER = "pki/vmlm-test"  # in /etc of the destination, whose qemu.conf names it
LOG = f"/tmp/libvirt-tls-{NAME}.log"  # of this lab: its hosts share /tmp with the machine
EXPIRED = ("240101000000Z", "240201000000Z")


def restart(machine: Machine) -> None:
    """Start the daemon again, so that it reads qemu.conf."""
    machine.run(["sh", "-c", "kill $(cat /run/libvirtd.pid)"])
    until(lambda: not machine.daemon_runs("libvirtd"))
    machine.start_daemons()


@pytest.fixture(scope="module")
def ca(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ca]:
    """The origin has a certificate in QEMU's own folder; the destination has another folder, for which see `folder`."""
    ca = Ca(tmp_path_factory.mktemp("tls") / "ca")
    source, destination = lab.machine("source"), lab.machine("destination")
    default = source.etc / "pki/qemu"
    ca.issue(default, CLIENT, "DNS:source")
    conf = destination.etc / "libvirt/qemu.conf"
    kept = conf.read_text()
    conf.write_text(f'{kept}migrate_tls_x509_cert_dir = "/etc/{FOLDER}"\n')
    (destination.etc / FOLDER).mkdir(parents=True)
    restart(destination)
    yield ca
    conf.write_text(kept)
    restart(destination)
    shutil.rmtree(default)


@pytest.fixture
def folder(lab: Lab, ca: Ca) -> Iterator[Path]:
    """The folder of the destination's certificates, which the test makes."""
    folder = lab.machine("destination").etc / FOLDER
    yield folder
    for each in folder.iterdir():
        each.unlink()


@pytest.fixture
def backend(lab: Lab, ca: Ca, tmp_path: Path) -> Iterator[LabBackend]:
    """A guest on the source, and a daemon there that logs what it sends to QEMU."""
    backend = LabBackend(lab, tmp_path / "runs")
    bring_home(backend)
    shells = {host: OnMachine(lab.machine(host)) for host in ("source", "destination")}
    sudo = Sudo(shells.__getitem__)
    backend.migrations.on_hosts.tls = TlsCheck(backend.connections, sudo)
    backend.migrations.on_hosts.logs = HostLogs(backend.connections, sudo)
    admin = ["virt-admin", "-c", "libvirtd:///system"]
    machine = lab.machine("source")
    machine.run([*admin, "daemon-log-outputs", f"1:file:{LOG}"])
    machine.run([*admin, "daemon-log-filters", "1:qemu.qemu_monitor 4:*"])
    machine.run(["truncate", "-s", "0", LOG])
    yield backend
    machine.run([*admin, "daemon-log-filters", "4:*"])


async def refused(backend: LabBackend, plan: Plan = PLAN) -> list[str]:
    """Why a start is refused; the VM stays where it is."""
    with pytest.raises(Refused) as refusal:
        await backend.migrations.start(plan)
    assert backend.states() == {"source": "running", "destination": ""}
    return [each.why for each in refusal.value.failures]


async def failed_without_check(backend: LabBackend) -> str:
    """The reason that is found for the migration that the check would have refused."""
    backend.migrations.on_hosts.tls = None
    timeline = await end_of(await backend.migrations.start(PLAN))
    assert timeline.phase == FAILED
    return str(timeline.error.get("why"))


async def test_a_migration_is_encrypted(backend: LabBackend, ca: Ca, folder: Path) -> None:
    assert await refused(backend) == [
        f"destination has no ca-cert.pem, server-cert.pem and server-key.pem in /etc/{FOLDER}"
    ]
    ca.issue(folder, SERVER, "DNS:destination")
    migration = await backend.migrations.start(PLAN)
    timeline = await end_of(migration)
    assert timeline.phase == COMPLETED, dict(timeline.error)
    log = backend.lab.machine("source").run(["cat", LOG])
    assert re.search(r'"object-add".*"tls-creds-x509".*"dir":"/etc/pki/qemu","endpoint":"client"', log)
    assert re.search(r'"tls-creds":"objlibvirt_migrate_tls0"', log)
    assert "unchecked" not in timeline.options


async def test_an_expired_certificate_is_refused_before_the_start(backend: LabBackend, ca: Ca, folder: Path) -> None:
    ca.issue(folder, SERVER, "DNS:destination", *EXPIRED)
    assert await refused(backend) == [f"/etc/{FOLDER}/server-cert.pem on destination expired on 2024-02-01 00:00 UTC"]
    await failed_without_check(backend)
    log = backend.lab.machine("destination").run(["cat", "/var/log/libvirt/libvirtd.log"])
    assert f"The server certificate /etc/{FOLDER}/server-cert.pem has expired" in log  # libvirt 11.3 returns only EOF


async def test_a_certificate_with_another_name_needs_that_name(backend: LabBackend, ca: Ca, folder: Path) -> None:
    ca.issue(folder, SERVER, "DNS:host-b")
    assert await refused(backend) == [
        f"source connects to destination, and /etc/{FOLDER}/server-cert.pem on destination is for host-b"
    ]
    assert "not for the name destination" in await failed_without_check(backend)
    bring_home(backend)
    timeline = await end_of(await backend.migrations.start(replace(PLAN, tls_destination="host-b")))
    assert timeline.phase == COMPLETED, dict(timeline.error)


async def test_a_certificate_of_another_ca_is_refused(backend: LabBackend, folder: Path, tmp_path: Path) -> None:
    Ca(tmp_path / "other").issue(folder, SERVER, "DNS:destination")
    assert await refused(backend) == [
        f"/etc/pki/qemu/ca-cert.pem on source is not the CA of /etc/{FOLDER}/server-cert.pem on destination",
        f"/etc/{FOLDER}/ca-cert.pem on destination is not the CA of /etc/pki/qemu/client-cert.pem on source",
    ]
    assert "trust" in await failed_without_check(backend)
