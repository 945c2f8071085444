"""Steps of the Hosts list about root's ssh from one host to the other: what a peer-to-peer migration goes through."""

from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, UNKNOWN, Finding, from_failure, last_line
from tui.checklist.model.step import Step
from tui.core.failure import Failure
from tui.core.ssh_key import KEY_NAMES, HostKey
from tui.core.ssh_target import target
from tui.hosts.model.account import Account
from tui.hosts.model.facts import HostsFacts, unread
from tui.hosts.model.ssh import KEY_CHANGED, KEY_NOT_KNOWN, NO_ANSWER, NO_NAME, NO_SSH, REFUSED, WORKS, Attempt
from tui.linux.change import AddLines, Change, Command, Move, RemoveLines

WORDS = {
    KEY_NOT_KNOWN: "its host key is not known to root",
    KEY_CHANGED: "it shows another host key than the one root knows",
    REFUSED: "it lets root's key not in",
    NO_NAME: "its name is not known there",
    NO_ANSWER: "its ssh server does not answer",
    NO_SSH: "there is no ssh: install openssh-client",
}


def ssh_steps(start: str, end: str) -> tuple[Step[HostsFacts], ...]:
    """From a key of root's on `start` to an open libvirt of `end`."""
    return _key(start, end), _known_hosts(start, end), _authorized_keys(start, end), _peer(start, end)


def _attempt(facts: HostsFacts, start: str, end: str) -> Attempt | Finding | None:
    """The login that was tried, or the finding where there was none."""
    if target(facts.configured.peer_uri[end]) is None:
        return Finding(NOT_NEEDED, f"the peer URI of {end} does not go through ssh")
    attempt = facts.way(start, end).ssh
    return attempt if isinstance(attempt, Attempt) else unread(attempt)


def _key(start: str, end: str) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        attempt = _attempt(facts, start, end)
        if not isinstance(attempt, Attempt):
            return attempt
        if attempt.outcome == WORKS:
            return Finding(OK, "it has one that gets in")
        if attempt.keys:
            return Finding(OK, f"it has {attempt.keys[0].file}")
        found = f"{', '.join(attempt.taken)} can't be used: it may ask for a passphrase" if attempt.taken else "none"
        return Finding(FAILED, found, "a key that asks for no passphrase")

    def change(facts: HostsFacts) -> Change | str:
        attempt = facts.way(start, end).ssh
        if not isinstance(attempt, Attempt):
            return ""
        name = next((each for each in KEY_NAMES if each not in attempt.taken), "")
        if not name or not attempt.home:
            return "all usual names of keys are taken by keys that can't be used"
        file = f"{attempt.home}/.ssh/{name}"
        kind = name.removeprefix("id_")
        make = ("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", f"root@{start} (vmlm-tui)", "-f", file)
        moves = (
            *_folder(start, attempt),
            Move(Command(start, make), (Command(start, ("rm", "-f", file, f"{file}.pub")),)),
        )
        return Change(moves, "the key has no passphrase, for nobody is there to type it when a VM moves")

    why = "Peer-to-peer migration is done by the libvirt daemon: root's own ssh key is what it logs in with."
    return Step(f"{start}.key", start, "root has an ssh key", why, check, change)


def _known_hosts(start: str, end: str) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        attempt = _attempt(facts, start, end)
        if not isinstance(attempt, Attempt):
            return attempt
        if attempt.outcome in (WORKS, REFUSED):
            return Finding(OK, "it is known, and right")
        if attempt.outcome not in (KEY_NOT_KNOWN, KEY_CHANGED):
            return Finding(UNKNOWN, WORDS.get(attempt.outcome, _last(attempt.said)), detail=attempt.said)
        shown = _shown(attempt, facts.way(start, end).account)
        found = f"{WORDS[attempt.outcome]}: {shown.kind} {shown.fingerprint}" if shown else WORDS[attempt.outcome]
        hint = f"If you know why: `ssh-keygen -R {attempt.known_as}` as root." if attempt.outcome == KEY_CHANGED else ""
        return Finding(FAILED, found, "the key of the host that is meant", hint, attempt.said)

    def change(facts: HostsFacts) -> Change | str:
        attempt, account = facts.way(start, end).ssh, facts.way(start, end).account
        if not isinstance(attempt, Attempt):
            return ""
        if attempt.outcome != KEY_NOT_KNOWN:
            return "a person has to find out first why it is another" if attempt.outcome == KEY_CHANGED else ""
        shown = _shown(attempt, account)
        if shown is None:
            return f"{attempt.host} shows no key that can be used"
        own = account.keys if isinstance(account, Account) else ()
        if own and shown.line not in [key.line for key in own]:
            return (
                f"what answers at {attempt.host} is not {end}: it shows {shown.fingerprint}, which is no key of {end}"
            )
        line = (f"{attempt.known_as} {shown.line}",)
        add, remove = AddLines(start, attempt.known_hosts, line), RemoveLines(start, attempt.known_hosts, line)
        return Change((*_folder(start, attempt), Move(add, (remove,))), _compare(shown, end, bool(own)))

    why = (
        "ssh talks only to a host whose key it knows, so that nobody else can take the VM's memory; root's known_hosts "
        "counts."
    )
    return Step(f"{start}.known_hosts", start, f"root knows the host key of the {end}", why, check, change)


