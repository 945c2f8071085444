"""Calls over one libvirt connection, with translated errors."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import libvirt

from tui.adapters.libvirt.errors import translate

T = TypeVar("T")


class Calls:
    """One connection and the domains that were looked up on it."""

    def __init__(self, uri: str, connection: libvirt.virConnect) -> None:
        self.uri = uri
        self._connection = connection
        self._domains: dict[str, Any] = {}  # name -> virDomain: saves a lookup per sample

    def _do(self, what: str, call: Callable[[], T], expected: Mapping[int, T] | None = None) -> T:
        """Call libvirt; an error code in `expected` returns its value, another error raises a Failure."""
        try:
            return call()
        except libvirt.libvirtError as error:
            if expected and error.get_error_code() in expected:
                return expected[error.get_error_code()]
            raise translate(what, error) from error

    def _domain(self, name: str) -> Any:
        domain = self._domains.get(name)
        if domain is None:
            domain = self._domains[name] = self._connection.lookupByName(name)
        return domain
