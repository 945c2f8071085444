"""Disk images and seeds as values: output of qemu-img, users of a file, input of cloud-init."""

import json
from dataclasses import replace

import pytest

from tui.core.failure import Failure
from tui.guest.model.seed import Seed, host_name, meta_data, user_data, validate_seed
from tui.vm.model.image import Image, chain, parse_info, users_of

INFO = """{
    "virtual-size": 1073741824,
    "filename": "/i/a.qcow2",
    "cluster-size": 65536,
    "format": "qcow2",
    "actual-size": 134021120,
    "full-backing-filename": "/i/base.qcow2",
    "backing-filename": "base.qcow2",
    "dirty-flag": false
}"""
SEED = Seed("web server", "ubuntu", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@here", "web-server-1")


def test_the_output_of_qemu_img_is_an_image() -> None:
    image = parse_info(INFO, "/i/a.qcow2")
    assert image == Image("/i/a.qcow2", "qcow2", 1 << 30, 134021120, "/i/base.qcow2")
    assert image.text == "a.qcow2, qcow2, 1.0 GiB (128 MiB on disk)"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"format": "qcow2"}',
        '{"format": 1, "virtual-size": "x"}',
        "null",
        "[" * 100_000,
        '{"format": "qcow2", "virtual-size": -1}',
        '{"format": "qcow2", "virtual-size": 1, "actual-size": 1e30800704}',
        '{"format": "qcow2", "virtual-size": NaN}',
        f'{{"format": "qcow2", "virtual-size": {"9" * 5000}}}',
    ],
)
def test_invalid_output_is_not_an_image(text: str) -> None:
    with pytest.raises(Failure, match="/i/a is not a disk image"):
        parse_info(text, "/i/a")


@pytest.mark.parametrize(
    ("name", "format", "size", "disk"),
    [
        ("a.qcow2", "qcow2", 1 << 30, True),
        ("a", "qcow2", 1 << 30, True),
        ("a.img", "raw", 1 << 30, True),
        ("a.img", "raw", 512, False),
        ("vmlinuz", "raw", 14 << 20, False),
        ("seed.iso", "raw", 2 << 20, False),
        ("a.luks", "luks", 1 << 30, False),
    ],
)
def test_a_disk_is_distinguished_from_other_files(name: str, format: str, size: int, disk: bool) -> None:
    assert Image(f"/i/{name}", format, size).is_disk == disk


def test_a_file_is_used_by_vms_with_an_overlay_of_it() -> None:
    images = {path: Image(path, "qcow2", 1, backing=base) for path, base in (("/top", "/base"), ("/base", ""))}
    used = {"a": ("/top",), "b": ("/other",)}
    assert users_of("/base", used, images) == ("a",)
    assert users_of("/other", used, images) == ("b",)
    assert users_of("/free", used, images) == ()


def test_a_loop_of_backing_files_ends() -> None:
    images = {"/a": Image("/a", "qcow2", 1, backing="/b"), "/b": Image("/b", "qcow2", 1, backing="/a")}
    assert chain("/a", images) == ("/a", "/b")


# -- seeds --


def test_cloud_init_gets_the_user_the_key_and_the_packages() -> None:
    text = user_data(SEED)
    assert text.startswith("#cloud-config\n")
    facts = json.loads(text.partition("\n")[2])
    assert [user["name"] for user in facts["users"]] == ["ubuntu"]
    assert facts["users"][0]["ssh_authorized_keys"] == [SEED.ssh_key]
    assert facts["packages"] == ["qemu-guest-agent", "gcc"]
    assert json.loads(meta_data(SEED)) == {"instance-id": "web-server-1", "local-hostname": "web-server"}


@pytest.mark.parametrize(
    ("name", "host"),
    [("ubuntu22.04", "ubuntu22-04"), ("ü'; rm", "rm"), ("-x-", "x"), ("...", "vm"), ("A" * 99, "a" * 63)],
)
def test_an_invalid_host_name_becomes_a_valid_one(name: str, host: str) -> None:
    assert host_name(name) == host


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        (replace(SEED, user="Root!"), '"Root!" is not a valid user name'),
        (replace(SEED, user=""), "is not a valid user name"),
        (replace(SEED, ssh_key=""), "not a public ssh key"),
        (replace(SEED, ssh_key="-----BEGIN OPENSSH PRIVATE KEY-----"), "not a public ssh key"),
        (replace(SEED, ssh_key=f"{SEED.ssh_key}\nssh-rsa AAAA"), "not a public ssh key"),
    ],
)
def test_a_seed_that_nobody_can_log_in_with_is_refused(seed: Seed, words: str) -> None:
    assert words in str(validate_seed(seed))
    assert validate_seed(SEED) is None
