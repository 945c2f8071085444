"""Messages about the VM's CPU, machine type, firmware, TPM and memory."""

from tui.vm.model.reasons.row import MIGRATION, Row

CPU_HINT = "Give the VM a CPU model that both hosts have; the Hosts page compares them."
SAME_VERSION = "Install the same or a newer QEMU there; the Hosts page shows the versions."
NAMES = r"([\w., :\[\]/-]+)"

CPU = (
    Row(
        rf"extra features: ([\w.,-]+), missing features: {NAMES}",
        "{host}'s CPU lacks features that the VM uses: {2}",
        f"{CPU_HINT} libvirt there also reports more than the VM has: {{1}}.",
    ),
    Row(
        r"does not match required CPU vendor (\w+)",
        "{host}'s CPU is not of the vendor {1}, which the VM's CPU requires",
        "A running VM can't change the vendor of its CPU. Shut it down, choose another CPU model, and boot it there.",
    ),
    Row(
        r"CPU features not supported by hypervisor[^:\n]*: ([\w', -]+)",
        "the QEMU or CPU {on} does not support CPU features of the VM: {1}",
        CPU_HINT,
    ),
    Row(
        rf"extra features: {NAMES}",
        "libvirt reports the VM's CPU differently {on}: extra features {1}",
        "No feature is missing. Update libvirt on the destination to 11.10 or later, which accepts it.",
    ),
    Row(
        rf"(?:missing features|does not provide required features|missing feature\(s\)): {NAMES}",
        "{host}'s CPU lacks features that the VM uses: {1}",
        f"{CPU_HINT} If the VM can be started there, it can be moved after a restart with that CPU.",
    ),
    Row(
        rf"host doesn't support requested features?: {NAMES}",
        "{host}'s CPU lacks features that the VM uses: {1}",
        CPU_HINT,
    ),
    Row(
        r"guest CPU doesn't match|incompatible with host CPU|missing features|required features|"
        r"CPU is not compatible|not compatible with host CPU",
        "{host}'s CPU lacks features that the VM uses",
        CPU_HINT,
    ),
    Row(
        r"unable to find CPU definition|Unknown CPU model '?([\w-]*)|CPU model "
        r"'?([\w-]+)'? is not supported by hypervisor",
        "the QEMU or libvirt {on} does not know the VM's CPU model {1}{2}",
        f"{SAME_VERSION} Or choose a CPU model that both hosts know.",
    ),
    Row(
        r"'invtsc' CPU feature but TSC frequency",
        "the VM has the CPU feature invtsc without a TSC frequency",
        "Shut it down and add <timer name='tsc' frequency='...'/> to its clock, or remove invtsc (`virsh edit`).",
    ),
    Row(
        r"Requested TSC frequency \d+ Hz is outside tolerance|TSC frequency mismatch between VM",
        "{host}'s CPU runs at another TSC frequency and cannot scale it",
        "Remove the TSC frequency and invtsc from the VM's definition, and restart it.",
    ),
    Row(
        r"cannot set CPU affinity on process|Unable to set.*affinity|"
        r"cpuset\.cpus'?: (?:Invalid argument|Numerical result out of range)",
        "the VM is pinned to CPUs that {host} does not have",
        "Its <cputune> names them: vcpupin, emulatorpin. `lscpu` shows the CPUs (`virsh edit` changes the definition).",
    ),
    Row(
        r"Machine type received is '([^']+)' and local is '([^']+)'",
        "the VM has the machine type {1}, but was started on the destination with {2}",
        "Its definition there names another machine type; remove that definition, or use the same one.",
    ),
    Row(
        r"unsupported machine type:? ['\"]([^\s'\"]+)|does not support machine type '([^']+)'|"
        r"-(?:machine|M) (?:type=)?'?([\w.-]+)[^\n]*unsupported machine type",
        "the QEMU {on} does not have the VM's machine type {1}{2}{3}",
        f"{SAME_VERSION} A machine type of one distribution, such as pc-q35-noble, exists only there.",
    ),
    Row(
        r"Cannot check QEMU binary '?([^\s:']+)",
        "QEMU's program {1} is missing {on}",
        "Install the same QEMU there; the Hosts page installs its packages.",
    ),
    Row(
        r"could not find capabilities for [^\n]*domaintype=kvm|failed to initialize kvm|Could not access KVM|"
        r"does not support virt type 'kvm'|/dev/kvm'?: (?:No such|Permission)|"
        r"Domain requires KVM, but it is not available",
        "KVM cannot be used {on}",
        "Enable virtualization in its firmware and load kvm_intel or kvm_amd; the Hosts page checks it.",
    ),
    Row(
        r"ioctl\(KVM_CREATE_VM\) failed: 16",
        "another hypervisor, such as VirtualBox, uses the CPU's virtualization {on}",
        "End it there.",
    ),
    Row(
        r"failed to set MSR (0x\w+)|kvm_buf_set_msrs: Assertion",
        "{host}'s CPU or kernel does not accept a register of the VM's CPU {1}",
        f"{CPU_HINT} The same kernel on both hosts helps, too.",
    ),
    Row(
        r"unknown CPU feature:? '?([\w.-]+)",
        "libvirt {on} does not know the CPU feature {1} of the VM",
        "Install the same or a newer libvirt there, or take the feature out of the VM's CPU (`virsh edit`).",
    ),
    Row(
        r"can't apply global \S+-cpu\.([\w-]+)=",
        "the QEMU {on} does not know the CPU feature {1} of the VM",
        SAME_VERSION,
    ),
    Row(
        r"Property '([\w.-]+)' not found",
        "the QEMU {on} does not know the property {1} of a device",
        SAME_VERSION,
    ),
    Row(
        r"Number of SMP cpus requested \((\d+)\) exceeds the maximum cpus supported by KVM \((\d+)\)",
        "the VM has {1} vCPUs, and KVM {on} allows {2}",
        "Give it fewer (`virsh edit`), and restart it; a newer kernel may allow more.",
    ),
    Row(
        r"Address space limit[^\n]*phys-bits too low \((\d+)\)",
        "the VM's CPU has too few address bits for its memory {on} ({1})",
        "Set <maxphysaddr mode='passthrough'/> in its <cpu>, or give it less memory (`virsh edit`); then restart it.",
    ),
    Row(
        r"could not find capabilities for arch=(\w+)",
        "QEMU for {1} is missing there",
        "Install it there; the Hosts page installs its packages.",
    ),
    Row(
        r"cannot find suitable emulator for (\w+)",
        "QEMU for {1} is missing {on}",
        "Install it there; the Hosts page installs its packages.",
    ),
    Row(
        r"CPU mode '([\w-]+)' for \S+ (\w+) domain[^\n]*not supported by hypervisor",
        "the CPU mode {1} needs KVM, which the VM cannot use {on}",
        "The Hosts page shows whether KVM works; without it, choose a CPU model that QEMU emulates.",
    ),
)

