"""Messages about the VM's console, network cards and passed-through devices."""

from tui.vm.model.reasons.row import MIGRATION, Row

EDIT = "(`virsh edit`)"

CONSOLE = (
    Row(
        r"-?incoming[^\n]*Cannot assign requested address",
        "the migration must arrive at an address that {host} does not have",
        "Correct the listen address of the migration, or migration_address in its qemu.conf.",
    ),
    Row(
        r"-(?:vnc|spice) [^\n]*?Cannot assign requested address|inet_listen_opts: bind\([^\n]*Cannot assign requested",
        "the VM's console listens on an address that {host} does not have",
        f"Let it listen on 0.0.0.0, or on a libvirt network, in the VM's <graphics> {EDIT}.",
    ),
    Row(
        r"bind[^\n]*Cannot assign requested address",
        "QEMU must listen on an address that {host} does not have",
        f"Usually it is that of the VM's console: let it listen on 0.0.0.0 in <graphics> {EDIT}.",
    ),
    Row(
        r"Failed to reserve port (49(?:1[5-9]|2[01])\d)",
        "the port {1}, which the migration needs, is in use {on}",
        "End what uses it there (`ss -ltnp`), or set another migration_port_min in its /etc/libvirt/qemu.conf. The "
        "Hosts page tries these ports.",
    ),
    Row(
        r"-vnc \S*?:(\d+)[^\n]*Address already in use",
        "the VNC display {1} of the VM's console is in use {on}: its port is 5900 plus that number",
        f"Set autoport='yes' in its <graphics> {EDIT}, or end what uses the port there (`ss -ltnp`).",
    ),
    Row(
        r"Failed to reserve port (\d+)|-spice \S*?port=(\d+)[^\n]*Address already in use",
        "the port {1}{2}, which the VM's console needs, is in use {on}",
        f"Set autoport='yes' in its <graphics> {EDIT}, or end what uses the port there (`ss -ltnp`).",
    ),
    Row(
        r"Unable to find an unused port in range '?(\w+)'? *(\([0-9-]+\))?",
        "all ports of the range {1} {2} are in use {on}",
        "End what uses them there (`ss -ltnp`), or set another migration_port_min and migration_port_max, or "
        "remote_display_port_min, in its /etc/libvirt/qemu.conf. The Hosts page tries the migration's ports.",
    ),
    Row(
        r"unable to set guest cid[^\n]*Address already in use",
        "another VM {on} has the vsock address (CID) of the VM",
        f"Set <cid auto='yes'/> in its <vsock> {EDIT}.",
    ),
    Row(
        r"(?:Failed to bind socket|bind|listen|available port)[^\n]*Address already in use",
        "a port that QEMU needs is in use {on}",
        "Find what uses it there: `ss -ltnp`.",
    ),
    Row(
        r"\b(\w+) graphics are not supported with this QEMU",
        "the QEMU {on} has no {1} console",
        f"Use VNC in the VM's <graphics>, and remove its spicevmc channels and "
        f"redirdevs {EDIT}; or install a QEMU that "
        "has it.",
    ),
    Row(
        r"domain configuration does not support video model '(\w+)'|"
        r"(?:video model|video type) '?(\w+)'? is not supported",
        "the QEMU {on} does not have the VM's video card {1}{2}",
        f"Install its module (qemu-system-modules-spice, qemu-device-display-*), or choose virtio or vga {EDIT}.",
    ),
    Row(
        r"'([\w.-]+)'(?: \(alias '[\w.-]+'\))? is not a valid device model name",
        "the QEMU {on} does not have the device {1}",
        "Install the package with its module there (qemu-system-modules-*, qemu-device-*), or give the VM another "
        f"device {EDIT}.",
    ),
    Row(
        r"spicevmc[^\n]*not supported|chardev 'spicevmc' not supported|'spicevmc' is not a valid char",
        "the QEMU {on} has no SPICE, which a channel or a redirected USB device of the VM needs",
        f"Remove the spicevmc channels and redirdevs from its definition {EDIT}.",
    ),
    Row(
        r"keymap[^\n]*(?:not found|could not read)|could not read keymap file: '?([^\s']+)",
        "the keyboard map of the VM's console is missing {on} {1}",
        "Install qemu-system-data there, or remove keymap from <graphics>.",
    ),
)

