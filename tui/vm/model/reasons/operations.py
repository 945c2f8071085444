"""Messages about what the VM is doing, and about the options of a migration."""

from tui.vm.model.reasons.row import (
    CANCELLED,
    KERNEL_WITHOUT_USERFAULTFD,
    LOG,
    MIGRATION,
    NO_USERFAULTFD,
    OTHERWISE,
    POST_COPY_EXCLUDED,
    POST_COPY_NOT_ALLOWED,
    POST_COPY_OVER_PARALLEL,
    POST_COPY_PAUSED,
    POST_COPY_TUNNELLED,
    POST_COPY_UNUSABLE,
    QEMU_ENDED,
    Row,
)

CLOSED = "(?:unexpectedly closed the monitor|exited while connecting to monitor)"
VM = r"(?: \(vm='[^\n]*?'\))?"

VM_STATE = (
    Row(
        r"cannot migrate domain with (\d+) snapshots?",
        "the VM has snapshots ({1}), and libvirt does not move such a VM",
        "List them with virsh snapshot-list. virsh snapshot-delete --metadata makes libvirt forget one and keeps its "
        "data.",
    ),
    Row(
        r"domain has (?:an )?active block (?:copy )?job|another backup job|"
        r"disk '?(\w+)'? has an? active (?:\w+ )?(?:block )?job",
        "a block job runs on a disk of the VM, such as a backup or a commit {1}",
        "Wait until it ends, or end it: virsh blockjob VM DISK --info, --abort; virsh domjobabort for a backup.",
    ),
    Row(
        r"Source host lock driver (\w+) different from target (\w+)",
        "the hosts have different lock managers: {1} and {2}",
        "Set the same lock_manager in qemu.conf on both hosts.",
    ),
    Row(
        r"(?:Unsupported|Unknown) migration cookie feature (\S+)",
        "libvirt on the destination is too old: it does not know {1}",
        "Install the same or a newer libvirt there; the Hosts page shows the versions.",
        MIGRATION,
    ),
    Row(
        r"Unable to find security driver for model (\w+)",
        "the VM has a label of {1}, which libvirt does not use {on}",
        "Remove its <seclabel> (`virsh edit`), or set the same security_driver in qemu.conf on both hosts.",
    ),
    Row(
        r"transient disk is not supported",
        "the VM has a transient disk, which cannot move",
        "Shut it down and remove <transient/> from the disk (`virsh edit`).",
    ),
    Row(
        r"cannot migrate domain with I/O error",
        "the VM is paused by an I/O error of its disk",
        "Repair its storage first: the NFS page. Then resume the VM.",
    ),
    Row(
        r"marked for auto destroy",
        "the VM is destroyed as soon as the program that started it ends, so libvirt does not move it",
        "Start it without autodestroy.",
    ),
    Row(
        r"domain '([^']+)' already exists with uuid|domain '([^']+)' is already defined with uuid",
        "another VM {on} has the name {1}{2}, with another UUID",
        "It is not this VM. Rename one of them there: virsh domrename.",
    ),
    Row(
        r"domain '?([^']*)'? is already being started",
        "the VM {1} is just starting or arriving {on}",
        "Wait until that has ended, and look at it on the Launch page.",
    ),
    Row(
        r"domain is already active as '([^']+)'|domain '?([^']*)'? is already active",
        "the VM already runs {on} as {1}{2}",
        "Two VMs on one disk destroy it: find out which one is right before anything else.",
    ),
    Row(
        r"(?:domain with name|unexpected domain) '?\S+ already exists",
        "the name or UUID is in use {on}",
        "Rename or remove that VM.",
    ),
    Row(
        r"held by (?:monitor=)?remoteDispatchDomainMigrat(?:e|ion)?(?:Prepare|Finish)\w*",
        "the VM is just arriving at that host, and libvirt answers nothing about it meanwhile",
        "Wait until the migration ends.",
    ),
    Row(
        r"held by (?:monitor=)?remoteDispatchDomainMigrate(?:Begin|Perform|Confirm)\w*|"
        r"migration of domain [^\n]* is being actively monitored",
        "another migration of the VM is under way",
        "Wait until it ends, or cancel it.",
    ),
    Row(
        r"resuming failed post-copy migration of domain [^\n]* already in progress",
        "post-copy is being resumed already",
        "Wait until it goes on.",
    ),
    Row(
        r"post-copy migration of domain [^\n]* has not failed",
        "post-copy has not failed, so there is nothing to resume",
        "Wait until it ends.",
    ),
    Row(
        r"cannot abort migration in post-copy mode",
        "post-copy cannot be cancelled, because the memory of the VM is on both hosts",
        "Wait until it ends. The Migrate page shows what to do if it breaks.",
    ),
    Row(
        r"held by (?:monitor=|agent=)?remoteDispatch(\w+)",
        "another operation on the VM has not ended: {1}",
        "Wait and try again.",
    ),
    Row(
        r"cannot acquire state change lock",
        "another operation on the VM has not ended",
        "Wait and try again.",
    ),
    Row(
        r"another migration job is already running|migration[^\n]* already in progress|There's a migration process in "
        r"progress",
        "another migration of the VM is under way",
        "Wait until it ends, or cancel it.",
    ),
    Row(
        r"is not processing incoming migration",
        "the destination no longer waits for the VM",
        f"{LOG} on the destination may have the reason.",
        MIGRATION,
        result=True,
    ),
    Row(
        r"job '[\w ]+' failed due to I/O error",
        "a disk of the VM had an I/O error during the migration",
        "Repair its storage first: the NFS page. Or start the migration without abort-on-error.",
    ),
    Row(
        r"domain is no longer running",
        "the VM ended on the destination before it ran there",
        f"{LOG} on the destination has the reason.",
        MIGRATION,
        result=True,
    ),
    Row(r"domain is not running", "the VM does not run", "Start it on the Launch page."),
    Row(
        r"QEMU reports migration is still running",
        "QEMU has not noticed yet that the connection of post-copy broke",
        "Try again in some seconds.",
    ),
    Row(
        r"post-copy migration of the domain failed|job '[\w ]+' failed in post-copy phase|"
        r"job: post-copy phase failed|Migration protocol interrupted in post-copy mode|"
        r"Connection closed while resuming failed post-copy|Detected IO failure for postcopy",
        "a post-copy of the VM has broken, and its memory is on two hosts",
        "The Migrate page shows what to do. Neither destroy nor resume it by hand.",
    ),
    Row(
        r"Migrate recover can only be run when postcopy is paused",
        "QEMU on the destination has not noticed yet that the connection of post-copy broke",
        "Try again in some seconds.",
    ),
    Row(r"No space left on device[\s\S]*statedir", "libvirt cannot write its state {on}", "Free some space there."),
)

