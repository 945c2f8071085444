"""Which change mends a finding, as the commands that do the same."""

from dataclasses import replace

import pytest

from tests.unit.vm.cases import DISK, FOLDER, NEWER, Row, domain
from tests.unit.vm.test_rules_devices import CARD, NINE_P, PCI, SHMEM, USB, VIRTIOFS
from tests.unit.vm.test_rules_disks import BASED, MIRROR, cdrom, file
from tui.vm.model.domain import Domain, parse
from tui.vm.model.fix import EJECT, LISTEN, Fix
from tui.vm.model.rules.mend import EVERYWHERE, prepared

LIVE = " id='3'"
VNC = """<graphics type='vnc' port='5905' autoport='no' listen='{0}' passwd='geheim'>
  <listen type='address' address='{0}'/></graphics>"""
REDIRECTION = "<redirdev bus='usb' type='tcp'><source mode='connect' host='h' service='4000'/></redirdev>"
LOADER = "<os><type machine='pc-q35-6.2'>hvm</type><loader>/opt/own/CODE.fd</loader></os>"
CRYPTO = """<hostdev mode='subsystem' type='mdev' model='vfio-ap'>
  <source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>"""
JOB = domain(head=LIVE)


def running(devices: str, rest: str = "") -> Domain:
    return domain(devices, rest, head=LIVE)


def fixes(vm: Domain, **hosts: object) -> tuple[Fix, ...]:
    """The changes that mend the only finding of a VM."""
    (found,) = Row(vm, **hosts).found()  # type: ignore[arg-type]
    return found.fixes


def first(vm: Domain, **hosts: object) -> str:
    return "\n".join(fixes(vm, **hosts)[0].commands)


@pytest.mark.parametrize(
    ("vm", "command"),
    [
        (running(cdrom("/iso/x.iso")), "virsh change-media 'vm 1' sda --eject --live"),
        (domain(cdrom("/iso/x.iso")), "virsh change-media 'vm 1' sda --eject --config"),
        (running(cdrom("/iso/other.iso")), "virsh change-media 'vm 1' sda --eject --live"),
        (running(file(f"{FOLDER}/a", MIRROR)), "virsh blockjob 'vm 1' vda --abort"),
        (replace(JOB, jobs=(("vda", "backup"),)), "virsh domjobabort 'vm 1'"),
    ],
)
def test_a_change_is_one_command(vm: Domain, command: str) -> None:
    assert "\n".join(Row(vm).found()[0].fixes[0].commands) == command


@pytest.mark.parametrize(
    ("vm", "words", "loses"),
    [
        (running(PCI.format("")), "slot=", "The guest loses pci 0000:3b:00.1; the next boot attaches it again."),
        (running(USB), "0xc52b", "The guest loses usb 046d:c52b"),
        (
            running(CRYPTO),
            "c2177883",
            "The guest loses a crypto device of the host (vfio-ap); the next boot",
        ),
        (running(CARD.format("")), "52:54:00:00:00:02", "The guest loses network card 52:54:00:00:00:02"),
        (running(SHMEM.format(" role='peer'")), "shm0", "The guest loses it with what is in it"),
        (running(VIRTIOFS.format("dir='/srv/shared'")), "/srv/shared", "and must not have it mounted"),
        (running(REDIRECTION), "4000", "The guest loses the devices that are redirected over it"),
        (domain(USB), "0xc52b", "The guest loses usb 046d:c52b, for good."),
    ],
)
def test_a_device_is_detached_by_its_own_xml(vm: Domain, words: str, loses: str) -> None:
    (fix,) = fixes(vm)
    (command,) = fix.commands
    scope = "--live" if vm.hardware.live else "--config"
    assert command.startswith(f"virsh detach-device 'vm 1' /dev/stdin {scope} <<'END'\n<")
    assert words in command
    assert loses in fix.costs


@pytest.mark.parametrize(
    "vm",
    [
        running(NINE_P),
        running(SHMEM.format("").replace("ivshmem-plain", "ivshmem")),
        running(DISK.format(" cache='none'", f"{FOLDER}/a", BASED.format("/base.img"))),
        replace(running(cdrom("/iso/x.iso")), xml=""),
    ],
)
def test_what_libvirt_can_not_change_has_no_fix(vm: Domain) -> None:
    assert fixes(vm) == ()


