"""Steps about root's ssh from one host to another, which a peer-to-peer migration uses."""

from dataclasses import replace

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, UNKNOWN, Finding, from_failure, last_line
from tui.checklist.model.step import Step
from tui.core.failure import Failure
from tui.core.host_words import the
from tui.core.ssh_key import KEY_NAMES, HostKey
from tui.core.ssh_target import target_of_uri
from tui.hosts.model.account import Account
from tui.hosts.model.facts import Configured, HostsFacts, unread
from tui.hosts.model.ssh import KEY_CHANGED, KEY_NOT_KNOWN, NO_ANSWER, NO_NAME, NO_SSH, REFUSED, WORKS, Attempt
from tui.linux.change import Change, Move, added, reversible

REASONS = {
    KEY_NOT_KNOWN: "root does not know its host key",
    KEY_CHANGED: "its host key differs from the one that root knows",
    REFUSED: "it refuses root's key",
    NO_NAME: "its name can't be resolved there",
    NO_ANSWER: "its ssh server does not respond",
    NO_SSH: "ssh is missing: install openssh-client",
}


def ssh_steps(known: Configured, start: str) -> tuple[Step[HostsFacts], ...]:
    """Steps from root's key on `start` to a connection to the libvirt of each other host that is checked from there."""
    ends = [end for each, end in known.pairs if each == start]
    steps = [_key(start, known.partner(start))] if ends else []
    for end in ends:
        needs = (f"{start}.key", known.id(start, "known_hosts", end))
        accepted = known.id(end, "authorized_keys", start)
        steps += [
            replace(_known_hosts(start, end), id=needs[1]),
            replace(_authorized_keys(start, end), id=accepted, needs=needs),
            replace(_peer(start, end), id=known.id(start, "peer", end), needs=(*needs, accepted, f"{end}.member")),
        ]
    return tuple(steps)


def _attempt(facts: HostsFacts, start: str, end: str) -> Attempt | Finding | None:
    """The login that was tried, or the finding if there was none."""
    if target_of_uri(facts.configured.peer_uri[end]) is None:
        return Finding(NOT_NEEDED, f"the peer URI of {end} does not use ssh")
    attempt = facts.way(start, end).ssh
    return attempt if isinstance(attempt, Attempt) else unread(attempt)


def _key(start: str, end: str) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        attempt = _attempt(facts, start, end)
        if not isinstance(attempt, Attempt):
            return attempt
        if attempt.outcome == WORKS:
            return Finding(OK, "root has a key that works")
        if attempt.keys:
            return Finding(OK, f"root has {attempt.keys[0].file}")
        names = ", ".join(attempt.taken)
        found = f"{names} can't be used: it may need a passphrase" if names else "root has no key"
        return Finding(FAILED, found, "a key without a passphrase")

    def change(facts: HostsFacts) -> Change | str:
        attempt = facts.way(start, end).ssh
        if not isinstance(attempt, Attempt):
            return ""
        name = next((each for each in KEY_NAMES if each not in attempt.taken), "")
        if not name or not attempt.home:
            return "all usual names are used by keys that don't work"
        file, kind = f"{attempt.home}/.ssh/{name}", name.removeprefix("id_")
        make = ("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", f"root@{start} (vmlm-tui)", "-f", file)
        moves = (*_folder(start, attempt), reversible(start, make, ("rm", "-f", file, f"{file}.pub")))
        return Change(moves, "the key has no passphrase, because nobody can enter it during a migration")

    why = "The libvirt daemon does a peer-to-peer migration, and it logs in with root's ssh key."
    return Step(f"{start}.key", start, "root has an ssh key", why, check, change)


def _known_hosts(start: str, end: str) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        attempt = _attempt(facts, start, end)
        if not isinstance(attempt, Attempt):
            return attempt
        if attempt.outcome in (WORKS, REFUSED):
            return Finding(OK, "root knows it, and it is correct")
        if attempt.outcome not in (KEY_NOT_KNOWN, KEY_CHANGED):
            return Finding(UNKNOWN, _reason(attempt), detail=attempt.output)
        shown = _shown(attempt, facts.way(start, end).account)
        found = f"{REASONS[attempt.outcome]}: {shown.kind} {shown.fingerprint}" if shown else REASONS[attempt.outcome]
        command = f"`ssh-keygen -R {attempt.known_as}` as root"
        hint = f"If you know why it changed, run {command}." if attempt.outcome == KEY_CHANGED else ""
        return Finding(FAILED, found, "the host key of this host in root's known_hosts", hint, attempt.output)

    def change(facts: HostsFacts) -> Change | str:
        attempt, account = facts.way(start, end).ssh, facts.way(start, end).account
        if not isinstance(attempt, Attempt):
            return ""
        if attempt.outcome != KEY_NOT_KNOWN:
            return "find out first why the host key changed" if attempt.outcome == KEY_CHANGED else ""
        shown = _shown(attempt, account)
        if shown is None:
            return f"{attempt.host} offers no usable host key"
        own = account.keys if isinstance(account, Account) else ()
        if own and shown.line not in [key.line for key in own]:
            return f"another machine responds at {attempt.host}: its host key {shown.fingerprint} is not one of {end}"
        line = (f"{attempt.known_as} {shown.line}",)
        moves = (*_folder(start, attempt), added(start, attempt.known_hosts, line))
        return Change(moves, _compare(shown, end, bool(own)), compare=not own)

    why = "ssh connects only to a host whose key is in root's known_hosts, so nobody else can receive the VM's memory."
    return Step(f"{start}.known_hosts", start, f"root knows the host key of {the(end)}", why, check, change)


