"""Definitions of VMs: parsed, written and copied as in golden files, and libvirt's errors about them."""

from dataclasses import replace
from pathlib import Path

import pytest

from tui.vm.model.cpu import KVM
from tui.vm.model.domain import BadDefinition, Disk, Domain, Nic, parse
from tui.vm.model.domain_copy import domain_copy
from tui.vm.model.domain_xml import DomainSpec, domain_xml
from tui.vm.model.hardware import Hardware, HostDevice, SharedFolder, numbers
from tui.vm.model.xml_complaint import complaint

GIB = 1 << 30
GOLDEN = Path(__file__).parents[1] / "golden"
FOLDER = "/var/lib/libvirt-img/images"
CPU = """<cpu mode='custom' match='exact'>
  <model fallback='forbid'>EPYC</model><feature policy='require' name='x2apic'/>
</cpu>"""
ODD = "-odd name; 'ü\"<&$(x)"

PLAIN = DomainSpec(
    "ubuntu22.04", 16, 8 * GIB, f"{FOLDER}/ubuntu22.04.qcow2", machine="pc-q35-6.2", network=("bridge", "br0")
)
SHAPES = {
    "image": replace(PLAIN, kind=KVM, cpu_xml=CPU),
    "cloud": replace(PLAIN, seed=f"{FOLDER}/ubuntu22.04-seed.iso", network=("network", "default")),
    "odd": replace(PLAIN, name=ODD, disk=f"{FOLDER}/{ODD}.img", format="raw", cache="writeback", network=None),
}
TEMPLATE = (GOLDEN / "pattern.xml").read_text()
COPIES = {
    "copy": domain_copy(TEMPLATE, "two", {f"{FOLDER}/guest1.qcow2": f"{FOLDER}/two.qcow2"}, 2, GIB),
    "copy-larger": domain_copy(TEMPLATE, ODD, {}, 16, 8 * GIB),
}


@pytest.mark.parametrize("name", [*SHAPES, *COPIES])
def test_a_definition_equals_its_golden_file(name: str) -> None:
    written = domain_xml(SHAPES[name]) if name in SHAPES else COPIES[name]
    assert written == (GOLDEN / f"{name}.xml").read_text()


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_written_definition_is_parsed_back(shape: DomainSpec) -> None:
    domain = parse(domain_xml(shape))
    assert (domain.name, domain.kind, domain.vcpus, domain.memory_bytes) == (shape.name, shape.kind, 16, 8 * GIB)
    assert (domain.disks[0].source, domain.disks[0].format, domain.disks[0].cache) == (
        shape.disk,
        shape.format,
        shape.cache,
    )
    assert [nic.text for nic in domain.nics] == ([" ".join(shape.network)] if shape.network else [])


def test_a_copy_has_no_identity_of_the_template() -> None:
    old, new = parse(TEMPLATE), parse(COPIES["copy"])
    assert old.uuid
    assert old.nics[0].mac
    assert (new.uuid, new.nics[0].mac) == ("", "")
    assert new == replace(
        old,
        name="two",
        uuid="",
        disks=(replace(old.disks[0], source=f"{FOLDER}/two.qcow2"),),
        nics=(replace(old.nics[0], mac=""),),
    )
    assert "vmlm.name=two " in COPIES["copy"]


EVERYTHING = """<domain type='kvm'>
  <name>a</name><uuid>u</uuid>
  <memory unit='GiB'>2</memory><vcpu current='1'>4</vcpu>
  <os><type machine='pc'>hvm</type><kernel>/boot/vmlinuz</kernel></os>
  <cpu mode='host-passthrough'/>
  <devices>
    <disk type='file' device='disk'><driver type='qcow2'/><source file='/i/a.qcow2'/>
      <backingStore type='file'><source file='/base.img'/><backingStore/></backingStore><target dev='vda'/></disk>
    <disk type='file' device='cdrom'><target dev='sda'/><readonly/></disk>
    <disk type='network' device='disk'><source protocol='rbd' name='pool/a'/><target dev='vdb'/></disk>
    <disk type='volume' device='disk'><source pool='p' volume='v'/><target dev='vdc'/></disk>
    <interface type='direct'><source dev='eth0'/></interface>
    <hostdev type='pci'><source><address domain='0x0000' bus='0x3b' slot='0x00' function='0x1'/></source></hostdev>
    <hostdev type='usb'><source><vendor id='0x046d'/><product id='0xc52b'/></source></hostdev>
    <hostdev mode='capabilities' type='misc'/>
    <filesystem><source dir='/home/me'/></filesystem>
  </devices>
</domain>"""


