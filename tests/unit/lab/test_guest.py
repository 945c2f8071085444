"""How the guest is built: the load order of kernel modules, the output of package tools, files in /etc."""

import pytest

from tui.core.failure import Failure
from tui.lab.kernel import load_order, module_name
from tui.lab.machine import parse_version, with_home, with_line, with_open_root
from tui.lab.packages import parse_dependencies, parse_installations

MODULES_DEP = """\
kernel/drivers/net/virtio_net.ko.xz: kernel/net/core/failover.ko.xz kernel/drivers/virtio/virtio_ring.ko.xz kernel/drivers/virtio/virtio.ko.xz
kernel/drivers/net/net-failover.ko.xz: kernel/net/core/failover.ko.xz
kernel/net/core/failover.ko.xz:
kernel/drivers/virtio/virtio_ring.ko.xz: kernel/drivers/virtio/virtio.ko.xz
kernel/drivers/virtio/virtio.ko.xz:
"""  # noqa: E501


def test_a_module_is_loaded_once_and_after_its_dependencies() -> None:
    names = [module_name(path) for path in load_order(MODULES_DEP, ["virtio_net", "net_failover", "virtio_ring"])]
    assert names == ["virtio", "virtio_ring", "failover", "virtio_net", "net_failover"]


def test_a_built_in_module_is_not_loaded() -> None:
    assert load_order(MODULES_DEP, ["ext4"]) == []


def test_a_modules_name_does_not_depend_on_its_compression() -> None:
    assert {module_name(f"kernel/fs/a-b.ko{packed}") for packed in ("", ".xz", ".zst", ".gz")} == {"a_b"}


def test_apts_simulation_lists_the_packages_it_would_install() -> None:
    printed = (
        "Reading...\nInst libc6 (2.36-9 Debian:12 [amd64])\nInst gcc:amd64 (4:12)\nConf libc6 (2.36)\nRemv foo [1]\n"
    )
    assert parse_installations(printed) == ["libc6", "gcc:amd64"]


def test_dependencies_exclude_virtual_packages() -> None:
    printed = (
        "linux-image\n  Depends: linux-image-6.1.0-cloud-amd64\n  Depends: <virtual>\n |PreDepends: dpkg\n    other\n"
    )
    assert parse_dependencies(printed) == ["linux-image-6.1.0-cloud-amd64", "dpkg"]


def test_only_roots_home_is_replaced() -> None:
    passwd = "root:x:0:0:root:/root:/bin/bash\nrootless:x:7:7::/home/r:/bin/sh\n"
    assert with_home(passwd, "/lab\\1") == passwd.replace("/root:", "/lab\\1:")


def test_root_has_no_password_and_is_not_locked() -> None:
    assert with_open_root("root:!:1:0:9:7:::\nuser:!:1:::::\n") == "root:*:1:0:9:7:::\nuser:!:1:::::\n"


def test_a_user_is_added_once_and_an_existing_one_stays() -> None:
    added = with_line("root:x:0:0:::\n", "libvirt-qemu:x:64055:64055:::")
    assert added == "root:x:0:0:::\nlibvirt-qemu:x:64055:64055:::\n"
    assert with_line(added, "libvirt-qemu:x:7:7:::") == added
    assert with_line("my-libvirt-qemu:x:1:\n", "libvirt-qemu:x:7:").endswith("\nlibvirt-qemu:x:7:\n")


def test_libvirts_version_is_compared_as_numbers() -> None:
    assert (
        parse_version("libvirtd (libvirt) 10.0.0\n")
        == (10, 0, 0)
        < (10, 8)
        < parse_version("libvirtd (libvirt) 11.3.0")
    )
    assert parse_version("libvirtd (libvirt) 9.0.0\n") < (10, 8)
    with pytest.raises(Failure, match="does not print its version"):
        parse_version("")