ABI = (
    Row(
        r"Target ([^\n]+?) does not match source ?([^\n]*)",
        "the definition for the destination differs from the running VM: {1}, on the origin {2}",
        "What the guest sees must stay the same. Leave it out of the destination's XML, or make the host's part equal.",
        MIGRATION,
    ),
)

FIRMWARE = (
    Row(
        r"on destination side\) does not support the --migration option|Found swtpm that doesn't support",
        "swtpm on the destination is too old for a TPM's state on shared storage",
        "Update swtpm there to 0.8 or later.",
    ),
    Row(
        r"Size mismatch: (system\.flash\d|pc\.bios|\S*flash\S*)|"
        r"(?:cfi\.pflash01: )(device requires \d+ bytes, block backend provides \d+)|"
        r"system firmware block device (\w+ has invalid size \d+)",
        "the UEFI firmware of the two hosts differs in size ({1}{2}{3})",
        "Install the same OVMF package on both hosts; 2 MiB and 4 MiB images cannot be mixed.",
    ),
    Row(
        r"Size (?:mismatch|too large): (\S*(?:rom|acpi)\S*?):? 0x",
        "the firmware or a card's ROM differs in size between the hosts ({1})",
        "Install the same packages on both hosts: seabios, ipxe-qemu or ovmf.",
    ),
    Row(
        r"Unable to find (?:any firmware to satisfy )?'?efi'?|Unable to find.*firmware|"
        r"could not load PC BIOS '?([^\s']*)|"
        r"No suitable firmware",
        "the VM's firmware {1} is missing {on}",
        "Install the same firmware there: ovmf (Debian, Ubuntu) or edk2-ovmf (Fedora, RHEL).",
    ),
    Row(
        r"unable to find any master var store for loader: (\S+)",
        "the template of the UEFI variables for {1} is missing {on}",
        "Install the same OVMF package there, or name the template in the definition: <nvram template='...'>.",
    ),
    Row(
        r"cannot undefine domain with nvram",
        "the VM has UEFI variables, which must be kept or deleted with it",
        "Use virsh undefine --keep-nvram or --nvram.",
    ),
    Row(
        r"TPM error 0x21",
        "the TPM's state cannot be decrypted on the destination: the secret differs",
        "Define the secret with the same UUID and the same value there (`virsh secret-define`, `secret-set-value`).",
    ),
    Row(
        r"stateblob[^\n]*TPM error 0x(\w+)|TPM error 0x(\w+)",
        "swtpm on the destination does not accept the TPM's state (error 0x{1}{2})",
        "Install the same or a newer swtpm and libtpms there. On a shared folder, both need libvirt 9.0 and swtpm 0.8.",
    ),
    Row(
        r"Unable to find '?(swtpm\w*)'?|(swtpm\w*)'? (?:binary|executable).*not found",
        "{1}{2}, which the VM's TPM needs, is missing {on}",
        "Install swtpm and swtpm-tools there.",
    ),
    Row(
        r"Could not run '[^']*swtpm_setup'[^\n]*log '([^']+)'",
        "swtpm_setup could not make the state of the VM's TPM {on}",
        "The log {1} there has the reason.",
    ),
    Row(
        r"swtpm[^\n]*(?:UnixIO|control) socket[^\n]*Address already in use",
        "an earlier swtpm of the VM still runs {on}",
        "If no QEMU of that VM runs there, end it: `pgrep -a swtpm`.",
    ),
    Row(
        r"TPM result for CMD_INIT: (0x\w+)",
        "swtpm could not load the state of the VM's TPM {on} ({1})",
        "The state in /var/lib/libvirt/swtpm may belong to another user, be locked by another swtpm, or be of a newer "
        "one. Its log in /var/log/swtpm/libvirt/qemu there has more.",
    ),
    Row(
        r"swtpm died and reported: ([^\n]+)",
        "swtpm failed {on}: {1}",
        "Its log in /var/log/swtpm/libvirt/qemu there has more.",
    ),
    Row(
        r"running swtpm does not support migration with shared storage",
        "the VM's swtpm is too old to move with its state on shared storage",
        "Update swtpm to 0.8 or later and restart the VM. libvirt 12.0 reports this wrongly; 12.1 does not.",
    ),
    Row(
        r"TPM emulator does not support migration|Migration disabled: TPM",
        "the VM's TPM cannot be moved",
        "Only an emulated TPM (swtpm) moves; a TPM of the host does not.",
    ),
    Row(
        r"(?:Secret not found[^\n]*)?no secret with matching uuid '?([\w-]+)'?|Secret not found",
        "a secret that the VM needs is missing {on}: {1}",
        "Define the secret with the same UUID and value there (`virsh secret-define`, `virsh secret-set-value`).",
    ),
)

