"""The lab's network: a switch in a namespace of its own, a link from it to every host, a bridge on the hypervisors."""

import re
from pathlib import Path

from tui.core.failure import Failure
from tui.lab.command import run, succeeds
from tui.lab.inventory import GUEST, HOSTS, NETWORK_BITS, Host
from tui.lab.namespaces import MARK, inside, launch
from tui.lab.process import Process

UNLIMITED = "none"
# What two hosts usually have between them; and a link as fast as memory would let every workload converge in the end.
USUAL_RATE = "1gbit"
# As a network of people's own has one: a VM made of a cloud image asks for its address. Addresses alone, no names and
# no way out, for there is none. Not bound to the link: that may be made anew beneath it.
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
    """A link rate as tc understands it, such as 1gbit or 250mbit, or `none`; anything else raises Failure."""
    if text == UNLIMITED or re.fullmatch(r"[1-9][0-9]{0,5}[kmg]bit", text):
        return text
    raise Failure(f"{text!r} is no link rate", hint="Give a rate like 1gbit or 250mbit, or none.")


def launch_switch(lab: Path) -> Process:
    """Starts the process that holds the switch."""
    folder = lab / "switch"
    folder.mkdir(exist_ok=True)
    return launch(["--net"], ["sh", "-e", "-c", SWITCH_SCRIPT, "sh", str(folder)], {MARK: str(lab)}, folder)


def connected(process: Process, host: Host) -> bool:
    """Whether a host has its link to the switch, with everything that is configured last."""
    own = "br0" if host.hypervisor else "eth0"
    bridged = "[ -e /sys/class/net/br0/brif/eth0 ] && " if host.hypervisor else ""
    script = f'grep -q 1 /sys/class/net/eth0/carrier && {bridged}ip -o address show dev {own} | grep -qF " $1/"'
    return succeeds(inside(process, ["sh", "-c", script, "sh", host.address]), limit_s=5)


def connect(switch: Process, process: Process, host: Host) -> None:
    """Gives a host a new link to the switch and its address, in place of whatever is left of an old one."""
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
    """Slows a host's link to `rate`, or frees it; the guests behind it share the limit."""
    queue = ["root"] if rate == UNLIMITED else ["root", "tbf", "rate", rate, "burst", "1mb", "latency", "50ms"]
    if rate != UNLIMITED:
        run(inside(process, ["tc", "qdisc", "replace", "dev", "eth0", *queue], network_only=True))
    elif "tbf" in run(inside(process, ["tc", "qdisc", "show", "dev", "eth0"], network_only=True)):
        run(inside(process, ["tc", "qdisc", "del", "dev", "eth0", "root"], network_only=True))


def hosts_file() -> str:
    """The text of /etc/hosts that all of them share; no host's name means the local host (QEMU would refuse)."""
    names = [(host.address, host.name) for host in HOSTS] + [(GUEST.address, GUEST.name)]
    return "127.0.0.1 localhost\n::1 localhost\n" + "".join(f"{address} {name}\n" for address, name in names)


def _ip(process: Process, *lines: str) -> None:
    run(inside(process, ["ip", "-batch", "-"], network_only=True), stdin="\n".join(lines) + "\n")
