"""libvirt and QEMU on a host: programs, release, networks, the unit that starts the daemon, and who may use it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tui.core.quantity import whole
from tui.hosts.model.networks import Network, parse_networks
from tui.hosts.model.release import Release, parse_release
from tui.linux.packages import Package, parse_simulation
from tui.linux.script_sections import PRELUDE, Section, file_text, output, parse_sections
from tui.linux.units import PROPERTIES, Unit, parse_units, unit_named

GROUP = "libvirt"  # its members may use the system's libvirt
DAEMONS = ("libvirtd", "virtqemud")  # monolithic, modular
UNITS = tuple(f"{daemon}.{kind}" for daemon in DAEMONS for kind in ("socket", "service"))
LIBVIRT = ("libvirt-daemon-system", "libvirt-clients", "dnsmasq-base")  # QEMU's name has the architecture
# Created by the packages, which may leave them behind.
USERS = ("libvirt-qemu", "libvirt-dnsmasq", "dnsmasq", "messagebus", "polkitd")
GROUPS = (*USERS, GROUP, "rdma")
NETWORK_FILE = "/usr/share/libvirt/networks/default.xml"
FOLDERS = ("/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt")

# $@ are the logins that use libvirt there. The installation is simulated without apt's caches: apt would write them.
SCRIPT = f"""{PRELUDE}
logins=$*
machine=$(uname -m)
case $machine in
  x86_64) qemu=qemu-system-x86 ;;
  aarch64) qemu=qemu-system-arm ;;
  ppc64le) qemu=qemu-system-ppc ;;
  *) qemu=qemu-system ;;
esac
PATH=$PATH:/usr/libexec
manager=
for each in apt-get dnf yum zypper pacman apk; do
  if has "$each"; then manager=$each; break; fi
