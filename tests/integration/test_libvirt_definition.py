"""A definition that is read and defined again, in libvirt's test driver."""

from tui.adapters.libvirt.hypervisor import LibvirtHypervisor

XML = """<domain type="test">
  <name>secretive</name>
  <memory unit="MiB">16</memory>
  <os><type>hvm</type></os>
  <devices><graphics type="vnc" port="-1" passwd="s3cret"/></devices>
</domain>
"""


def test_a_definition_keeps_its_passwords_when_it_is_defined_again(hypervisor: LibvirtHypervisor) -> None:
    hypervisor.define(XML)
    try:
        text = hypervisor.definition("secretive", inactive=True)
        assert text == hypervisor.definition("secretive", inactive=True)  # so that a change by others is detected
        assert "s3cret" not in hypervisor.definition("secretive")
        hypervisor.define(text.replace("16384", "32768"))
        again = hypervisor.definition("secretive", inactive=True)
        assert "s3cret" in again
        assert "32768" in again
    finally:
        hypervisor.undefine("secretive")
