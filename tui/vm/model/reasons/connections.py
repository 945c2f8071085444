"""Messages of ssh, nc, TLS and libvirt's connections."""

from tui.linux import greeting
from tui.vm.model.reasons.row import CONNECTION_BROKE, MIGRATION, OTHERWISE, STREAM_BROKE, Row

START_LIBVIRTD = "Start libvirtd there; the Hosts page can start it through systemd."
PORTS = "Open the ports 49152 to 49215 in its firewall; the Hosts page tries them, and opens them."
MIGRATION_PORT = r"(?:unable to connect to server at|Failed to connect to)\s*'?([^'\s]*?:49(?:1[5-9]|2[01])\d)'?: "

SSH = (
    Row(
        r"authentication failed: ([^\n]*SASL[^\n]*)",
        "libvirt on the other host requires a login by SASL: {1}",
        "Use a URI with qemu+ssh, or set up SASL on both hosts (saslpasswd2, auth.conf).",
    ),
    Row(
        r"ssh: connect to host (\S+) port (\d+): Connection refused",
        "sshd does not listen on port {2} of {1}",
        "Start sshd there, or correct the port: `systemctl start ssh` or sshd.",
    ),
    Row(
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for \S+ has changed",
        "its ssh host key has changed",
        "If the host was installed anew, remove its old key from root's known_hosts on the connecting host "
        "(`ssh-keygen -R`); the Hosts page then sets up the login.",
    ),
    Row(
        r"Host key verification failed",
        "its ssh host key is unknown to the connecting host, or has changed",
        "Put the right key into root's known_hosts on the connecting host; the Hosts page sets up this login.",
    ),
    Row(
        r"Too many authentication failures",
        "the ssh server gave up because too many keys were offered",
        "Set IdentitiesOnly and one IdentityFile for that host in root's ~/.ssh/config on the connecting host.",
    ),
    Row(
        r"UNPROTECTED PRIVATE KEY FILE|Load key .*: bad permissions",
        "ssh does not use the key because other users can read its file",
        "Run `chmod 600` on the private key of root on the connecting host.",
    ),
    Row(
        r"Load key .*(?:error in libcrypto|invalid format|incorrect passphrase)",
        "ssh cannot read the private key on the connecting host",
        "Root's key there must be a whole key file without a passphrase; the Hosts page sets up this login.",
    ),
    Row(
        r"Bad owner or permissions on (\S+)",
        "ssh refuses its configuration {1}, because another user could change it",
        "On the connecting host it must belong to root, and only root may write it.",
    ),
    Row(
        r"no matching (host key type|key exchange method|cipher|MAC) found",
        "the two ssh programs have no {1} in common",
        "Update the older ssh of the two, or allow one of its algorithms in root's ~/.ssh/config.",
    ),
    Row(
        r"password has expired|account (?:is )?(?:has )?expired|account is currently not available",
        "the login at that host is expired or closed",
        "Log in there once by hand; the account must not require a new password.",
    ),
    Row(
        r"System is (?:booting up|going down)|pam_nologin",
        "that host is starting or shutting down, and admits no login",
        "Try again when it is up. If it is, remove /run/nologin there.",
    ),
    Row(
        r"Bad configuration option: (\S+)",
        "ssh on the connecting host does not know the option {1} of its configuration",
        "Correct root's ~/.ssh/config and /etc/ssh/ssh_config there: an older ssh has fewer options.",
    ),
    Row(
        r"signing failed for \S+ \"?([^\"\s]+)|agent refused operation",
        "the ssh agent refused to use the key {1}",
        "The key file and the agent do not fit, or the agent asks somebody: let root there use a key without one.",
    ),
    Row(
        r"(?:kex|ssh)_exchange_identification|banner exchange|Connection (?:reset|closed) by \S+ port \d+",
        "the ssh server closed the connection before the login",
        "MaxStartups in its sshd_config, fail2ban or /etc/hosts.deny may refuse this host. The Hosts page tries it.",
    ),
    Row(
        r"no mutual signature (?:algorithm|supported)",
        "the ssh server no longer accepts keys of the type that root of the connecting host has",
        "Make one there of another type, `ssh-keygen -t ed25519`, and authorise it.",
    ),
    Row(
        r"Permission denied \(|Permission denied, please try again|Could not authenticate|"
        r"interactive authentication failed",
        "ssh refused the login",
        "Authorise root's ssh key of the connecting host; the Hosts page sets up this login.",
    ),
    Row(
        r"Unable to resolve address '([^']+)'|address resolution failed for ([^\s:]+):\d+",
        "the origin cannot resolve {1}{2}, which is the destination's name for itself",
        "Add it to /etc/hosts on the origin, which the Hosts page can do, or set migration_host in the destination's "
        "qemu.conf.",
        MIGRATION,
    ),
    Row(
        r"(?:Could not resolve hostname |unable to resolve address '?|address resolution failed for )([^\s:']+)",
        "the host name {1} cannot be resolved",
        "Check the name, and /etc/hosts on the connecting host; the Hosts page adds it.",
    ),
    Row(
        r"Name or service not known|Temporary failure in name resolution|could not resolve (?:address|hostname)",
        "its host name cannot be resolved",
        "Check the name, and /etc/hosts on the connecting host; the Hosts page adds it.",
    ),
    Row(
        r"(?:nc|netcat|ncat|virt-ssh-helper): (?:command )?not found",
        "neither virt-ssh-helper nor nc is in the login's PATH there, and libvirt needs one of them",
        "Install libvirt-daemon or netcat-openbsd there; the Hosts page installs libvirt's packages.",
    ),
    Row(
        r"(?:nc|netcat|ncat): (?:invalid|unrecognized|unknown) option|invalid option "
        r"-- '?U|nc .*-U.* Segmentation fault"
        r"|Segmentation fault.*\bnc\b",
        "the nc there is another one than libvirt needs: it has no Unix sockets",
        "Install netcat-openbsd there, or a libvirt from 8.0 on, which brings virt-ssh-helper.",
    ),
    Row(
        r"nc: unix connect failed: Permission denied",
        "the user may not use libvirt there",
        "Use root or a user of the group libvirt; the Hosts page adds the user to the group.",
    ),
    Row(
        r"nc: unix connect failed|ncat: (?:No such file|Connection refused)|nc: .*-sock.*(?:No such file|refused)",
        "libvirt's socket is missing there: libvirtd does not run, or virtqemud runs in its place",
        f"{START_LIBVIRTD} With virtqemud, enable virtproxyd.socket.",
    ),
    Row(greeting.ERROR, greeting.WHY, greeting.HINT),
)