CONNECTED = (  # to programs and storage that are no hosts of the migration
    Row(
        r"Unable to find a satisfying virtiofsd|virtiofsd binary '[^']*' is not executable",
        "virtiofsd, which a folder of the VM needs, is missing {on}",
        "Install virtiofsd there.",
    ),
    Row(
        r"virtiofsd died unexpectedly",
        "virtiofsd, which a folder of the VM needs, ended at its start {on}",
        "Its log there has the reason: /var/log/libvirt/qemu/VM-fs0-virtiofsd.log. The folder must exist there, too.",
    ),
    Row(
        r"-chardev [^\n]*?Failed to connect to '([^']+)': ([^\n]+)",
        "a device of the VM cannot connect to {1} {on}: {2}",
        "Start the program that listens there, such as Open vSwitch, DPDK, swtpm or virtiofsd.",
    ),
    Row(
        r"-(?:blockdev|drive) [^\n]*?: ((?:iSCSI: )?(?:error connecting|Failed to connect to)[^\n]*)",
        "QEMU cannot connect to the storage of a disk {on}: {1}",
        "The storage must admit that host, too: look at the network, the firewall, and the secret of the disk.",
    ),
    Row(
        r"Could not open '(/dev/[^']+)': No such file or directory",
        "the device {1} of the host, which the VM uses, does not exist {on}",
        f"Connect one under the same name there, or remove it from the VM's definition {EDIT}.",
    ),
    Row(
        r"error reading header from (\S+): No such file",
        "the image {1} does not exist in the Ceph pool that {host} uses",
        "Compare the pool, the monitors and the secret of the disk on both hosts.",
    ),
    Row(
        r'failed to find romfile "([^"]+)"',
        "the ROM {1} is missing {on}",
        "Install the same package there (ipxe-qemu, seabios), or copy the file.",
    ),
    Row(
        r"no nwfilter with matching name '([^']+)'",
        "the network filter {1} is missing {on}",
        "Define it there: `virsh nwfilter-dumpxml {1}` here, then `virsh nwfilter-define` there.",
    ),
)

NETWORK = (
    Row(
        r"(?:Could not get interface index for|Unable to create tap device|error creating mac(?:vtap|vlan) "
        r"interface) ([^\s:]+)[^\n]*: No such device",
        "the network interface below {1} is missing {on}",
        f"Create one of the same name there, or use a libvirt network {EDIT}.",
    ),
    Row(
        r"error creating mac(?:vtap|vlan) interface [^\s@]*@?(\S*)[^\n]*: Device or resource busy",
        "the network card {1} cannot carry the VM's macvtap interface {on}",
        "Another VM has it in the mode passthrough, or it is in a bridge or a bond there: `ip -d link`.",
    ),
    Row(
        r"Unable to create tap device (vnet\S+): Device or resource busy",
        "the tap device {1} is in use {on}",
        f"Remove <target dev='...'/> from the network card {EDIT}: libvirt then chooses a free name.",
    ),
    Row(
        r"Unable to add port \S+ to OVS bridge (\S+)",
        "the Open vSwitch bridge {1} is missing or broken {on}",
        "Create it there, and check that ovs-vswitchd runs.",
    ),
    Row(
        r"/dev/net/tun[^\n]*(?:No such|Permission)",
        "tap devices cannot be made {on}",
        "Load the module there: modprobe tun.",
    ),
    Row(
        r"Target network card MTU (\d+) does not match source (\d+)",
        "a network card has MTU {2} on the origin and {1} on the destination",
        "Give the bridge or network on the destination the same MTU; the guest cannot change it while it runs.",
    ),
    Row(
        r"no network with matching name '([^']+)'",
        "libvirt's network {1} is missing {on}",
        "Define and start a network of the same name there.",
    ),
    Row(
        r"network '([^']+)' is not active",
        "libvirt's network {1} is not active {on}",
        "Start it there: virsh net-start {1}, and virsh net-autostart {1}.",
    ),
    Row(
        r"(?:Cannot get interface MTU on|Unable to add bridge|failed to get index of interface|Unable to get index for "
        r"interface|Failed to (?:find|get) interface) '?([^'\s:]+)'?[^\n]*: No such device",
        "the bridge or network interface {1} is missing {on}",
        "Create one of the same name there; the Hosts page checks the VMs' networks.",
    ),
    Row(
        r"MAC address[^\n]*already in use|MAC ([0-9a-f:]{17})[^\n]*(?:used|conflict)",
        "another VM {on} uses the MAC address of the VM {1}",
        f"Give one of the two another MAC address {EDIT}.",
    ),
    Row(
        r"vhost-net[^\n]*(?:could not be initialized|unable to init|No such file|unavailable)",
        "vhost-net cannot be used {on}",
        "Load its module there: modprobe vhost_net.",
    ),
)

