"""Addresses of endpoints: which may be asked from here, and which key belongs to which."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from lib.evals.child.network import is_public

KEY_HOSTS: dict[str, tuple[str, ...]] = {
    "ANTHROPIC_API_KEY": ("api.anthropic.com",),
    "CEREBRAS_API_KEY": ("api.cerebras.ai",),
    "DEEPSEEK_API_KEY": ("api.deepseek.com",),
    "FIREWORKS_API_KEY": ("api.fireworks.ai",),
    "GEMINI_API_KEY": ("generativelanguage.googleapis.com",),
    "GROQ_API_KEY": ("api.groq.com",),
    "HF_TOKEN": ("router.huggingface.co",),
    "MISTRAL_API_KEY": ("api.mistral.ai",),
    "NVIDIA_API_KEY": ("integrate.api.nvidia.com",),
    "OPENAI_API_KEY": ("api.openai.com",),
    "OPENROUTER_API_KEY": ("openrouter.ai",),
    "TOGETHER_API_KEY": ("api.together.ai", "api.together.xyz"),
    "XAI_API_KEY": ("api.x.ai",),
}
"""Variable -> hosts that its key may be sent to, before ``P4P_KEY_HOSTS``."""
Resolve = Callable[[str], list[str]]


def host_of(address: str) -> str:
    """Name of the host, in small letters; empty where there is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether it is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def key_variable(address: str, key_hosts: Mapping[str, tuple[str, ...]]) -> str | None:
    """Name of the variable whose key may go to this address; None: none may."""
    try:
        parts = urlsplit(address)
        places = {parts.hostname or "", f"{parts.hostname}:{parts.port or {'https': 443}.get(parts.scheme, 80)}"}
    except ValueError:
        return None
    return next((variable for variable, hosts in key_hosts.items() if places & set(hosts)), None)


def problem_of(address: str, *, is_shared: bool, resolve: Resolve | None = None) -> str:
    """Why this address is not asked from here; empty where it may be.

    Args:
        address: As filled in.
        is_shared: Then only public addresses: others could make this machine ask its own network for them. The child
            checks again where it connects, since a name may resolve differently a second time.
        resolve: Addresses of a name; None: the system's.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "not an address"
    if parts.scheme not in ("http", "https") or not host:
        return "not an address that begins with http:// or https://"
    if parts.username is not None or parts.password is not None:
        return "a user name or password in an address would be stored with the results"
    if parts.query or parts.fragment:
        return "an address ends with its path; what follows `?` or `#` could be a key"
    if not is_shared:
        return ""
    found = (resolve or _resolved)(host)
    if not found:
        return "the name cannot be resolved"
    if not all(map(is_public, found)):
        return "it leads into a private network, which a shared installation does not ask"
    return ""


def _resolved(host: str) -> list[str]:
    try:
        found: list[Any] = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(entry[4][0]) for entry in found]