OPTIONS = (
    Row(
        r"started with VIR_MIGRATE_POSTCOPY",
        POST_COPY_NOT_ALLOWED,
        "Cancel it, then start it with post-copy.",
    ),
    Row(
        r"Enable postcopy with migrate_set_capability|can only be started while outgoing migration|"
        r"Start a migration before postcopy",
        "post-copy was requested before the migration had begun to send",
        "Request it again after the first pass has begun.",
    ),
    Row(
        r"Postcopy (?:is not (?:yet )?(?:compatible|supported)|.*incompatible)[^\n]*multifd|multifd[^\n]*postcopy",
        POST_COPY_OVER_PARALLEL,
        "Set the parallel connections to 0, or use QEMU 10.1 and libvirt 11.6 or later on both hosts.",
    ),
    Row(
        r"post-copy migration is not supported with non-live or paused",
        POST_COPY_PAUSED,
        "Start it without --suspend, or without post-copy.",
    ),
    Row(
        r"post-?copy is not supported with tunnelled",
        POST_COPY_TUNNELLED,
        "Start it without the tunnel, or without post-copy.",
    ),
    Row(
        r"VFIO migration is not supported with postcopy|Postcopy needs matching (?:RAM|target) page sizes|"
        r"nvdimm memory, postcopy|not compatible with ignore-shared",
        POST_COPY_EXCLUDED,
        "Start it as pre-copy.",
    ),
    Row(
        r"(?:userfaultfd|UFFDIO_API)[^\n]*Function not implemented",  # ENOSYS: no right that is missing
        KERNEL_WITHOUT_USERFAULTFD,
        "Start it as pre-copy. A kernel has it with CONFIG_USERFAULTFD; a seccomp filter of a container or an emulated "
        "kernel may hide it. The Hosts page tries it.",
    ),
    Row(
        r"userfaultfd not available|userfaultfd[^\n]*(?:Operation not permitted|Permission denied)",
        NO_USERFAULTFD,
        "Set vm.unprivileged_userfaultfd=1 on both hosts; the Hosts page sets it.",
    ),
    Row(
        r"Postcopy is not supported: ([^\n]+)",
        f"{POST_COPY_UNUSABLE}: {{1}}",
        "Start it as pre-copy.",
    ),
    Row(
        r"MSG_ZEROCOPY|Zero copy send feature not detected|"
        r"zero-?copy[^\n]*(?:lock|ENOBUFS|No buffer space)|Requested Zero Copy feature is not available",
        "QEMU cannot send without copying (zero-copy)",
        "Start it without zero-copy, or raise the limit of locked memory of QEMU and net.core.optmem_max.",
    ),
    Row(
        r"multifd[-_]compression'? does not accept value '(\w+)'|does not support multifd compression method '(\w+)'|"
        r"Un(?:supported|known) compression method '?(\w+)",
        "compression by {1}{2}{3} is not known to this libvirt or QEMU",
        "Choose another method, or start it without compression.",
    ),
    Row(
        r"Compression method '?(\w+)'? isn't supported with parallel migration",
        "compression by {1} does not go with parallel connections",
        "Set the parallel connections to 0, or choose zlib or zstd.",
    ),
    Row(
        r"only supported with parallel migration|"
        r"zero-?\s?copy (?:is )?only available|"
        r"compression (?:level|method)[^\n]*(?:not supported|requires)|"
        r"Turn parallel migration on to tune it|unsupported compression|"
        r"\b[\w-]+'? compression[^\n]*requires",
        "these options cannot be combined: zero-copy and multifd compression need parallel connections",
        "Set a number of parallel connections, or leave the other option out.",
    ),
    Row(
        r"(?:Parameter|Option) '?([\w-]+)'? expects ([^\n]+)",
        "QEMU does not accept the value of an option: {1} requires {2}",
        "Start it with another value.",
    ),
    Row(
        r"(?:capability|parameter) '?([\w-]+)'? is not (?:supported|available)(?! by this kernel)|"
        r"Parameter 'capability' does not accept value '([\w-]+)'|"
        r"'migrate-set-\w+': Invalid parameter '([\w-]+)'",
        "this QEMU has no {1}{2}{3}",
        "Leave the option out.",
    ),
    Row(
        r"Migration option '([\w-]+)' is not supported",
        "the QEMU of the VM does not have the option {1}",
        "Start it without that option; the Hosts page shows the versions.",
    ),
    Row(
        r"([^\n:]{0,80}\bmultifd[^\n]*)",
        "QEMU reports an error of the parallel connections: {1}",
        "Start it without parallel connections. The QEMUs of both hosts may differ.",
        MIGRATION,
        result=True,
    ),
    Row(
        r"dirty rate is already being measured",
        "another program measures it, too",
        "Try again in a minute.",
    ),
    Row(
        r"(?:function|vir\w+) is not supported by the connection driver: vir\w+|no "
        r"support for \w+ in the (?:remote )?driver",
        "this daemon does not support it",
    ),
    Row(
        r"Network-based migration[^\n]*|missing host in migration URI|unsupported "
        r"scheme|missing scheme in migration URI",
        "the migration's address is not valid",
        "Correct the migration URI, such as tcp://192.0.2.2.",
    ),
)

