"""Definitions of VMs, CPUs and capabilities from libvirt, and disk images from qemu-img."""

import contextlib
import json
from functools import partial
from pathlib import Path
from typing import Any

from tests.fuzz.inputs import json_lines, reads, texts
from tests.unit.vm.cases import FACTS, HERE, SOURCE, TARGET
from tests.unit.vm.test_cpu import OF_CAPABILITIES, SPELLED_OUT
from tests.unit.vm.test_images import INFO
from tui.adapters.libvirt.hypervisor import LibvirtHypervisor
from tui.core.failure import Failure
from tui.vm.model.blockers import blockers
from tui.vm.model.cpu import Cpu, features
from tui.vm.model.domain import parse
from tui.vm.model.domain_copy import domain_copy
from tui.vm.model.domain_mark import MAKING, marked
from tui.vm.model.domain_xml import DomainSpec, domain_xml
from tui.vm.model.host_facts import parse_facts
from tui.vm.model.image import parse_info
from tui.vm.model.kvm import parse_kvm
from tui.vm.model.xml_complaint import complaint

GOLDEN = [path.read_text("utf-8") for path in sorted((Path(__file__).parents[1] / "unit" / "golden").rglob("*.xml"))]
CAPABILITIES = """<capabilities><host><uuid>0054f024-25aa-4e37-867f-6da151e2b201</uuid>
  <cpu><arch>x86_64</arch><model>EPYC</model><feature name='ht'/></cpu>
  <secmodel><model>dac</model><baselabel type='kvm'>+64055:+994</baselabel></secmodel></host>
  <guest><os_type>hvm</os_type><arch name='x86_64'><machine>pc-q35-8.2</machine><machine>pc</machine></arch></guest>
</capabilities>"""
COMPLAINTS = (
    "XML error: (domain_definition):7: at line 3: Opening and ending tag mismatch: memory line 3 and domain",
    "XML document failed to validate against schema: Extra element devices in interleave",
    "unsupported configuration: unknown driver 'qcow9'",
)


def test_a_damaged_definition_is_read_and_copied_or_refused() -> None:
    def read(xml: str) -> None:
        domain = parse(xml)
        assert domain.memory_bytes >= 0
        blockers(domain, "/srv/images", "destination", None, None)
        blockers(domain, "/srv/images", "destination", TARGET, SOURCE)
        assert parse(marked(xml, MAKING)).name == domain.name
        parse(domain_copy(xml, "guest2", {"/srv/images/guest1.qcow2": "/srv/images/guest2.qcow2"}, 4, 1 << 30))

    reads(texts(*GOLDEN), read)


def test_a_damaged_cpu_is_read_or_refused_and_does_not_reach_a_definition() -> None:
    def read(xml: str) -> None:
        with contextlib.suppress(Failure):
            assert Cpu(xml, features(xml)).model is not None
        domain_xml(DomainSpec("guest1", 2, 1 << 30, "/srv/images/guest1.qcow2", cpu_xml=xml))

    reads(texts(SPELLED_OUT, OF_CAPABILITIES), read)


def test_damaged_facts_of_a_host_are_read() -> None:
    def read(text: str) -> None:
        facts = parse_facts(text)
        assert all(port >= 0 for port in facts.ports)

    reads(texts(FACTS + HERE), read)


class Daemon:
    """A connection whose answers are damaged."""

    def __init__(self, xml: str) -> None:
        self._xml = xml

    def getCapabilities(self) -> str:
        return self._xml

    def getDomainCapabilities(self, *_: Any) -> str:
        return self._xml

    def getInfo(self) -> list[Any]:
        return ["x86_64", 7986, 2, 2800, 1, 1, 2, 1]

    def getHostname(self) -> str:
        return "source"

    def getLibVersion(self) -> int:
        return 11_003_000

    getVersion = getLibVersion

    def getFreeMemory(self) -> int:
        return 1 << 30


def test_damaged_capabilities_are_read_or_refused() -> None:
    def read(xml: str) -> None:
        host = LibvirtHypervisor("test:///", Daemon(xml))
        for call in (host.daemon, host.machine_types, partial(host.cpu_xml, "kvm")):
            with contextlib.suppress(Failure):
                call()

    reads(texts(CAPABILITIES), read)


def test_a_damaged_complaint_of_libvirt_becomes_one_line() -> None:
    def read(words: str) -> None:
        line, sentence = complaint(words, GOLDEN[0])
        assert line >= 0
        assert "\n" not in sentence

    reads(texts(*COMPLAINTS), read)


def test_damaged_facts_of_an_image_are_read_or_refused() -> None:
    reads(texts(INFO), lambda text: parse_info(text, "/srv/images/a.qcow2").text)


def test_odd_facts_of_an_image_are_read_or_refused() -> None:
    def read(text: str) -> None:
        try:
            image = parse_info(text.strip(), "/srv/images/a.qcow2")
        except Failure:
            return
        assert image.virtual_bytes >= 0
        assert image.used_bytes >= 0
        assert len(image.text) < 1000

    reads(json_lines([json.loads(INFO)]), read)


def test_the_damaged_outcome_of_the_test_of_kvm_is_read() -> None:
    reads(
        texts("runs\n", "no device\ncpu can\n", "fails\nqemu: no KVM\n"),
        lambda text: getattr(parse_kvm(text), "words", ""),
    )
