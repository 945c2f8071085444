"""Parsers of ufw, qemu.conf, getent, systemd and apt, on recorded output."""

import pytest

from tests.fake_hosts import answered
from tests.unit.nfs.nfs_world import ROLES
from tui.linux.addresses import Resolved, parse_ahosts
from tui.linux.change import Command
from tui.linux.folder import parse_folder
from tui.linux.packages import Package, parse_simulation
from tui.linux.qemu_conf import MIGRATION_PORTS, parse_qemu_conf
from tui.linux.script_sections import Section
from tui.linux.ufw import parse_ufw
from tui.linux.units import parse_units, unit_named
from tui.nfs.model.facts import Shared
from tui.nfs.model.script import parse_server

UFW = """\
Status: active

To                         Action      From
--                         ------      ----
2049                       ALLOW       192.0.2.10                
22/tcp                     ALLOW       Anywhere                   # for # us
2222/tcp                   LIMIT       Anywhere                  
Anywhere                   DENY        192.0.2.66                
49152:49215/tcp            ALLOW       Anywhere                  
80,443,8000:8010/tcp       ALLOW       Anywhere                  
192.0.2.1 2049/tcp         ALLOW       198.51.100.0/24           
OpenSSH                    ALLOW       192.0.2.12                
2049/udp                   ALLOW       192.0.2.13                
2049/tcp                   DENY        192.0.2.14                 (log)
Anywhere                   ALLOW       192.0.2.15/esp            
2049                       ALLOW       2001:db8::10              
22/tcp (v6)                ALLOW       Anywhere (v6)              # for # us
49152:49215/tcp (v6)       ALLOW       Anywhere (v6)             

25/tcp                     REJECT OUT  Anywhere                  
25/tcp (v6)                REJECT OUT  Anywhere (v6)             

Anywhere                   ALLOW FWD   192.0.2.7 on lo           
"""  # noqa: W291 - as ufw prints it


@pytest.mark.parametrize(
    ("address", "ports", "numbers"),
    [("192.0.2.10", (2050, 2050), "2050"), ("192.0.2.16", (2049, 2049), "2049"), ("2001:db8::1", (2, 3), "2:3")],
)
def test_a_missing_rule_of_ufw_is_added_and_its_undo_deletes_the_same_rule(
    address: str, ports: tuple[int, int], numbers: str
) -> None:
    rule = ("allow", "proto", "tcp", "from", address, "to", "any", "port", numbers)
    (move,) = parse_ufw(UFW).moves("storage", address, ports)
    assert (move.action, move.undo) == (
        Command("storage", ("ufw", *rule)),
        (Command("storage", ("ufw", "delete", *rule)),),
    )


UFW_OURS = """\
Status: active

To                         Action      From
--                         ------      ----
2049/tcp                   ALLOW       192.0.2.1                 
49152:49215/tcp            ALLOW       192.0.2.1                  # vmlm
2049/tcp                   ALLOW       2001:db8::10              
"""  # noqa: W291 - as ufw prints it


UFW_OURS_NUMBERED = """\
Status: active

     To                         Action      From
     --                         ------      ----
[ 1] 2049/tcp                   ALLOW IN    192.0.2.1                 
[ 3] 49152:49215/tcp            ALLOW IN    192.0.2.1                 
[14] 2049/tcp                   ALLOW IN    2001:db8::10              
"""  # noqa: W291 - as ufw prints it


@pytest.mark.parametrize("status", [UFW_OURS, UFW_OURS_NUMBERED])
@pytest.mark.parametrize(
    ("address", "ports"),
    [("192.0.2.1", (2049, 2049)), ("192.0.2.1", (49152, 49215)), ("2001:db8::10", (2049, 2049))],
)
def test_a_rule_that_ufw_has_is_not_added_again(status: str, address: str, ports: tuple[int, int]) -> None:
    assert parse_ufw(status).moves("storage", address, ports) == ()


@pytest.mark.parametrize("row", [
    "2049/udp                   ALLOW       192.0.2.1",
    "2049/tcp                   ALLOW FWD   192.0.2.1",
    "2049/tcp                   ALLOW       192.0.2.1 700/tcp",
    "10.77.49.3 2049/tcp        ALLOW       192.0.2.1",
    "2049/tcp on eth0           ALLOW       192.0.2.1",
])  # fmt: skip
def test_another_rule_of_ufw_does_not_replace_the_missing_one(row: str) -> None:
    assert len(parse_ufw(f"Status: active\n\n{row}\n").moves("storage", "192.0.2.1", (2049, 2049))) == 1


