"""Messages about QEMU's program, and about what the system of a host gives to it and to libvirt."""

from tui.vm.model.reasons.row import Row

ROWS = (
    Row(
        r"error while loading shared libraries: ([^\s:]+)|symbol lookup error: [^\n]*undefined symbol: (\S+)",
        "QEMU's program cannot run {on}: {1}{2} is missing in its libraries",
        "Its packages are not of one version: upgrade all of them there, then start again.",
    ),
    Row(
        r"cannot execute binary ([^\s:]+): ([\w /-]+)",
        "QEMU's program {1} cannot be run {on}: {2}",
        "Install the same QEMU there, or correct <emulator> (`virsh edit`). If its mode allows it, AppArmor or SELinux "
        "refused it: look for DENIED or avc in `journalctl -k`.",
    ),
    Row(
        r"failed to umount devfs on /dev|Failed to (?:make|create) /dev[^\n]*namespace",
        "libvirt could not make the VM's own /dev {on}",
        "Something else holds a mount below /dev there: `findmnt -R /dev`. Or set namespaces = [] in qemu.conf there.",
    ),
    Row(
        r"(?:Failed to activate service '|The name )org\.freedesktop\.machine1",
        "systemd-machined, which libvirt asks at each start of a VM, does not respond {on}",
        "Start it there: systemctl restart systemd-machined, and look at dbus.",
    ),
    Row(
        r"Failed to apply firewall (?:rules?|command)s? ([\s\S]+)",
        "libvirt could not set the firewall rules of a network {on}: {1}",
        "A reload of the firewall may have removed libvirt's chains: restart libvirtd or virtnetworkd there. "
        "firewall_backend in network.conf chooses nftables or iptables.",
    ),
    Row(
        r"UNIX socket path '([^'\n]+)'(?: is)? too long",
        "the path of a socket of the VM is too long {on}: {1}",
        "Give the VM a shorter name while it is off: virsh domrename.",
    ),
    Row(
        r"can't open backing store (\S+) for guest RAM: ([\w ]+)",
        "QEMU cannot open {1} for the VM's memory {on}: {2}",
        "The mount of hugetlbfs there must be the one of hugetlbfs_mount in qemu.conf, and libvirt must have made its "
        "folder in it: restart libvirtd.",
    ),
    Row(
        r"Too many open files",
        "a program {on} has opened as many files as it may",
        "Raise LimitNOFILE of libvirtd or virtqemud there, or max_files in its qemu.conf.",
    ),
    Row(
        r"(?:Cannot create thread|cannot fork child process|qemu_thread_create|Unable to create thread)[^\n]*"
        r"Resource temporarily unavailable",
        "a program {on} has started as many threads or processes as it may",
        "Raise TasksMax and LimitNPROC of libvirtd or virtqemud there, or max_processes in its qemu.conf.",
    ),
)