def test_an_older_host_still_lets_virtiofs_be_detached() -> None:
    assert "/home" in first(running(VIRTIOFS.format("dir='/home'")), there=NEWER)


def test_a_locked_tray_is_opened_by_force_only_while_the_vm_runs() -> None:
    assert [fix.force for fix in fixes(running(cdrom("/iso/x.iso")))] == [False, True]
    assert fixes(running(cdrom("/iso/x.iso")))[1].commands[0].endswith("--eject --live --force")
    assert [fix.force for fix in fixes(domain(cdrom("/iso/x.iso")))] == [False]


def test_an_ejected_drive_keeps_all_but_its_medium() -> None:
    (fix, _) = fixes(running(cdrom("/iso/x.iso")))
    (drive,) = parse(f"<domain><devices>{fix.xml}</devices></domain>").disks
    assert (drive.target, drive.device, drive.source, drive.format, drive.readonly) == ("sda", "cdrom", "", "raw", True)


def test_snapshots_are_kept_in_files_before_they_are_forgotten_or_not() -> None:
    keep, forget = fixes(replace(domain(), snapshots=("before upgrade", "b")))
    assert prepared(keep, "", "/state/vm").commands == (  # type: ignore[union-attr]
        "mkdir -p -m 700 /state/vm",
        "virsh snapshot-dumpxml --security-info 'vm 1' 'before upgrade' > /state/vm/01-before_upgrade.xml",
        "virsh snapshot-dumpxml --security-info 'vm 1' b > /state/vm/02-b.xml",
        *forget.commands,
    )
    assert forget.commands == (
        "virsh snapshot-delete 'vm 1' 'before upgrade' --metadata",
        "virsh snapshot-delete 'vm 1' b --metadata",
    )
    assert prepared(forget, "", "/state/vm") == forget


# -- consoles --


def console(address: str = "192.168.2.99", more: str = "") -> Domain:
    return running(VNC.format(address) + more)


def definition(vm: Domain) -> str:
    return vm.xml.replace(LIVE, "")


def test_a_console_listens_everywhere_from_the_next_boot_on_and_its_password_is_not_shown() -> None:
    vm = console()
    fix = prepared(fixes(vm)[0], definition(vm), "")
    assert fix is not None
    (command,) = fix.commands
    assert command.startswith("virsh update-device 'vm 1' /dev/stdin --config <<'END'\n<graphics")
    assert "geheim" in fix.xml
    assert "geheim" not in command
    assert command.count(EVERYWHERE) == 2
    assert "when the VM is booted next" in fix.costs


def test_a_console_that_will_listen_everywhere_needs_no_change() -> None:
    assert prepared(fixes(console())[0], definition(console(EVERYWHERE)), "") is None


def test_a_console_that_listens_by_default_gets_an_address() -> None:
    fix = prepared(fixes(console())[0], "<domain><devices><graphics type='vnc'/></devices></domain>", "")
    assert fix is not None
    assert (fix.kind, fix.xml) == (LISTEN, f'<graphics type="vnc" listen="{EVERYWHERE}" />')


def test_a_console_whose_port_is_taken_gets_one_from_libvirt() -> None:
    (fix,) = fixes(running(VNC.format(EVERYWHERE).replace("5905", "5850")))
    assert 'autoport="yes"' in fix.xml
    assert "port='5850'" not in fix.xml


# -- what the next boot has --


def test_a_medium_is_ejected_for_the_next_boot_too_if_that_has_it() -> None:
    vm = running(cdrom("/iso/x.iso"))
    fix = fixes(vm)[0]
    assert fix.kind == EJECT
    both = prepared(fix, definition(vm), "")
    assert both is not None
    assert both.commands == ("virsh change-media 'vm 1' sda --eject --live --config",)
    empty = prepared(fix, domain("<disk device='cdrom'><target dev='sda'/></disk>").xml, "")
    assert (empty, prepared(fix, "", "")) == (fix, fix)