def test_a_row_of_ufw_of_another_form_is_skipped() -> None:
    odd = "2:3:49215/tcp              ALLOW       192.0.2.9\n:                          ALLOW       x\n[ ²] y ALLOW z\n"
    assert parse_ufw(UFW_OURS + odd).moves("storage", "192.0.2.1", (2049, 2049)) == ()


def test_an_exports_file_that_can_not_be_decoded_is_skipped() -> None:
    shared = Shared(ROLES, "storage", "/data", "/srv", "vm1")
    output = answered(exports="YQ== /etc/exports\n!! /etc/exports.d/x.exports\n", threads="²")
    server = parse_server(output, shared)
    assert (server.exports, server.threads) == ({"/etc/exports": "a"}, 0)


def test_a_number_of_a_folder_that_is_malformed_is_skipped() -> None:
    stat = "stat 755 root:root directory\nmode 755\nowner root:root\nkind directory\n"
    found = parse_folder("/x", Section(0, f"{stat}space ² 4096 7 7\nentry f ² a\nentry f 5 b\n"))
    assert (found.is_folder, found.entries) == (True, (("f", "b", 5),))


def test_an_inactive_ufw_is_not_changed() -> None:
    found = parse_ufw("Status: inactive\n")
    assert (found.active, found.moves("storage", "192.0.2.1", (2049, 2049))) == (False, ())


def test_qemu_conf_is_parsed_with_lists_comments_and_quotes() -> None:
    found = parse_qemu_conf(
        '#user = "nobody"\n user = "+64055" # by number\ndynamic_ownership = 0\nshared_filesystems = [\n'
        '  "/srv/a b", # not "/srv/c"\n  \'/srv/#d/\'\n]\nmigration_port_min = 50000\nmigration_host = "fe80::1"\n'
    )
    assert (found.user, found.dynamic_ownership, found.migration_host) == ("64055", False, "fe80::1")
    assert found.shared_filesystems == ("/srv/a b", "/srv/#d/")
    assert found.migration_ports == (50000, MIGRATION_PORTS[1])
    assert [found.declares(path) for path in ("/srv/#d", "/srv/#d/e", "/srv/#dd", "/srv")] == ["/srv/#d/"] * 2 + [
        ""
    ] * 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#dynamic_ownership = 0\n",
        "user_x = 'y'\n",
        f"migration_port_min = {'0' * 5000}\n",
        "migration_port_max = \u0663\u00b2\n",
    ],
)
def test_qemu_conf_without_settings_has_the_defaults(text: str) -> None:
    found = parse_qemu_conf(text)
    assert (found.user, found.dynamic_ownership, found.shared_filesystems) == ("", True, ())
    assert found.migration_ports == MIGRATION_PORTS


AHOSTS = "127.0.0.1       STREAM localhost\n127.0.0.1       DGRAM  \n127.0.0.1       RAW    \n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (AHOSTS, Resolved("a", ("127.0.0.1",), "localhost")),
        (
            "2001:DB8:0::1 STREAM b.example\n192.0.2.1 STREAM \n",
            Resolved("a", ("2001:db8::1", "192.0.2.1"), "b.example"),
        ),
        ("::ffff:192.0.2.1 STREAM\n192.0.2.1 STREAM\n", Resolved("a", ("192.0.2.1",))),
        ("", Resolved("a")),
        ("getent: nonsense here\n", Resolved("a")),
    ],
)
def test_each_address_of_getent_appears_once_and_normalized(text: str, found: Resolved) -> None:
    assert parse_ahosts("a", text) == found


UNITS = """\
Id=nfs-server.service
Names=nfs-server.service nfs-kernel-server.service
LoadState=loaded
ActiveState=active
SubState=exited
UnitFileState=enabled

Id=nfs-config.service
Names=nfs-config.service
LoadState=not-found
ActiveState=inactive
SubState=dead
UnitFileState=

Id=rpcbind.service
Names=rpcbind.service
LoadState=masked
ActiveState=inactive
SubState=dead
UnitFileState=masked
"""


def test_units_are_running_missing_or_masked() -> None:
    units = parse_units(UNITS)
    assert [(each.name, each.active, each.exists, each.enabled, each.masked) for each in units] == [
        ("nfs-server.service", "active", True, True, False),
        ("nfs-config.service", "inactive", False, False, False),
        ("rpcbind.service", "inactive", True, False, True),
    ]
    assert unit_named(units, "nfs-config.service") is None
    assert unit_named(units, "rpcbind.service") == units[2]
    assert parse_units("") == ()


