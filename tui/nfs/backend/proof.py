"""Proves that the folder is shared: writes a file on one client, reads it on the others, and removes it."""

import asyncio
import secrets
from dataclasses import replace
from pathlib import PurePosixPath

from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.together import together
from tui.linux.perl import MISSING
from tui.linux.script_sections import TIMED_OUT
from tui.linux.sudo import Sudo
from tui.nfs.model.facts import ClientRead, NfsFacts
from tui.nfs.model.proof import HELD_S, HOLD, LOCK, NAME, NO_OUTPUT, NO_REPLY, REMOVE, SEE, TRY, USER, WAIT, Proof

LIMIT_S = 15  # for one command on one host
FIND_PERL = ("sh", "-c", "command -v perl")


async def prove(sudo: Sudo, facts: NfsFacts, reader: str) -> Proof:
    """The result with one reader, "" for none; the mounts and the users must exist (sharing.proof_why_not)."""
    return await _Attempt(sudo, facts, reader).run()


class _Attempt:
    """One attempt with one file and one nonce."""

    def __init__(self, sudo: Sudo, facts: NfsFacts, reader: str) -> None:
        self._sudo = sudo
        self._facts = facts
        self._writer, self._reader, self._server = facts.shared.writer, reader, facts.shared.server
        name = NAME + secrets.token_hex(8)
        self._nonce = secrets.token_hex(16)
        self._file = str(PurePosixPath(facts.shared.export) / name)
        self._on_server = str(PurePosixPath(facts.shared.images) / name)
        self._output = ""
        self._received = asyncio.Event()

    async def run(self) -> Proof:
        if missing := await self._without_perl():
            return Proof(why_not=f"{MISSING} on {missing}")
        holder = asyncio.ensure_future(self._hold())
        try:
            await self._wait_for("locked", holder)
            proof = self._written(holder)
            if proof.write_error == "":
                proof = await self._read_elsewhere(proof)
        finally:
            left = await self._remove()
            ended, _ = await asyncio.wait({holder}, timeout=LIMIT_S)
            if not ended:
                holder.cancel()
        return replace(proof, left=left)

    async def _without_perl(self) -> str:
        """The hosts that can't take a lock because they have no Perl."""
        clients = [role for role in (self._writer, self._reader) if role]
        found = await together(*(self._sudo.run(role, FIND_PERL) for role in clients))
        return " and ".join(role for role, done in zip(clients, found, strict=True) if done.status)

    async def _hold(self) -> Completed:
        argv = [HOLD, "sh", self._file, self._user(self._writer), self._nonce, LOCK, WAIT]
        return await self._sh(self._writer, argv, HELD_S + LIMIT_S, on_output=True)

    async def _wait_for(self, word: str, holder: "asyncio.Future[Completed]") -> None:
        """Waits until the writer prints the word or ends."""
        while word not in self._output.split() and not holder.done():
            received: asyncio.Future[object] = asyncio.ensure_future(self._received.wait())
            both: set[asyncio.Future[object]] = {received, holder}  # type: ignore[arg-type]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            received.cancel()
            self._received.clear()

    def _written(self, holder: "asyncio.Future[Completed]") -> Proof:
        """The result on the writer so far."""
        output = self._output
        if holder.done():
            try:
                done = holder.result()
            except Failure as failure:
                return Proof(write_error=str(failure))
            output = done.stdout + done.stderr + _timeout_error(done)
        words = dict(line.split(" ", 1) for line in output.splitlines() if line.startswith(("creator ", "failed ")))
        errors = (line for line in output.splitlines() if line.partition(" ")[0] not in ("creator", "failed", "locked"))
        error = "\n".join(errors)
        creator, failed = words.get("creator", ""), words.get("failed")
        owner_error = error if creator == USER else ""
        if failed == "lock":
            return Proof(creator, owner_error, write_error="", lock_error=error or NO_OUTPUT)
        if failed or not creator or (holder.done() and "locked" not in output):
            return Proof(creator, write_error=error or NO_OUTPUT)
        return Proof(creator, owner_error, write_error="", lock_error="")

    async def _read_elsewhere(self, proof: Proof) -> Proof:
        """`proof` with the results on the reader and the storage server."""
        tried, seen = await asyncio.gather(
            self._try(), self._sh(self._server, [SEE, "sh", self._on_server], LIMIT_S), return_exceptions=True
        )
        proof = replace(proof, seen_error=self._read_error(seen))
        if tried is None:
            return proof
        proof = replace(proof, read_error=self._read_error(tried))
        if proof.lock_error or not isinstance(tried, Completed):
            return proof
        status = next((line.split()[1] for line in tried.stdout.splitlines() if line.startswith("lock ")), "")
        refused = {"75": True, "0": False}.get(status)
        return replace(proof, refused=refused, refusal_error=tried.stderr.strip())

    async def _try(self) -> Completed | None:
        """The attempt to read the file and to lock it on the reader; None if there is none."""
        if not self._reader:
            return None
        return await self._sh(self._reader, [TRY, "sh", self._file, self._user(self._reader), LOCK], LIMIT_S)

    def _read_error(self, done: Completed | BaseException) -> str:
        """Why the nonce was not read; empty where it was."""
        if isinstance(done, Failure):
            return str(done)
        if isinstance(done, BaseException):
            raise done
        if f"nonce {self._nonce}" in done.stdout.splitlines():
            return ""
        return done.stderr.strip() or _timeout_error(done) or "the file has other content"

    async def _remove(self) -> tuple[str, ...]:
        """Removes the file on the writer and on the server; returns what could not be removed."""
        tries = [
            self._sh(self._writer, [REMOVE, "sh", self._user(self._writer), self._file], LIMIT_S),
            self._sh(self._server, [REMOVE, "sh", "root", self._on_server], LIMIT_S),
        ]
        left = []
        for role, attempt in zip((self._writer, self._server), tries, strict=True):
            try:
                done = await attempt
            except Failure:  # in a shared folder, removing the file on the other host is enough
                continue
            left += [f"{line.removeprefix('left ')} on {role}" for line in done.stdout.splitlines() if "left " in line]
        return tuple(left)

    async def _sh(self, host: str, words: list[str], limit_s: int, *, on_output: bool = False) -> Completed:
        argv = ["timeout", "-k", "1", str(limit_s), "sh", "-c", *words]
        return await self._sudo.run(host, argv, timeout=limit_s + 10, on_output=self._on_output if on_output else None)

    def _on_output(self, text: str) -> None:
        self._output += text
        self._received.set()

    def _user(self, role: str) -> str:
        client = self._facts.client(role)
        if not isinstance(client, ClientRead) or client.qemu is None:
            raise Failure(f"QEMU's user on {role} is unknown")
        return client.qemu.name


def _timeout_error(done: Completed) -> str:
    return NO_REPLY if done.status in TIMED_OUT else ""