MEMORY = (
    Row(
        r"unable to map backing store for guest RAM|Unable to find any usable "
        r"hugetlbfs mount|hugetlbfs filesystem is not|Insufficient free host memory pages",
        "the huge pages that the VM needs are missing {on}",
        "Reserve enough of that size there (vm.nr_hugepages, /etc/hugepages) and "
        "mount hugetlbfs; `virsh freepages --all` "
        "shows those that are free.",
    ),
    Row(
        r"(?:os_mem_prealloc|qemu_prealloc_mem): preallocating memory failed",
        "QEMU cannot allocate all of the VM's memory at its start {on}",
        "Free memory there, or huge pages if the VM uses them: `virsh freepages --all`.",
    ),
    Row(
        r"cannot limit locked memory|failed to mlock|mlockall: (?!on_fault)",
        "QEMU may not lock the VM's memory {on}",
        "Set <hard_limit> in <memtune>, or raise LimitMEMLOCK of libvirtd there.",
    ),
    Row(
        r"cannot set up guest memory|closed the monitor[\s\S]*Cannot allocate memory|Cannot allocate memory",
        "{host} has too little memory for the VM",
        "Free memory there, or give the VM less. The Hosts page shows how much there is.",
    ),
    Row(
        r"cannot bind memory to host NUMA nodes: Operation not permitted",
        "QEMU may not bind the VM's memory to NUMA nodes {on}",
        "The nodes are there: a container or a seccomp filter forbids mbind. Or remove <numatune> (`virsh edit`).",
    ),
    Row(
        r"NUMA node (\d+) is unavailable|cannot bind memory to host NUMA nodes|nodeset.*(?:out of range|not available)|"
        r"Invalid value '[^']+' for 'cpuset.mems'|cpuset\.mems'?: Invalid argument",
        "the VM is bound to NUMA nodes that {host} does not have {1}",
        "Change <numatune> in its definition (`virsh edit`), and restart it.",
    ),
    Row(
        r"dimm info lacks slot ID or base address",
        "a memory module of the VM has no slot or base address in libvirt's books",
        "Restart the VM, or detach that module before the migration.",
    ),
)

