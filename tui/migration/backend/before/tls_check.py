"""Checks the certificates of a migration with TLS on both hosts, before the start."""

from collections.abc import Sequence

from tui.core.command import Completed
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.log import log
from tui.core.plan import Plan
from tui.core.together import together
from tui.linux.sudo import Sudo
from tui.migration.backend.before.preflight import Refused
from tui.migration.model.tls_check import Checked, checked, name_of
from tui.migration.model.tls_files import (
    CLIENT,
    CONF,
    SCRIPT,
    SERVER,
    TRUST,
    Place,
    TlsFiles,
    parse_files,
    parse_signed,
    place_of,
)

LIMIT_S = 15.0  # for each command


class TlsCheck:
    """Runs as root where that needs no password, else as the login, which may read less."""

    def __init__(self, connections: Connections, sudo: Sudo) -> None:
        self._connections = connections
        self._sudo = sudo

    async def require(self, plan: Plan, origin: str) -> tuple[str, ...]:
        """What could not be checked, as sentences, none without TLS; Refused if the certificates prevent the start."""
        if not plan.tls:
            return ()
        found = await self.check(plan, origin)
        if found.failures:
            raise Refused(found.failures)
        for doubt in found.doubts:
            log.info("%s", doubt)
        return found.doubts

    async def check(self, plan: Plan, origin: str) -> Checked:
        """The judgement about the certificates of both hosts; a host that could not be read is a doubt."""
        target = self._connections.config.target(origin, plan.to)
        (here, _), (there, hostname) = await together(self._place(origin), self._place(target))
        name = "" if isinstance(there, Failure) else name_of(plan, there, hostname)
        client, server = await together(self._files(origin, CLIENT, here, ""), self._files(target, SERVER, there, name))
        trusted, admitted = await together(self._trusts(client, server), self._trusts(server, client))
        verifies = not isinstance(there, Failure) and there.conf.tls_verifies
        return checked(client, server, name, verifies=verifies, trusted=trusted, admitted=admitted)

    async def _place(self, host: str) -> tuple[Place | Failure, str]:
        """Where a host has its certificates, and its host name."""
        if self._connections.config.hosts[host].libvirt.endswith("/session"):
            return Failure("its libvirt is the one of a user"), ""
        try:
            daemon = await self._connections.query(host, lambda each: each.daemon())
            done = await self._run(host, CONF)
        except Failure as failure:
            return failure, ""
        if done.status:
            return Failure("/etc/libvirt/qemu.conf there could not be read"), ""
        return place_of(done.stdout, daemon.qemu_user), daemon.hostname

    async def _files(self, host: str, end: str, place: Place | Failure, name: str) -> TlsFiles:
        if isinstance(place, Failure):
            return TlsFiles(host, end, "", unread=place.reason)
        try:
            done = await self._run(host, *place.look(end, name))
        except Failure as failure:
            return TlsFiles(host, end, place.folder, unread=failure.reason)
        return parse_files(done.stdout, host, end, place)

    async def _trusts(self, one: TlsFiles, other: TlsFiles) -> bool | None:
        """Whether the CA file of one end verifies the certificate of the other; None if that is unknown."""
        if not other.pem or one.unread:
            return None
        try:
            return parse_signed((await self._run(one.host, TRUST, one.folder, stdin=other.pem)).stdout)
        except Failure as failure:
            log.info("The certificate of %s was not verified on %s: %s", other.host, one.host, failure)
            return None

    async def _run(self, host: str, *words: str, stdin: str = "") -> Completed:
        command: Sequence[str] = ["sh", "-c", SCRIPT, "sh", *words]
        try:
            return await self._sudo.run(host, command, stdin=stdin, timeout=LIMIT_S)
        except Failure as failure:
            log.info("The certificates of %s are read without root: %s", host, failure)
        shell = self._connections.shell(host)
        return await shell.run(["env", "LC_ALL=C.UTF-8", *command], stdin=stdin, timeout=LIMIT_S)
