"""Tries that the folder is shared: QEMU writes on the source, the others read it, and nothing is left behind."""

import asyncio
import secrets
from dataclasses import replace
from pathlib import PurePosixPath

from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.settings import DESTINATION, SOURCE, STORAGE
from tui.linux.perl import MISSING
from tui.linux.script_sections import TIMED_OUT
from tui.linux.sudo import Sudo
from tui.nfs.model.facts import CLIENTS, ClientRead, NfsFacts
from tui.nfs.model.proof import HELD_S, HOLD, LOCK, NAME, REMOVE, SEE, TRY, WAIT, Proof

ANSWER_S = 15  # of one host, about one file
PERL_THERE = ("sh", "-c", "command -v perl")


async def prove(sudo: Sudo, facts: NfsFacts) -> Proof:
    """What came of it; the mounts and the users must be there (model.nfs_sharing.proof_why_not)."""
    return await _Attempt(sudo, facts).run()


class _Attempt:
    """One file with one nonce."""

    def __init__(self, sudo: Sudo, facts: NfsFacts) -> None:
        self._sudo = sudo
        self._facts = facts
        name = NAME + secrets.token_hex(8)
        self._nonce = secrets.token_hex(16)
        self._file = str(PurePosixPath(facts.shared.export) / name)
        self._on_server = str(PurePosixPath(facts.shared.images) / name)
        self._said = ""
        self._news = asyncio.Event()

    async def run(self) -> Proof:
        if missing := await self._without_perl():
            return Proof(why_not=f"{MISSING} on {missing}")
        holder = asyncio.ensure_future(self._hold())
        try:
            await self._until("locked", holder)
            proof = self._written(holder)
            if proof.write_error == "":
                proof = await self._looked_at(proof)
        finally:
            left = await self._removed()
            ended, _ = await asyncio.wait({holder}, timeout=ANSWER_S)
            if not ended:
                holder.cancel()
        return replace(proof, left=left)

    async def _without_perl(self) -> str:
        """The hosts that can't take a lock, empty where both can."""
        there = await asyncio.gather(*(self._sudo.run(role, PERL_THERE) for role in CLIENTS))
        return " and ".join(role for role, done in zip(CLIENTS, there, strict=True) if done.status)

    async def _hold(self) -> Completed:
        argv = [HOLD, "sh", self._file, self._user(SOURCE), self._nonce, LOCK, WAIT]
        return await self._sh(SOURCE, argv, HELD_S + ANSWER_S, on_output=True)

    async def _until(self, word: str, holder: "asyncio.Future[Completed]") -> None:
        """Waits until the source says the word, or has ended."""
        while word not in self._said.split() and not holder.done():
            heard: asyncio.Future[object] = asyncio.ensure_future(self._news.wait())
            both: set[asyncio.Future[object]] = {heard, holder}  # type: ignore[arg-type]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            heard.cancel()
            self._news.clear()

    def _written(self, holder: "asyncio.Future[Completed]") -> Proof:
        """What the source has come to by now."""
        said = self._said
        if holder.done():
            try:
                done = holder.result()
            except Failure as failure:
                return Proof(write_error=str(failure))
            said = done.stdout + done.stderr + _gave_up(done)
        words = dict(line.split(" ", 1) for line in said.splitlines() if line.startswith(("way ", "failed ")))
        error = "\n".join(line for line in said.splitlines() if not line.startswith(("way ", "failed ", "locked")))
        way, failed = words.get("way", ""), words.get("failed")
        if failed == "lock":
            return Proof(way, write_error="", lock_error=error or "it said nothing")
        if failed or not way or (holder.done() and "locked" not in said):
            return Proof(way, write_error=error or "it ended and said nothing")
        return Proof(way, write_error="", lock_error="")

    async def _looked_at(self, proof: Proof) -> Proof:
        """The same with what the destination and the server see."""
        tried, seen = await asyncio.gather(
            self._sh(DESTINATION, [TRY, "sh", self._file, self._user(DESTINATION), LOCK], ANSWER_S),
            self._sh(STORAGE, [SEE, "sh", self._on_server], ANSWER_S),
            return_exceptions=True,
        )
        proof = replace(proof, read_error=self._wrong(tried), seen_error=self._wrong(seen))
        if proof.lock_error or not isinstance(tried, Completed):
            return proof
        status = next((line.split()[1] for line in tried.stdout.splitlines() if line.startswith("lock ")), "")
        refused = {"75": True, "0": False}.get(status)
        return replace(proof, refused=refused, refused_said=tried.stderr.strip())

    def _wrong(self, done: Completed | BaseException) -> str:
        """Why what was read is not the nonce, empty where it is."""
        if isinstance(done, Failure):
            return str(done)
        if isinstance(done, BaseException):
            raise done
        if f"nonce {self._nonce}" in done.stdout.splitlines():
            return ""
        return done.stderr.strip() or _gave_up(done) or "something else is in it"

    async def _removed(self) -> tuple[str, ...]:
        """Removes the file wherever it may be; what is still there."""
        tries = [
            self._sh(SOURCE, [REMOVE, "sh", self._user(SOURCE), self._file], ANSWER_S),
            self._sh(STORAGE, [REMOVE, "sh", "root", self._on_server], ANSWER_S),
        ]
        left = []
        for role, attempt in zip((SOURCE, STORAGE), tries, strict=True):
            try:
                done = await attempt
            except Failure:  # this host can't say; what is on the other one is one file with it
                continue
            left += [f"{line.removeprefix('left ')} on {role}" for line in done.stdout.splitlines() if "left " in line]
        return tuple(left)

    async def _sh(self, host: str, words: list[str], limit_s: int, *, on_output: bool = False) -> Completed:
        argv = ["timeout", "-k", "1", str(limit_s), "sh", "-c", *words]
        return await self._sudo.run(host, argv, timeout=limit_s + 10, on_output=self._on_output if on_output else None)

    def _on_output(self, text: str) -> None:
        self._said += text
        self._news.set()

    def _user(self, role: str) -> str:
        client = self._facts.client(role)
        if not isinstance(client, ClientRead) or client.qemu is None:
            raise Failure(f"QEMU's user on {role} is not known")
        return client.qemu.name


def _gave_up(done: Completed) -> str:
    return "there was no answer within seconds" if done.status in TIMED_OUT else ""