STATE = (
    Row(
        r"Received unknown capability ([\w-]+)|Capability ([\w-]+) is (?:on|off), but received capability",
        "the QEMUs of the two hosts do not agree on {1}{2}",
        "Start it without that option, or install the same QEMU on both hosts; the Hosts page shows the versions.",
        MIGRATION,
    ),
    Row(
        r"Unknown savevm section or instance '([^']+)'",
        "the QEMU of the destination does not know a device of the VM: {1}",
        "Its QEMU is older, or the VM has other devices in its definition there. The Hosts page shows the versions.",
        MIGRATION,
    ),
    Row(
        r"Unknown ramblock \"?([^\"\s]+)|Length mismatch: ([^:\s]+)",
        "the VM's devices or memory differ on the destination: {1}{2}",
        "The definition used there must be the same, and the firmware packages of both hosts of one version.",
        MIGRATION,
    ),
    Row(
        r"Features 0x(\w+) unsupported",
        "a virtio device uses features that the destination's QEMU or kernel does not offer",
        "Install the same QEMU and kernel on both hosts; vhost-net takes its features from the kernel.",
        MIGRATION,
    ),
    Row(
        r"unsupported version \d+ for '([^']+)' v\d+|([\w./:-]+): incoming version_id \d+ is too new",
        "the QEMU of the destination is too old for the state of the device {1}{2}",
        SAME_VERSION,
        MIGRATION,
    ),
    Row(
        r"Mismatched RAM page size (\S+)",
        "the pages of the VM's memory {1} have another size on the destination, which post-copy does not allow",
        "Give it huge pages of one size on both hosts (<memoryBacking>), or start it as pre-copy.",
        MIGRATION,
    ),
    Row(
        r"Read section footer failed|"
        r"error while loading state(?: section id \d+\(ram\)| for instance \w+ of device 'ram')",
        "QEMU on the destination did not get all of the VM's memory",
        "The log of QEMU on the origin may have the reason, else the network.",
        MIGRATION,
        result=True,
    ),
    Row(
        r"error while loading state for instance \w+ of device '([^']+)'",
        "the QEMU of the destination refused the state of the device {1}",
        "Its QEMU is older, or the device is defined differently there; the VM's log there has more.",
        MIGRATION,
    ),
    Row(
        r"Missing section footer for (\S+)",
        "the QEMU of the destination reads the state of {1} differently",
        f"The two QEMUs do not fit together. {SAME_VERSION}",
        MIGRATION,
    ),
    Row(
        r"load of migration failed: ([\w /]+)",
        "QEMU on the destination could not load the VM's state: {1}",
        "The lines before it in the VM's log there have the reason.",
        MIGRATION,
        result=True,
    ),
)