done
part manager 5 echo "$manager"
part machine 5 echo "$machine"
programs=$(for each in {" ".join(DAEMONS)} virsh qemu-img "qemu-system-$machine" qemu-kvm; do
  if has "$each"; then echo "$each"; fi
done)
part programs 5 echo "$programs"
# With only libvirt-daemon installed nothing starts the daemon.
served() {{
  [ -d /run/systemd/system ] || return 0
  for each in {" ".join(UNITS)}; do
    if systemctl cat "$each" > /dev/null 2>&1; then return 0; fi
  done
  return 1
}}
# Since libvirt 10 Debian has the driver of networks in a package of its own.
network_driver() {{
  [ -d /run/systemd/system ] || return 0
  has virtnetworkd && return
  for each in /usr/lib*/libvirt /usr/lib*/*/libvirt; do
    if [ -e "$each/connection-driver/libvirt_driver_network.so" ]; then return; fi
  done
  return 1
}}
lacks=
served=; if served; then served=yes; fi
driver=; if network_driver; then driver=yes; fi
{{ has libvirtd || has virtqemud; }} && [ "$served$driver" = yesyes ] || lacks='{" ".join(LIBVIRT)}'
part served 5 echo "$served"
part driver 5 echo "$driver"
has "qemu-system-$machine" || has qemu-kvm || lacks="$lacks $qemu qemu-utils"
wanted=
if [ "$manager" = apt-get ]; then
  for each in $lacks; do
    [ "$(dpkg-query -W -f '${{db:Status-Status}}' "$each" 2> /dev/null)" = installed ] || wanted="$wanted $each"
  done
fi
if [ -n "$wanted" ]; then
  part wanted 5 echo "$wanted"
  part simulation 90 apt-get -s -q --no-install-recommends -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
    install $wanted
  part residual 10 dpkg-query -W -f '${{db:Status-Status}} ${{Package}}\n'
  part age 5 sh -c 'echo $(($(date +%s) - $(stat -c %Y /var/lib/apt/lists/partial)))'
  part folders 10 find {" ".join(FOLDERS)} -xdev -type d
  part files 10 find /etc/libvirt -xdev '(' -type f -o -type l ')'
fi
part users 5 getent passwd {" ".join(USERS)}
part user_groups 5 getent group {" ".join(GROUPS)}
part systemd 5 test -d /run/systemd/system
if has systemctl; then part units 10 systemctl show -p {PROPERTIES} {" ".join(UNITS)}; fi
for each in $logins; do part "groups.$each" 5 id -nG "$each"; done
part release 5 sh -c '. /etc/os-release; echo "$VERSION_CODENAME"'
if [ "$manager" = apt-get ]; then
  part versions 10 dpkg-query -W -f '${{Version}}\n' libvirt-daemon
  part sources 20 apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages'
fi
if has virsh && [ -n "$served" ]; then part networks 15 virsh -q -c qemu:///system net-list --all; fi
part network_file 5 test -e {NETWORK_FILE}
"""


@dataclass(frozen=True)
class Software:
    """The result of SCRIPT; `package` stands for all missing packages."""

    package: Package
    programs: tuple[str, ...] = ()
    machine: str = ""  # of uname -m
    wanted: tuple[str, ...] = ()  # packages to install, if a program is missing
    folders: tuple[str, ...] = ()  # folders of libvirt that exist before the installation
    files: tuple[str, ...] = ()  # files and links that exist before it
    users: frozenset[str] = frozenset()  # of USERS
    groups: frozenset[str] = frozenset()  # of GROUPS
    systemd: bool = True
    units: tuple[Unit, ...] = ()
    logins: tuple[str, ...] = ()  # that use libvirt here
    members: frozenset[str] = frozenset()  # those in GROUP
    served_before: bool = True  # whether a unit starts the daemon, or there is no systemd
    driver: bool = True  # of networks
    release: Release = field(default_factory=Release)
    networks: tuple[Network, ...] | str = ()  # the reason where they can't be listed
    network_file: bool = False  # whether the definition of libvirt's own network is here
    lists_age_s: int = 0  # since apt last updated its lists

    @property
    def served(self) -> bool:
        """Whether libvirt's daemon and its unit are installed, so VMs may be in use."""
        return any(each in self.programs for each in DAEMONS) and self.served_before

    @property
    def networked(self) -> bool:
        """Whether the network driver is there as well, so libvirt's networks may be in use."""
        return self.served and self.driver

    @property
    def missing(self) -> tuple[str, ...]:
        """What every VM needs and this host lacks, in plain words."""
        lacks = []
        if not any(each in self.programs for each in DAEMONS):
            lacks.append("libvirt's daemon")
        elif not self.served_before:
            lacks.append("the service that starts libvirt's daemon")
        elif not self.driver:
            lacks.append("libvirt's network driver")
        if not any(each.startswith("qemu-") and each != "qemu-img" for each in self.programs):
            lacks.append(f"QEMU (qemu-system-{self.machine})")
        return tuple(lacks)

    @property
    def unit(self) -> Unit | None:
        """The unit of the daemon: one that is active, else one that is enabled, else the first."""
        known = [unit for name in UNITS if (unit := unit_named(self.units, name))]
        candidates = (
            *(unit for unit in known if unit.active == "active"),
            *(unit for unit in known if unit.file == "enabled"),
            *known,
        )
        return next(iter(candidates), None)


def parse_software(logins: Sequence[str], text: str) -> Software:
    """Parse the output of SCRIPT; Failure if one of its commands failed that must not."""
    sections = parse_sections(text)
    systemd = "systemd" in sections and sections["systemd"].status == 0
    wanted = tuple(_text(sections, "wanted").split())
    manager = _text(sections, "manager").strip()
    age = (file_text(sections.get("age")) or "").strip()  # stat fails if apt never had lists
    software = Software(
        package=Package("libvirt and QEMU", "apt" if manager == "apt-get" else manager),
        programs=tuple(_text(sections, "programs").split()),
        machine=_text(sections, "machine").strip(),
        wanted=wanted,
        folders=tuple(_lines(sections, "folders")),
        files=tuple(_lines(sections, "files")),
        users=frozenset(line.partition(":")[0] for line in _lines(sections, "users")),
        groups=frozenset(line.partition(":")[0] for line in _lines(sections, "user_groups")),
        systemd=systemd,
        units=parse_units(_text(sections, "units")) if systemd else (),
        logins=tuple(logins),
        members=frozenset(each for each in logins if GROUP in _text(sections, f"groups.{each}").split()),
        served_before="served" not in sections or bool(_text(sections, "served").strip()),
        driver="driver" not in sections or bool(_text(sections, "driver").strip()),
        release=parse_release(sections),
        networks=parse_networks(sections.get("networks")),
        network_file="network_file" in sections and sections["network_file"].status == 0,
        lists_age_s=whole(age) or 0,
    )
    package = Package(software.package.name, software.package.manager, installed=not software.missing)
    if "simulation" in sections and not package.installed:
        package = parse_simulation(package, sections["simulation"].text, _text(sections, "residual"))
    return replace(software, package=package)


def _text(sections: Mapping[str, Section], name: str) -> str:
    return output(sections, name, f"libvirt and QEMU could not be read ({name})") if name in sections else ""


def _lines(sections: Mapping[str, Section], name: str) -> list[str]:
    """The entries that a command found, without its messages about missing ones."""
    part = sections.get(name)
    return [line for line in part.text.splitlines() if line.startswith("/") or ":x:" in line] if part else []