PASSED_THROUGH = (
    Row(
        r"vfio_(?:container_)?dma_map\([^\n]*Cannot allocate memory|VFIO_MAP_DMA[^\n]*Cannot allocate memory",
        "QEMU may not lock the memory that a passed-through device needs {on}",
        f"Set <hard_limit> in <memtune> to the VM's memory plus 1 GiB {EDIT}, or raise LimitMEMLOCK of libvirtd there.",
    ),
    Row(
        r"(USB device \S+) is (?:already in use|in use by)|Did not find (USB device \S+)",
        "the {1}{2} of the VM is missing or in use {on}",
        f"Plug it in there, or detach it before the migration {EDIT}.",
    ),
    Row(
        r"PCI device (\S+) not found|no node device with matching name 'pci_(\w+)'|"
        r"Device ([0-9a-f:.]{12}) not found: could not access",
        "the PCI device {1}{2}{3} is missing {on}",
        "The same device must be at the same address there; else detach it for the time of the migration.",
    ),
    Row(
        r"mediated device '([^']+)' not found|no node device with matching name 'mdev_(\w+)'",
        "the mediated device {1}{2} is missing {on}",
        "Create one of the same type and UUID there.",
    ),
    Row(
        r"PCI device (\S+) is in use by driver \w+, domain (\S+)",
        "the PCI device {1} is used by the VM {2} {on}",
        "Shut that VM down, or pass another device through.",
    ),
    Row(
        r"[Ff]ailed to set iommu for container: Operation not permitted",
        "the IOMMU {on} has no interrupt remapping, which a passed-through device needs",
        "Enable it in the firmware there; vfio_iommu_type1.allow_unsafe_interrupts=1 trusts all VMs instead.",
    ),
    Row(
        r"host doesn't support passthrough of host PCI devices",
        "{host} has no IOMMU, which a passed-through device needs",
        "Enable VT-d or AMD-Vi in its firmware, and intel_iommu=on on its kernel's command line; then load vfio-pci.",
    ),
    Row(
        r"group (\d+) is not viable|Verify all devices in group (\d+) are bound",
        "the passed-through device shares its IOMMU group {1}{2} with others that the host uses {on}",
        "Bind all devices of the group to vfio-pci there.",
    ),
    Row(
        r"Guest has non-migratable device",
        "the VM has a device that QEMU cannot move",
        "QEMU's log on the origin may name it; detach it.",
    ),
    Row(
        r"(?m:^)([^\n]*(?:VFIO migration is not supported(?! with postcopy)|"
        r"VFIO device does(?:n't| not) support)[^\n]*)",
        "a passed-through PCI device or its driver cannot migrate: {1}",
        "Detach it for the time of the migration, or pair it with a virtio card by <teaming>.",
    ),
    Row(
        r"has assigned non-USB host devices|cannot migrate a domain with "
        r"<hostdev[^>]*type='?(\w+)'?|cannot migrate a domain "
        r"with <hostdev",
        "the VM has a device of the host, which cannot move {1}",
        "Detach it for the time of the migration, then attach one of the other host.",
    ),
    Row(
        r"cannot migrate a domain with <interface type='(\w+)'>|(vDPA) devices cannot be migrated",
        "the VM has a network interface of the type {1}{2}, which cannot move",
        f"Use a bridge or a libvirt network {EDIT}.",
    ),
    Row(
        r"VirtFS export path '([^']+)' is mounted in the guest using mount_tag '([^']+)'",
        "the guest has mounted the shared folder {1} ({2}), which cannot move",
        "Unmount it in the guest for the time of the migration: umount -a -t 9p.",
    ),
    Row(
        r"migration with (?:this )?virtiofs device is not supported",
        "the VM has a virtiofs folder, which libvirt or virtiofsd cannot move",
        "It needs libvirt 10.5 and virtiofsd 1.11 on both hosts. Else unmount it in the guest and detach it.",
    ),
    Row(
        r"shmem device '([^']+)' cannot be migrated",
        "the VM's shared memory device {1} cannot move, because its role is not master",
        f"Set role='master' on one VM only, or detach the device {EDIT}.",
    ),
    Row(
        r"vhost(?:-user)?[^\n]*lacks (VHOST\w+)",
        "a vhost device of the VM cannot move: its back end lacks {1}",
        "Update the back end, such as Open vSwitch or DPDK, or use a virtio card without it.",
    ),
    Row(
        r"without dbus-vmstate support|slirp-helper cannot be migrated",
        "the VM has a helper process that cannot move",
        f"Remove the slirp network or the helper's device from its definition {EDIT}.",
    ),
    Row(
        r"cannot migrate domain: ([^\n]+)|State blocked by [\w -]*?device '?([\w:./-]+)|"
        r"disallowing migration blocker[^\n]*: ([^\n]+)",
        "QEMU cannot move the VM as it is: {1}{2}{3}",
        "Detach or change what it names, then start again.",
    ),
    Row(
        r"Migration disabled: ([^\n]+)|Migration is disabled when ([^\n]+)",
        "QEMU cannot move the VM as it is: {1}{2}",
        "Detach or change what it names, then start again.",
        MIGRATION,
    ),
)
