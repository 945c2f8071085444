"""The ssh agent of the runner: the newest one of its clients that replies, because an agent ends with its login."""

import contextlib
import os
import socket
import threading

VARIABLE = "SSH_AUTH_SOCK"  # where ssh, which libvirt starts, and asyncssh find the agent's socket
REPLY_LIMIT_S = 3.0  # a forwarded agent whose network is down accepts connections and does not reply
MOST = 8  # older ones are forgotten
IDENTITIES = b"\0\0\0\1\x0b"  # SSH_AGENTC_REQUEST_IDENTITIES: asks for no key to be used


class SshAgents:
    """The sockets of the agents that clients have offered; without any, the environment stays as it is."""

    def __init__(self) -> None:
        self._paths: list[str] = []  # the newest last
        self._lock = threading.Lock()  # held for a moment only: an event loop offers
        self._probing = threading.Lock()  # held while agents are asked

    def offer(self, path: str) -> None:
        """Add the agent of a client, as the newest one."""
        if path.startswith("/") and "\0" not in path:
            with self._lock:
                self._paths = [*(each for each in self._paths if each != path), path][-MOST:]

    def use_newest(self) -> None:
        """Use the newest agent that replies for the connections that this process opens from now on; blocks.

        None is used if none replies: ssh would wait for it, and then try the key files.
        """
        with self._probing:
            paths = self._paths
            if not paths:
                return
            found = next(filter(self._usable, reversed(paths)), "")
            if os.environ.get(VARIABLE) != found:
                # Not removed: C code on other threads may be reading the environment.
                os.environ[VARIABLE] = found

    def _usable(self, path: str) -> bool:
        """Whether the agent replies; one whose socket is gone is forgotten."""
        try:
            return _replies(path)
        except OSError:
            with self._lock:  # its login has ended; another user may use the path again
                self._paths = [each for each in self._paths if each != path]
            return False


AGENTS = SshAgents()  # of this process, as its environment


def _replies(path: str) -> bool:
    """Whether the agent replies in time; OSError if nothing listens."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(REPLY_LIMIT_S)
        client.connect(path)
        with contextlib.suppress(OSError):
            client.sendall(IDENTITIES)
            return bool(client.recv(1))
    return False
