"""Connections to public addresses only, whatever a name resolves to and wherever a server redirects."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from .failures import Failure


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, also when it is wrapped in an IPv6 one."""
    try:
        found: Any = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is None and found in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            found = inner
    return found.is_global and not found.is_multicast


def public_only() -> None:
    """From here on no socket of this process reaches a private address.

    The check sits where the connection is made, with the address that is really used, so neither a name that resolves
    differently a second time nor a redirect gets around it.
    """
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def checked(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host, *rest = address
            # A name would be resolved in C, out of sight.
            resolved = host if _is_literal(host) else socket.getaddrinfo(host, rest[0], self.family)[0][4][0]
            if not is_public(str(resolved)):
                raise Failure("address", f"{host} is in a private network, which this installation does not reach.")
            return (resolved, *rest)
        return address

    def guarded_connect(self: socket.socket, address: Any) -> None:
        connect(self, checked(self, address))

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        return connect_ex(self, checked(self, address))

    socket.socket.connect = guarded_connect  # type: ignore[method-assign, assignment]
    socket.socket.connect_ex = guarded_connect_ex  # type: ignore[method-assign, assignment]


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    return True