ENDS = (  # of QEMU and of the job: the last rows, because other messages contain these words
    Row(
        r"job '[\w ]+' unexpectedly failed|migration (?:out |in )?job: unexpectedly failed",
        "the migration failed, and QEMU reported no reason",
        f"{LOG} may have it on either host.",
        MIGRATION,
        result=True,
    ),
    Row(
        r"Sibling indicated error",  # by the return path
        "QEMU on the destination reported an error",
        f"{LOG} on the destination has the reason.",
        MIGRATION,
        result=True,
    ),
    Row(
        r"[Mm]achine '(qemu-[^'\n]+)' already exists|Unit (machine-qemu\S+\.scope) "
        r"(?:already exists|was already loaded)",
        "systemd {on} still has an earlier run of the VM: {1}{2}",
        "If no QEMU of that VM runs there, end it: `machinectl list`, then `machinectl terminate`, or `systemctl stop` "
        "for a unit.",
    ),
    Row(r"cancell?ed by client|migration[^\n]* was aborted|successfully aborted", CANCELLED),
    Row(
        rf"{CLOSED}{VM}: ?([\s\S]*\w[\s\S]*)",
        "QEMU on the destination could not start, or ended: {1}",
        f"{LOG} on the destination has more.",
        MIGRATION,
    ),
    Row(
        r"guest unexpectedly quit",
        "the VM's QEMU ended during the migration",
        f"{LOG} on the host that ran it may have the reason.",
        result=True,
    ),
    Row(
        CLOSED,
        "QEMU on the destination could not start, or ended",
        f"{LOG} on the destination has the reason.",
        MIGRATION,
        result=True,
    ),
    Row(
        r"(?:read from|write to) monitor|end of file from (?:qemu )?monitor|connect to monitor socket",
        QEMU_ENDED,
        f"{LOG} on the host that ran it may have the reason.",
        result=True,
    ),
    Row(
        CLOSED,
        "",  # its own words come after this clause
        f"{LOG} on that host may have more.",
        OTHERWISE,
    ),
)