def test_everything_that_a_migration_depends_on_is_parsed() -> None:
    assert parse(EVERYTHING) == Domain(
        name="a",
        uuid="u",
        kind="kvm",
        vcpus=4,
        memory_bytes=2 * GIB,
        machine="pc",
        cpu="host-passthrough",
        cpu_mode="host-passthrough",
        cpu_xml='<cpu mode="host-passthrough" />',
        disks=(
            Disk("vda", "/i/a.qcow2", format="qcow2", backing=("/base.img",)),
            Disk("sda", "", device="cdrom", readonly=True),
            Disk("vdb", "pool/a", "network"),
            Disk("vdc", "v", "volume", pool="p"),
        ),
        nics=(Nic("direct", "eth0"),),
        boot_files=("/boot/vmlinuz",),
        hardware=Hardware(
            host_devices=(
                HostDevice("pci", "pci 0000:3b:00.1"),
                HostDevice("usb", "usb 046d:c52b"),
                HostDevice("misc", "misc", "capabilities"),
            ),
            folders=(SharedFolder("/home/me"),),
        ),
    )


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "This is not XML"),
        ("<domain>\n  <name>a</nam>\n</domain>", 2, "line 2, column 12: mismatched tag"),
        ("<network/>", 0, "root element is <network>, not <domain>"),
        ("no < xml", 1, "This is not XML"),
        ("<domain>\n<name>\ud800</name></domain>", 2, "line 2 has bytes that are not UTF-8"),
    ],
)
def test_an_invalid_definition_is_refused_with_the_line(text: str, line: int, words: str) -> None:
    with pytest.raises(BadDefinition) as raised:
        parse(text)
    assert raised.value.line == line
    assert words in str(raised.value)


@pytest.mark.parametrize("odd", ["x", "9" * 5000, "\u00b2", "-1"])
def test_invalid_numbers_are_ignored(odd: str) -> None:
    address = f"<hostdev type='pci'><source><address bus='{odd}'/></source></hostdev>"
    found = parse(f"<domain><vcpu>{odd}</vcpu><memory>{odd}</memory><devices>{address}</devices></domain>")
    assert (found.vcpus, found.memory_bytes) == (0, 0)
    assert [each.text for each in found.hardware.host_devices] == ["pci"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0-3,^2,8", {0, 1, 3, 8}),
        (" 1 , 2", {1, 2}),
        ("", set()),
        ("0-", None),
        ("x", None),
        ("1-99999999", None),
    ],
)
def test_a_set_of_cpus_is_parsed_or_refused(text: str, found: set[int] | None) -> None:
    assert numbers(text) == found


NOT_VALID = (
    "XML document failed to validate against schema: Unable to validate doc against /usr/share/libvirt/schemas/"
    "domain.rng\n{}\nElement domain failed to validate content\n"
)
XML = """<domain type="kvm">
  <vcpu>x</vcpu>
  <os>
    <type machine="pc-q35-99">hvm</type>
  </os>
  <foo/>
</domain>"""


@pytest.mark.parametrize(
    ("words", "line", "sentence"),
    [
        (NOT_VALID.format("Extra element vcpu in interleave"), 2, "line 2: <vcpu> or an element in it"),
        (NOT_VALID.format("Element domain has extra content: foo"), 6, "line 6: <foo> is not allowed there"),
        (
            NOT_VALID.format("Invalid attribute machine for element type"),
            4,
            'line 4: <type> has an invalid attribute "machine"',
        ),
        (NOT_VALID.format(""), 1, "line 1: <domain> does not match libvirt's schema"),
        ("at line 5: Opening and ending tag mismatch\n  </os>\n---^", 5, "line 5: Opening and ending tag mismatch"),
        (
            "unsupported configuration: Emulator '/q' does not support machine type 'pc-q35-99'",
            4,
            "line 4: unsupported",
        ),
        ("operation failed: domain 'a' already exists with uuid b", 0, "operation failed: domain 'a' already exists"),
        ("", 0, ""),
    ],
)
def test_an_error_of_libvirt_is_a_sentence_with_its_line(words: str, line: int, sentence: str) -> None:
    found, text = complaint(words, XML)
    assert found == line
    assert text.startswith(sentence)
