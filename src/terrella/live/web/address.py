"""Where a page answers, and who may ask: this machine alone, or whoever brings the token."""

import ipaddress
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path

from terrella.errors import InputError

_LEAST = 16  # characters of a token


@dataclass(frozen=True)
class Address:
    """A host and port, and the token that requests must bring, or none on loopback."""

    host: str
    port: int
    token: str | None

    def lets_in(self, authorization: str) -> bool:
        """Return whether a request with this header may be answered; takes as long for any wrong one."""
        return self.token is None or compare_digest(authorization.encode(), f"Bearer {self.token}".encode())

    @property
    def hosts(self) -> list[str]:
        """The names by which a browser may call it: others come from pages elsewhere (DNS rebinding)."""
        return ["*"] if self.token else ["localhost", "127.0.0.1", "[::1]", self.host]


def checked_address(host: str, port: int, token_file: Path | None) -> Address:
    """Return an address.

    Raises:
        InputError: where others could reach it without a token, or the token is short or missing.
    """
    if not 0 <= port <= 65535:
        raise InputError(f"--port is from 1 to 65535, or 0 for any that is free; got {port}")
    if token_file is None:
        if not _is_loopback(host):
            raise InputError(
                f"--host {host} can be reached from other machines: give --token-file with a secret of {_LEAST} or "
                "more characters, or leave --host out"
            )
        return Address(host, port, None)
    try:
        lines = token_file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{token_file}: the token cannot be read ({error})") from None
    token = lines[0].strip() if lines else ""
    if len(token) < _LEAST or not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(
            f"{token_file}: the first line must be a secret of {_LEAST} or more plain characters"
        )
    return Address(host, port, token)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
