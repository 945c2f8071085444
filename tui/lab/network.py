"""The lab's network: a switch in its own namespace, a link from it to every host, a bridge on each hypervisor."""

import re
from collections.abc import Iterable
from pathlib import Path

from tui.core.failure import Failure
from tui.lab.command import run, succeeds
from tui.lab.inventory import HOSTS, NETWORK_BITS, Guest, Host, addresses
from tui.lab.namespaces import MARK, inside, launch
from tui.lab.process import Process

UNLIMITED = "none"
# A common link between two hosts; with a link as fast as memory every workload would converge.
DEFAULT_RATE = "1gbit"
# VMs made from cloud images get their address by DHCP. The server offers no router and no DNS because the lab has
# none. It is not bound to the link because a repair replaces the link.
DHCP_FIRST, DHCP_LAST = "10.77.0.100", "10.77.0.199"
DHCP_SERVER = (
    "dnsmasq", "--conf-file=/dev/null", "--user=root", "--port=0", "--pid-file=/run/dnsmasq.pid",
    "--dhcp-leasefile=/run/dnsmasq.leases", f"--dhcp-range={DHCP_FIRST},{DHCP_LAST},infinite", "--dhcp-authoritative",
    "--dhcp-option=option:router", "--dhcp-option=option:dns-server", "--log-facility=/run/dnsmasq.log",
)  # fmt: skip
SWITCH_SCRIPT = """
read -r pid _ < /proc/self/stat
printf '%s %s\\n' "$pid" "$(cut -d' ' -f22 /proc/$pid/stat)" > "$1/init.pid.new"
mv "$1/init.pid.new" "$1/init.pid"
ip link set lo up
ip link add lab type bridge forward_delay 0
ip link set lab up
: > "$1/ready"
exec sleep infinity
"""


def parse_rate(text: str) -> str:
    """Returns a link rate in tc's notation, such as 1gbit or 250mbit, or `none`; raises Failure otherwise."""
    if text == UNLIMITED or re.fullmatch(r"[1-9][0-9]{0,5}[kmg]bit", text):
        return text
    raise Failure(f"{text!r} is not a link rate", hint="Use a rate such as 1gbit or 250mbit, or none.")


def launch_switch(lab: Path) -> Process:
    """Starts the process whose namespace contains the switch."""
    folder = lab / "switch"
    folder.mkdir(exist_ok=True)
    return launch(["--net"], ["sh", "-e", "-c", SWITCH_SCRIPT, "sh", str(folder)], {MARK: str(lab)}, folder)


def connected(process: Process, host: Host) -> bool:
    """Whether a host's link to the switch is up, in its bridge and with its address."""
    own = "br0" if host.hypervisor else "eth0"
    bridged = "[ -e /sys/class/net/br0/brif/eth0 ] && " if host.hypervisor else ""
    script = f'grep -q 1 /sys/class/net/eth0/carrier && {bridged}ip -o address show dev {own} | grep -qF " $1/"'
    return succeeds(inside(process, ["sh", "-c", script, "sh", host.address]), limit_s=5)


def connect(switch: Process, process: Process, host: Host) -> None:
    """Replaces a host's link to the switch and sets its address."""
    port = f"to-{host.name}"
    succeeds(inside(switch, ["ip", "link", "del", port], network_only=True))
    succeeds(inside(process, ["ip", "link", "del", "eth0"], network_only=True))
    succeeds(inside(process, ["ip", "address", "flush", "dev", "br0"], network_only=True))
    _ip(
        switch,
        f"link add {port} type veth peer name eth0 address {host.mac} netns {process.pid}",
        f"link set {port} master lab up",
    )
    own = "br0" if host.hypervisor else "eth0"
    if host.hypervisor:
        if not succeeds(inside(process, ["ip", "link", "show", "br0"], network_only=True)):
            _ip(process, f"link add br0 address {host.mac} type bridge forward_delay 0")
        _ip(process, "link set eth0 master br0")
    _ip(
        process,
        "link set lo up",
        "link set eth0 up",
        f"link set {own} up",
        f"address add {host.address}/{NETWORK_BITS} dev {own}",
    )


def limit(process: Process, rate: str) -> None:
    """Limits a host's link to `rate`, or removes the limit; its guests share the limit."""
    queue = ["root"] if rate == UNLIMITED else ["root", "tbf", "rate", rate, "burst", "1mb", "latency", "50ms"]
    if rate != UNLIMITED:
        run(inside(process, ["tc", "qdisc", "replace", "dev", "eth0", *queue], network_only=True))
    elif "tbf" in run(inside(process, ["tc", "qdisc", "show", "dev", "eth0"], network_only=True)):
        run(inside(process, ["tc", "qdisc", "del", "dev", "eth0", "root"], network_only=True))


def hosts_file(hosts: Iterable[Host] = HOSTS, vms: Iterable[Guest] = ()) -> str:
    """The text of /etc/hosts on all hosts; no lab name is a loopback address, which QEMU would refuse."""
    names = "".join(f"{address} {name}\n" for name, address in addresses(hosts, vms).items())
    return f"127.0.0.1 localhost\n::1 localhost\n{names}"


def _ip(process: Process, *lines: str) -> None:
    run(inside(process, ["ip", "-batch", "-"], network_only=True), stdin="\n".join(lines) + "\n")