TLS = (
    Row(
        r"(?:owner does not match the hostname|does not match the hostname) '?([^\s']+)",
        "the TLS certificate of the destination is not for the name {1}",
        "Issue one whose subjectAltName has that name or address, or set migration_host in its qemu.conf to a name "
        "that the certificate has.",
    ),
    Row(
        r"certificate.* (?:has|is|was) expired",
        "a TLS certificate has expired",
        "Issue a new one: `certtool -i --infile FILE` shows the dates of those in /etc/pki.",
    ),
    Row(
        r"certificate.* (?:is not yet active|not yet valid|not activated|activation time)",
        "a TLS certificate is not valid yet",
        "Compare the clocks of both hosts; the Hosts page checks them.",
    ),
    Row(
        r"((?:The (?:\w+ )?)?certificate /\S+ "
        r"(?:purpose does not allow|usage does not permit|basic constraints)[^\n]*)",
        "{1}",
        "Issue it anew: that of the CA with `ca` and `cert_signing_key`, that of a server with `tls_www_server`, that "
        "of a client with `tls_www_client` in the template of `certtool`.",
    ),
    Row(
        r"certificate uses (?:an )?insecure algorithm",
        "a TLS certificate is signed by an algorithm that the other host takes as insecure",
        "Issue it anew, signed with SHA-256 or better by a key of 2048 bits or more.",
    ),
    Row(
        r"(?:hasn't got a known issuer|Failed to verify peer's certificate|"
        r"signer (?:is )?not (?:found|a CA)|certificate .*not trusted|unknown issuer"
        r"|failed validation against|certificate verification failed|unknown CA\b|CA is unknown|"
        r"certificate is (?:invalid|bad)|"
        r"Unable to verify (?:server|client) certificate)",
        "one host does not trust the TLS certificate of the other",
        "Both must be signed by the CA in ca-cert.pem on both hosts, in /etc/pki/qemu or /etc/pki/libvirt-migrate.",
    ),
    Row(
        r"(?:Unable to access credentials|Cannot (?:read|load) (?:CA )?certificate|Missing certificate file|"
        r"Unable to import \w+ certificate(?: list)?|unable to read server cert|"
        r"Unable to set x509 CA certificate:) '?(/[^\s':]+)",
        "the TLS certificate {1} cannot be read",
        "Both hosts need ca-cert.pem, server-cert.pem, server-key.pem, "
        "client-cert.pem and client-key.pem, readable for "
        "QEMU's user.",
    ),
    Row(
        r"migration only with VIR_MIGRATE_TLS",
        "{host} accepts only migrations with TLS",
        "Start it with TLS, or set migrate_tls_force = 0 in qemu.conf there.",
    ),
    Row(
        r"Distinguished Name is not on the list",
        "the destination does not admit the origin's TLS certificate",
        "Add its name to tls_allowed_dn_list in the destination's libvirtd.conf, then restart libvirtd.",
    ),
    Row(
        r"migration TLS directory not configured|TLS directory not configured",
        "{host} has no TLS certificates for migrations",
        "Put them into /etc/pki/qemu or /etc/pki/libvirt-migrate, or start the migration without TLS.",
    ),
    Row(
        r"Cannot (?:read from|write to) TLS channel|TLS handshake failed|TLS (?:connection|packet).*"
        r"(?:terminated|unexpected)",
        "the TLS connection of the migration broke",
        "Usually one host refuses the other's certificate, or one side does not use TLS; QEMU's log on the destination "
        "has the reason.",
    ),
    Row(
        r"Failed to read initial magic",
        "what answers at the port of a copied disk is no NBD server of QEMU",
        "Another program has that port on the destination, or TLS is on at one side only.",
    ),
    Row(
        r"Not a migration stream|failed to receive.*magic|received packet magic",
        "what arrived at the migration's port is no migration stream",
        "Another program connected to that port, or TLS or parallel connections are on at one side only.",
    ),
)