def _compare(shown: HostKey, end: str, own: bool) -> str:
    """The note that the user reads before a host key is trusted."""
    fingerprint = f"The {shown.kind} key of {end} is {shown.fingerprint}."
    if own:
        return f"{fingerprint} The app read the same key on {end} over its own login."
    command = "for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done"
    return f"{fingerprint} Compare it with the output of this command on {end}: {command}"


def _shown(attempt: Attempt, account: object) -> HostKey | None:
    """The key to add: of those that the host offers, one that was also read on the host itself, if any."""
    own = [key.line for key in account.keys] if isinstance(account, Account) else []
    return next((key for key in attempt.shown if key.line in own), next(iter(attempt.shown), None))


def _authorized_keys(start: str, end: str) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        attempt = _attempt(facts, start, end)
        if not isinstance(attempt, Attempt):
            return attempt
        if attempt.outcome == WORKS:
            return Finding(OK, "root's key works")
        if attempt.outcome == REFUSED:
            found = f"{attempt.user} on {end}: permission denied"
            return Finding(FAILED, found, "root's key accepted", detail=attempt.output)
        return Finding(UNKNOWN, f"not tried: {_reason(attempt)}", detail=attempt.output)

    def change(facts: HostsFacts) -> Change | str:
        attempt, account = facts.way(start, end).ssh, facts.way(start, end).account
        if isinstance(account, Failure):
            return f"its accounts can't be read: {account.what}"
        if not isinstance(attempt, Attempt) or not isinstance(account, Account):
            return ""
        if not attempt.keys:
            return f"root on {start} has no key yet"
        return _authorize(end, account, f"{attempt.keys[0].line} root@{start}")

    title = f"it accepts root's key of {the(start)}"
    why = "Keys listed in authorized_keys may log in; otherwise ssh asks for a password, which the daemon can't give."
    return Step(f"{end}.authorized_keys", end, title, why, check, change)


def _authorize(host: str, account: Account, line: str) -> Change | str:
    if not account.known:
        return f"the user {account.user} does not exist"
    if not account.public_keys:
        return "its sshd accepts no keys: PubkeyAuthentication is off"
    if account.user == "root" and account.root_login in ("no", "forced-commands-only"):
        return f"its sshd refuses root: PermitRootLogin is {account.root_login}"
    folder, _, name = account.authorized_keys.rpartition("/")
    owner = ("-o", str(account.uid), "-g", str(account.gid))
    moves = []
    if not account.folder:
        undo: tuple[str, ...] = ("find", folder, "-maxdepth", "0", "-empty", "-delete")
        moves.append(reversible(host, ("install", "-d", "-m", "700", *owner, folder), undo))
    if not account.file:
        undo = ("find", folder, "-maxdepth", "1", "-name", name, "-empty", "-delete")
        moves.append(reversible(host, ("install", "-m", "600", *owner, "/dev/null", account.authorized_keys), undo))
    moves.append(added(host, account.authorized_keys, (line,)))
    return Change(tuple(moves), f"that key can then log in as {account.user} on {host}")


def _peer(start: str, end: str) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        attempt, peer = _attempt(facts, start, end), facts.way(start, end).peer
        if (isinstance(attempt, Finding) and attempt.state != NOT_NEEDED) or attempt is None:
            return attempt
        wanted = f"root can open {facts.configured.peer_uri[end]}"
        if isinstance(attempt, Attempt) and attempt.outcome != WORKS:
            return Finding(FAILED, f"ssh to {end}: {_reason(attempt)}", wanted, detail=attempt.output)
        if isinstance(peer, Failure):
            return from_failure(peer, FAILED, wanted)
        if peer is None:
            return None
        if not peer:
            return Finding(OK, "ssh works; libvirt was not tried because virsh is missing")
        return Finding(OK, f"its libvirt reports the host name {peer}")

    why = "In a peer-to-peer migration libvirt connects to the other host's libvirt as root, without a prompt."
    return Step(f"{start}.peer", start, f"root can open {the(end)}'s libvirt", why, check)


def _folder(host: str, attempt: Attempt) -> tuple[Move, ...]:
    """The command that creates root's .ssh, if it is missing."""
    if attempt.folder:
        return ()
    folder = f"{attempt.home}/.ssh"
    undo = ("find", attempt.home, "-maxdepth", "1", "-name", ".ssh", "-empty", "-delete")
    return (reversible(host, ("install", "-d", "-m", "700", folder), undo),)


def _reason(attempt: Attempt) -> str:
    """Why the login failed."""
    return REASONS.get(attempt.outcome) or last_line(attempt.output) or "ssh failed without output"