def _compare(shown: HostKey, end: str, own: bool) -> str:
    """What a person is told before a host key is trusted."""
    fingerprint = f"{end} shows the {shown.kind} key {shown.fingerprint}."
    if own:
        return (
            f"{fingerprint} {end} itself says over the app's own login that this is its key; compare if you doubt that."
        )
    command = "for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done"
    return f"{fingerprint} Compare it with what this prints on {end} itself: {command}"


def _shown(attempt: Attempt, account: object) -> HostKey | None:
    """The key to take up: of those that the host shows one that is known to be its own, if there is any."""
    own = [key.line for key in account.keys] if isinstance(account, Account) else []
    return next((key for key in attempt.shown if key.line in own), next(iter(attempt.shown), None))


def _authorized_keys(start: str, end: str) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        attempt = _attempt(facts, start, end)
        if not isinstance(attempt, Attempt):
            return attempt
        if attempt.outcome == WORKS:
            return Finding(OK, "root's key gets in")
        if attempt.outcome == REFUSED:
            return Finding(
                FAILED, f"{attempt.user} on {end}: permission denied", "root's key gets in", detail=attempt.said
            )
        found = WORDS.get(attempt.outcome, _last(attempt.said))
        return Finding(UNKNOWN, f"not tried: {found}", detail=attempt.said)

    def change(facts: HostsFacts) -> Change | str:
        attempt, account = facts.way(start, end).ssh, facts.way(start, end).account
        if isinstance(account, Failure):
            return f"its accounts can't be looked at: {account.what}"
        if not isinstance(attempt, Attempt) or not isinstance(account, Account):
            return ""
        if not attempt.keys:
            return f"root on {start} has no key yet"
        return _authorize(end, account, f"{attempt.keys[0].line} root@{start}")

    needs = (f"{start}.key", f"{start}.known_hosts")
    title = f"root's key of the {start} is let in"
    why = (
        "Whoever holds a key listed here may log in; without it the daemon would be asked for a password it can't give."
    )
    return Step(f"{end}.authorized_keys", end, title, why, check, change, needs)


def _authorize(host: str, account: Account, line: str) -> Change | str:
    if not account.known:
        return f"there is no user {account.user}"
    if not account.public_keys:
        return "its sshd takes no keys at all: PubkeyAuthentication is off"
    if account.user == "root" and account.root_login in ("no", "forced-commands-only"):
        return f"its sshd does not let root in: PermitRootLogin is {account.root_login}"
    folder, _, name = account.authorized_keys.rpartition("/")
    owner = ("-o", str(account.uid), "-g", str(account.gid))
    moves = []
    if not account.folder:
        undo = Command(host, ("find", folder, "-maxdepth", "0", "-empty", "-delete"))
        moves.append(Move(Command(host, ("install", "-d", "-m", "700", *owner, folder)), (undo,)))
    if not account.file:
        undo = Command(host, ("find", folder, "-maxdepth", "1", "-name", name, "-empty", "-delete"))
        make = ("install", "-m", "600", *owner, "/dev/null", account.authorized_keys)
        moves.append(Move(Command(host, make), (undo,)))
    add, remove = (kind(host, account.authorized_keys, (line,)) for kind in (AddLines, RemoveLines))
    return Change((*moves, Move(add, (remove,))), f"{account.user} on {host} can then be reached with that key")


def _peer(start: str, end: str) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        attempt, peer = _attempt(facts, start, end), facts.way(start, end).peer
        if (isinstance(attempt, Finding) and attempt.state != NOT_NEEDED) or attempt is None:
            return attempt
        wanted = f"{facts.configured.peer_uri[end]} opens for root"
        if isinstance(attempt, Attempt) and attempt.outcome != WORKS:
            found = WORDS.get(attempt.outcome, _last(attempt.said))
            return Finding(FAILED, f"ssh to {end}: {found}", wanted, detail=attempt.said)
        if isinstance(peer, Failure):
            return from_failure(peer, FAILED, wanted)
        if peer is None:
            return None
        return Finding(OK, f"it answers as {peer}" if peer else "ssh gets in; no virsh is there to ask libvirt with")

    needs = (f"{start}.key", f"{start}.known_hosts", f"{end}.authorized_keys")
    why = "In a peer-to-peer migration the libvirt of one host opens that of the other, as root, with nobody to ask."
    return Step(f"{start}.peer", start, f"root opens the {end}'s libvirt without a question", why, check, needs=needs)


def _folder(host: str, attempt: Attempt) -> tuple[Move, ...]:
    """Makes root's .ssh where there is none."""
    if attempt.folder:
        return ()
    folder = f"{attempt.home}/.ssh"
    undo = Command(host, ("find", attempt.home, "-maxdepth", "1", "-name", ".ssh", "-empty", "-delete"))
    return (Move(Command(host, ("install", "-d", "-m", "700", folder)), (undo,)),)


def _last(text: str) -> str:
    return last_line(text) or "ssh failed and said nothing"