# A device or disk of the VM may have its own connections, which the Hosts page does not know. A stream that was read
# or written had reached its host.
NOT_A_DEVICE = (
    r"\A(?![\s\S]*(?:\bqemu-[\w-]+: |QEMU command '(?:block|char|net|device|object)|"
    r"Unable to (?:read from|write to) socket))[\s\S]*?"
)

NETWORK = (
    Row(
        r"Failed to connect socket to '[^']*/(virt(?!qemud)\w+d)-[\w-]*sock'",
        "{1}, which libvirt needs, does not run {on}",
        "Start it there: systemctl enable --now {1}.socket.",
    ),
    Row(
        f"{MIGRATION_PORT}Connection refused",
        "nothing listens on {1}, the address that libvirt gave for the migration",
        "The name may lead to another host, or a firewall rejects it. The Hosts page checks the names and these ports.",
    ),
    Row(
        f"{MIGRATION_PORT}Operation not permitted",
        "a firewall of the origin forbids connections to {1}",
        "Allow it there: the rules of the chain OUTPUT, or of the output hook of nftables.",
    ),
    Row(f"{MIGRATION_PORT}(?:No route|.*timed out|.*unreachable)", "the origin does not reach {1}", PORTS),
    Row(
        r"Failed to connect socket to .*Connection refused",
        "libvirtd does not run there (connection refused)",
        "Start libvirtd; the Hosts page can start it through systemd.",
        OTHERWISE,
    ),
    Row(
        r"virt-ssh-helper: cannot connect to.*Permission denied",
        "the user may not use libvirt on the destination",
        "Use root or a user of the group libvirt; the Hosts page adds the user to the group.",
        MIGRATION,
    ),
    Row(r"virt-ssh-helper: cannot connect to", "libvirtd does not run on the destination", START_LIBVIRTD, MIGRATION),
    Row(
        r"unable to connect to (?:server|libvirt) at '([^']+:(16509|16514))': Connection refused",
        "libvirtd does not listen on {1}",
        "Enable libvirtd-tcp.socket (16509) or libvirtd-tls.socket (16514) there, or use a URI with qemu+ssh.",
    ),
    Row(rf"{NOT_A_DEVICE}Connection refused", "connection refused", "Start sshd and libvirtd on the other host."),
    Row(
        rf"{NOT_A_DEVICE}(?:No route to host|Network is unreachable|Host is down|(?:Connection|Operation) timed out)",
        "the network does not reach it",
        "Check the cable, the address and the firewall; the Hosts page tries the ports.",
    ),
    Row(
        r"resolve[sd] to localhost",
        "the destination's host name resolves to localhost there",
        "Correct /etc/hosts on the destination, which the Hosts page can do, or set migration_host in its qemu.conf.",
    ),
    Row(
        r"migrate guest to the same host",
        "both hosts have the same host UUID, so libvirt takes them for one",
        "If they are two machines, set another host_uuid in libvirtd.conf on one of them.",
    ),
    Row(
        r"Failed to connect socket.*Permission denied|no polkit agent|authentication unavailable|"
        r"access denied by policy",
        "the user may not use libvirt there",
        "Use root or a user of the group libvirt; the Hosts page adds the user to the group.",
    ),
    Row(
        r"Failed to connect socket",
        "libvirtd does not run there",
        "Start libvirtd; the Hosts page can start it through systemd.",
    ),
    Row(
        r"Too many active clients|Too many users|max_clients",
        "libvirtd there has no room for another connection",
        "Close other programs that use it, or raise max_clients in libvirtd.conf.",
    ),
)

SAID = (  # what the program at the other end of ssh printed, if no row before knows it
    Row(
        r"(?:End of file while reading data|Cannot recv data): (?!\s*(?::|Input/output error|Connection reset))"
        r"([\s\S]*\S)\s*: ?(?:Input/output error|Connection reset by peer)\s*$",
        "the login or libvirt's program on the other host failed: {1}",
        "Log in there as libvirt does: ssh from root on the connecting host, without a terminal.",
    ),
)

BROKEN = (  # the last rows of the table: what they match may have another reason
    Row(
        r"client socket is closed|received (?:hangup|error) event on socket|end of file while reading|Cannot recv data|"
        r"keepalive timeout|"
        r"Lost connection to destination|Cannot write data(?! to)",
        CONNECTION_BROKE,
        "Check that libvirtd runs and the network is up.",
        result=True,
    ),
    Row(
        r"Unable to (?:read from|write to) socket|Connection reset by peer|Broken pipe|Channel error",
        STREAM_BROKE,
        "Check the network, and the VM's log in /var/log/libvirt/qemu on the destination.",
        result=True,
    ),
)
