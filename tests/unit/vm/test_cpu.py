"""CPUs and machine types in libvirt's XML."""

import pytest

from tui.core.failure import Failure
from tui.vm.model.cpu import Cpu, CpuFit, features, summary
from tui.vm.model.domain import parse
from tui.vm.model.offer import newest_common

SPELLED_OUT = """<cpu mode='custom' match='exact'>
  <model fallback='forbid'>Skylake-Server</model>
  <feature policy='require' name='avx2'/>
  <feature policy='require' name='avx512f'/>
  <feature policy='disable' name='mpx'/>
  <feature policy='forbid' name='hle'/>
</cpu>"""
OF_CAPABILITIES = "<cpu><arch>x86_64</arch><model>EPYC</model><feature name='ss'/><feature name='ht'/></cpu>"


@pytest.mark.parametrize(
    ("xml", "model", "found"),
    [(SPELLED_OUT, "Skylake-Server", {"avx2", "avx512f"}), (OF_CAPABILITIES, "EPYC", {"ss", "ht"})],
)
def test_a_cpu_has_the_features_that_are_not_disabled(xml: str, model: str, found: set[str]) -> None:
    assert features(xml) == found
    assert Cpu(xml).model == model


def test_features_of_one_host_only_are_listed_by_host() -> None:
    source, destination = (Cpu(SPELLED_OUT, frozenset(names)) for names in ({"a", "b", "c"}, {"b", "d"}))
    fit = CpuFit("kvm", "incompatible", source, destination)
    assert (fit.lacking, fit.more) == (("a", "c"), ("d",))


def test_a_long_list_of_names_is_shortened() -> None:
    assert summary(["a", "b"]) == "a, b"
    assert summary(list("abcdefgh")) == "a, b, c, d, e, f and 2 more"


@pytest.mark.parametrize(
    ("xml", "found"),
    [
        (
            "<domain type='kvm'><os><type arch='x86_64' machine='pc-q35-jammy'>hvm</type></os>"
            "<cpu mode='host-passthrough' check='none'/></domain>",
            (
                "pc-q35-jammy",
                "kvm",
                "host-passthrough",
                "host-passthrough",
                '<cpu mode="host-passthrough" check="none" />',
            ),
        ),
        (
            "<domain type='qemu' id='3'><os><type>hvm</type></os><cpu match='exact'><model>EPYC</model></cpu></domain>",
            ("", "qemu", "EPYC", "custom", '<cpu match="exact"><model>EPYC</model></cpu>'),
        ),
        ("<domain type='kvm'><os/></domain>", ("", "kvm", "", "", "")),
    ],
)
def test_machine_type_and_cpu_are_read_from_a_definition(xml: str, found: tuple[str, ...]) -> None:
    domain = parse(xml)
    assert (domain.machine, domain.kind, domain.cpu, domain.cpu_mode, domain.cpu_xml) == found


@pytest.mark.parametrize("xml", ["", "no < xml", "<cpu>\ud800</cpu>", "\0"])
def test_text_that_is_not_xml_is_a_failure(xml: str) -> None:
    with pytest.raises(Failure, match="is not XML"):
        parse(xml)
    with pytest.raises(Failure, match="is not XML"):
        features(xml)


DEBIAN_12 = ("pc-i440fx-7.2", "pc-q35-7.2", "pc-q35-6.2", "pc-i440fx-6.2", "pc", "q35", "microvm", "isapc")
UBUNTU_2204 = ("pc-i440fx-jammy", "ubuntu", "pc-q35-jammy", "pc-q35-6.2", "pc-i440fx-6.2", "pc-q35-2.10", "pc", "q35")
DEBIAN_13 = ("pc-q35-10.0", "pc-q35-9.2", "pc-q35-7.2", "pc-i440fx-10.0", "pc-i440fx-7.2", "pc", "q35")


@pytest.mark.parametrize(
    ("source", "destination", "newest"),
    [
        (DEBIAN_12, UBUNTU_2204, ("pc-q35-6.2", "pc-i440fx-6.2")),
        (DEBIAN_12, DEBIAN_13, ("pc-q35-7.2", "pc-i440fx-7.2")),
        (DEBIAN_13, DEBIAN_13, ("pc-q35-10.0", "pc-i440fx-10.0")),  # 10 is more than 9
        (DEBIAN_13, ("pc-q35-9.2", "pc"), ("pc-q35-9.2",)),
        (DEBIAN_13, (), ()),
    ],
)
def test_the_newest_machine_types_in_common_are_found(
    source: tuple[str, ...], destination: tuple[str, ...], newest: tuple[str, ...]
) -> None:
    assert newest_common(source, destination) == newest