INSTALL = """\
The following NEW packages will be installed:
  keyutils libnfsidmap1 nfs-common nfs-kernel-server rpcbind
0 upgraded, 5 newly installed, 0 to remove and 116 not upgraded.
Inst libnfsidmap1 (1:2.6.2-4+deb12u1 Debian:12.15/oldstable [amd64])
Inst rpcbind (1.2.6-6+b1 Debian:12.15/oldstable [amd64])
Inst keyutils (1.6.3-2 Debian:12.15/oldstable [amd64])
Inst nfs-common (1:2.6.2-4+deb12u1 Debian:12.15/oldstable [amd64])
Inst nfs-kernel-server (1:2.6.2-4+deb12u1 Debian:12.15/oldstable [amd64])
Conf libnfsidmap1 (1:2.6.2-4+deb12u1 Debian:12.15/oldstable [amd64])
Conf nfs-kernel-server (1:2.6.2-4+deb12u1 Debian:12.15/oldstable [amd64])
"""


UPGRADE = """\
Inst curl [7.88.1-10+deb12u14] (7.88.1-10+deb12u15 Debian:12.15/oldstable [amd64]) []
Inst libcurl4 [7.88.1-10+deb12u14] (7.88.1-10+deb12u15 Debian:12.15/oldstable [amd64])
Inst libc6-i386 (2.36-9+deb12u14 Debian:12.15/oldstable [amd64])
Conf curl (7.88.1-10+deb12u15 Debian:12.15/oldstable [amd64])
"""


NEW = ("libnfsidmap1", "rpcbind", "keyutils", "nfs-common", "nfs-kernel-server")


def test_packages_that_apt_would_install_are_separate_from_those_it_would_upgrade() -> None:
    package = parse_simulation(Package("nfs-kernel-server", "apt"), INSTALL, "installed curl\nconfig-files rpcbind\n")
    assert (package.known, package.new, package.upgraded, package.residual) == (True, NEW, (), ("rpcbind",))
    other = parse_simulation(Package("libc6-i386", "apt"), UPGRADE, "")
    assert (other.known, other.new, other.upgraded) == (True, ("libc6-i386",), ("curl", "libcurl4"))


def test_a_package_that_apt_does_not_find_is_unknown() -> None:
    text = "Reading package lists...\nE: Unable to locate package nfs-kernel-server\n"
    package = parse_simulation(Package("nfs-kernel-server", "apt"), text, "")
    assert (package.known, package.new, package.output) == (False, (), text)


INSTALL_13 = """\
Reading package lists...
Building dependency tree...
Reading state information...
The following additional packages will be installed:
  libnl-3-200 libnl-genl-3-200 libxml2
Recommended packages:
  python3-yaml
The following NEW packages will be installed:
  libnl-3-200 libnl-genl-3-200 libxml2 nfs-kernel-server
0 upgraded, 4 newly installed, 0 to remove and 0 not upgraded.
Inst libnl-3-200 (3.7.0-2 Debian:13.8/stable [amd64])
Inst libnl-genl-3-200 (3.7.0-2 Debian:13.8/stable [amd64])
Inst libxml2 (2.12.7+dfsg+really2.9.14-2.1+deb13u3 Debian:13.8/stable [amd64])
Inst nfs-kernel-server (1:2.8.3-1 Debian:13.8/stable [amd64])
Conf libnl-3-200 (3.7.0-2 Debian:13.8/stable [amd64])
Conf libnl-genl-3-200 (3.7.0-2 Debian:13.8/stable [amd64])
Conf libxml2 (2.12.7+dfsg+really2.9.14-2.1+deb13u3 Debian:13.8/stable [amd64])
Conf nfs-kernel-server (1:2.8.3-1 Debian:13.8/stable [amd64])
"""  # recorded on Debian 13


NO_CANDIDATE_13 = """\
Reading package lists...
Building dependency tree...
Reading state information...
Package nfs-kernel-server is not available, but is referred to by another package.
This may mean that the package is missing, has been obsoleted, or
is only available from another source

E: Package 'nfs-kernel-server' has no installation candidate
"""


def test_the_output_of_apt_on_debian_13_is_parsed_the_same() -> None:
    residual = "installed nfs-common\nnot-installed nfs-kernel-server\n"
    package = parse_simulation(Package("nfs-kernel-server", "apt"), INSTALL_13, residual)
    assert (package.known, package.residual, package.upgraded) == (True, (), ())
    assert package.new == ("libnl-3-200", "libnl-genl-3-200", "libxml2", "nfs-kernel-server")
    package = parse_simulation(Package("nfs-kernel-server", "apt"), NO_CANDIDATE_13, residual)
    assert (package.known, package.new) == (False, ())
